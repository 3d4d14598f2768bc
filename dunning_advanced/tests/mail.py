import email
import re
import socket
from contextlib import contextmanager
from email import policy
from unittest.mock import patch

from aiosmtpd.controller import Controller

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .common import DAY, DunningCommon


class Sink:
    """Keeps what an SMTP client hands over."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, _server, _session, envelope):
        self.envelopes.append(envelope)
        return "250 OK"


class EmailCommon(DunningCommon):
    """Real mails through a real SMTP server on loopback."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"name": "Brandt Ltd", "email": "office@brandt.example.com"})
        cls.company.alias_domain_id = False
        cls.user = cls.env["res.users"].create(
            {
                "name": "Marie Keller",
                "login": "marie",
                "email": "marie@brandt.example.com",
                "phone": "+49 30 555 0123",
            }
        )
        cls.company.dunning_user_id = cls.user
        cls.sink = Sink()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        smtp = Controller(cls.sink, hostname="127.0.0.1", port=port)
        smtp.start()
        cls.addClassCleanup(smtp.stop)
        cls.env["ir.mail_server"].search([]).active = False
        cls.mail_server = cls.env["ir.mail_server"].create(
            {
                "name": "loopback",
                "smtp_host": "127.0.0.1",
                "smtp_port": port,
                "smtp_encryption": "none",
            }
        )

    def setUp(self):
        super().setUp()
        self.sink.envelopes.clear()

    @contextmanager
    def sending(self):
        # Odoo sends nothing while it tests, unless told so in the way of its own tests.
        with patch.object(IrMail_Server, "_disable_send", return_value=False):
            yield

    def receive(self, mails):
        """Work the queue off for these mails.

        :return: list of the messages that arrived
        """
        with self.sending():
            self.env["mail.mail"].process_email_queue(mails.ids)
        return [
            email.message_from_bytes(envelope.content, policy=policy.default)
            for envelope in self.sink.envelopes
        ]

    def text(self, message, kind="html"):
        """A body of a message in one line."""
        part = message.get_body((kind,)).get_content()
        plain = re.sub(r"<[^>]+>", " ", part) if kind == "html" else part
        return " ".join(plain.replace("\u2060", "").replace("\ufeff", "").split())


class MailCommon(EmailCommon):
    """Reminders issued and sent for real."""

    def issue(self, day=DAY):
        """Issue what is proposed; the mails wait in the queue."""
        notices = self.run_at(day).notice_ids
        notices.write({"state": "confirmed"})
        notices._issue(day)
        self.assertFalse(notices.filtered("error"), notices.mapped("error"))
        return notices

    def send(self, notices):
        """The messages that arrive for these reminders."""
        return self.receive(notices.delivery_ids.mail_id)

    def come_back(self, message, address):
        """Let a message that arrived come back from one of its addresses."""
        self.env["mail.thread"].with_context(mail_create_nolog=True).message_process(
            "dunning.case",
            f"From: MAILER-DAEMON@example.com\nTo: bounce@brandt.example.com\n"
            f"Subject: Undelivered Mail Returned to Sender\nMessage-Id: <bounce@example.com>\n"
            f"MIME-Version: 1.0\nContent-Type: multipart/report; "
            f'report-type=delivery-status; boundary="X"\n\n'
            f"--X\nContent-Type: text/plain\n\nUser unknown\n\n"
            f"--X\nContent-Type: message/delivery-status\n\n"
            f"Reporting-MTA: dns; example.com\n\n"
            f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: 5.1.1\n\n"
            f"--X\nContent-Type: text/rfc822-headers\n\nMessage-Id: {message['Message-Id']}\n"
            f"To: {address}\nSubject: {message['Subject']}\n\n--X--\n",
        )
