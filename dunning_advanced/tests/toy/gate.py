"""A gate of another module: nobody is reminded while the post is on strike."""

from odoo import models
from odoo.tools import SQL

from ...models.engine.gates import Gate


class Strike(Gate):
    code, scope, label = "strike", "item", "Post on strike"

    def condition(self, env, scope):
        return SQL("item.debtor_id IN (SELECT id FROM res_partner WHERE ref = 'strike')")

    def start(self, row, scope):
        return SQL("'2024-06-20'::date")

    def describe(self, why, facts, stops):
        return "the post is on strike" if stops else ""


class DunningEngine(models.AbstractModel):
    _name = _inherit = "dunning.engine"
    _module = None

    def _gates(self):
        return [Strike(), *super()._gates()]
