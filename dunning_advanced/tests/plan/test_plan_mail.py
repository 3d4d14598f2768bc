import io
import re
from unittest.mock import patch

from PyPDF2 import PdfReader

from odoo.tools import mute_logger

from ..mail import EmailCommon
from .common import PlanCase


class TestPlanMail(EmailCommon, PlanCase):
    """What customers get about their plans, through a real SMTP server on loopback."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_bank("12-345-678")

    def setUp(self):
        super().setUp()
        self.outbox = self.env["mail.mail"].search([])

    def arrived(self):
        """The messages that left for customers since the last time, none for our own people."""
        mails = self.env["mail.mail"].search([("state", "=", "outgoing")]) - self.outbox
        self.sink.envelopes.clear()
        messages = self.receive(mails)
        return [message for message in messages if self.user.email not in message["To"]]

    def plan(self, *moves, **values):
        return super().plan(*moves, user_id=self.user.id, **values)

    def receive_money(self, amount, *moves, days):
        return self.pay(
            self.debtor, amount, days=-days, invoices=self.env["account.move"].union(*moves)
        )

    def subject(self, message):
        return message["Subject"].removeprefix("Brandt Ltd: ")

    def pdf(self, message):
        [part] = message.iter_attachments()
        text = PdfReader(io.BytesIO(part.get_content())).pages[0].extract_text()
        return part.get_filename(), " ".join(text.split())

    def source(self, message):
        return message.get_body(("html",)).get_content()

    def test_offer_has_link_and_letter(self):
        plan = self.plan(self.invoice(10, 300))
        plan.action_offer()
        [message] = self.arrived()
        self.assertEqual(self.sink.envelopes[0].rcpt_tos, ["azure@example.com"])
        self.assertEqual(self.subject(message), f"Your payment plan {plan.name}")
        self.assertIn("marie@brandt.example.com", message["From"])
        self.assertIn("marie@brandt.example.com", message["Reply-To"])
        text = self.text(message)
        for words in (
            "Dear Sir or Madam,",
            "$ 300.00 in installments",
            "by 06/17/2024 that you agree",
            "Installment 1 07/03/2024 $ 100.00",
            "Together $ 300.00",
            "Marie Keller",
            "+49 30 555 0123",
        ):
            self.assertIn(words, text.replace("&nbsp;", " "))
        button = re.search(r'href="([^"]+)"[^>]*>\s*See and accept', self.source(message))
        self.assertEqual(button[1], plan.get_base_url() + plan.get_portal_url())
        name, page = self.pdf(message)
        self.assertEqual(name, f"Payment plan {plan.name.replace('/', '-')} Azure Interior.pdf")
        self.assertIn("Our offer: pay in installments", page)

    def test_agreement_is_confirmed_however_it_came(self):
        plan = self.plan(self.invoice(10, 300))
        plan.action_offer()
        self.arrived()
        plan._accept("Brandon Freeman", self.today(), channel="phone")
        [message] = self.arrived()
        self.assertEqual(self.subject(message), f"Your payment plan {plan.name} is agreed")
        text = self.text(message)
        for words in ("agreed as of 06/03/2024", "How to pay", "12-345-678", plan.line_ids.name):
            self.assertIn(words, text)
        self.assertIn("See your plan", text)
        self.assertIn("Accepted by the customer", self.pdf(message)[1])

    def test_reminder_before_an_installment(self):
        plan = self.running(self.invoice(10, 300))
        self.arrived()
        self.at(27)
        self.night()
        [message] = self.arrived()
        self.assertEqual(self.subject(message), "Your next installment")
        text = self.text(message).replace("&nbsp;", " ")
        for words in ("is $ 100.00 , on 07/03/2024", "12-345-678", "See your plan", plan.name):
            self.assertIn(words, text)
        self.assertFalse([*message.iter_attachments()])
        self.night()
        self.assertFalse(self.arrived())

    def test_arrears_then_end(self):
        plan = self.running(self.invoice(10, 300))
        self.arrived()
        plan.sudo().installment_ids.reminded_on = self.today()
        self.at(37)
        self.night()
        [message] = self.arrived()
        self.assertEqual(self.subject(message), "An installment has not arrived yet")
        text = self.text(message).replace("&nbsp;", " ")
        self.assertIn("$ 100.00 of the installment of 07/03/2024 has not arrived yet", text)
        self.assertIn(
            f"by {self.env['ir.qweb.field.date'].value_to_html(plan.date_cure, {})}", text
        )
        self.at(60)
        plan.sudo().installment_ids.reminded_on = self.today()
        self.night()
        self.assertTrue(plan.date_proposed)
        self.assertFalse(self.arrived(), "nobody is told before somebody has decided")
        plan.action_default()
        [message] = self.arrived()
        self.assertEqual(self.subject(message), f"Your payment plan {plan.name} has ended")
        self.assertIn("the open $ 300.00 is due now", self.text(message).replace("&nbsp;", " "))

    def test_thanks_when_all_is_paid(self):
        invoice = self.invoice(10, 300)
        self.running(invoice)
        self.arrived()
        self.receive_money(300, invoice, days=0)
        [message] = self.arrived()
        self.assertEqual(self.subject(message), "Thank you, all is paid")
        self.company.dunning_plan_thanks = False
        other = self.invoice(10, 200)
        self.running(other)
        self.arrived()
        self.receive_money(200, other, days=0)
        self.assertFalse(self.arrived())

    def test_withdrawn_plans_are_told_only_if_they_were_offered(self):
        self.plan(self.invoice(10, 200)).action_cancel()
        self.assertFalse(self.arrived())
        plan = self.plan(self.invoice(10, 300))
        plan.action_offer()
        self.arrived()
        plan.action_cancel()
        [message] = self.arrived()
        self.assertEqual(self.subject(message), f"Your payment plan {plan.name} is cancelled")

    def test_new_schedule(self):
        plan = self.running(self.invoice(10, 300))
        self.arrived()
        plan._amend(self.items(self.invoice(5, 30)), self.today())
        [message] = self.arrived()
        self.assertEqual(self.subject(message), f"New schedule of your payment plan {plan.name}")
        self.assertIn("$ 110.00", self.text(message).replace("&nbsp;", " "))
        self.assertIn("Version 2", self.pdf(message)[1])

    def test_sent_again(self):
        plan = self.plan(self.invoice(10, 300))
        plan.action_offer()
        self.arrived()
        plan.action_send_again()
        [message] = self.arrived()
        self.assertEqual(self.subject(message), f"Your payment plan {plan.name}")

    def test_language_and_name_of_the_contact(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.env.ref("dunning_advanced.mail_template_plan_offer")
        template.with_context(lang="fr_FR").subject = "{{ object.company_id.name }} : Votre plan"
        self.env["res.partner"].create(
            {
                "name": "Eva Roth",
                "parent_id": self.debtor.id,
                "type": "dunning",
                "email": "eva@example.com",
                "lang": "fr_FR",
            }
        )
        self.plan(self.invoice(10, 3000)).action_offer()
        [message] = self.arrived()
        self.assertEqual(self.sink.envelopes[0].rcpt_tos, ["eva@example.com"])
        self.assertEqual(message["Subject"], "Brandt Ltd : Votre plan")
        text = self.text(message)
        self.assertIn("03/07/2024", text)
        self.assertIn("Eva Roth", text)
        self.assertIn("03/07/2024", self.pdf(message)[1])

    def test_without_email_somebody_prints_it(self):
        self.debtor.email = False
        plan = self.plan(self.invoice(10, 300))
        plan.action_offer()
        self.assertFalse(self.arrived())
        kind = self.env.ref("dunning_advanced.mail_activity_plan_letter")
        activity = self.case().activity_ids.filtered(lambda a: a.activity_type_id == kind)
        self.assertIn(plan.name, activity.summary)
        self.assertEqual(activity.date_deadline, self.today())
        note = plan.message_ids.filtered("attachment_ids")
        self.assertIn("print this and post it", note.body)
        self.assertEqual(note.attachment_ids.mimetype, "application/pdf")

    @mute_logger("odoo.addons.dunning_advanced.models.plan.sending")
    def test_letter_that_fails_stops_nothing(self):
        plan = self.plan(self.invoice(10, 300))
        with patch.object(type(plan), "_pdf", side_effect=ValueError("no font")):
            plan.action_offer()
        [message] = self.arrived()
        self.assertFalse([*message.iter_attachments()])
        self.assertTrue(plan.message_ids.filtered(lambda note: "no font" in note.body))

    def test_hostile_words_stay_text(self):
        self.debtor.name = "<b>x</b> {{ 7*7 }}"
        self.debtor.is_company = False
        self.plan(self.invoice(10, 300)).action_offer()
        [message] = self.arrived()
        self.assertEqual(self.sink.envelopes[0].rcpt_tos, ["azure@example.com"])
        self.assertIn("&lt;b&gt;x&lt;/b&gt; {{ 7*7 }}", self.source(message))
