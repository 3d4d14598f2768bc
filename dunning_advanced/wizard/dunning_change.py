from odoo import fields, models


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
        return unreached._tell(
            self.env._(
                "Not reached by the channel, unchanged: %s. Complete their contact data first.",
                unreached._label(),
            )
        )
