from odoo import models
from odoo.tools import email_normalize


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
            address = message_dict["bounced_email"]
            back = deliveries.filtered(
                lambda delivery: (
                    delivery.contact_id in message_dict["bounced_partner"]
                    or email_normalize(delivery.address, strict=False) == address
                )
            )
            # One that was forwarded comes back from an address that nobody here knows.
            (back or deliveries)._fail(self.env._("The e-mail came back from %s.", address))
        return super()._routing_handle_bounce(email_message, message_dict)
