from odoo import fields, models


class DunningReason(models.TransientModel):
    """Asks why reminders are left out or cancelled, or charges waived."""

    _name = "dunning.reason"
    _description = "Reason"

    notice_ids = fields.Many2many("dunning.notice")
    charge_ids = fields.Many2many("dunning.charge")
    kind = fields.Selection(
        [("drop", "Leave out"), ("cancel", "Cancel"), ("waive", "Waive charges")], required=True
    )
    reason = fields.Char(required=True)

    def action_apply(self):
        """Leave out or cancel the reminders, or waive their charges, with this reason."""
        today = fields.Date.context_today(self)
        if self.kind == "drop":
            self.notice_ids._drop(self.reason)
        elif self.kind == "cancel":
            self.notice_ids._cancel(self.reason, today)
        elif self.charge_ids:
            self.charge_ids._waive(self.reason, today)
        else:
            self.notice_ids._waive_coming(self.reason)
        return {"type": "ir.actions.act_window_close"}
