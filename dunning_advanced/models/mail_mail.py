from odoo import models

from .mixins.labels import labels


class MailMail(models.Model):
    _inherit = "mail.mail"

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
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )
