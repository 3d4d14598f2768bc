from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_credit_block = fields.Boolean(
        string="Credit hold stops invoices",
        help="Only dunning managers may post invoices of customers on credit hold. What Odoo "
        "posts by itself, such as recurring invoices, is posted all the same.",
    )
    dunning_agency_id = fields.Many2one(
        "res.partner",
        string="Usual collection agency",
        help="Proposed when items are handed over.",
    )
    dunning_writeoff_account_id = fields.Many2one(
        "account.account",
        string="Account for bad debts",
        domain=[("account_type", "in", ("expense", "expense_direct_cost", "expense_other"))],
        check_company=True,
        help="Debited with what is written off. Taxes are not corrected by that: whether you may "
        "reclaim them, and how, depends on your country and is booked by your accountant.",
    )
    dunning_writeoff_journal_id = fields.Many2one(
        "account.journal",
        string="Journal for write-offs",
        domain=[("type", "=", "general")],
        check_company=True,
    )
    dunning_writeoff_limit = fields.Monetary(
        string="Write-offs with two people above",
        default=1_000,
        help="Above this amount a write-off is approved by another manager than who proposed it.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

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
