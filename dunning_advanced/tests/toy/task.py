"""A task of another module: somebody apologizes for the strike."""

from odoo import models
from odoo.tools import SQL

from ...models.case.tasks import Task


class Apologize(Task):
    code, model = "apologize", "res.partner"

    def query(self, env, date):
        return SQL(
            "SELECT kase.id AS case_id, %s AS date, kase.partner_id AS res_id FROM cases kase"
            " JOIN res_partner debtor ON debtor.id = kase.partner_id AND debtor.ref = 'strike'",
            date,
        )

    def describe(self, case, record):
        return f"Apologize to {record.name}"


class DunningCase(models.Model):
    _name = _inherit = "dunning.case"
    _module = None

    def _tasks(self):
        return [Apologize(), *super()._tasks()]
