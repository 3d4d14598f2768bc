"""What is read out of the log of Odoo's tests."""

import pytest

from devtools.console import DevError
from devtools.odoo_suites import outcome, report

LOG = """\
2025-01-01 00:00:01,1 7 INFO db odoo.addons.account.tests.test_tax: Starting TestTax.test_a ... \n\
2025-01-01 00:00:01,2 7 INFO db odoo.addons.account.tests.test_tax: Starting TestTax.test_b ... \n\
2025-01-01 00:00:01,3 7 ERROR db odoo.addons.account.tests.test_tax: FAIL: TestTax.test_b
Traceback (most recent call last):
AssertionError: 1 != 2
2025-01-01 00:00:01,4 7 INFO db odoo.addons.account.tests.test_tax: Starting TestTax.test_c ... \n\
2025-01-01 00:00:01,5 7 ERROR db odoo.addons.account.tests.test_tax: ERROR: \
Subtest TestTax.test_c (<subtest>)
2025-01-01 00:00:01,6 7 INFO db odoo.addons.portal.tests.test_tour: Starting TestTour.test_d ... \n\
2025-01-01 00:00:01,7 7 INFO db odoo.addons.portal.tests.test_tour: \
skipped TestTour.test_d : no browser
2025-01-01 00:00:01,8 7 ERROR db odoo.tests.suite: \
ERROR: setUpClass (odoo.addons.portal.tests.test_pager.TestPager)
2025-01-01 00:00:01,9 7 ERROR db odoo.sql_db: bad query
"""
END = "2025-01-01 00:00:02,0 7 INFO db odoo.service.server: 4 post-tests in 1.0s, 9 queries\n"


def test_outcome_of_each_test(tmp_path):
    log = tmp_path / "log"
    log.write_text(LOG + END)
    assert outcome(log) == {
        "/account/tests/test_tax.py:TestTax.test_a": "passed",
        "/account/tests/test_tax.py:TestTax.test_b": "failed",
        "/account/tests/test_tax.py:TestTax.test_c": "failed",
        "/portal/tests/test_tour.py:TestTour.test_d": "skipped",
        "odoo.addons.portal.tests.test_pager.TestPager.setUpClass": "failed",
    }


def test_log_without_end_is_refused(tmp_path):
    log = tmp_path / "log"
    log.write_text(LOG)
    with pytest.raises(DevError, match="did not reach their end"):
        outcome(log)


@pytest.mark.parametrize(
    ("without", "with_addon", "worse"),
    [
        ({"a": "passed"}, {"a": "passed"}, []),
        ({"a": "failed"}, {"a": "failed"}, []),
        ({"a": "failed"}, {"a": "passed"}, []),
        ({"a": "passed"}, {"a": "failed"}, ["a"]),
        ({"a": "passed"}, {"a": "skipped"}, ["a"]),
        ({"a": "passed"}, {}, ["a"]),
        ({}, {"setUpClass": "failed"}, ["setUpClass"]),
    ],
)
def test_what_is_worse_with_the_addon(without, with_addon, worse):
    assert report({"without": without, "with": with_addon}) == worse
