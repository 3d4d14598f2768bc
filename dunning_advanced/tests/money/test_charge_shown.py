from datetime import timedelta
from io import BytesIO
from pathlib import Path

import openpyxl
from freezegun import freeze_time
from lxml import html

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user
from odoo.tools.translate import TranslationImporter

from ..common import DAY
from ..documents import pdf_pages
from .common import ChargeCommon


@freeze_time(DAY)
class TestShown(ChargeCommon):
    """Letter, e-mail, workbook and screens say what is charged and why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor.write({"street": "Am Kai 1", "zip": "20457", "city": "Hamburg"})
        cls.first.charge_interest = True

    def texts(self, markup):
        return " ".join(" ".join(html.fromstring(str(markup)).itertext()).split())

    def test_email_has_the_charges_with_their_reason(self):
        self.invoice(10, 10000)
        notice = self.notice_at()
        text = self.texts(notice._sent_email_body())
        self.assertIn("Fee of 5 fixed amount for each reminder $ 5.00", text)
        self.assertIn("05/25/2024 – 06/03/2024, 10 days, 12.62 % a year", text)
        self.assertIn("Total to pay with charges $ 10,039.48", text)

    def test_letter_has_the_charges_with_their_workings(self):
        self.first.channel = "letter"
        self.invoice(10, 10000)
        notice = self.notice_at()
        notice._freeze_letters()
        text = " ".join(pdf_pages(notice.attachment_id.raw))
        for words in ("Fee of 5", "12.62 %", "34.48", "10,039.48", "Open invoices to pay"):
            self.assertIn(words, text)

    def test_reminders_without_charges_look_as_before(self):
        self.first.write({"charge_interest": False, "fee_ids": [Command.clear()]})
        self.invoice(10)
        notice = self.notice_at()
        self.assertNotIn("harges", self.texts(notice._sent_email_body()))

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.debtor.lang = "de_DE"
        self.five.with_context(lang="de_DE").name = "Mahngebühr"
        self.invoice(10, 10000)
        notice = self.notice_at()
        self.assertIn("Mahngebühr", notice.charge_ids.mapped("name"))
        text = self.texts(notice._sent_email_body())
        self.assertIn("10.039,48", text)
        self.assertIn("12,62 %", text)

    def test_words_ask_for_what_the_total_says(self):
        """In each text and language: the sum with charges, as below the items."""
        self.second.fee_ids = self.ten
        self.invoice(10, 10000)
        notice = self.notice_at()
        self.assertEqual(notice.amount_asked, 10039.48)
        for lang in ("en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL"):
            self.load_translations(lang)
            notice.invalidate_recordset()
            self.debtor.lang = lang
            amount = notice._formats()(lang, notice.currency_id)["amount"]
            shown = " ".join(amount(10039.48).split())
            for level in ("1", "2", "firm", "3"):
                template = self.env.ref(f"dunning_advanced.mail_template_level_{level}")
                [(_subject, body)] = notice._render_texts(template).values()
                with self.subTest(lang=lang, level=level):
                    self.assertEqual(self.texts(body).count(shown), 1)

    def load_translations(self, lang):
        self.env["res.lang"]._activate_lang(lang)
        path = Path(__file__).parents[2] / "i18n" / f"{lang[:2]}.po"
        if path.exists():
            importer = TranslationImporter(self.env.cr, verbose=False)
            importer.load_file(str(path), lang)
            importer.save(overwrite=True)
            self.env.invalidate_all()

    def test_review_shows_what_will_be_asked_for(self):
        self.invoice(10, 10000)
        run = self.env["dunning.run"].create({"date": DAY})
        run.action_propose()
        notice = run.notice_ids
        self.assertEqual((notice.state, notice.amount_total), ("proposed", 10000))
        self.assertEqual(notice.amount_asked, 10039.48)
        self.assertIn("10,039.48", self.texts(notice.body))
        notice.charge_decision = "waive"
        self.assertEqual(notice.amount_asked, 10000)
        self.assertNotIn("charges included", self.texts(notice.body))

    def test_email_names_one_sum_to_pay(self):
        self.invoice(10, 10000)
        text = self.texts(self.notice_at()._sent_email_body())
        self.assertIn("Open invoices to pay $ 10,000.00", text)
        self.assertNotIn("Total to pay $", text)

    def test_workbook(self):
        self.invoice(10, 10000)
        run = self.remind()
        book = openpyxl.load_workbook(BytesIO(run._xlsx()))
        titles, *rows = book["Charges"].iter_rows(values_only=True)
        fee, interest = (dict(zip(titles, row, strict=True)) for row in rows)
        self.assertEqual((fee["Kind"], fee["Amount"]), ("Fee", 5))
        self.assertEqual((interest["Days"], interest["Rate a year"]), (10, "12.62 %"))
        self.assertEqual((interest["On amount"], interest["Amount"]), (10000, 34.48))
        self.assertIn("BGB", interest["Working"])

    def test_shown_periods_add_up_to_the_charge(self):
        """Each period is shown rounded; the last cent is in one of them."""
        period = {
            "from": "2024-01-01",
            "until": "2024-01-01",
            "days": 1,
            "rate": "10",
            "base": "1",
            "amount": "0.004",
        }
        # What was charged before was rounded as well: it may take or leave a cent.
        for amount, shown in ((0.01, [0, 0.01, 0]), (0.02, [0.01, 0, 0.01])):
            charge = self.env["dunning.charge"].new(
                {
                    "currency_id": self.company.currency_id.id,
                    "amount": amount,
                    "segments": [period] * 3,
                }
            )
            self.assertEqual([row["amount"] for row in charge._segment_rows()], shown)

    def test_users_without_dunning_live_with_booked_charges(self):
        self.policy.charge_mode = "posted"
        self.invoice(10)
        move = self.notice_at().charge_move_id
        biller = new_test_user(
            self.env,
            "biller.charges",
            "account.group_account_invoice,base.group_partner_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.env.invalidate_all()
        with Form(move.with_user(biller)) as form:
            form.ref = "Looked at"
        with Form(self.debtor.with_user(biller)) as form:
            form.name = "Azure"
        with self.assertRaises(AccessError):
            self.env["dunning.charge"].with_user(biller).search([])

    def test_charges_of_other_companies_are_not_seen(self):
        self.invoice(10)
        charges = self.notice_at().charge_ids
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "stranger.charges",
            "dunning_advanced.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(charges.with_user(stranger).search([("id", "in", charges.ids)]))

    def test_screens_of_charges_open(self):
        self.invoice(10)
        notice = self.notice_at()
        self.assertEqual(notice.action_waive_charges()["res_model"], "dunning.reason")
        for kind in ("list", "form", "pivot", "graph", "search"):
            self.env["dunning.charge"].get_view(view_type=kind)
        notice.charge_ids[0].action_open_notice()
        later = self.run_at(DAY + timedelta(days=14)).notice_ids
        self.assertIn("Fee of 10", str(later.charge_estimate))
