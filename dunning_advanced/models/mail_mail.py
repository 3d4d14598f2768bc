import logging

from odoo import fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .mixins.labels import labels

_logger = logging.getLogger(__name__)


class MailMail(models.Model):
    _inherit = "mail.mail"

    def write(self, vals):
        leaving = self.env.context.get("dunning_leaving", {})
        if vals.get("state") == "sent" and leaving.keys() & set(self.ids):
            # The message keeps its own Message-ID, by which answers find it.
            vals = {name: value for name, value in vals.items() if name != "message_id"}
        result = super().write(vals)
        if vals.get("state") == "cancel":
            self._dunning_deliveries("queued")._lose_mails("cancelled")
        return result

    def unlink(self):
        self._dunning_deliveries("queued")._lose_mails("deleted")
        return super().unlink()

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Before they leave, reminders are asked once more whether they are owed still."""
        kept_back = self._dunning_ask_again()
        if kept_back and post_send_callback:
            post_send_callback(kept_back.ids)
        return super(MailMail, self - kept_back).send(
            auto_commit=auto_commit,
            raise_exception=raise_exception,
            post_send_callback=post_send_callback,
        )

    def _send(self, auto_commit=False, **kwargs):
        """Collect what the mail servers answer, by Message-ID, and know which mails are those
        of reminders.
        """
        deliveries = self.env["dunning.delivery"].sudo().search([("mail_id", "in", self.ids)])
        leaving = {delivery.mail_id.id: delivery.id for delivery in deliveries}
        mails = self.with_context(
            dunning_answers={}, dunning_leaving=leaving, dunning_commits=auto_commit
        )
        return super(MailMail, mails)._send(auto_commit=auto_commit, **kwargs)

    def _prepare_outgoing_list(self, *args, **kwargs):
        """What is handed to the mail server next.

        Where Odoo commits after each mail, that a reminder is handed over is committed before:
        if the server is stopped then, the mail does not leave a second time by itself.
        """
        emails = super()._prepare_outgoing_list(*args, **kwargs)
        delivery_id = self.env.context.get("dunning_leaving", {}).get(self.id)
        if delivery_id:
            delivery = self.env["dunning.delivery"].sudo().browse(delivery_id)
            for email in emails:
                self._dunning_identify(email, delivery.email_message_id)
            delivery.date_handed = fields.Datetime.now()
            if self.env.context.get("dunning_commits"):
                self.env.cr.commit()  # pylint: disable=invalid-commit
        return emails

    def _dunning_identify(self, email, message_id):
        """Give an e-mail the Message-ID of its delivery; answers still find the message."""
        if message_id and message_id != email["message_id"]:
            email["references"] = " ".join(filter(None, (email["references"], email["message_id"])))
            email["message_id"] = message_id

    def _dunning_ask_again(self):
        """Withdraw the reminders among these mails that ask for what is not owed any more.

        :return: mail.mail that must not leave. Where nobody could be asked, all of the
            reminders: they stay in the queue, and other mails are not kept from leaving.
        """
        # Also what failed and is tried again in Odoo's queue, or was called delivered by hand.
        deliveries = self._dunning_deliveries("queued", "failed", "unknown", "done")
        if not deliveries:
            return self.browse()
        try:
            with self.env.cr.savepoint():
                withdrawn, _part = deliveries._ask_again()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            _logger.info("Reminders %s wait: another transaction works on them", deliveries.ids)
            return deliveries.mail_id
        except Exception:
            _logger.exception("Reminders %s wait: they could not be asked again", deliveries.ids)
            return deliveries.mail_id
        return deliveries.filtered(
            lambda delivery: delivery.notice_id in withdrawn and not delivery.correction
        ).mail_id

    def _dunning_deliveries(self, *states):
        """The deliveries that these mails are."""
        deliveries = self.env["dunning.delivery"].sudo()
        return deliveries.search([("mail_id", "in", self.ids), ("state", "in", states)])

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Tell the deliveries of reminders what became of their mails."""
        deliveries = self.env["dunning.delivery"].sudo().search([("mail_id", "in", self.ids)])
        if failure_type:
            words = labels(self, "failure_type").get(failure_type, failure_type)
            for delivery in deliveries:
                reason = failure_reason or delivery.mail_id.failure_reason
                delivery._fail(f"{words}: {reason}" if reason else words)
        elif deliveries:
            deliveries._succeed()
        answers = self.env.context.get("dunning_answers", {})
        for delivery in deliveries if answers else ():
            delivery.server_answer = answers.get(delivery.email_message_id)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )
