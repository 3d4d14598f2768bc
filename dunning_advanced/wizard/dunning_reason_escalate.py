from odoo import fields, models


class DunningReason(models.TransientModel):
    """Asks why a step after the last level ends."""

    _inherit = "dunning.reason"

    kind = fields.Selection(
        selection_add=[
            ("lift_credit", "Lift credit hold"),
            ("reject_writeoff", "Reject"),
            ("return", "Returned"),
            ("close", "Close"),
        ],
        ondelete={
            "lift_credit": "cascade",
            "reject_writeoff": "cascade",
            "return": "cascade",
            "close": "cascade",
        },
    )
    credit_hold_ids = fields.Many2many("dunning.credit.hold")
    writeoff_ids = fields.Many2many("dunning.writeoff")
    handover_ids = fields.Many2many("dunning.handover")
    outcome = fields.Selection(
        selection=lambda self: (
            self.env["dunning.handover"]._fields["outcome"]._description_selection(self.env)
        ),
        default="unsuccessful",
    )

    def action_apply(self):
        """Also end the step that was chosen, with this reason."""
        today = fields.Date.context_today(self)
        if self.kind == "lift_credit":
            self.credit_hold_ids._lift(self.reason, today)
        elif self.kind == "reject_writeoff":
            self.writeoff_ids._reject(self.reason, today)
        elif self.kind == "return":
            self.handover_ids._end("returned", self.reason, today)
        elif self.kind == "close":
            self.handover_ids._end("closed", self.reason, today, self.outcome)
        else:
            return super().action_apply()
        return {"type": "ir.actions.act_window_close"}
