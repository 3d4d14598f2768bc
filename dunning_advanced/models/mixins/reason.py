from odoo import fields, models


class DunningChoice(models.AbstractModel):
    """A reason that people choose, kept as data: in order, for one company or for all."""

    _name = "dunning.choice"
    _description = "List of Reasons"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to offer the reason in every company."
    )
    active = fields.Boolean(default=True)
