import smtplib

from odoo import models


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _connect__(self, *args, **kwargs):
        """Have the connection remember what the server says when it takes an e-mail over:
        the library throws it away.
        """
        connection = super()._connect__(*args, **kwargs)
        if isinstance(connection, smtplib.SMTP):
            send = connection.data

            def data(message):
                code, text = connection.dunning_answer = send(message)
                return code, text

            connection.data = data
        return connection

    def send_email(self, message, *args, smtp_session=None, **kwargs):
        """Keep the answer of the server for who collects them, see ``mail.mail``."""
        message_id = super().send_email(message, *args, smtp_session=smtp_session, **kwargs)
        answers = self.env.context.get("dunning_answers")
        answer = getattr(smtp_session, "dunning_answer", None)
        if answers is not None and answer:
            code, text = answer
            answers[message_id] = f"{code} {text.decode(errors='replace')}"
        return message_id
