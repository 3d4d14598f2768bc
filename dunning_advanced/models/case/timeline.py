from odoo import api, fields, models


class DunningCase(models.Model):
    """All that happened with the customer of a case, and what it was charged."""

    _inherit = "dunning.case"

    timeline_ids = fields.One2many("dunning.timeline", compute="_compute_timeline_ids")
    charge_ids = fields.One2many("dunning.charge", compute="_compute_charge_ids")

    @api.depends("partner_id", "company_id")
    def _compute_timeline_ids(self):
        for case in self:
            case.timeline_ids = self.env["dunning.timeline"].search(
                [
                    ("partner_id", "=", case.partner_id.id),
                    ("company_id", "child_of", case.company_id.ids),
                ]
            )

    @api.depends("partner_id", "company_id")
    def _compute_charge_ids(self):
        for case in self:
            case.charge_ids = self.env["dunning.charge"].search(case._debtor_domain())
