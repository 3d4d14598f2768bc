from odoo import models
from odoo.tools import email_normalize


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _get_bounced_message_data(self, message, message_dict):
        """One of several mails of a message comes back under a Message-ID of its own."""
        found, references = super()._get_bounced_message_data(message, message_dict)
        if not found and references:
            deliveries = self.env["dunning.delivery"].sudo()
            domain = [("email_message_id", "in", references)]
            found = found.browse(deliveries.search(domain, limit=1).message_id.id)
        return found, references

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
            # One that was forwarded comes back from an address that nobody here knows.
            back = deliveries.filtered(
                lambda delivery: (
                    delivery.email_message_id in (message_dict["bounced_msg_ids"] or ())
                )
            ) or deliveries.filtered(
                lambda delivery: (
                    delivery.contact_id in message_dict["bounced_partner"]
                    or email_normalize(delivery.address, strict=False) == address
                )
            )
            (back or deliveries)._fail(self.env._("The e-mail came back from %s.", address))
        return super()._routing_handle_bounce(email_message, message_dict)
