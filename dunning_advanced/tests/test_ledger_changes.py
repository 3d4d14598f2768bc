from datetime import timedelta

from odoo import fields

from .common import DAY, DunningCommon


class TestLedgerChanges(DunningCommon):
    """What happens to steps, lines and cases when the ledger changes under them."""

    def merge(self, source, target):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((source | target).ids, target)

    def case_of(self, partner):
        return self.env["dunning.case"].search(
            [("partner_id", "=", partner.id), ("state", "=", "open")]
        )

    def test_merged_customers_share_one_case_and_keep_their_levels(self):
        other = self.make_debtor("Azur Interieur")
        mine, theirs = self.invoice(20), self.invoice(20, debtor=other)
        self.remind()
        self.case_of(other).message_post(body="called, promised to look at it")
        self.case_of(other).activity_schedule("mail.mail_activity_data_call", summary="Call back")
        self.merge(other, self.debtor)
        case = self.case_of(self.debtor)
        self.assertEqual(len(case), 1)
        self.assertIn("promised to look at it", "".join(case.message_ids.mapped("body")))
        self.assertIn("Call back", case.activity_ids.mapped("summary"))
        run = self.remind(DAY + timedelta(days=14))
        self.assertEqual(run.notice_ids.partner_id, self.debtor)
        self.assertEqual(run.notice_ids.line_ids.move_id, mine | theirs)
        self.assertEqual(run.notice_ids.level_id, self.second)

    def test_archived_customer_still_owes(self):
        self.invoice(20)
        self.debtor.active = False
        run = self.remind()
        self.assertEqual(run.notice_ids.state, "issued")
        self.assertEqual(run.notice_ids.contact_id, self.debtor)

    def test_later_due_date_waits(self):
        invoice = self.invoice(10)
        self.remind()
        item = invoice.line_ids.filtered("date_maturity")
        item.date_maturity = DAY + timedelta(days=10)
        verdicts = self.verdicts(self.run_at(DAY + timedelta(days=14)))
        self.assertEqual(verdicts, {})
        again = self.remind(DAY + timedelta(days=10 + self.second.days))
        self.assertEqual(again.notice_ids.level_id, self.second)

    def test_due_date_moved_before_issuing_takes_the_item_off(self):
        invoice = self.invoice(10)
        notice = self.run_at().notice_ids
        invoice.line_ids.filtered("date_maturity").date_maturity = DAY + timedelta(days=10)
        notice.state = "confirmed"
        notice._issue(DAY)
        self.assertEqual(notice.state, "dropped")

    def test_invoice_of_another_customer_keeps_its_step(self):
        other = self.make_debtor("Deco Addict")
        invoice = self.invoice(20)
        self.remind()
        item = invoice.line_ids.filtered("date_maturity")
        invoice.button_draft()
        invoice.partner_id = other
        invoice.invoice_date_due = DAY - timedelta(days=20)
        invoice.action_post()
        self.assertEqual(invoice.line_ids.filtered("date_maturity"), item)
        later = DAY + timedelta(days=14)
        run = self.run_at(later, partner_ids=[fields.Command.set(other.ids)])
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertEqual(run.notice_ids.partner_id, other)

    def test_payment_taken_back_goes_on_where_it_was(self):
        invoice = self.invoice(20)
        self.remind()
        self.pay(self.debtor, 100, invoices=invoice)
        later = DAY + timedelta(days=14)
        self.assertFalse(self.run_at(later).line_ids)
        case = self.case_of(self.debtor)
        self.env["dunning.case"]._cron_close()
        self.assertEqual(case.state, "closed")
        invoice.line_ids.remove_move_reconcile()
        # the payment is still there, on account
        self.assertEqual(self.verdicts(self.run_at(later)), {invoice: "covered"})
        self.env["account.payment"].search([("partner_id", "=", self.debtor.id)]).action_draft()
        run = self.remind(later)
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertTrue(self.case_of(self.debtor), "a new case is opened")
