from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tools.image import image_process

from odoo.addons.dunning_advanced.models import ir_actions_report as press

from ..common import DAY
from ..documents import LetterheadCommon, pdf_pages


class TestLetter(LetterheadCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first.channel = "letter"

    def issue(self, day=DAY):
        """A run whose notices are issued."""
        run = self.run_at(day)
        run.notice_ids.write({"state": "confirmed"})
        run.notice_ids._issue(day)
        self.assertFalse(run.notice_ids.filtered("error"), run.notice_ids.mapped("error"))
        return run

    def invoices(self, count):
        return [self.invoice(10 + index, 100 + index) for index in range(count)]

    def test_twelve_items_on_one_page(self):
        moves = self.invoices(12)
        notice = self.issue().notice_ids
        [page] = pdf_pages(notice.attachment_id.raw)
        for move in moves:
            self.assertIn(move.name, page)
        self.assertIn("Page 1 of 1", page)
        self.assertIn("Payment reminder", page)
        self.assertIn("Brandt Ltd", page)
        self.assertIn("12 rue de la Paix", page)
        self.assertIn("C-1001", page)
        self.assertIn(notice.name, page)
        self.assertIn("To pay by 06/10/2024", page)
        self.assertIn("1,266.00", page)

    def test_forty_items_repeat_the_header(self):
        moves = self.invoices(40)
        pages = pdf_pages(self.issue().notice_ids.attachment_id.raw)
        self.assertGreater(len(pages), 1)
        for number, page in enumerate(pages, start=1):
            self.assertIn(f"Page {number} of {len(pages)}", page)
            self.assertIn("Invoice date", page)
        text = " ".join(pages)
        self.assertFalse([move.name for move in moves if move.name not in text])

    def test_paid_so_far_and_credits(self):
        invoice = self.invoice(20, 500)
        self.pay(self.debtor, 120, invoices=invoice)
        self.pay(self.debtor, 80)
        [page] = pdf_pages(self.issue().notice_ids.attachment_id.raw)
        for amount in ("500.00", "120.00", "380.00", "80.00", "300.00"):
            self.assertIn(amount, page)
        self.assertIn("Your credits and payments on account", page)

    def test_letter_waits_for_the_printer(self):
        self.invoice(20)
        run = self.issue()
        notice = run.notice_ids
        delivery = notice.delivery_ids
        self.assertEqual((delivery.channel, delivery.state), ("letter", "queued"))
        self.assertIn("12 rue de la Paix", delivery.address)
        self.assertFalse(notice.delivered)
        url = notice.action_preview_letter()["url"]
        self.assertTrue(url.endswith(f"/{notice.id}"))
        self.assertEqual(delivery.state, "queued")
        run.action_print_letters()
        self.assertEqual(delivery.state, "done")
        self.assertTrue(notice.delivered)
        with self.assertRaises(UserError):
            run.action_print_letters()
        self.assertTrue(notice.action_print_letters())

    def test_letters_of_a_run_in_one_file(self):
        for name in ("Ems", "Mosel", "Neisse"):  # no letters that fonts move together
            self.invoice(20, debtor=self.make_debtor(name, email=False, **self.home))
        self.invoice(20)
        run = self.issue()
        action = run.action_print_letters()
        attachment_id = int(action["url"].split("/")[3].split("?")[0])
        pages = pdf_pages(self.env["ir.attachment"].browse(attachment_id).raw)
        self.assertEqual(len(pages), 4)
        for name in ("Azure", "Ems", "Mosel", "Neisse"):
            self.assertEqual(len([page for page in pages if name in page]), 1, name)
        self.assertEqual(run.notice_ids.delivery_ids.mapped("state"), ["done"] * 4)

    def test_letters_for_one_envelope_follow_each_other(self):
        """A customer with two currencies has two letters; another one's came in between."""
        other = self.make_debtor("Ems", email=False, **self.home)
        self.invoice(40, 500)
        self.invoice(30, 400, debtor=other)
        self.invoice(20, 100, currency=self.add_rate("GBP", 2))
        letters = self.issue().notice_ids.delivery_ids
        own = letters.filtered(lambda letter: letter.partner_id == self.debtor).sorted("id")
        between = letters - own
        self.assertTrue(own[0].id < between.id < own[1].id)
        action = letters.action_print()
        attachment_id = int(action["url"].split("/")[3].split("?")[0])
        pages = pdf_pages(self.env["ir.attachment"].browse(attachment_id).raw)
        self.assertEqual(["Azure" in page for page in pages], [True, True, False])

    def test_nothing_to_print_is_said(self):
        run = self.run_at()
        with self.assertRaisesRegex(UserError, "no letter to print"):
            run.action_print_letters()

    def test_preview_in_review_marks_nothing(self):
        self.invoice(20)
        notice = self.run_at().notice_ids
        streams = self.env["ir.actions.report"]._render_qweb_pdf_prepare_streams(
            press.REPORT, {}, notice.ids
        )
        self.assertIn("Azure Interior", pdf_pages(streams[notice.id]["stream"].getvalue())[0])
        self.assertFalse(notice.attachment_id)
        self.assertFalse(notice.delivery_ids)

    def test_issued_letter_is_frozen(self):
        self.invoice(20)
        notice = self.issue().notice_ids
        self.debtor.street = "Moved away 1"
        streams = self.env["ir.actions.report"]._render_qweb_pdf_prepare_streams(
            press.REPORT, {}, notice.ids
        )
        self.assertEqual(streams[notice.id]["stream"].getvalue(), notice.attachment_id.raw)

    def test_extra_letter_goes_to_the_postal_contact(self):
        self.first.write({"channel": "email", "extra_channel": "letter", "attach_letter": True})
        self.debtor.write({"email": "azure@example.com"})
        self.env["res.partner"].create(
            {
                "name": "Only Mail",
                "parent_id": self.debtor.id,
                "type": "dunning",
                "email": "dun@example.com",
                "street": False,
                "city": False,
                "zip": False,
            }
        )
        self.invoice(20)
        notice = self.issue().notice_ids
        by_channel = {delivery.channel: delivery for delivery in notice.delivery_ids}
        self.assertEqual(by_channel["email"].contact_id.name, "Only Mail")
        self.assertEqual(by_channel["letter"].contact_id, self.debtor)
        [page] = pdf_pages(notice.attachment_id.raw)
        self.assertIn("12 rue de la Paix", page)

    def test_hostile_names_stay_text(self):
        self.debtor.name = "</div><img src='file:///etc/hostname'><script>x</script> {{ 7*7 }}"
        self.invoice(20)
        [page] = pdf_pages(self.issue().notice_ids.attachment_id.raw)
        self.assertIn("{{ 7*7 }}", page)
        self.assertIn("<script>x", page)

    def test_nothing_is_fetched(self):
        self.invoice(20)
        notice = self.run_at().notice_ids
        pictures = '<img src="http://127.0.0.1:9/x.png"/><img src="file:///etc/hosts"/>'
        notice.body = f"<p>see {pictures}</p>"
        opened = []
        with patch("urllib.request.OpenerDirector.open", lambda *args, **kw: opened.append(args)):
            notice._freeze_letters()
        self.assertFalse(opened)
        self.assertIn("see", pdf_pages(notice.attachment_id.raw)[0])

    def test_languages(self):
        langs = {
            "de_DE": ("Zahlungserinnerung", "bis 10.06.2024", "Seite 1 von 1", "1.234,50"),
            "fr_FR": ("Rappel de paiement", "le 10/06/2024", "Page 1 sur 1", "234,50"),
            "nl_NL": ("Betalingsherinnering", "op 10-06-2024", "Pagina 1 van 1", "1.234,50"),
            "es_ES": ("Recordatorio de pago", "el 10/06/2024", "Página 1 de 1", "1.234,50"),
            "it_IT": ("Promemoria di pagamento", "il 10/06/2024", "Pagina 1 di 1", "1.234,50"),
        }
        for lang in langs:
            self.env["res.lang"]._activate_lang(lang)
        self.env["ir.module.module"].search(
            [("name", "=", "dunning_advanced")]
        )._update_translations(list(langs))
        for lang in langs:
            debtor = self.make_debtor(lang, lang=lang, **self.home)
            self.invoice(20, 1234.5, debtor=debtor)
        run = self.issue()
        for notice in run.notice_ids:
            [page] = pdf_pages(notice.attachment_id.raw)
            for words in langs[notice.lang]:
                self.assertIn(words, page)

    def test_logo_is_embedded(self):
        logo = (
            b"iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNgYPiPB41KY0gDAPzUY53PvGE9"
            b"AAAAAElFTkSuQmCC"
        )
        self.company.logo = image_process(logo) if isinstance(logo, str) else logo
        self.invoice(20)
        notice = self.run_at().notice_ids
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(press.REPORT, notice.ids)
        self.assertIn(b'src="data:image/', html)

    def test_bank_account_of_the_company(self):
        self.company.partner_id.bank_ids.unlink()
        self.env["res.partner.bank"].create(
            {"acc_number": "12-345-678", "partner_id": self.company.partner_id.id}
        )
        self.invoice(20)
        self.invoice(21)
        [page] = pdf_pages(self.issue().notice_ids.attachment_id.raw)
        self.assertIn("12-345-678", page)

    def test_failing_qr_code_fails_no_letter(self):
        self.env["res.partner.bank"].create(
            {"acc_number": "99-345-678", "partner_id": self.company.partner_id.id}
        )
        self.invoice(20)
        banks = type(self.env["res.partner.bank"])
        with patch.object(banks, "build_qr_code_base64", side_effect=ValueError("no barcode")):
            notice = self.issue().notice_ids
        self.assertTrue(notice.attachment_id)

    def test_report_checks_access(self):
        self.invoice(20)
        notice = self.run_at().notice_ids
        outsider = self.env["res.users"].create(
            {
                "name": "Out",
                "login": "outsider",
                "group_ids": [Command.set(self.env.ref("base.group_user").ids)],
            }
        )
        report = self.env["ir.actions.report"].with_user(outsider)
        with self.assertRaisesRegex(Exception, "Reminder|dunning.notice"):
            report._render_qweb_pdf_prepare_streams(press.REPORT, {}, notice.ids)

    def test_second_level_after_a_printed_letter(self):
        self.invoice(20)
        self.issue().action_print_letters()
        run = self.run_at(DAY + timedelta(days=14))
        self.assertEqual(run.notice_ids.level_id, self.second)

    def test_fallback_gets_one_body_and_footer_a_letter(self):
        """What wkhtmltopdf would be given where WeasyPrint is missing."""
        for name in ("One", "Two"):
            self.invoice(20, debtor=self.make_debtor(name, email=False, **self.home))
        notices = self.run_at().notice_ids
        reports = self.env["ir.actions.report"]
        with self.no_weasyprint() as given:
            reports._render_qweb_pdf_prepare_streams(press.REPORT, {}, notices[0].ids)
        bodies, values = given[0]
        body = bodies[0]
        self.assertIn(notices[0].partner_id.name, str(body))
        self.assertIn("@page", str(body))
        self.assertIn('"Liberation Sans"', str(body))
        paper = self.env.ref("dunning_advanced.action_report_letter").paperformat_id
        self.assertEqual((paper.format, paper.orientation), ("A4", "Portrait"))
        self.assertIn("topage", str(values["footer"]))
