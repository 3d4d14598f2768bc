from odoo import fields, models


class DunningCase(models.Model):
    """What the customer of a case disputes."""

    _inherit = "dunning.case"

    dispute_ids = fields.One2many("dunning.dispute", compute="_compute_disputes")

    def _compute_disputes(self):
        disputes = self.env["dunning.dispute"].search(self._debtor_domain())
        found = disputes.grouped(lambda dispute: dispute._key())
        for case in self:
            case.dispute_ids = found.get((case.partner_id, case.company_id))

    def action_dispute(self, call=None):
        """Ask which invoice the customer disputes, and why.

        :param call: dunning.call in which the customer said so
        """
        self.ensure_one()
        overdue = self.item_ids.filtered(lambda item: item.dunning_days > 0).move_id
        told = {"default_call_id": call.id, "default_text": call.note} if call else {}
        return self.env["dunning.dispute"]._ask(
            default_partner_id=self.partner_id.id,
            default_company_id=self.company_id.id,
            default_move_id=len(overdue) == 1 and overdue.id,
            **told,
        )
