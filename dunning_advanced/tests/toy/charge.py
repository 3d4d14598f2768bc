"""A kind of charge of another module: the paper of letters, at two for an invoice."""

from odoo import fields, models

from ...models.money.kinds import Kind


class Paper(Kind):
    code, label, asked_by = "paper", "Paper", ("charge_paper",)
    product, shipped = "dunning_paper_product_id", "dunning_advanced.product_fee"

    def values(self, charging, notice, lines, facts):
        words = {"name": "Paper", "formula": "one sheet", "amount": 2}
        return [(line, words) for line in lines.filtered("level_id.charge_paper")]


class ResCompany(models.Model):
    _name = _inherit = "res.company"
    _module = None

    dunning_paper_product_id = fields.Many2one(related="dunning_fee_product_id")


class DunningLevel(models.Model):
    _name = _inherit = "dunning.level"
    _module = None

    charge_paper = fields.Boolean(related="attach_letter")


class DunningCharge(models.Model):
    _name = _inherit = "dunning.charge"
    _module = None

    def _kinds(self):
        return [*super()._kinds(), Paper()]
