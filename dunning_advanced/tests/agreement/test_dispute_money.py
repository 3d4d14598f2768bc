import io

import openpyxl
from lxml import html
from PyPDF2 import PdfReader

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user

from .common import DisputeCase


class TestCreditNote(DisputeCase):
    """Accepted by a credit note of Odoo's own."""

    def test_accepted(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice)
        credit = self.credit(dispute, user=self.marc)
        self.assertEqual((credit.state, credit.amount_total), ("draft", 100))
        self.assertEqual(credit.reversed_entry_id, invoice)
        self.assertIn("Damaged or faulty", credit.ref)
        self.assertEqual((dispute.state, dispute.hold_id.active), ("open", True))
        self.assertEqual(self.decisions(self.run_at()), {invoice: "held"}, "not booked yet")
        self.assertEqual(dispute.action_accept()["res_id"], credit.id, "not a second one")
        credit.action_post()
        self.assertEqual((dispute.state, dispute.amount_accepted), ("accepted", 100))
        self.assertEqual((invoice.amount_residual, dispute.hold_id.active), (0, False))

    def test_amount_with_taxes_to_the_cent(self):
        high, low = (
            self.env["account.tax"].create(
                {"name": f"{rate}%", "amount": rate, "type_tax_use": "sale"}
            )
            for rate in (21, 6)
        )
        for disputed in (0.01, 33.33, 100.0, 271.95, 289.99):
            with self.subTest(disputed=disputed):
                invoice = self.invoice(
                    10,
                    invoice_line_ids=[
                        Command.create(
                            {"name": name, "quantity": 3, "price_unit": price, "tax_ids": taxes.ids}
                        )
                        for name, price, taxes in (("a", 33.33, high), ("b", 53.27, low))
                    ],
                )
                dispute = self.dispute(invoice, disputed)
                credit = self.credit(dispute)
                self.assertEqual((credit.state, credit.amount_total), ("draft", disputed))
                self.assertEqual(credit.invoice_line_ids.tax_ids, high | low)
                credit.action_post()
                self.assertEqual((credit.amount_total, dispute.state), (disputed, "accepted"))
                self.assertAlmostEqual(invoice.amount_residual, invoice.amount_total - disputed)

    def test_less_than_disputed_is_partly_accepted(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        credit = self.credit(dispute, 15)
        self.assertEqual(credit.amount_total, 15)
        self.assertEqual(credit.invoice_line_ids.account_id, invoice.invoice_line_ids.account_id)
        credit.action_post()
        self.assertEqual((dispute.state, dispute.amount_accepted), ("partial", 15))
        self.assertEqual(self.asked(self.run_at())[self.items(invoice)], ("dun", 85, 0, 85))

    def test_what_the_accountant_made_of_it_counts(self):
        dispute = self.dispute(self.invoice(10), 40)
        credit = self.credit(dispute)
        with Form(credit) as form, form.invoice_line_ids.edit(0) as line:
            line.price_unit = 25
        credit.action_post()
        self.assertEqual((dispute.state, dispute.amount_accepted), ("partial", 25))

    def test_deleted_draft_leaves_the_dispute_open(self):
        dispute = self.dispute(self.invoice(10), 40)
        self.credit(dispute).unlink()
        self.assertEqual((dispute.state, dispute.credit_move_id.id), ("open", False))
        self.assertEqual(dispute.action_accept()["res_model"], "account.move.reversal")

    def test_reversed_and_invoiced_again(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        action = dispute.action_accept()
        with Form(self.env[action["res_model"]].with_context(**action["context"])) as form:
            self.assertEqual(form.reason, "Damaged or faulty")
        wizard = form.record
        wizard.modify_moves()
        self.assertEqual((dispute.state, dispute.amount_accepted), ("accepted", 40))
        self.assertEqual(dispute.credit_move_id, invoice.reversal_move_ids)
        self.assertEqual(wizard.new_move_ids.amount_total, 100)

    def test_amount_out_of_range(self):
        dispute = self.dispute(self.invoice(10), 40)
        for amount in (0, -1, 40.01):
            with self.assertRaisesRegex(UserError, r"Credit between .*0\.01 and .*40\.00"):
                self.credit(dispute, amount)
        self.assertFalse(dispute.credit_move_id)

    def test_credit_notes_without_a_dispute_are_as_ever(self):
        biller = new_test_user(
            self.env,
            "biller.disputes",
            "account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        wizard = self.env["account.move.reversal"].with_user(biller)
        wizard = wizard.with_context(active_model="account.move", active_ids=invoice.ids)
        with Form(wizard) as form:
            form.reason = "Goodwill"
        form.record.refund_moves()
        credit = invoice.reversal_move_ids
        credit.with_user(biller).action_post()
        self.assertEqual((credit.amount_total, dispute.state), (100, "accepted"))


class TestTotals(DisputeCase):
    """Disputed amounts in and out of every total."""

    def test_case_and_customer(self):
        invoice = self.invoice(10)
        self.invoice(10, 70)
        self.run_at()
        self.dispute(invoice, 40)
        case = self.case()
        self.assertEqual((case.amount_overdue, case.amount_disputed), (170, 40))
        self.assertEqual(case.disputed_summary, "$\xa040.00")
        self.assertEqual((self.debtor.dunning_overdue, self.debtor.dunning_disputed), (170, 40))

    def test_only_what_is_overdue(self):
        invoice, _items = self.installments(20, -10)
        self.dispute(invoice, 500)
        self.assertEqual((self.debtor.dunning_overdue, self.debtor.dunning_disputed), (450, 50))

    def test_never_more_than_the_balance(self):
        self.dispute(self.invoice(10), 40)
        self.pay(self.debtor, 80)
        self.assertEqual((self.debtor.dunning_overdue, self.debtor.dunning_disputed), (20, 20))

    def test_by_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        self.dispute(self.invoice(10, 100, currency=euro), 40)
        self.dispute(self.invoice(10), 30)
        self.run_at()
        case = self.case()
        self.assertEqual(case.amount_disputed, 50)
        self.assertEqual(set(case.disputed_summary.split(" + ")), {euro.format(40), "$\xa030.00"})

    def test_invoice_says_so_to_dunning_users(self):
        invoice = self.invoice(10)
        self.assertEqual(invoice.action_dunning_dispute()["target"], "new")
        dispute = self.dispute(invoice, 40)
        self.assertEqual(
            invoice.with_user(self.marc).dunning_dispute_hint,
            "$\xa040.00 disputed: Damaged or faulty, answer by 06/17/2024",
        )
        self.assertEqual(invoice.action_dunning_dispute()["res_id"], dispute.id)

    def test_email_shows_what_is_not_asked_for(self):
        self.dispute(self.invoice(10), 40)
        words = self.run_at().notice_ids._render_email_body()
        text = " ".join(html.fromstring(words).text_content().split())
        self.assertIn("$ 100.00 disputed, not to be paid now: $ 40.00 $ 60.00", text)
        self.assertIn("Total to pay $ 60.00", text)

    def test_nothing_of_it_where_nothing_is_disputed(self):
        self.invoice(10)
        self.assertNotIn("isputed", self.run_at().notice_ids._render_email_body())

    def test_letter_shows_what_is_not_asked_for(self):
        self.first.channel = "letter"
        self.debtor.write({"street": "12 rue de la Paix", "city": "Paris", "zip": "75002"})
        invoice, other = self.invoice(10), self.invoice(10, 70)
        self.dispute(invoice, 40)
        self.dispute(other)
        notice = self.run_at().notice_ids
        notice.action_confirm()
        [page] = PdfReader(io.BytesIO(notice.attachment_id.raw)).pages
        text = " ".join(page.extract_text().split())
        self.assertIn(f"{invoice.name} disputed: $ 40.00", text)
        self.assertRegex(text, "Disputed, not to be paid now .{0,3}40.00")
        self.assertRegex(text, "To pay by 06/10/2024 . 60.00")
        self.assertNotIn(other.name, text)
        self.assertIn("60.00", notice.subject + notice.body)

    def test_workbook_tells_open_disputed_and_to_pay(self):
        self.dispute(self.invoice(10), 40)
        book = openpyxl.load_workbook(io.BytesIO(self.run_at()._xlsx()))
        for name, count in (("Reminders", 1), ("Items", 1)):
            titles, *rows = book[name].iter_rows(values_only=True)
            self.assertEqual(len(rows), count)
            row = dict(zip(titles, rows[0], strict=True))
            self.assertEqual((row["Open"], row["Disputed"], row["To pay"]), (100, 40, 60))
        totals = [row for row in book["Totals"].iter_rows(values_only=True) if row[0] == "Total"]
        self.assertEqual(totals[0][4:8], (100, 40, 0, 60))


class TestDisputeDiary(DisputeCase):
    def reminded(self):
        """The night; the levels that have reached the customer, with what each asked for."""
        self.night("judge", "disputes")
        self.remind(self.env["dunning.hold"]._fields["date_from"].context_today(self.case()))
        notices = self.env["dunning.notice"].search([("state", "=", "issued")], order="id")
        return [(notice.level_id, notice.amount_total) for notice in notices]

    def test_a_dispute_half_accepted(self):
        # 3 June: the first reminder, for 500.
        invoice = self.invoice(5, 500)
        asked = [(self.first, 500)]
        self.assertEqual(self.reminded(), asked)
        # 7 June: by phone. Two boxes arrived broken, 200 are disputed.
        self.at(4)
        action = self.case().with_user(self.marc).action_log_call()
        call = self.env[action["res_model"]].with_user(self.marc)
        call = call.with_context(**action["context"]).create({"outcome": "dispute", "note": "2"})
        action = call.action_apply()
        with Form(
            self.env["dunning.dispute"].with_user(self.marc).with_context(**action["context"])
        ) as form:
            self.assertEqual(form.move_id, invoice)
            form.amount = 200
            form.reason_id = self.reason("damaged")
        dispute = form.record
        self.assertEqual(self.case().stage, "disputed")
        # 17 June: the second reminder asks for the undisputed rest.
        self.at(14)
        asked.append((self.second, 300))
        self.assertEqual(self.reminded(), asked)
        # 20 June: one box was broken. 100 are credited; until that is booked nothing changes.
        self.at(17)
        credit = self.credit(dispute, 100, user=self.marc)
        self.assertEqual((credit.amount_total, dispute.state), (100, "open"))
        # 21 June: booked. The hold is lifted.
        self.at(18)
        credit.action_post()
        self.assertEqual((dispute.state, dispute.amount_accepted), ("partial", 100))
        self.assertFalse(dispute.hold_id.active)
        self.assertNotEqual(self.case().stage, "disputed")
        self.assertEqual(self.reminded(), asked, "its next level has not come")
        # 1 July: the last reminder, for all that is left.
        self.at(28)
        self.env["dunning.contact.cap"].search([]).active = False
        asked.append((self.last, 400))
        self.assertEqual(self.reminded(), asked)
        # 5 July: paid. The case can be closed.
        self.at(32)
        self.receive(400, invoice, days=32)
        self.case().action_close()
        self.assertEqual(self.case().stage, "closed")
