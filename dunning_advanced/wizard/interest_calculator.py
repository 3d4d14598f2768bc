from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.mixins.company_day import company_today


class DunningInterestCalculator(models.TransientModel):
    """What a late payment costs, for somebody who has the customer on the phone."""

    _name = "dunning.interest.calculator"
    _description = "Interest Calculator"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    country_id = fields.Many2one(
        "res.country",
        string="Country of the customer",
        required=True,
        default=lambda self: self.env.company.country_id,
    )
    party = fields.Selection(
        [("business", "Business"), ("consumer", "Consumer")],
        string="Customer",
        required=True,
        default="business",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        readonly=False,
    )
    principal = fields.Monetary(string="Amount due")
    due = fields.Date(string="Due date", help="Interest begins on the day after it.")
    until = fields.Date(
        string="Interest until",
        default=company_today,
        help="Last day of interest.",
    )
    contract_rate = fields.Float(
        string="Agreed rate (%)", digits=(16, 4), help="Percent a year, where a contract decides."
    )
    payment_ids = fields.One2many("dunning.interest.calculator.payment", "calculator_id")
    rule_id = fields.Many2one("dunning.interest.rule", compute="_compute_rule_id")
    rate_kind = fields.Selection(related="rule_id.rate_kind")
    citation = fields.Char(related="rule_id.citation")
    verified = fields.Boolean(related="rule_id.verified")
    note = fields.Text(related="rule_id.note")
    interest = fields.Monetary(compute="_compute_result")
    fixed_sum = fields.Monetary(string="Compensation for late payment", compute="_compute_result")
    paid = fields.Monetary(compute="_compute_result")
    total_open = fields.Monetary(string="To pay", compute="_compute_result")
    excess = fields.Monetary(string="Paid too much", compute="_compute_result")
    workings = fields.Html(compute="_compute_result", sanitize=False)
    error = fields.Text(compute="_compute_result")

    @api.depends("country_id", "party", "company_id")
    def _compute_rule_id(self):
        for wizard in self:
            wizard.rule_id = self.env["dunning.interest.rule"]._for(
                wizard.country_id, wizard.party == "business", wizard.company_id
            )

    @api.depends("rule_id")
    def _compute_currency_id(self):
        for wizard in self:
            wizard.currency_id = wizard.rule_id.currency_id or wizard.company_id.currency_id

    @api.depends(
        "country_id",
        "party",
        "company_id",
        "currency_id",
        "principal",
        "due",
        "until",
        "contract_rate",
        "payment_ids.date",
        "payment_ids.amount",
    )
    def _compute_result(self):
        for wizard in self:
            quote, wizard.error = wizard._quote()
            wizard.workings = quote and wizard._workings(quote)
            for name in ("interest", "fixed_sum", "paid", "total_open", "excess"):
                wizard[name] = quote.get(name, 0)

    def _quote(self):
        """The answer of the rule, or why there is none."""
        if not (self.country_id and self.due and self.until and self.currency_id):
            return {}, False
        payments = [(row.date, row.amount) for row in self.payment_ids if row.date]
        rules = self.env["dunning.interest.rule"].with_company(self.company_id)
        try:
            quote = rules.quote(
                self.country_id.code,
                self.party == "business",
                self.principal,
                self.due,
                self.until,
                payments,
                currency_code=self.currency_id.name,
                contract_rate=self.contract_rate or None,
            )
        except UserError as error:
            return {}, str(error)
        paid = sum(amount for day, amount in payments if day <= self.until)
        return dict(quote, paid=paid), False

    def _workings(self, quote):
        return self.env["ir.qweb"]._render(
            "dunning_advanced.interest_workings",
            {"segments": quote["segments"], "currency": self.currency_id, "quote": quote},
        )


class DunningInterestCalculatorPayment(models.TransientModel):
    """A part payment that the calculator takes into account."""

    _name = "dunning.interest.calculator.payment"
    _description = "Payment in the Interest Calculator"
    _order = "date, id"

    calculator_id = fields.Many2one("dunning.interest.calculator", ondelete="cascade")
    currency_id = fields.Many2one(related="calculator_id.currency_id")
    date = fields.Date(required=True)
    amount = fields.Monetary(required=True)
