from odoo import fields, models


class DunningEscalate(models.TransientModel):
    """Asks for the escalation when reminders are of no use any more."""

    _name = "dunning.escalate"
    _description = "Escalate"

    case_id = fields.Many2one("dunning.case", required=True)
    credit_hold_id = fields.Many2one(related="case_id.credit_hold_id")
    step = fields.Selection(
        [
            ("credit", "Credit hold"),
            ("handover", "Hand over to an agency or lawyer"),
            ("writeoff", "Propose to write off"),
        ],
        string="What is to be done?",
        required=True,
        default="handover",
    )
    reason = fields.Char()

    def action_apply(self):
        """Set the credit hold, or open the form of the escalation that was chosen."""
        self.ensure_one()
        if self.step == "credit":
            self.env["dunning.credit.hold"].create(
                {
                    "partner_id": self.case_id.partner_id.id,
                    "company_id": self.case_id.company_id.id,
                    "reason": self.reason,
                }
            )
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "name": dict(self._fields["step"]._description_selection(self.env))[self.step],
            "res_model": f"dunning.{self.step}",
            "view_mode": "form",
            "views": [(False, "form")],
            "context": self.case_id._step_defaults(),
        }
