from odoo import api, fields, models


class DunningHoldReason(models.Model):
    """Why somebody is not reminded for a while, in neutral words."""

    _name = "dunning.hold.reason"
    _description = "Hold Reason"
    _inherit = ["dunning.choice"]
    _order = "sequence, id"

    freezes_charges = fields.Boolean(
        string="Freezes fees and interest",
        help="While a hold of this reason lasts, its items cost the customer nothing more.",
    )
    lifted_by = fields.Selection(
        [("user", "Every dunning user"), ("manager", "Dunning managers only")],
        string="Who may lift it",
        required=True,
        default="user",
    )
    review = fields.Boolean(
        string="Review instead of an end",
        help="The hold has no last day, but a day on which somebody looks at it again.",
    )
    default_days = fields.Integer(
        string="Usual days", required=True, default=14, help="Until its end or its next review."
    )
    maximum_days = fields.Integer(
        string="Days at most",
        required=True,
        default=365,
        help="The longest time until a hold ends or is looked at again.",
    )

    _days_in_order = models.Constraint(
        "CHECK (default_days > 0 AND maximum_days >= default_days)",
        "A hold lasts one day at least, and usually no longer than at most: correct the days.",
    )

    @api.model
    def _default(self):
        """The reason that says nothing in particular, empty where it was deleted."""
        found = self.env.ref("dunning_advanced.hold_reason_manual", raise_if_not_found=False)
        return found or self
