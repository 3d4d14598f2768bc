from odoo import fields, models


class DunningReason(models.TransientModel):
    """Asks why reminders are left out or cancelled."""

    _name = "dunning.reason"
    _description = "Reason"
    _inherit = ["dunning.bulk"]

    kind = fields.Selection([("drop", "Leave out"), ("cancel", "Cancel")], required=True)
    reason = fields.Char(required=True)

    def action_apply(self):
        """Leave out or cancel the reminders with this reason."""
        if self.kind == "drop":
            self.notice_ids._leave_out(self.reason)
        else:
            self.notice_ids._cancel(self.reason)
        return {"type": "ir.actions.act_window_close"}
