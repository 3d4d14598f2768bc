from odoo import fields, models


class DunningCase(models.Model):
    """The payment plans of the customer of a case."""

    _inherit = "dunning.case"

    plan_ids = fields.One2many("dunning.payment.plan", compute="_compute_plan_ids")

    def _compute_plan_ids(self):
        plans = self.env["dunning.payment.plan"].search(self._debtor_domain())
        found = plans.grouped(lambda plan: (plan.partner_id, plan.company_id))
        for case in self:
            case.plan_ids = found.get((case.partner_id, case.company_id))

    def action_plan(self):
        """Ask how the customer pays in installments."""
        self.ensure_one()
        return self.env["dunning.plan"]._ask(
            self.partner_id, self.company_id, self._main_currency()
        )
