from odoo import api, fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    """How a customer pays in the company at work."""

    _inherit = "res.partner"

    dunning_grade = fields.Selection(
        [(letter, letter) for letter in "ABCDE"],
        string="Class of payment behavior",
        compute="_compute_dunning_grade",
        search="_search_dunning_grade",
        groups="dunning_advanced.group_user",
        help="A pays reliably, E hardly ever; empty for new customers.",
    )

    @api.depends_context("company")
    def _compute_dunning_grade(self):
        behaviors = self.env["dunning.behavior"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
            ]
        )
        found = {behavior.partner_id: behavior.grade for behavior in behaviors}
        for partner in self:
            partner.dunning_grade = found.get(partner.commercial_partner_id)

    def _search_dunning_grade(self, operator, value):
        if operator != "in":
            return NotImplemented
        behaviors = self.env["dunning.behavior"].sudo()
        of_company = Domain("company_id", "=", self.env.company.id)
        graded = behaviors._search(of_company & Domain("grade", "in", list(value)))
        domain = Domain("commercial_partner_id", "in", graded.subselect("partner_id"))
        if False in value:
            known = behaviors._search(of_company & Domain("grade", "!=", False))
            domain |= Domain("commercial_partner_id", "not in", known.subselect("partner_id"))
        return domain

    def action_dunning_behavior(self):
        """Judge the customer as of today and open the class with its reasons."""
        self.ensure_one()
        return self.env["dunning.behavior"]._explain(self.commercial_partner_id, self.env.company)
