from odoo import fields, models


class DunningInterestTier(models.Model):
    """The fixed sum for debts up to a limit."""

    _name = "dunning.interest.tier"
    _description = "Fixed Sum"
    _inherit = ["dunning.bracket"]
    _order = "rule_id, id"

    rule_id = fields.Many2one(
        "dunning.interest.rule", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    limit_currency_id = fields.Many2one(
        related="rule_id.currency_id", string="Currency of the limits"
    )
    currency_id = fields.Many2one(related="rule_id.fixed_currency_id")

    _unique_limit = models.Constraint(
        "UNIQUE (rule_id, up_to)", "There already is a row with this limit: change that one."
    )
    _not_negative = models.Constraint(
        "CHECK (up_to >= 0 AND fixed >= 0 AND percent >= 0 AND percent < 100)",
        "The limits and the fixed sums cannot be negative.",
    )
