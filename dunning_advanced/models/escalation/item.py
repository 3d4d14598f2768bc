from odoo import api, fields, models
from odoo.exceptions import UserError


class DunningEscalationItem(models.AbstractModel):
    """An item of a step, with its open amount when the step was taken.

    Who inherits has ``step_id`` and an index that allows an item one open step.
    """

    _name = "dunning.escalation.item"
    _description = "Item of a Step after the Last Level"
    _inherit = ["dunning.by.button"]
    _order = "date_maturity, id"

    move_line_id = fields.Many2one(
        "account.move.line", string="Item", index=True, ondelete="set null"
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    company_id = fields.Many2one("res.company", index=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    name = fields.Char(
        string="Number", compute="_compute_facts", store=True, precompute=True, readonly=True
    )
    date_maturity = fields.Date(
        string="Due date", compute="_compute_facts", store=True, precompute=True
    )
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_facts", store=True, precompute=True
    )
    amount = fields.Monetary(compute="_compute_amount", store=True, readonly=False, precompute=True)
    amount_company = fields.Monetary(
        string="Amount (company currency)",
        currency_field="company_currency_id",
        compute="_compute_amount_company",
        store=True,
        precompute=True,
    )
    amount_left = fields.Monetary(string="Open now", compute="_compute_amount_left")
    is_open = fields.Boolean(compute="_compute_is_open", store=True, precompute=True)

    # An invoice that is reset to draft may lose its item: what it was is kept.

    @api.depends("move_line_id")
    def _compute_facts(self):
        for line in self.filtered("move_line_id"):
            item = line.move_line_id
            line.name = item.move_name or item.display_name
            line.date_maturity = item.date_maturity or item.date
            line.currency_id = item.currency_id

    @api.depends("move_line_id")
    def _compute_amount(self):
        for line in self.filtered("move_line_id"):
            line.amount = line.move_line_id.amount_residual_currency

    @api.depends("amount")
    def _compute_amount_company(self):
        for line in self.filtered("move_line_id"):
            line.amount_company = line._book_value()

    def _book_value(self):
        """What the amount is worth in the books: all that is left of the item, or
        the part of it.
        """
        item = self.move_line_id
        if not item.amount_residual_currency:
            return 0.0
        if not self.currency_id.compare_amounts(self.amount, item.amount_residual_currency):
            return item.amount_residual
        own = item.company_currency_id
        return own.round(item.amount_residual * self.amount / item.amount_residual_currency)

    def _compute_amount_left(self):
        for line in self:
            line.amount_left = line._left()

    def _left(self):
        """What is open of the item, in its currency; nothing where it is gone."""
        item = self.move_line_id
        return item.amount_residual_currency if item.parent_state == "posted" else 0.0

    @api.model
    def _by_button(self):
        return {"amount_company", "currency_id", "date_maturity", "is_open", "name"}

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_editable()
        return lines

    def write(self, vals):
        self._check_editable()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        self._check_editable()

    def _check_editable(self):
        """:raises UserError: when the step was taken already"""
        if self.env.su:
            return
        for step in self.step_id.filtered(lambda step: not step._is_editable()):
            raise UserError(
                self.env._("The items of “%s” cannot be changed any more.", step.display_name)
            )
