"""An event of another module: the day since which the post of a customer is on strike."""

from odoo import models
from odoo.tools import SQL


class DunningTimeline(models.Model):
    _name = _inherit = "dunning.timeline"
    _module = None

    def _sources(self):
        return {**super()._sources(), "strike": self._source_strike()}

    def _source_strike(self):
        return self._event(
            SQL("FROM res_partner e WHERE e.ref = 'strike'"),
            "message",
            "res.partner",
            partner_id=SQL("e.id"),
            company_id=SQL("%s", self.env.company.id),
            date=SQL("e.create_date::date"),
            moment=SQL("e.create_date"),
        )

    def _describe_strike(self, partner):
        return f"The post of {partner.name} is on strike"
