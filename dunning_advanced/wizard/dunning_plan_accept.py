from odoo import api, fields, models

from ..models.plan.plan import CHANNELS


class DunningPlanAccept(models.TransientModel):
    """Asks who accepted a payment plan, when and how."""

    _name = "dunning.plan.accept"
    _description = "Accept a Payment Plan"

    plan_id = fields.Many2one("dunning.payment.plan", required=True, readonly=True)
    name = fields.Char(string="Accepted by", required=True)
    date = fields.Date(string="On", required=True, default=fields.Date.context_today)
    channel = fields.Selection(
        [channel for channel in CHANNELS if channel[0] != "portal"],
        string="How",
        required=True,
        default="phone",
    )

    @api.model
    def _ask(self, plan):
        """The dialog for a plan.

        :return: action
        """
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accept the plan"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {"default_plan_id": plan.id, "default_name": plan.contact_id.name},
        }

    def action_apply(self):
        """From now on the plan runs."""
        self.plan_id._accept(self.name, self.date, channel=self.channel)
        return {"type": "ir.actions.act_window_close"}
