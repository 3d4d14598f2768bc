import re
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from lxml import html
from markupsafe import escape

from odoo.tools import html_sanitize, mute_logger

from ..common import DAY, DunningCommon
from ..mail import MailCommon


class TestEmail(MailCommon):
    """What customers get."""

    def test_mail_arrives_complete(self):
        old = self.invoice(20, 120.5)
        new = self.invoice(10, 1000)
        notice = self.issue()
        [message] = self.send(notice)
        self.assertEqual(self.sink.envelopes[0].rcpt_tos, ["azure@example.com"])
        self.assertEqual(message["Subject"], "Brandt Ltd: Payment reminder")
        self.assertIn("marie@brandt.example.com", message["Reply-To"])
        text = self.text(message)
        for move, days in ((old, 20), (new, 10)):
            self.assertIn(move.name, text)
            self.assertIn(f"{days} days", text)
            self.assertIn(
                f"{move.access_url}?access_token={move.access_token}",
                message.get_body(("html",)).get_content(),
            )
        self.assertIn("$ 1,000.00", text)
        self.assertIn("Total to pay $ 1,120.50", text)
        self.assertIn("by 06/10/2024", text)
        self.assertIn("Marie Keller", text)
        self.assertIn("+49 30 555 0123", text)
        self.assertNotIn("Your credits", text)
        self.assertEqual(notice.delivery_ids.state, "done")
        self.assertTrue(notice.delivered)
        button = re.search(
            r'href="([^"]+)"[^>]*>\s*See and pay', message.get_body(("html",)).get_content()
        )
        self.assertIn(old.access_url, button[1])

    def test_credits_are_shown(self):
        self.invoice(20, 100)
        self.pay(self.debtor, 30)
        [message] = self.send(self.issue())
        text = self.text(message)
        self.assertIn("Your credits and payments on account $ -30.00", text)
        self.assertIn("Total to pay $ 70.00", text)

    def test_language_of_the_contact(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"].search(
            [("name", "=", "dunning_advanced")]
        )._update_translations(["de_DE", "fr_FR"])
        self.debtor.lang = "fr_FR"
        contact = self.contact("invoice", "bill@example.com", lang="de_DE", name="Eva Roth")
        self.invoice(20, 1234.5)
        [message] = self.send(self.issue())
        text = self.text(message)
        self.assertIn("Guten Tag Eva Roth", text)
        self.assertIn("1.234,50", text)
        self.assertIn("14.05.2024 20 Tage", text)
        self.assertIn("Ansehen und bezahlen", text)
        self.assertEqual(message["Subject"], "Brandt Ltd: Zahlungserinnerung")
        contact.lang = False
        self.invoice(10, 50, debtor=self.make_debtor("Gemini", lang="fr_FR"))
        message = self.send(self.issue())[-1]
        self.assertEqual(message["Subject"], "Brandt Ltd\u00a0: Rappel de paiement")
        self.assertIn("Madame, Monsieur,", self.text(message))

    def contact(self, kind, address, **values):
        return self.env["res.partner"].create(
            {
                "name": "Contact",
                "parent_id": self.debtor.id,
                "type": kind,
                "email": address,
                **values,
            }
        )

    def test_recipient_precedence(self):
        self.debtor.email = False
        self.debtor.write({"street": "Main Street 1", "city": "Springfield"})
        self.contact("other", "other@example.com")
        bill = self.contact("invoice", "bill@example.com")
        invoice = self.invoice(20)
        notice = self.issue()
        # The debtor has a postal address only: still an e-mail, no paper.
        self.assertEqual((notice.channel, notice.contact_id), ("email", bill))
        self.send(notice)
        self.assertEqual(self.sink.envelopes[-1].rcpt_tos, ["bill@example.com"])
        self.contact("dunning", "dun@example.com")
        notice = self.issue(DAY + timedelta(days=14))
        self.assertEqual(notice.line_ids.move_id, invoice)
        self.send(notice)
        self.assertEqual(self.sink.envelopes[-1].rcpt_tos, ["dun@example.com"])

    def test_without_email_a_letter(self):
        self.debtor.write({"email": False, "street": "Main Street 1", "city": "Springfield"})
        self.invoice(20)
        notice = self.issue()
        self.assertEqual(notice.delivery_ids.mapped("channel"), ["letter"])
        self.assertFalse(self.send(notice))

    @mute_logger("odoo.addons.mail.models.mail_mail", "odoo.addons.base.models.ir_mail_server")
    def test_server_down_then_retry(self):
        invoice = self.invoice(20)
        notice = self.issue()
        good = self.mail_server.smtp_port
        self.mail_server.smtp_port = 1
        self.assertFalse(self.send(notice))
        delivery = notice.delivery_ids
        self.assertEqual(delivery.state, "failed")
        self.assertIn("Connection failed", delivery.error)
        self.assertFalse(notice.delivered)
        waiting = self.run_at(DAY + timedelta(days=14))
        self.assertEqual(self.decisions(waiting), {invoice: "undelivered"})
        self.mail_server.smtp_port = good
        self.debtor.email = "new@example.com"
        delivery.action_retry()
        self.send(notice)
        self.assertEqual(self.sink.envelopes[-1].rcpt_tos, ["new@example.com"])
        self.assertEqual((delivery.state, delivery.error), ("done", False))
        self.assertEqual(delivery.address, "new@example.com")
        self.assertTrue(self.run_at(DAY + timedelta(days=14)).notice_ids)

    def test_bounce_fails_the_delivery(self):
        self.invoice(20)
        notice = self.issue()
        [message] = self.send(notice)
        self.assertEqual(notice.delivery_ids.state, "done")
        self.come_back(message, "azure@example.com")
        self.assertEqual(notice.delivery_ids.state, "failed")
        self.assertIn("azure@example.com", notice.delivery_ids.error)
        self.assertFalse(notice.delivered)

    def test_mail_belongs_to_the_open_case(self):
        self.invoice(20)
        notice = self.issue()
        message = notice.delivery_ids.message_id
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.assertEqual((message.model, message.res_id), ("dunning.case", case.id))
        self.send(notice)
        self.assertTrue(message.exists())
        self.assertEqual(message.notification_ids.notification_status, "sent")
        self.assertIn("Total to pay", message.body)
        self.assertEqual(notice.preview, message.body)

    def test_replies_land_on_the_case_by_the_catchall(self):
        self.company.alias_domain_id = self.env["mail.alias.domain"].create(
            {"name": "brandt.example.com", "catchall_alias": "catchall", "bounce_alias": "bounce"}
        )
        self.invoice(20)
        [message] = self.send(self.issue())
        self.assertIn("catchall@brandt.example.com", message["Reply-To"])
        self.assertIn("Marie Keller", message["From"])

    @freeze_time(DAY)
    def test_before_due_never_says_overdue(self):
        self.invoice(-2)
        notice = self.issue()
        self.assertEqual(notice.level_id, self.before)
        [message] = self.send(notice)
        self.assertEqual(message["Subject"], "Brandt Ltd: Your upcoming payment")
        self.assertNotIn("overdue", self.text(message).lower())

    def test_hostile_text_stays_text(self):
        evil = "<script>alert(1)</script> {{ object.env.user.login }} <t t-out='1+1'/>"
        self.debtor.name = evil
        self.contact("dunning", "dun@example.com", name=evil)
        self.company.name = "Evil\nBcc: all@example.com {{ 7*7 }}"
        self.invoice(20)
        notice = self.issue()
        [message] = self.send(notice)
        body = message.get_body(("html",)).get_content()
        self.assertNotIn("<script", body)
        self.assertIn(str(escape("{{ object.env.user.login }}")), body)
        self.assertIn("{{ 7*7 }}", message["Subject"])
        self.assertNotIn("\n", message["Subject"])
        self.assertIsNone(message["Bcc"])
        self.assertEqual(self.sink.envelopes[0].rcpt_tos, ["dun@example.com"])
        self.assertNotIn("<script", str(notice.preview))

    def test_body_of_the_message_is_clean(self):
        """It is not cleaned again when it is stored: cleaning would change nothing."""
        evil = """"><script>alert(1)</script><img src=x onerror=alert(1)> <a href='javascript:1'>"""
        self.debtor.name = evil
        self.contact("dunning", "dun@example.com", name=evil)
        self.company.write({"name": evil, "email_secondary_color": '"><script>'})
        self.company.partner_id.phone = evil
        self.user.write({"name": evil, "phone": evil})
        self.company.partner_id.bank_ids = self.env["res.partner.bank"].create(
            {
                "acc_number": evil,
                "acc_holder_name": evil,
                "partner_id": self.company.partner_id.id,
                "bank_id": self.env["res.bank"].create({"name": evil, "bic": evil}).id,
            }
        )
        invoice = self.invoice(20, payment_reference=evil)
        self.pay(self.debtor, 10)
        notice = self.run_at().notice_ids
        notice.line_ids.name = evil
        notice.write(
            {
                "subject": "Hello",
                "body": f"<p style='background:url(javascript:1);color:red' onclick='x()'>Hi</p>"
                f"<form action='/x'><input/></form><iframe src='//x'></iframe>{evil}",
                "state": "confirmed",
            }
        )
        notice._issue(DAY)
        self.assertFalse(notice.error)
        body = notice.delivery_ids.message_id.body
        self.assertEqual(body, notice.delivery_ids.mail_id.body_html)
        self.assertIn(invoice.access_token, body)
        self.assertIn(str(escape("<script>")), body)
        clean = html_sanitize(body, sanitize_style=True)
        self.assertEqual(self.elements(body), self.elements(clean))
        for tag, attributes in self.elements(body):
            self.assertNotIn(tag, ("script", "form", "input", "iframe"))
            for name, value in attributes.items():
                self.assertFalse(name.startswith("on"))
                self.assertNotRegex(value, r"^\s*javascript:")

    def elements(self, body):
        """Tags and attributes of a body, in their order."""
        # a style of our own that Odoo does not know, and spaces that it writes otherwise
        body = str(body).replace(' style="overflow-wrap:anywhere;"', "")
        return [
            (element.tag, {name: re.sub(r"\s|;$", "", v) for name, v in element.attrib.items()})
            for element in html.fragment_fromstring(body, create_parent="div").iter()
        ]

    def test_attachments(self):
        invoice = self.invoice(20)
        self.first.write({"attach_letter": True, "attach_invoices": True})
        self.env["ir.attachment"].create(
            {
                "name": "sent-invoice.pdf",
                "raw": b"%PDF-1.4 the one that was sent",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_field": "invoice_pdf_report_file",
                "res_id": invoice.id,
            }
        )
        invoice.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])
        notice = self.issue()
        [message] = self.send(notice)
        files = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
        self.assertEqual(len(files), 2)
        self.assertEqual(files["sent-invoice.pdf"], b"%PDF-1.4 the one that was sent")
        self.assertTrue(files[f"{notice.name.replace('/', '-')}.pdf"].startswith(b"%PDF"))

    def test_missing_invoice_pdf_is_told(self):
        self.invoice(20)
        self.first.attach_invoices = True
        reports = type(self.env["ir.actions.report"])
        with patch.object(reports, "get_wkhtmltopdf_state", return_value="install"):
            notice = self.issue()
        [message] = self.send(notice)
        self.assertFalse(list(message.iter_attachments()))
        self.assertTrue(notice.message_ids.filtered(lambda m: "could not be attached" in m.body))

    def test_preview_is_the_mail(self):
        self.invoice(20)
        notice = self.run_at().notice_ids
        self.assertIn("Total to pay", notice.preview)
        self.assertNotIn("access_token", notice.preview)
        notice.body = "<p>Words of my own</p>"
        self.assertIn("Words of my own", notice.preview)
        notice.write({"state": "confirmed"})
        notice._issue(DAY)
        [message] = self.send(notice)
        self.assertIn("Words of my own", self.text(message))

    def test_queries_do_not_grow_with_the_notices(self):
        def deliver(count):
            for index in range(count):
                self.invoice(20, debtor=self.make_debtor(f"Debtor{count}x{index}"))
            notices = self.run_at().notice_ids
            notices = notices.browse(notices.ids)
            notices.write({"state": "confirmed"})
            notices._freeze(DAY)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            notices._deliver()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        deliver(2)
        few, many = deliver(3), deliver(13)
        self.assertLessEqual(many, few + 5)


class TestTexts(DunningCommon):
    def test_every_level_in_every_language(self):
        """No text is left in English, and none breaks."""
        langs = ["fr_FR", "de_DE", "nl_NL", "es_ES", "it_IT"]
        for lang in langs:
            self.env["res.lang"]._activate_lang(lang)
        self.env["ir.module.module"].search(
            [("name", "=", "dunning_advanced")]
        )._update_translations(langs)
        self.invoice(20, 1234.5)
        notice = self.run_at().notice_ids
        for name in ("0", "1", "2", "firm", "3"):
            template = self.env.ref(f"dunning_advanced.mail_template_level_{name}")
            seen = set()
            for lang in ("en_US", *langs):
                self.debtor.lang = lang
                notice.level_id.mail_template_id = template
                notice.invalidate_recordset()
                [(subject, body)] = notice._render_texts().values()
                self.assertIn(self.company.name, subject)
                self.assertNotIn("{{", subject + body)
                self.assertRegex(body, r"1[.,\s\u202f\xa0]?234[.,]50")
                seen |= {subject.split(self.company.name)[1], str(body)}
            self.assertEqual(len(seen), 2 * 6, name)

    def test_own_level_without_text(self):
        self.invoice(20)
        self.first.mail_template_id = self.env["mail.template"].create(
            {
                "name": "Own",
                "model_id": self.env["ir.model"]._get_id("dunning.notice"),
                "subject": "Hello",
                "lang": "{{ object.lang }}",
            }
        )
        notice = self.run_at().notice_ids
        self.assertEqual(notice.subject, "Hello")
        self.assertFalse(notice.body)
