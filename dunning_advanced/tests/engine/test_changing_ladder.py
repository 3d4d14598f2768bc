from contextlib import suppress
from datetime import timedelta

from hypothesis import HealthCheck, given, settings, strategies as st

from odoo import Command
from odoo.exceptions import ValidationError

from ..common import DAY, DunningCommon

# Far enough apart for every wait between two levels.
STEP = timedelta(days=60)


class TestChangingLadder(DunningCommon):
    """Levels are added, archived and moved while invoices are on their way through them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["dunning.contact.cap"].search([]).active = False

    def ladder(self, *days, **values):
        policy = self.env["dunning.policy"].create(
            {
                "name": "Ours",
                "level_ids": [Command.create({"name": f"{day}", "days": day}) for day in days],
                **values,
            }
        )
        self.debtor.dunning_policy_id = policy
        self.day = DAY
        return policy

    def levels(self, count=1):
        """The days of the levels that are sent next, None where nothing is."""
        sent = []
        for _time in range(count):
            notice = self.remind(self.day).notice_ids
            sent.append(notice.level_id.days if notice else None)
            self.day += STEP
        return sent

    def test_one_that_was_sent_is_archived(self):
        policy = self.ladder(5, 15, 25)
        self.invoice(30)
        self.assertEqual(self.levels(2), [5, 15])
        policy.level_ids[0].active = False
        self.assertEqual(self.levels(2), [25, None])

    def test_the_last_sent_is_archived(self):
        policy = self.ladder(5, 15, 25)
        self.invoice(30)
        self.assertEqual(self.levels(2), [5, 15])
        policy.level_ids[1].active = False
        self.assertEqual(self.levels(2), [25, None])

    def test_one_is_added_before_those_sent(self):
        policy = self.ladder(10, 20, 30)
        self.invoice(30)
        self.assertEqual(self.levels(), [10])
        self.add(policy, 5)
        self.assertEqual(self.levels(3), [20, 30, None])

    def test_one_is_added_between(self):
        policy = self.ladder(10, 30)
        self.invoice(30)
        self.assertEqual(self.levels(), [10])
        self.add(policy, 20)
        self.assertEqual(self.levels(3), [20, 30, None])

    def test_those_sent_change_places(self):
        policy = self.ladder(10, 20, 30)
        self.invoice(40)
        first = policy.level_ids[0]
        self.assertEqual(self.levels(2), [10, 20])
        first.days = 25
        self.assertEqual(self.levels(2), [30, None], "the one of 25 days was sent")

    def test_one_takes_the_day_of_another(self):
        policy = self.ladder(10, 20)
        self.invoice(30)
        self.assertEqual(self.levels(), [10])
        refused = self.assertRaisesRegex(ValidationError, "two levels on the same day")
        with refused, self.cr.savepoint():
            self.add(policy, 10)
        policy.level_ids[0].active = False
        self.add(policy, 10)
        self.assertEqual(self.levels(2), [20, None], "instead of the one that was sent")

    def test_emptied_and_filled_again(self):
        policy = self.ladder(10, 20)
        self.invoice(30)
        self.assertEqual(self.levels(), [10])
        policy.level_ids.active = False
        self.assertEqual(self.levels(), [None])
        for day in (10, 15, 40):
            self.add(policy, day)
        self.assertEqual(self.levels(3), [15, 40, None], "the new one of 10 days has passed")

    def test_the_last_one_is_repeated_so_often(self):
        policy = self.ladder(10, 20, repeat_every=7, repeat_max=2)
        self.invoice(30)
        self.assertEqual(self.levels(3), [10, 20, 20])
        self.add(policy, 5)
        self.assertEqual(self.levels(2), [20, None])

    def test_set_by_hand_begins_again_from_there(self):
        policy = self.ladder(10, 20, 30)
        invoice = self.invoice(40)
        self.assertEqual(self.levels(3), [10, 20, 30])
        items = invoice.line_ids.filtered("date_maturity")
        lines = self.env["dunning.line"].with_company(self.company)
        lines._set_level(items, policy.level_ids[0], self.day, "agreed on the phone")
        self.day += STEP
        self.assertEqual(self.levels(3), [20, 30, None])

    def test_archived_policy_takes_no_new_items(self):
        policy = self.ladder(5, 15)
        begun = self.invoice(40)
        self.assertEqual(self.levels(), [5])
        policy.active = False
        fresh = self.invoice(40)
        notices = self.remind(self.day).notice_ids
        found = {line.move_id: line.policy_id for line in notices.line_ids}
        self.assertEqual(found, {begun: policy, fresh: self.policy})
        self.assertIn("1 customers", policy.archived_note)
        self.assertFalse(self.policy.archived_note)

    def test_compared_with_the_last_one_of_another_policy(self):
        self.ladder(5, 15)
        self.invoice(40)
        self.levels()
        self.ladder(4, 25)
        self.day = DAY + STEP
        notice = self.run_at(self.day).notice_ids
        self.assertEqual((notice.comparison, notice.last_date), ("higher", DAY))

    def add(self, policy, days):
        policy.write({"level_ids": [Command.create({"name": f"{days} new", "days": days})]})

    def change(self, policy, kind, days, place):
        """Add a level, archive one, move one, bring one back."""
        levels = policy.with_context(active_test=False).level_ids
        if kind == "add":
            self.add(policy, days)
        elif kind == "move":
            levels[place % len(levels)].days = days
        else:
            levels[place % len(levels)].active = kind == "bring back"

    def test_whatever_changes(self):
        """Nothing is sent twice, nothing that still applies is skipped."""
        changes = st.tuples(
            st.sampled_from(["add", "archive", "move", "bring back"]),
            st.sampled_from([1, 5, 10, 15, 20, 25, 30, 35]),
            st.integers(0, 5),
        )

        @settings(
            max_examples=12,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(st.lists(changes, max_size=2), min_size=2, max_size=4))
        def check(rounds):
            self.debtor = self.make_debtor("Changing")
            policy = self.ladder(10, 20, 30)
            item = self.invoice(30, debtor=self.debtor).line_ids.filtered("date_maturity")
            sent = self.env["dunning.level"]
            for changed in rounds:
                for change in changed:
                    # Two levels on one day are refused.
                    with suppress(ValidationError), self.cr.savepoint():
                        self.change(policy, *change)
                last = sent[-1:]
                run = self.remind(self.day)
                self.day += STEP
                level = run.line_ids.filtered(
                    lambda line: line.move_line_id == item and line.state == "issued"
                ).level_id
                left = policy.level_ids - sent
                due = left.filtered(lambda one, last=last: not last or one.days > last.days)
                self.assertFalse(level & sent)
                self.assertTrue(level or not due, "something that applies is not sent")
                between = due.filtered(lambda one, level=level: level and one.days < level.days)
                self.assertFalse(between)
                sent += level

        check()
