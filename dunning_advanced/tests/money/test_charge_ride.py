from datetime import timedelta

from freezegun import freeze_time

from ..common import DAY
from .common import ChargeCommon


def day(number):
    return DAY + timedelta(days=number)


@freeze_time(DAY)
class TestRiding(ChargeCommon):
    """Booked charges are reminded of together with the invoices of the customer.

    The invoice is 10 days late at its first reminder. Its charges are due 7 days after
    that, so their own first level would come on day 12, the second of the invoice on 14.
    """

    def setUp(self):
        super().setUp()
        self.policy.charge_mode = "posted"
        self.principal = self.invoice(10)
        self.booked = self.notice_at().charge_move_id

    def asked(self, number, **values):
        """The invoices that are reminded of on a day."""
        run = self.run_at(day(number), **values)
        moves = run.line_ids.filtered(lambda line: line.verdict == "dun").move_id
        waiting = run.waiting_count
        run.unlink()
        return moves, waiting

    def nothing(self, number):
        self.assertEqual(self.asked(number)[0], self.env["account.move"])

    def items(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def test_no_reminder_of_its_own_while_the_invoice_climbs(self):
        self.nothing(4)  # the friendly reminder before its due date
        self.assertEqual(self.asked(12), (self.env["account.move"], 2))
        self.nothing(13)

    def test_goes_with_the_next_reminder_on_its_own_level(self):
        notice = self.notice_at(day(14))
        levels = {line.move_id: line.level_id for line in notice.line_ids}
        self.assertEqual(levels, {self.principal: self.second, self.booked: self.first})
        self.assertEqual(notice.level_id, self.second)
        self.assertEqual(notice.charge_ids.move_line_id.move_id, self.principal)
        self.nothing(26)
        # the charges of the second reminder ride too, each on its own rung
        last = self.notice_at(day(28))
        rungs = {line.move_id: line.rung for line in last.line_ids}
        self.assertEqual(rungs, {self.principal: 3, self.booked: 2, notice.charge_move_id: 1})

    def test_climbs_alone_once_the_invoice_is_paid(self):
        self.pay(self.debtor, 100, invoices=self.principal)
        self.nothing(11)
        notice = self.notice_at(day(12))
        self.assertEqual((notice.line_ids.move_id, notice.level_id), (self.booked, self.first))

    def test_waits_as_long_as_the_invoice_is_held(self):
        self.env["dunning.hold"].create(
            {
                "partner_id": self.debtor.id,
                "move_id": self.principal.id,
                "reason_id": self.env.ref("dunning_advanced.hold_reason_manual").id,
            }
        )
        self.nothing(12)
        self.nothing(14)

    def test_waits_for_a_decision_after_the_last_level(self):
        for number in (14, 28):
            self.notice_at(day(number))
        self.nothing(60)

    def test_invoices_that_nobody_follows_up_hold_nothing(self):
        self.items(self.principal).no_followup = True
        self.assertEqual(self.asked(12)[0], self.booked)

    def test_invoices_that_come_due_later_hold_nothing(self):
        self.pay(self.debtor, 100, invoices=self.principal)
        self.invoice(-30)
        self.assertEqual(self.asked(12)[0], self.booked)

    def test_invoices_in_other_currencies_hold_nothing(self):
        self.pay(self.debtor, 100, invoices=self.principal)
        self.invoice(11, currency=self.add_rate("GBP", 2))
        self.remind()
        self.assertEqual(self.asked(12)[0], self.booked)

    def test_invoice_covered_by_credits_holds_nothing(self):
        self.pay(self.debtor, 100)
        self.assertEqual(self.asked(14)[0], self.booked)

    def test_policy_of_the_invoice_is_that_of_its_charges(self):
        other = self.policy.copy({"name": "Own", "charge_mode": "posted"})
        own = self.invoice(10, debtor=self.make_debtor("Deco"), dunning_policy_id=other.id)
        notice = self.notice_at()
        self.assertEqual((notice.line_ids.move_id, notice.policy_id), (own, other))
        self.assertEqual(notice.charge_move_id.dunning_policy_id, other)
        self.assertFalse(self.booked.dunning_policy_id)

    def test_recheck_keeps_it_where_it_rides(self):
        run = self.run_at(day(14))
        self.pay(self.debtor, 100, invoices=self.principal)
        with freeze_time(day(14)):
            run.action_confirm()
        self.assertEqual(run.notice_ids.state, "issued", run.notice_ids.error)
        going = run.notice_ids.line_ids.filtered(lambda line: line.state == "issued")
        self.assertEqual(going.move_id, self.booked)

    def test_why(self):
        wizard = self.env["dunning.explain"].create(
            {"move_line_id": self.items(self.booked).id, "date": day(12)}
        )
        said = str(wizard.answer)
        self.assertIn("it books deferred charges", said)
        self.assertIn("06/16/2024 at the earliest", said)
        paid = self.pay(self.debtor, 100, invoices=self.principal)
        self.assertTrue(paid)
        wizard.invalidate_recordset()
        self.assertNotIn("it books deferred charges", str(wizard.answer))
