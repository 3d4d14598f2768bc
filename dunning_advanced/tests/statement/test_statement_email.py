from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..common import DAY
from ..documents import pdf_pages
from ..mail import EmailCommon
from .common import StatementCommon


class TestStatementEmail(EmailCommon, StatementCommon):
    """Statements through a real SMTP server on loopback."""

    def send(self, debtors=None, **values):
        """Send by the wizard, then work the queue off.

        :return: list of the messages that arrived, and what the wizard says
        """
        before = self.env["mail.mail"].search([])
        action = self.wizard(debtors, **values).action_send()
        mails = self.env["mail.mail"].search([]) - before
        self.assertEqual(set(mails.mapped("state")) - {"outgoing"}, set())
        return self.receive(mails), action["params"]

    def attachment(self, message):
        [part] = message.iter_attachments()
        return part.get_filename(), pdf_pages(part.get_content())[0]

    def contact(self, kind, address, **values):
        return self.env["res.partner"].create(
            {
                "name": "Eva Roth",
                "parent_id": self.debtor.id,
                "type": kind,
                "email": address,
                **values,
            }
        )

    def test_mail_arrives_complete(self):
        move = self.invoice(20, 120.5)
        self.invoice(-20, 1000)
        [message], params = self.send()
        self.assertEqual(self.sink.envelopes[0].rcpt_tos, ["azure@example.com"])
        self.assertEqual(message["Subject"], "Brandt Ltd: Statement of account")
        self.assertIn("marie@brandt.example.com", message["From"])
        text = self.text(message)
        self.assertIn("Dear Sir or Madam,", text)
        self.assertIn("as of 06/03/2024", text)
        self.assertRegex(text, r"\$(&nbsp;| )1,120.50 , of which \$(&nbsp;| )120.50 was due before")
        self.assertNotIn("Internal", text)
        self.assertIn("Marie Keller", text)
        name, page = self.attachment(message)
        self.assertEqual(name, "Statement of account Azure Interior 2024-06-03.pdf")
        self.assertIn(move.name, page)
        self.assertEqual((params["type"], params["sticky"]), ("success", False))
        self.assertIn("Statements on their way: 1.", params["message"])

    def test_recipient_precedence(self):
        self.invoice(20)
        for kind, address in (("other", "x"), ("invoice", "bill"), ("dunning", "dun")):
            self.contact(kind, f"{address}@example.com")
        self.send()
        self.assertEqual(self.sink.envelopes[-1].rcpt_tos, ["dun@example.com"])
        self.debtor.child_ids.filtered(lambda contact: contact.type == "dunning").active = False
        self.send()
        self.assertEqual(self.sink.envelopes[-1].rcpt_tos, ["bill@example.com"])

    def test_language_and_name_of_the_contact(self):
        self.env["res.lang"]._activate_lang("de_DE")
        template = self.env.ref("dunning_advanced.mail_template_statement")
        template.with_context(lang="de_DE").subject = "{{ object.env.company.name }}: Kontoauszug"
        self.contact("dunning", "dun@example.com", lang="de_DE")
        self.invoice(20, 1234.5)
        [message], _params = self.send()
        self.assertEqual(message["Subject"], "Brandt Ltd: Kontoauszug")
        self.assertIn("Eva Roth", self.text(message))
        self.assertIn("1.234,50", self.text(message))

    def open_case(self):
        return self.env["dunning.case"].create(
            {"partner_id": self.debtor.id, "company_id": self.company.id}
        )

    def test_kept_on_the_open_case(self):
        self.invoice(20)
        case = self.open_case()
        self.send()
        message = case.message_ids.filtered("attachment_ids")
        self.assertEqual(message.attachment_ids.mimetype, "application/pdf")
        self.assertEqual(message.notification_ids.notification_status, "sent")
        self.assertIn("$", message.body)

    def test_without_a_case_the_customer_keeps_a_note_without_amounts(self):
        """Users of other companies read the messages of a customer they share."""
        self.invoice(20, 1234)
        before = self.debtor.message_ids
        self.send()
        [note] = self.debtor.message_ids - before
        self.assertFalse(note.attachment_ids)
        text = " ".join(note.body.replace("<p>", "").split())
        self.assertIn("Brandt Ltd has sent a statement of account as of 06/03/2024 to azure@", text)
        self.assertNotIn("1,234", text)
        pdf = self.env["ir.attachment"].search([("name", "like", "Statement of account Azure")])
        self.assertTrue(pdf)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger.statement",
            "dunning_advanced.group_manager",
            company_id=elsewhere.id,
            company_ids=[Command.set(elsewhere.ids)],
        )
        for record in pdf:
            with self.assertRaises(AccessError):
                record.with_user(stranger).read(["raw"])

    def test_followers_get_no_copy(self):
        self.invoice(20)
        for thread in (self.debtor, self.open_case()):
            thread.message_subscribe(self.user.partner_id.ids)
        self.send()
        self.assertEqual([e.rcpt_tos for e in self.sink.envelopes], [["azure@example.com"]])

    def test_one_mail_a_customer_and_who_has_no_address_is_named(self):
        silent = self.make_debtor("Silent Partners", email=False)
        other = self.make_debtor("Deco Addict")
        for debtor in (self.debtor, silent, other):
            self.invoice(20, debtor=debtor)
            self.invoice(25, debtor=debtor)
        messages, params = self.send(self.debtor | silent | other)
        self.assertEqual(
            {e.rcpt_tos[0] for e in self.sink.envelopes}, {"azure@example.com", "deco@example.com"}
        )
        self.assertEqual(len(messages), 2)
        for message in messages:
            name, page = self.attachment(message)
            own = "Azure Interior" if "azure" in message["To"] else "Deco Addict"
            self.assertIn(own, name)
            self.assertIn(own, page)
        self.assertEqual((params["type"], params["sticky"]), ("warning", True))
        self.assertIn("Statements on their way: 2.", params["message"])
        self.assertIn("No e-mail address: Silent Partners.", params["message"])

    @mute_logger("odoo.addons.dunning_advanced.models.statement.email")
    def test_one_that_fails_does_not_stop_the_others(self):
        other = self.make_debtor("Deco Addict")
        third = self.make_debtor("Third Wave")
        for debtor in (self.debtor, other, third):
            self.invoice(20, debtor=debtor)
        partners = self.env.registry["res.partner"]
        files, words = partners._dunning_statement_files, partners._dunning_statement_words

        def print_or_fail(records, period):
            if other in records:
                raise ValueError("no ink")
            return files(records, period)

        def write_or_fail(record, statement, contact):
            if record == third:
                raise ValueError("no words")
            return words(record, statement, contact)

        with (
            patch.object(partners, "_dunning_statement_files", print_or_fail),
            patch.object(partners, "_dunning_statement_words", write_or_fail),
        ):
            messages, params = self.send(self.debtor | other | third)
        self.assertEqual([e.rcpt_tos for e in self.sink.envelopes], [["azure@example.com"]])
        self.assertEqual(len(messages), 1)
        self.assertIn("Statements on their way: 1.", params["message"])
        self.assertIn("no ink: Deco Addict.", params["message"])
        self.assertIn("no words: Third Wave.", params["message"])

    def test_hostile_text_stays_text(self):
        self.debtor.name = "<script>alert(1)</script> {{ object.env.user.login }}"
        self.company.name = "Evil\nBcc: all@example.com {{ 7*7 }}"
        self.contact("dunning", "dun@example.com", name="<t t-out='1+1'/>")
        self.invoice(20)
        [message], _params = self.send()
        self.assertEqual(self.sink.envelopes[0].rcpt_tos, ["dun@example.com"])
        self.assertNotIn("Bcc", message.keys())
        self.assertIn("{{ 7*7 }}", message["Subject"])
        self.assertNotIn("<script>", message.get_body(("html",)).get_content())
        self.assertIn("Dear &lt;t t-out=", message.get_body(("html",)).get_content())

    def test_a_dunning_user_sends(self):
        self.invoice(20)
        dunner = new_test_user(
            self.env,
            "dunner.statement",
            "dunning_advanced.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        wizard = self.env["dunning.statement"].with_user(dunner)
        wizard = wizard.create({"partner_ids": [Command.set(self.debtor.ids)], "date": DAY})
        case = self.open_case()
        self.assertEqual(wizard.action_send()["params"]["type"], "success")
        self.assertTrue(case.message_ids.filtered("attachment_ids"))
