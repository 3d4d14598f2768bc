from odoo import api, fields, models


class DunningPlanAmend(models.TransientModel):
    """Asks which invoices join a payment plan, and which installments pay for them."""

    _name = "dunning.plan.amend"
    _description = "Add Invoices to a Payment Plan"

    plan_id = fields.Many2one("dunning.payment.plan", required=True, readonly=True)
    currency_id = fields.Many2one(related="plan_id.currency_id")
    open_item_ids = fields.Many2many("account.move.line", compute="_compute_open_item_ids")
    item_ids = fields.Many2many(
        "account.move.line",
        string="Invoices",
        required=True,
        domain="[('id', 'in', open_item_ids)]",
    )
    amount = fields.Monetary(string="They come to", compute="_compute_amount")
    how = fields.Selection(
        [("raise", "Raise the installments to come"), ("append", "Append installments")],
        required=True,
        default="raise",
    )
    number = fields.Integer(string="How many", default=1)

    @api.depends("plan_id")
    def _compute_open_item_ids(self):
        for wizard in self:
            plan = wizard.plan_id
            wizard.open_item_ids = self.env["account.move.line"].search(
                [
                    *plan.partner_id._dunning_items_domain(plan.company_id),
                    ("currency_id", "=", plan.currency_id.id),
                    ("amount_residual_currency", ">", 0),
                    ("id", "not in", plan._items().ids),
                ]
            )

    @api.depends("item_ids")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = sum(wizard.item_ids.mapped("amount_residual_currency"))

    def action_apply(self):
        """Add the invoices; the customer gets the new schedule."""
        self.plan_id._amend(
            self.item_ids,
            fields.Date.context_today(self),
            append=self.number if self.how == "append" else 0,
        )
        return {"type": "ir.actions.act_window_close"}
