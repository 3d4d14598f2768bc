from hypothesis import given, settings, strategies as st

from odoo.tests import BaseCase, TransactionCase
from odoo.tools import SQL

from odoo.addons.dunning_advanced.tools import ageing

EDGES = [-400, -1, 0, 1, 30, 31, 60, 61, 90, 91, 120, 121, 4000]
BUCKETS = [(None, 0), (1, 30), (31, 60), (61, 90), (91, 120), (121, None)]


class TestAgeing(BaseCase):
    def test_buckets(self):
        expected = [0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        self.assertEqual([ageing.bucket(days) for days in EDGES], expected)

    @settings(deadline=None)
    @given(st.integers(-50_000, 50_000))
    def test_every_day_is_in_one_bucket(self, days):
        holding = [
            number
            for number, (first, last) in enumerate(BUCKETS)
            if (first is None or first <= days) and (last is None or days <= last)
        ]
        self.assertEqual(holding, [ageing.bucket(days)])

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.integers(-500, 500), st.integers(-1000, 1000))))
    def test_sums_lose_nothing(self, items):
        found = ageing.sums(items)
        self.assertEqual(len(found), len(BUCKETS))
        self.assertEqual(sum(found), sum(amount for _days, amount in items))


class TestAgeingInSql(TransactionCase):
    def test_the_database_cuts_at_the_same_days(self):
        rows = self.env.execute_query(
            SQL(
                "SELECT days, width_bucket(days, %s) FROM unnest(%s) days",
                list(ageing.STARTS),
                EDGES,
            )
        )
        self.assertEqual(dict(rows), {days: ageing.bucket(days) for days in EDGES})
