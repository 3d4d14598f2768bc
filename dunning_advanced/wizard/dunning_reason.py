from odoo import api, fields, models


class DunningReason(models.TransientModel):
    """Asks why reminders are left out or cancelled, or holds lifted."""

    _name = "dunning.reason"
    _description = "Reason"

    notice_ids = fields.Many2many("dunning.notice")
    hold_ids = fields.Many2many("dunning.hold", context={"active_test": False})
    kind = fields.Selection(
        [("drop", "Leave out"), ("cancel", "Cancel"), ("lift", "Lift")], required=True
    )
    reason = fields.Char(required=True)

    @api.model
    def _ask(self, kind, title, **records):
        """The dialog that asks why.

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

    def action_apply(self):
        """Leave out or cancel the reminders, or lift the holds, with this reason."""
        if self.kind == "lift":
            self.hold_ids._lift(self.reason, fields.Date.context_today(self))
        elif self.kind == "drop":
            self.notice_ids._drop(self.reason)
        else:
            self.notice_ids._cancel(self.reason)
        return {"type": "ir.actions.act_window_close"}
