from odoo import fields, models


class DunningDisputeReason(models.Model):
    """Why a customer disputes an invoice, and how fast we answer."""

    _name = "dunning.dispute.reason"
    _description = "Dispute Reason"
    _inherit = ["dunning.choice"]
    _order = "sequence, id"

    default_days = fields.Integer(
        string="Days to answer", required=True, default=14, help="From the day of the dispute."
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        domain=[("share", "=", False)],
        help="Who looks into disputes for this reason. Empty: the responsible of the customer.",
    )
    freezes_charges = fields.Boolean(
        string="Freezes fees and interest",
        default=True,
        help="While the dispute is open, the disputed amount bears no interest.",
    )

    _days_positive = models.Constraint(
        "CHECK (default_days > 0)", "A dispute is answered within a day at least: enter 1 or more."
    )
