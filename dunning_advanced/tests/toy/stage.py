"""A stage of another module: cases of customers whose post is on strike."""

from odoo import fields, models
from odoo.tools import SQL

from ...models.case.stages import Stage


class Cut(Stage):
    code, label, models = "cut", "Cut off", ("res.partner",)

    def condition(self, env, case, date):
        return SQL("%s.partner_id IN (SELECT id FROM res_partner WHERE ref = 'strike')", case)


class DunningCase(models.Model):
    _name = _inherit = "dunning.case"
    _module = None

    stage = fields.Selection(selection_add=[(Cut.code, Cut.label)])

    def _stages(self):
        return [Cut(), *super()._stages()]
