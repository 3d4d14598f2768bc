from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dunning_policy_id = fields.Many2one(related="company_id.dunning_policy_id", readonly=False)
    dunning_user_id = fields.Many2one(related="company_id.dunning_user_id", readonly=False)
    dunning_nightly = fields.Boolean(related="company_id.dunning_nightly", readonly=False)
    dunning_law = fields.Selection(related="company_id.dunning_law", readonly=False, required=True)
    dunning_journal_id = fields.Many2one(related="company_id.dunning_journal_id", readonly=False)
    dunning_fee_product_id = fields.Many2one(
        related="company_id.dunning_fee_product_id", readonly=False
    )
    dunning_fixed_product_id = fields.Many2one(
        related="company_id.dunning_fixed_product_id", readonly=False
    )
    dunning_interest_product_id = fields.Many2one(
        related="company_id.dunning_interest_product_id", readonly=False
    )
    dunning_retention = fields.Integer(related="company_id.dunning_retention", readonly=False)
    dunning_high_amount = fields.Monetary(related="company_id.dunning_high_amount", readonly=False)
    dunning_key_category_id = fields.Many2one(
        related="company_id.dunning_key_category_id", readonly=False
    )
    dunning_bank_days = fields.Integer(related="company_id.dunning_bank_days", readonly=False)
    dunning_promise_tolerance = fields.Integer(
        related="company_id.dunning_promise_tolerance", readonly=False
    )
    dunning_promise_days = fields.Integer(related="company_id.dunning_promise_days", readonly=False)
    dunning_promise_thanks = fields.Boolean(
        related="company_id.dunning_promise_thanks", readonly=False
    )
