import io
import zipfile
from datetime import datetime, timedelta
from unittest.mock import patch

import openpyxl

from odoo.exceptions import UserError
from odoo.tests import Form
from odoo.tools.pdf import PdfReader

from ..common import DAY
from .common import EscalationCommon

INVOICE = b"%PDF-1.4 the invoice that was sent"


class TestHandoverPackage(EscalationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"name": "Brandt Ltd", "street": "Main Street 1"})
        cls.debtor.write(
            {
                "street": "12 rue de la Paix",
                "city": "Paris",
                "vat": "FR23334175221",
                "country_id": cls.env.ref("base.de").id,
                "ref": "C-1001",
            }
        )

    def sent(self, invoice):
        """Keep a PDF as the one that was sent with the invoice."""
        self.env["ir.attachment"].create(
            {
                "name": "sent-invoice.pdf",
                "raw": INVOICE,
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_field": "invoice_pdf_report_file",
                "res_id": invoice.id,
            }
        )
        invoice.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])
        return invoice

    def build(self, handover):
        """Make the file with its button, and read it back: dict of name to content."""
        action = handover.action_build_package()
        self.assertIn(f"/web/content/{handover.attachment_id.id}", action["url"])
        with zipfile.ZipFile(io.BytesIO(handover.attachment_id.raw)) as archive:
            self.assertIsNone(archive.testzip())
            return {name: archive.read(name) for name in archive.namelist()}

    def text(self, content):
        pages = PdfReader(io.BytesIO(content)).pages
        words = " ".join(page.extract_text() for page in pages).replace("\ufeff", "")
        return " ".join(words.split())

    def sheet(self, content, title):
        """The rows of a sheet as dicts by title."""
        rows = openpyxl.load_workbook(io.BytesIO(content))[title].iter_rows(values_only=True)
        titles = next(rows)
        return [dict(zip(titles, row, strict=True)) for row in rows]

    def told(self, handover, words):
        return handover.message_ids.filtered(lambda message: words in message.body)

    def reminded(self):
        """An invoice with two reminders of which the first cost a fee."""
        fee = {"name": "Reminder fee", "kind": "fixed", "amount": 5}
        fee["currency_id"] = self.company.currency_id.id
        self.first.fee_ids = self.env["dunning.fee"].create(fee)
        invoice = self.sent(self.invoice(60, 1000))
        self.remind(DAY - timedelta(days=40))
        self.remind(DAY - timedelta(days=20))
        return invoice

    def test_everything_is_in_one_file(self):
        invoice = self.reminded()
        self.env["dunning.promise"].create(
            {"partner_id": self.debtor.id, "amount": 10, "date": DAY}
        ).action_cancel()
        self.env["dunning.call"].create(
            {"case_id": self.open_case().id, "outcome": "reached", "note": "=Wants to pay"}
        )
        handover = self.handover(invoice, note="They have moved.\nBe kind.")
        files = self.build(handover)
        numbers = [name.replace("/", "-") for name in handover.notice_ids.mapped("name")]
        self.assertEqual(len(numbers), 2)
        self.assertEqual(
            set(files),
            {
                "00 Claim and contents.pdf",
                "Evidence.json",
                "Evidence.pdf",
                "Statement of account Azure Interior 2024-06-03.pdf",
                "Statement of account Azure Interior 2024-06-03.xlsx",
                "History Azure Interior.xlsx",
                f"Invoices/{invoice.name.replace('/', '-')}.pdf",
                *(f"Letters/{number}.pdf" for number in numbers),
            },
        )
        self.assertEqual(files[f"Invoices/{invoice.name.replace('/', '-')}.pdf"], INVOICE)
        first, second = (self.text(files[f"Letters/{number}.pdf"]) for number in numbers)
        self.assertIn("Payment reminder", first)
        self.assertIn("Second reminder", second)
        self.assertIn(invoice.name, self.text(files[next(n for n in files if "nt of" in n)]))
        name = f"{handover.name.replace('/', '-')} Azure Interior.zip"
        self.assertEqual(handover.attachment_id.name, name)

    def test_first_page_says_what_is_claimed_and_why(self):
        invoice = self.reminded()
        handover = self.handover(invoice, note="They have moved.\nBe kind.", reference="X-7")
        text = self.text(self.build(handover)["00 Claim and contents.pdf"])
        for words in (
            "Fair Collections Court Road 1",
            "Claim against Azure Interior",
            f"Our number {handover.name}",
            "Your reference X-7",
            "They have moved. Be kind.",
            "12 rue de la Paix",
            "VAT no. FR23334175221",
            f"{invoice.name} 03/05/2024 04/04/2024 60 $ 1,000.00 $ 1,000.00",
            "Open invoices $ 1,000.00",
            "Reminder fee",
            "Interest by law until 06/03/2024, not charged yet",
            "Workings of interest",
            "04/05/2024 06/03/2024 60 12.62 % $ 1,000.00 $ 20.69",
            f"Letters/{handover.notice_ids[0].name.replace('/', '-')}.pdf",
        ):
            self.assertIn(words, text)
        # BGB 288 (2): base rate 3.62 + 9, 60 days of a year with 366
        [claim] = handover._claims(DAY)
        self.assertEqual((claim["open"], claim["interest"]), (1000, 20.69))
        self.assertEqual(claim["total"], 1000 + 5 + claim["tax"] + 20.69)

    def test_interest_goes_on_from_what_was_charged(self):
        self.first.charge_interest = True
        invoice = self.reminded()
        handover = self.handover(invoice)
        [claim] = handover._claims(DAY)
        charged = handover.charge_ids.filtered(lambda charge: charge.kind == "interest")
        self.assertEqual(len(charged), 1)
        self.assertEqual(
            self.company.currency_id.round(sum(charged.mapped("amount")) + claim["interest"]), 20.69
        )
        rows = [row for working in claim["workings"] for row in working["rows"]]
        self.assertEqual(rows[0]["from"], DAY - timedelta(days=59))
        self.assertEqual(rows[1]["from"], charged.date_until + timedelta(days=1))
        self.assertEqual(rows[-1]["until"], DAY)

    def test_booked_charges_are_claimed_as_invoices_only(self):
        self.policy.charge_mode = "posted"
        invoice = self.reminded()
        handover = self.handover(invoice)
        [claim] = handover._claims(DAY)
        self.assertEqual(len(handover.charge_ids), 1)
        self.assertEqual((claim["charges"], claim["tax"]), ([], 0))

    def test_history(self):
        invoice = self.reminded()
        self.env["dunning.promise"].create(
            {"partner_id": self.debtor.id, "amount": 10, "date": DAY}
        ).action_cancel()
        case = self.open_case()
        self.env["dunning.call"].create(
            {"case_id": case.id, "outcome": "reached", "note": "=Wants to pay"}
        )
        self.env["dunning.hold"].create(
            {"partner_id": self.debtor.id, "name": "not for others"}
        )._lift("settled", DAY)
        reason = self.env.ref("dunning_advanced.dispute_reason_damaged").id
        self.env["dunning.dispute"].create(
            {"move_id": invoice.id, "amount": 30, "reason_id": reason, "text": "A dent"}
        )._end("withdrawn", DAY)
        handover = self.handover(invoice)
        content = self.build(handover)["History Azure Interior.xlsx"]
        [item] = self.sheet(content, "Items")
        self.assertEqual((item["Invoice"], item["Open at hand-over"]), (invoice.name, 1000))
        self.assertEqual(item["Due date"], datetime(2024, 4, 4))
        levels = [row["Level"] for row in self.sheet(content, "Reminders")]
        self.assertEqual(levels, ["First reminder", "Second reminder"])
        self.assertEqual(self.sheet(content, "Deliveries")[0]["Address"], "azure@example.com")
        self.assertEqual(self.sheet(content, "Charges")[0]["Amount"], 5)
        interest = self.sheet(content, "Interest")
        self.assertEqual((interest[0]["Days"], interest[0]["Interest"]), (60, 20.69))
        [call] = self.sheet(content, "Calls")
        self.assertEqual((call["Outcome"], call["Note"]), ("Reached", "=Wants to pay"))
        self.assertEqual(self.sheet(content, "Promises")[0]["Status"], "Cancelled")
        [dispute] = self.sheet(content, "Disputes")
        self.assertEqual((dispute["Disputed"], dispute["Status"]), (30, "Withdrawn"))
        self.assertEqual(dispute["What the customer says"], "A dent")
        reasons = {row["Reason"] for row in self.sheet(content, "Holds")}
        self.assertEqual(reasons, {"Dispute", "Promise to pay", "Other"})
        self.assertNotIn(
            "not for others",
            str(self.sheet(content, "Holds")),
            "notes about people stay in the house",
        )

    def test_made_again_after_changes(self):
        one, two = self.sent(self.invoice(90)), self.sent(self.invoice(80))
        handover = self.handover(one)
        self.assertEqual(len(self.build(handover)), 7)
        attachment = handover.attachment_id
        handover.item_ids |= self.items(two)
        self.assertEqual(len(self.build(handover)), 8)
        self.assertEqual(handover.attachment_id, attachment)

    def test_language_of_the_agency(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.agency.lang = "de_DE"
        handover = self.handover(self.sent(self.invoice(60, 1234.5)))
        text = self.text(self.build(handover)["00 Claim and contents.pdf"])
        self.assertIn("1.234,50", text)
        self.assertIn("03.06.2024", text)

    def test_what_cannot_be_made_is_told_and_stops_nothing(self):
        invoice = self.invoice(60)
        self.debtor.country_id = self.env.ref("base.aq")
        handover = self.handover(invoice)
        reports = type(self.env["ir.actions.report"])
        with patch.object(reports, "get_wkhtmltopdf_state", return_value="install"):
            files = self.build(handover)
        self.assertFalse([name for name in files if name.startswith("Invoices/")])
        text = self.text(files["00 Claim and contents.pdf"])
        self.assertIn("Missing: wkhtmltopdf is not installed", text)
        self.assertIn("No interest was computed: There is no interest rule", text)
        self.assertTrue(self.told(handover, "is missing in the file"))

    def test_one_letter_that_fails_leaves_the_others(self):
        handover = self.handover(self.reminded())
        bad, good = handover.notice_ids
        notices = type(bad)
        values = notices._letter_values

        def fail(self):
            if bad in self:
                raise ValueError("the text of this letter is broken")
            return values(self)

        with patch.object(notices, "_letter_values", fail):
            files = self.build(handover)
        letters = [name for name in files if name.startswith("Letters/")]
        self.assertEqual(letters, [f"Letters/{good.name.replace('/', '-')}.pdf"])
        self.assertTrue(self.told(handover, "the text of this letter is broken"))

    def test_hostile_names_stay_names(self):
        self.debtor.name = "../..\\evil\n<script>x</script> {{ 7*7 }}:" + "x" * 300
        one, two = self.sent(self.invoice(90)), self.sent(self.invoice(80))
        self.env.cr.execute("UPDATE account_move SET name = '../A/1' WHERE id = %s", [one.id])
        self.env.cr.execute("UPDATE account_move SET name = '..\\A:1' WHERE id = %s", [two.id])
        self.env.invalidate_all()
        handover = self.handover(one, two)
        files = self.build(handover)
        for name in files:
            self.assertNotRegex(name, r'^/|\.\./|[\\:<>"|?*\n]')
            self.assertLess(len(name), 140)
        invoices = sorted(name for name in files if name.startswith("Invoices/"))
        self.assertEqual(invoices, ["Invoices/-A-1 (2).pdf", "Invoices/-A-1.pdf"])
        self.assertIn("{{ 7*7 }}", self.text(files["00 Claim and contents.pdf"]))

    def test_sent_with_the_file(self):
        handover = self.handover(self.sent(self.invoice(60, 100)), reference="X-7")
        action = handover.action_send()
        composer = self.env["mail.compose.message"].with_user(self.dunner)
        with Form(composer.with_context(**action["context"])) as form:
            self.assertEqual(form.attachment_ids.ids, handover.attachment_id.ids)
            self.assertEqual(form.partner_ids.ids, self.agency.ids)
            self.assertIn("100.00", form.body)
        form.record.action_send_mail()
        message = handover.message_ids[0]
        self.assertEqual(message.attachment_ids, handover.attachment_id)
        self.assertEqual(message.partner_ids, self.agency)
        self.assertEqual(message.subject, f"Brandt Ltd: {handover.name} · X-7")
        self.agency.email = False
        with self.assertRaisesRegex(UserError, "Fair Collections has no e-mail address"):
            handover.action_send()

    def test_no_items_no_file(self):
        handover = self.handover(self.invoice(60))
        handover.item_ids = False
        with self.assertRaisesRegex(UserError, "Choose the items first"):
            handover.action_build_package()

    def test_only_users_of_the_company_get_it(self):
        handover = self.handover(self.sent(self.invoice(60)))
        self.build(handover)
        elsewhere = self.setup_other_company()["company"]
        stranger = self.make_user("stranger.file", "dunning_advanced.group_manager", elsewhere)
        biller = self.make_user("biller.file", "account.group_account_invoice")
        for user in (stranger, biller):
            with self.assertRaisesRegex(Exception, "ccess"):
                self.fresh(handover.attachment_id, user).raw  # noqa: B018
        self.assertTrue(self.fresh(handover.attachment_id, self.dunner).raw)
