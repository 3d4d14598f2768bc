from odoo import fields, models


class DunningDelivery(models.Model):
    """One attempt to bring a notice to the debtor by one channel."""

    _name = "dunning.delivery"
    _description = "Reminder Delivery"
    _order = "id desc"
    _check_company_auto = True

    notice_id = fields.Many2one("dunning.notice", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="notice_id.company_id", store=True)
    partner_id = fields.Many2one(related="notice_id.partner_id", store=True, string="Customer")
    channel = fields.Selection(
        selection=lambda self: self.env["dunning.channel"]._selection(), required=True
    )
    contact_id = fields.Many2one("res.partner", string="Addressed to")
    address = fields.Char(help="The address as it was used.")
    state = fields.Selection(
        [
            ("queued", "Under way"),
            ("done", "Delivered"),
            ("failed", "Failed"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        default="queued",
        index=True,
    )
    date_done = fields.Datetime(string="Delivered on")
    error = fields.Char()
    mail_id = fields.Many2one("mail.mail", index="btree_not_null", ondelete="set null")
    message_id = fields.Many2one("mail.message", index="btree_not_null", ondelete="set null")

    def action_retry(self):
        """Try failed deliveries once more."""
        for delivery in self.filtered(lambda record: record.state == "failed"):
            if delivery.mail_id:
                delivery.mail_id.sudo().mark_outgoing()
                delivery.write(
                    {"state": "queued", "error": False, "address": delivery.contact_id.email}
                )
            else:
                self.env["dunning.channel"]._deliver(delivery.channel, delivery.notice_id)
                delivery.state = "withdrawn"
        self.env["dunning.channel"]._send_queue()

    def action_mark_done(self):
        """Somebody says that the customer has it, whatever the channel reported."""
        self._succeed()

    def _succeed(self):
        """The notice has reached the debtor: the next level may follow."""
        self.write({"state": "done", "date_done": fields.Datetime.now(), "error": False})
        self.notice_id.write({"delivered": True})

    def _fail(self, error):
        """Keep the reason; a failed delivery is shown and repeated, it never escalates.

        :param error: text of the failure
        """
        self.write({"state": "failed", "error": error, "date_done": False})
        for notice in self.notice_id:
            done = notice.delivery_ids.filtered(lambda record: record.state == "done")
            notice.delivered = bool(done)

    def _withdraw(self):
        """Stop what has not left yet. Mails that were sent stay as delivered."""
        waiting = self.filtered(lambda record: record.state in ("queued", "failed"))
        waiting.mail_id.sudo().filtered(lambda mail: mail.state != "sent").cancel()
        waiting.write({"state": "withdrawn"})
