from odoo import models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _routing_handle_bounce(self, email_message, message_dict):
        """A reminder that came back has not reached the customer."""
        message = message_dict["bounced_message"]
        if message:
            deliveries = (
                self.env["dunning.delivery"]
                .sudo()
                .search([("message_id", "in", message.ids), ("state", "!=", "withdrawn")])
            )
            deliveries._fail(
                self.env._("The e-mail came back from %s.", message_dict["bounced_email"])
            )
        return super()._routing_handle_bounce(email_message, message_dict)
