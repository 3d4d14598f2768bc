from odoo import api, fields, models


class DunningBulk(models.AbstractModel):
    """Reminders that somebody has chosen in a list, named in a few words."""

    _name = "dunning.bulk"
    _description = "Chosen Reminders"

    notice_ids = fields.Many2many("dunning.notice", required=True)
    label = fields.Char(compute="_compute_label", string="Reminders")

    @api.depends("notice_ids")
    def _compute_label(self):
        for wizard in self:
            wizard.label = wizard.notice_ids._origin._label()
