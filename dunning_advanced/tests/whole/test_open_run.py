from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError

from ..common import DAY, DunningCommon


class TestOpenRun(DunningCommon):
    """A run that waits for review while the world goes on."""

    def issue(self, run, day=DAY):
        notices = run.notice_ids
        notices.write({"state": "confirmed"})
        notices._issue(day)
        return notices

    # Before the first invoice

    def test_run_before_the_first_invoice(self):
        self.invoice(10)
        for simulation in (False, True):
            run = self.run_at(DAY - timedelta(days=4000), simulation=simulation)
            self.assertEqual(run.state, "done")
            self.assertFalse(run.line_ids | self.env["dunning.line"], run.stop_summary)
            self.assertFalse(run.notice_ids)

    def test_explained_before_the_invoice(self):
        item = self.invoice(10).line_ids.filtered("date_maturity")
        wizard = self.env["dunning.explain"].create(
            {"move_line_id": item.id, "company_id": self.company.id, "date": "2014-01-01"}
        )
        self.assertIn("did not exist yet on 01/01/2014: it is dated 04/24/2024", wizard.answer)

    # The policy changes

    def test_archived_level_is_not_sent(self):
        self.invoice(5)
        run = self.run_at()
        self.first.active = False
        notice = self.issue(run)
        self.assertEqual(notice.state, "dropped")
        self.assertIn("Policy changed since the proposal", notice.reason)
        self.assertEqual(run.line_ids.verdict, "relaid")

    def test_new_level_below_does_not_repeat_the_level_above(self):
        """The rungs move up: what was reviewed is not what the ladder says now."""
        invoice = self.invoice(5)
        run = self.run_at()
        early = self.first.copy({"name": "Early reminder", "days": 2})
        self.assertEqual(self.issue(run).state, "dropped")
        again = self.run_at()
        self.assertEqual(again.notice_ids.level_id, early)
        self.assertEqual(self.decisions(again), {invoice: "dun"})

    def test_later_day_of_a_level_stops_its_reminder(self):
        self.invoice(5)
        run = self.run_at()
        self.first.days = 8
        notice = self.issue(run)
        self.assertEqual((notice.state, run.line_ids.verdict), ("dropped", "not_due"))
        self.assertEqual(notice.reason, "No item is left to remind of: Not due yet.")

    def test_earlier_day_of_a_level_changes_nothing(self):
        self.invoice(5)
        run = self.run_at()
        self.first.days = 3
        notice = self.issue(run)
        self.assertEqual((notice.state, notice.level_id), ("issued", self.first))

    def test_other_policy_of_the_customer(self):
        self.invoice(5)
        run = self.run_at()
        self.debtor.dunning_policy_id = self.policy.copy({"name": "Special"})
        notice = self.issue(run)
        self.assertEqual((notice.state, run.line_ids.verdict), ("dropped", "relaid"))
        self.assertEqual(self.run_at().notice_ids.policy_id.name, "Special")

    def test_archived_policy_goes_on(self):
        self.invoice(5)
        self.debtor.dunning_policy_id = self.policy
        default = self.make_debtor("Deco Addict")
        self.invoice(5, debtor=default)
        run = self.run_at()
        self.policy.active = False
        notices = {notice.partner_id: notice for notice in self.issue(run)}
        self.assertEqual(notices[self.debtor].state, "issued")
        self.assertEqual(notices[default].state, "dropped")
        self.assertIn("No policy with levels", notices[default].reason)

    def test_higher_minimum_lowers_the_level(self):
        self.invoice(20)
        self.remind(DAY - timedelta(days=15))
        run = self.run_at()
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.second.minimum_amount = 500
        notice = self.issue(run)
        self.assertEqual((notice.state, notice.level_id, notice.rung), ("issued", self.first, 1))
        self.assertEqual(notice.line_ids.rung, 1)

    def test_later_due_date_is_told_by_the_notice(self):
        moved, kept = self.invoice(40), self.invoice(10)
        run = self.run_at()
        moved.line_ids.filtered("date_maturity").date_maturity = kept.invoice_date_due + timedelta(
            1
        )
        notice = self.issue(run)
        self.assertEqual(notice.date_oldest, kept.invoice_date_due)

    # Left for too long

    def test_stale_run_is_refused_and_offers_to_propose_again(self):
        invoice = self.invoice(10)
        run = self.run_at()
        with freeze_time(DAY + timedelta(days=31)):
            self.assertTrue(run.stale)
            with self.assertRaisesRegex(UserError, "choose “Propose again as of today”"):
                run.action_confirm()
            with self.assertRaisesRegex(UserError, "choose “Propose again as of today”"):
                run.notice_ids.action_confirm()
            self.assertFalse(run.action_propose_today())
            self.assertEqual((run.date, run.stale), (DAY + timedelta(days=31), False))
            self.assertEqual(run.notice_ids.line_ids.move_id, invoice)
            run.action_confirm()
        self.assertEqual(run.notice_ids.state, "issued")

    def test_run_of_30_days_ago_is_still_confirmed(self):
        self.invoice(10)
        run = self.run_at()
        with freeze_time(DAY + timedelta(days=30)):
            self.assertFalse(run.stale)
            run.action_confirm()
        self.assertEqual(run.notice_ids.state, "issued")

    def test_stale_run_of_which_some_were_sent_is_closed(self):
        deco = self.make_debtor("Deco Addict")
        self.invoice(10)
        self.invoice(10, debtor=deco)
        run = self.run_at(partner_ids=[Command.set((self.debtor | deco).ids)])
        sent = run.notice_ids.filtered(lambda notice: notice.partner_id == deco)
        sent.state = "confirmed"
        sent._issue(DAY)
        with freeze_time(DAY + timedelta(days=31)):
            action = run.action_propose_today()
        new = self.env["dunning.run"].browse(action["res_id"])
        self.assertEqual((run.state, new.date), ("done", DAY + timedelta(days=31)))
        self.assertEqual(new.partner_ids, run.partner_ids)
        self.assertEqual(new.notice_ids.partner_id, self.debtor)

    # A company that cannot have debtors

    def test_company_without_receivable_account(self):
        bare = self.env["res.company"].create({"name": "Bare"})
        run = self.env["dunning.run"].create({"company_id": bare.id, "date": DAY})
        with self.assertRaisesRegex(UserError, "Bare has no receivable account.*chart of accounts"):
            run.action_propose()

    def test_night_of_a_company_without_receivable_account(self):
        """Told once, on one run, however many nights it fails; the others go on."""
        self.invoice(10)
        bare = self.env["res.company"].create({"name": "Bare", "sequence": -5})
        runs = self.env["dunning.run"]
        for offset in (0, 1, 2):
            for company in bare | self.company:
                runs.with_company(company)._propose_nightly(company, DAY + timedelta(days=offset))
        failed = runs.search([("company_id", "=", bare.id)])
        self.assertEqual((len(failed), failed.date), (1, DAY + timedelta(days=2)))
        self.assertIn("Bare has no receivable account", failed.error)
        told = failed.message_ids.filtered(
            lambda message: "The nightly run stopped" in message.body
        )
        self.assertEqual(len(told), 1)
        self.assertTrue(runs.search([("company_id", "=", self.company.id)]).notice_ids)
