from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Tell the deliveries of reminders what became of their mails."""
        deliveries = self.env["dunning.delivery"].sudo().search([("mail_id", "in", self.ids)])
        if failure_type:
            labels = dict(self._fields["failure_type"]._description_selection(self.env))
            for delivery in deliveries:
                reason = failure_reason or delivery.mail_id.failure_reason
                label = labels.get(failure_type, failure_type)
                delivery._fail(f"{label}: {reason}" if reason else label)
        elif deliveries:
            deliveries._succeed()
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )
