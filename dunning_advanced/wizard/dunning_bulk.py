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

    @api.model
    def _ask(self, kind, title, **records):
        """The dialog that asks, for these records.

        :param records: by the name of the field that holds them
        :return: action
        """
        defaults = {f"default_{name}": found.ids for name, found in records.items()}
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {"default_kind": kind, **defaults},
        }
