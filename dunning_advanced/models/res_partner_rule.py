from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .engine.engine import Scope


class ResPartner(models.Model):
    _inherit = "res.partner"

    dunning_rule_id = fields.Many2one(
        "dunning.rule",
        string="Follow-up rule",
        compute="_compute_dunning_rule_id",
        search="_search_dunning_rule_id",
        groups="dunning_advanced.group_user",
        help="The rule that takes the customer today; none where nothing is open.",
    )

    @api.depends_context("company")
    def _compute_dunning_rule_id(self):
        rules = self.env["dunning.rule"]
        self.env.flush_all()
        taken = rules._taken_sql(self._dunning_scope(self.commercial_partner_id.ids))
        found = dict(self.env.execute_query(taken))
        for partner in self:
            partner.dunning_rule_id = rules.browse(found.get(partner.commercial_partner_id.id))

    @api.model
    def _search_dunning_rule_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env.flush_all()
        taken = self.env["dunning.rule"]._taken_sql(self._dunning_scope())
        ids = tuple(id_ for id_ in value if id_) or (0,)
        by_rule = SQL("(SELECT debtor_id FROM (%s) t WHERE rule_id IN %s)", taken, ids)
        found = Domain("id", "in", by_rule)
        if False in value:
            found |= Domain("id", "not in", SQL("(SELECT debtor_id FROM (%s) t)", taken))
        return found

    @api.model
    def _dunning_scope(self, partner_ids=()):
        """These debtors, all when there are none, today in the company at work."""
        today = fields.Date.context_today(self)
        return Scope(company=self.env.company, date=today, partner_ids=tuple(partner_ids))
