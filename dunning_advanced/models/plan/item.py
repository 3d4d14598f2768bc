from odoo import api, fields, models


class DunningPaymentPlanItem(models.Model):
    """An item that a plan covers; the database allows it one running plan."""

    _name = "dunning.payment.plan.item"
    _description = "Item of a Payment Plan"
    _inherit = ["dunning.by.button"]
    _part_of = "plan_id"
    _order = "date_maturity, id"

    plan_id = fields.Many2one(
        "dunning.payment.plan", required=True, index=True, ondelete="cascade", readonly=True
    )
    move_line_id = fields.Many2one(
        "account.move.line", string="Journal item", index="btree_not_null", ondelete="set null"
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    company_id = fields.Many2one(related="plan_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="plan_id.currency_id")
    name = fields.Char(
        compute="_compute_facts", store=True, precompute=True, help="Number of the invoice."
    )
    date_maturity = fields.Date(
        string="Due date", compute="_compute_facts", store=True, precompute=True
    )
    amount = fields.Monetary(
        string="In the plan",
        compute="_compute_facts",
        store=True,
        precompute=True,
        help="What was open when it joined the plan.",
    )
    amount_open = fields.Monetary(string="Open", compute="_compute_amount_open")
    date_joined = fields.Date(readonly=True, help="Where it joined after the agreement.")
    partial_mark = fields.Integer(
        compute="_compute_facts",
        store=True,
        precompute=True,
        help="The last reconciliation of before: those after it count for the plan.",
    )
    released = fields.Boolean(
        string="Left the plan", readonly=True, help="It left the plan while that was running."
    )
    settled = fields.Json(help="What payments and credit notes took off it before it left.")
    is_running = fields.Boolean(compute="_compute_is_running", store=True, precompute=True)

    _one_running = models.UniqueIndex(
        "(move_line_id) WHERE is_running",
        "One of these invoices is in a payment plan already: change or refinance that plan.",
    )
    _item_once = models.UniqueIndex(
        "(plan_id, move_line_id)", "This invoice is in the plan already: list it once."
    )

    @api.depends("move_line_id")
    def _compute_facts(self):
        mark = self._last_partial() if self else 0
        for line in self.filtered("move_line_id"):
            item = line.move_line_id
            line.name = item.move_id.name
            line.date_maturity = item.date_maturity or item.date
            line.amount = item.amount_residual_currency
            line.partial_mark = mark

    @api.model
    def _last_partial(self):
        """The last reconciliation that there is, of any item."""
        last = self.env["account.partial.reconcile"].sudo().search([], order="id desc", limit=1)
        return last.id

    @api.depends("plan_id.state", "plan_id.replaces_id", "released")
    def _compute_is_running(self):
        for line in self:
            line.is_running = not line.released and line.plan_id._has_items()

    @api.depends("move_line_id.amount_residual_currency", "released")
    def _compute_amount_open(self):
        for line in self:
            line.amount_open = 0 if line.released else line.move_line_id.amount_residual_currency

    def _open_state(self):
        return self.plan_id.state
