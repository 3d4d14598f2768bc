from odoo import api, fields, models


class DunningBulk(models.AbstractModel):
    """Reminders that somebody has chosen in a list, named in a few words."""

    _name = "dunning.bulk"
    _description = "Selected Reminders"

    notice_ids = fields.Many2many("dunning.notice", string="Reminder", required=True)
    label = fields.Char(compute="_compute_label", string="Reminders")

    @api.depends("notice_ids")
    def _compute_label(self):
        for wizard in self:
            wizard.label = wizard.notice_ids._origin._label()

    @api.model
    def _open_dialog(self, kind, title, **records):
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


class DunningChange(models.TransientModel):
    """Asks for another channel, or for the responsible, of any number of reminders."""

    _name = "dunning.change"
    _description = "Change Reminders"
    _inherit = ["dunning.bulk"]

    kind = fields.Selection([("channel", "Change channel"), ("assign", "Assign")], required=True)
    channel = fields.Selection(selection=lambda self: self.env["dunning.channel"]._selection())
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
    )

    def action_apply(self):
        """Change the reminders; tells which of them could not be changed."""
        if self.kind == "assign":
            self.notice_ids._assign(self.user_id)
            return {"type": "ir.actions.act_window_close"}
        unreached = self.notice_ids._change_channel(self.channel)
        if not unreached:
            return {"type": "ir.actions.act_window_close"}
        return unreached._notify_user(
            self.env._(
                "Not reached by the channel, unchanged: %s. Complete their contact data first.",
                unreached._label(),
            )
        )
