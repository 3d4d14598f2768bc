from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dunning_policy_id = fields.Many2one(related="company_id.dunning_policy_id", readonly=False)
    dunning_user_id = fields.Many2one(related="company_id.dunning_user_id", readonly=False)
    dunning_nightly = fields.Boolean(related="company_id.dunning_nightly", readonly=False)
    dunning_hour = fields.Float(related="company_id.dunning_hour", readonly=False)
    dunning_tz = fields.Selection(related="company_id.dunning_tz", readonly=False)
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
    dunning_bank_age = fields.Integer(related="company_id.dunning_bank_age", readonly=False)
    dunning_bank_days = fields.Integer(related="company_id.dunning_bank_days", readonly=False)
    dunning_promise_tolerance = fields.Integer(
        related="company_id.dunning_promise_tolerance", readonly=False
    )
    dunning_promise_days = fields.Integer(related="company_id.dunning_promise_days", readonly=False)
    dunning_promise_thanks = fields.Boolean(
        related="company_id.dunning_promise_thanks", readonly=False
    )
    dunning_behavior_months = fields.Integer(
        related="company_id.dunning_behavior_months", readonly=False
    )
    dunning_behavior_grace = fields.Integer(
        related="company_id.dunning_behavior_grace", readonly=False
    )
    dunning_behavior_minimum = fields.Integer(
        related="company_id.dunning_behavior_minimum", readonly=False
    )
    dunning_grade_b = fields.Integer(related="company_id.dunning_grade_b", readonly=False)
    dunning_grade_c = fields.Integer(related="company_id.dunning_grade_c", readonly=False)
    dunning_grade_d = fields.Integer(related="company_id.dunning_grade_d", readonly=False)
    dunning_grade_e = fields.Integer(related="company_id.dunning_grade_e", readonly=False)
    dunning_credit_block = fields.Boolean(related="company_id.dunning_credit_block", readonly=False)
    dunning_agency_id = fields.Many2one(related="company_id.dunning_agency_id", readonly=False)
    dunning_writeoff_account_id = fields.Many2one(
        related="company_id.dunning_writeoff_account_id", readonly=False
    )
    dunning_writeoff_journal_id = fields.Many2one(
        related="company_id.dunning_writeoff_journal_id", readonly=False
    )
    dunning_writeoff_limit = fields.Monetary(
        related="company_id.dunning_writeoff_limit", readonly=False
    )
    dunning_plan_months = fields.Integer(related="company_id.dunning_plan_months", readonly=False)
    dunning_plan_minimum = fields.Monetary(
        related="company_id.dunning_plan_minimum", readonly=False
    )
    dunning_plan_approval = fields.Monetary(
        related="company_id.dunning_plan_approval", readonly=False
    )
    dunning_plan_valid = fields.Integer(related="company_id.dunning_plan_valid", readonly=False)
    dunning_plan_remind = fields.Integer(related="company_id.dunning_plan_remind", readonly=False)
    dunning_plan_tolerance = fields.Integer(
        related="company_id.dunning_plan_tolerance", readonly=False
    )
    dunning_plan_cure = fields.Integer(related="company_id.dunning_plan_cure", readonly=False)
    dunning_plan_thanks = fields.Boolean(related="company_id.dunning_plan_thanks", readonly=False)
