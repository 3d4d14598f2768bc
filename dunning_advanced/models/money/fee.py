from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import get_lang

from ...tools import fees
from ...tools.format import format_number
from ...tools.rounding import decimal, round_money
from ...tools.waiting import BUSINESS

SCALES = {"nl_wik": fees.nl_wik, "be_consumer": fees.be_consumer_cap}


@dataclass(frozen=True)
class Debtor:
    """Who is asked for something, by which company, in which currency."""

    partner: models.BaseModel
    company: models.BaseModel
    currency: models.BaseModel


@dataclass(frozen=True)
class Late:
    """What is late, and with which rates it is converted."""

    debt: Decimal
    currency: models.BaseModel
    date: date
    company: models.BaseModel

    def converted(self, amount, currency):
        """An amount of another currency in that of the debt."""
        return currency._dunning_convert(amount, self.currency, self.company, self.date)

    def via(self, currency, compute):
        """What a table in another currency gives for the debt, in that of the debt."""
        debt = self.currency._dunning_convert(self.debt, currency, self.company, self.date)
        return self.converted(compute(debt), currency)


class DunningFee(models.Model):
    """What a reminder costs: fixed, percent, brackets, or what a law lays down."""

    _name = "dunning.fee"
    _description = "Dunning Fee"
    _inherit = ["dunning.citation"]
    _order = "sequence, name, id"
    _check_company_auto = True
    _figures = ("kind", "amount", "amount_ids", "percent", "bracket_ids", "minimum", "maximum")

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for every company.")
    kind = fields.Selection(
        [
            ("fixed", "Fixed amount"),
            ("percent", "Percent of the debt"),
            ("single", "Brackets: the one that holds the debt"),
            ("accumulated", "Brackets: each for its part of the debt"),
            ("statutory", "Compensation of the customer's country"),
            ("nl_wik", "Netherlands: collection costs (WIK)"),
            ("be_consumer", "Belgium: most that consumers may be asked"),
        ],
        required=True,
        default="fixed",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Of the amounts below. Debts in other currencies are converted at the date of "
        "the reminder.",
    )
    amount = fields.Monetary(help="In currencies without an amount of their own it is converted.")
    amount_ids = fields.One2many(
        "dunning.fee.amount", "fee_id", string="In other currencies", copy=True
    )
    percent = fields.Float(digits=(16, 4))
    bracket_ids = fields.One2many("dunning.fee.bracket", "fee_id", string="Brackets", copy=True)
    minimum = fields.Monetary(help="The fee is never less.")
    maximum = fields.Monetary(help="The fee is never more. 0: no maximum.")
    cap = fields.Selection(
        [("be_consumer", "Belgian law"), ("nl_wik", "Dutch law (WIK)")],
        string="For consumers at most",
        help="Consumers are never asked for more than this law allows for their debt.",
    )
    product_id = fields.Many2one(
        "product.product",
        check_company=True,
        help="For the invoice, where fees are booked: its account and taxes.",
    )
    note = fields.Text(translate=True)
    per_item = fields.Boolean(
        string="For each invoice",
        compute="_compute_per_item",
        store=True,
        readonly=False,
        precompute=True,
        help="Otherwise once for a reminder, on the sum of its invoices.",
    )

    _not_negative = models.Constraint(
        "CHECK (amount >= 0 AND percent >= 0 AND minimum >= 0 AND maximum >= 0)",
        "Fees cannot be negative.",
    )

    _percent_in_bounds = models.Constraint(
        "CHECK (percent < 100)", "A fee of 100 percent of the debt or more cannot be right."
    )

    _bounds_in_order = models.Constraint(
        "CHECK (maximum = 0 OR maximum >= minimum)",
        "The maximum of the fee is less than its minimum.",
    )

    @api.depends("kind")
    def _compute_per_item(self):
        for fee in self:
            fee.per_item = fee.kind == "statutory"

    @api.constrains("kind", "bracket_ids")
    def _check_brackets(self):
        for fee in self.filtered(lambda fee: fee.kind in ("single", "accumulated")):
            fee.bracket_ids._check_gaps(fee.name)

    def _amount_for(self, late, business, law):
        """The fee for one debt.

        :param late: Late
        :param business: False for consumers, and where it is not known
        :param law: function that gives the interest rule of the customer, which has the
            fixed sums
        :return: Decimal, rounded half up to the unit of the currency; 0 when nothing is late
        :raises UserError: when a currency has no rate, the customer has no interest rule
            with the fixed sum, or the debt is negative
        """
        self.ensure_one()
        if late.debt < 0:
            raise UserError(
                self.env._(
                    "Fee “%(fee)s” cannot be computed for %(debt)s: a debt is not negative.",
                    fee=self.name,
                    debt=late.debt,
                )
            )
        if not late.debt:
            return late.debt
        fee = self._bounded(self._own(late, law), late)
        if self.cap and not business:
            fee = min(fee, self._scale(self.cap, late))
        return round_money(fee, late.currency._dunning_unit())

    def _own(self, late, law):
        if self.kind == "statutory":
            return law()._fixed_sum(late.debt, late.currency, late.date, late.company)
        if self.kind == "fixed":
            return self._fixed(late)
        if self.kind == "percent":
            return fees.percent_of(late.debt, decimal(self.percent))
        if self.kind in SCALES:
            return self._scale(self.kind, late)
        self.bracket_ids._check_gaps(self.name)
        compute = fees.single if self.kind == "single" else fees.accumulated
        brackets = self.bracket_ids._brackets()
        return late.via(self.currency_id, lambda debt: compute(debt, brackets))

    def _fixed(self, late):
        for own in self.amount_ids:
            if own.currency_id == late.currency:
                return decimal(own.amount)
        return late.converted(decimal(self.amount), self.currency_id)

    def _scale(self, code, late):
        return late.via(self.env.ref("base.EUR"), SCALES[code])

    def _bounded(self, fee, late):
        minimum = late.converted(decimal(self.minimum), self.currency_id)
        maximum = late.converted(decimal(self.maximum), self.currency_id)
        return fees.bounded(fee, minimum, maximum or None)

    # How a fee is asked for.

    def _is_once(self):
        """Whether a debt owes it once only, not again at every level."""
        return self.kind in ("statutory", "nl_wik", "be_consumer")

    def _price(self, debtor, date, law, debt):
        """The fee that a debtor is asked for a debt, see :meth:`_amount_for`.

        :param debtor: Debtor
        :param date: day of the reminder
        :param debt: Decimal
        """
        late = Late(debt, debtor.currency, date, debtor.company)
        return self._amount_for(late, debtor.partner._dunning_party() == BUSINESS, law)

    def _working(self, debt, debtor, law):
        """One line that says how the fee for a debt comes about, and by which law."""
        country = debtor.partner._dunning_law(debtor.company)
        text = self._formula(debtor.currency.format(float(debt)), country)
        citation = law().citation if self.kind == "statutory" else self.citation
        return " · ".join(filter(None, [text, citation]))

    def _formula(self, debt, country):
        """One line that says how the fee comes about."""
        if self.kind == "fixed":
            if self.per_item:
                return self.env._("fixed amount for each invoice")
            return self.env._("fixed amount for each reminder")
        if self.kind == "percent":
            share = format_number(self.percent, get_lang(self.env))
            return self.env._("%(percent)s %% of %(debt)s", percent=share, debt=debt)
        if self.kind == "statutory":
            name = country.with_context(lang=self.env.lang).name
            return self.env._("compensation by law, %s", name)
        return self.env._("by its scale on %s", debt)


class DunningFeeAmount(models.Model):
    """The fixed fee in one currency, instead of a converted one."""

    _name = "dunning.fee.amount"
    _description = "Fee in Another Currency"
    _order = "fee_id, currency_id"

    fee_id = fields.Many2one("dunning.fee", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="fee_id.company_id", store=True)
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(required=True)

    _unique_currency = models.Constraint(
        "UNIQUE (fee_id, currency_id)",
        "A fee has one amount for a currency: change the one that is there.",
    )

    _not_negative = models.Constraint("CHECK (amount >= 0)", "The fee cannot be negative.")


class DunningFeeBracket(models.Model):
    """One row of the table of a fee."""

    _name = "dunning.fee.bracket"
    _description = "Fee Bracket"
    _inherit = ["dunning.bracket"]
    _order = "fee_id, id"

    fee_id = fields.Many2one("dunning.fee", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="fee_id.company_id", store=True)
    limit_currency_id = fields.Many2one(
        related="fee_id.currency_id", string="Currency of the limits"
    )
    currency_id = fields.Many2one(related="fee_id.currency_id")

    _unique_limit = models.Constraint(
        "UNIQUE (fee_id, up_to)", "There already is a row with this limit: change that one."
    )

    _not_negative = models.Constraint(
        "CHECK (up_to >= 0 AND fixed >= 0 AND percent >= 0 AND percent < 100)",
        "Limits, amounts and percentages cannot be negative, nor a percentage 100 or more.",
    )
