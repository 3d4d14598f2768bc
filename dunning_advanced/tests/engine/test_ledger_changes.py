from datetime import timedelta

from odoo import fields

from .. import nights
from ..common import DAY, DunningCommon


class TestLedgerChanges(DunningCommon):
    """What happens to steps, lines and cases when the ledger changes under them."""

    def close_cases(self):
        nights.work(self, "close")

    def merge(self, source, target):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((source | target).ids, target)

    def case_of(self, partner):
        return self.env["dunning.case"].search(
            [("partner_id", "=", partner.id), ("state", "=", "open")]
        )

    def issue(self, notices):
        notices.write({"state": "confirmed"})
        notices._issue(DAY)
        self.assertFalse(notices.filtered("error"), notices.mapped("error"))

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

    def test_merged_while_reminders_wait_for_being_issued(self):
        other = self.make_debtor("Azur Interieur")
        mine, theirs = self.invoice(20), self.invoice(20, amount=70, debtor=other)
        notices = self.run_at().notice_ids
        self.merge(other, self.debtor)
        self.env.invalidate_all()
        self.issue(notices)
        self.assertEqual(notices.partner_id, self.debtor)
        self.assertEqual(set(notices.mapped("state")), {"issued"})
        self.assertEqual(notices.line_ids.move_id, mine | theirs)
        self.assertEqual(sorted(notices.mapped("amount_total")), [70, 100])
        self.assertEqual(notices.delivery_ids.partner_id, self.debtor)
        self.assertFalse(self.run_at().notice_ids, "both have been reminded")

    def test_hold_of_a_merged_customer_holds_the_other(self):
        other = self.make_debtor("Azur Interieur")
        invoice = self.invoice(20)
        self.env["dunning.hold"].create(
            {
                "name": "Dispute",
                "company_id": self.company.id,
                "partner_id": other.id,
                "date_from": DAY,
                "date_to": DAY,
            }
        )
        self.merge(other, self.debtor)
        self.env.invalidate_all()
        self.assertEqual(self.decisions(self.run_at()), {invoice: "held"})

    def test_archived_contact_is_passed_over_when_issued(self):
        contact = self.env["res.partner"].create(
            {
                "name": "Payables",
                "type": "dunning",
                "parent_id": self.debtor.id,
                "email": "payables@example.com",
            }
        )
        self.invoice(20)
        notice = self.run_at().notice_ids
        self.assertEqual(notice.contact_id, contact)
        contact.active = False
        self.issue(notice)
        self.assertEqual((notice.state, notice.contact_id), ("issued", self.debtor))
        self.assertEqual(notice.delivery_ids.address, self.debtor.email)

    def test_archived_customer_still_owes(self):
        self.invoice(20)
        self.remind(DAY - timedelta(days=14))
        case = self.case_of(self.debtor)
        self.debtor.active = False
        self.close_cases()
        self.assertEqual(case.state, "open")
        run = self.remind()
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertEqual(run.notice_ids.state, "issued")
        self.assertEqual(run.notice_ids.contact_id, self.debtor)

    def test_later_due_date_waits(self):
        invoice = self.invoice(10)
        self.remind()
        item = invoice.line_ids.filtered("date_maturity")
        item.date_maturity = DAY + timedelta(days=10)
        decisions = self.decisions(self.run_at(DAY + timedelta(days=14)))
        self.assertEqual(decisions, {})
        again = self.remind(DAY + timedelta(days=10 + self.second.days))
        self.assertEqual(again.notice_ids.level_id, self.second)

    def test_due_date_moved_before_issuing_takes_the_item_off(self):
        invoice = self.invoice(10)
        notice = self.run_at().notice_ids
        invoice.line_ids.filtered("date_maturity").date_maturity = DAY + timedelta(days=10)
        self.issue(notice)
        self.assertEqual(notice.state, "dropped")

    def test_earlier_due_date_skips_no_level(self):
        invoice = self.invoice(10)
        self.remind()
        invoice.line_ids.filtered("date_maturity").date_maturity = DAY - timedelta(days=90)
        self.assertFalse(self.run_at(DAY + timedelta(days=13)).notice_ids)
        again = self.remind(DAY + timedelta(days=14))
        self.assertEqual(again.notice_ids.level_id, self.second)

    def hand_over(self, invoice, partner):
        """Give an invoice to another customer, as an accountant does."""
        due = invoice.invoice_date_due
        invoice.button_draft()
        invoice.partner_id = partner
        invoice.invoice_date_due = due
        invoice.action_post()

    def test_invoice_handed_over_leaves_the_waiting_reminder(self):
        other = self.make_debtor("Deco Addict")
        mine, theirs = self.invoice(20), self.invoice(20, debtor=other)
        moving = self.invoice(20, amount=70)
        notices = self.run_at().notice_ids
        self.hand_over(moving, other)
        self.issue(notices)
        sent = {notice.partner_id: notice.line_ids for notice in notices}
        self.assertEqual(
            sent[self.debtor].filtered(lambda line: line.state == "issued").move_id, mine
        )
        self.assertEqual(sent[other].move_id, theirs)
        self.assertEqual(set(notices.mapped("amount_total")), {100})
        self.assertEqual(self.run_at().notice_ids.line_ids.move_id, moving)

    def test_invoice_of_another_customer_keeps_its_step(self):
        other = self.make_debtor("Deco Addict")
        invoice = self.invoice(20)
        self.remind()
        item = invoice.line_ids.filtered("date_maturity")
        self.hand_over(invoice, other)
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
        self.close_cases()
        self.assertEqual(case.state, "closed")
        invoice.line_ids.remove_move_reconcile()
        # the payment is still there, on account
        self.assertEqual(self.decisions(self.run_at(later)), {invoice: "covered"})
        self.env["account.payment"].search([("partner_id", "=", self.debtor.id)]).action_draft()
        run = self.remind(later)
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertTrue(self.case_of(self.debtor), "a new case is opened")

    def test_part_payment_taken_back_before_issuing(self):
        invoice = self.invoice(20)
        self.pay(self.debtor, 40, invoices=invoice)
        notice = self.run_at().notice_ids
        self.assertEqual(notice.amount_total, 60)
        invoice.line_ids.remove_move_reconcile()
        self.issue(notice)
        # it is on account now, and still lowers what is asked for
        self.assertEqual((notice.amount_open, notice.amount_total), (100, 60))
        self.assertEqual(notice.line_ids.amount_open, 100)

    def test_credit_note_reconciled_and_unreconciled(self):
        invoice = self.invoice(20)
        self.remind()
        credit = self.invoice(1, kind="out_refund")
        receivables = (invoice | credit).line_ids.filtered("date_maturity")
        receivables.reconcile()
        later = DAY + timedelta(days=14)
        self.assertFalse(self.run_at(later).line_ids)
        receivables.remove_move_reconcile()
        self.assertEqual(self.decisions(self.run_at(later)), {invoice: "covered"})
        credit.button_draft()
        self.assertEqual(self.remind(later).notice_ids.level_id, self.second)
