from odoo import fields, models


class DunningDisputeAnswer(models.TransientModel):
    """Asks what the customer is told about a dispute; an open one is rejected by that."""

    _name = "dunning.dispute.answer"
    _description = "Answer to a Dispute"

    dispute_id = fields.Many2one("dunning.dispute", required=True)
    state = fields.Selection(related="dispute_id.state")
    contact_id = fields.Many2one(related="dispute_id.contact_id", string="E-mail to")
    text = fields.Text(required=True)

    def action_apply(self):
        """Keep the answer and send it."""
        today = self.dispute_id._today()
        if self.state == "open":
            self.dispute_id._reject(self.text, today)
        else:
            self.dispute_id._notify_customer(self.text, today)
