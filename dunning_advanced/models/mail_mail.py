from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Tell the deliveries of reminders what became of their mails."""
        deliveries = self.env["dunning.delivery"].sudo().search([("mail_id", "in", self.ids)])
        if deliveries:
            if failure_type:
                deliveries._fail(failure_reason or failure_type)
            else:
                deliveries._succeed()
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )
