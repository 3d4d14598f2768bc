from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ...tools import installments, interest
from ...tools.day_count import ACT_365
from ...tools.rates import RateMissingError, constant
from ...tools.rounding import decimal, round_money
from ..mixins.company_day import company_today

FREQUENCIES = [
    ("week", "Every week"),
    ("fortnight", "Every two weeks"),
    ("month", "Every month"),
    ("quarter", "Every quarter"),
]


INTEREST = [
    ("none", "None while the plan runs"),
    ("fixed", "A fixed amount, agreed now"),
    ("running", "Runs on until paid"),
]


FEES = [
    ("keep", "Stay as they are"),
    ("waive", "Waived when the plan is kept"),
    ("include", "Paid with the plan"),
]


# What makes a plan, and must not change once the customer has it.
TERMS = (
    "partner_id",
    "company_id",
    "currency_id",
    "date_made",
    "method",
    "number",
    "amount_each",
    "frequency",
    "date_first",
    "whole",
    "down_payment",
    "date_down",
    "interest",
    "interest_rate",
    "fees",
)


class DunningInstallmentTerms(models.AbstractModel):
    """How a debt is split into installments, and what that costs. Writes nothing."""

    _name = "dunning.installment.terms"
    _description = "Terms of a Payment Plan"
    _inherit = ["dunning.agreement"]

    date_made = fields.Date(
        string="Made on",
        required=True,
        default=company_today,
        copy=False,
    )
    method = fields.Selection(
        [("number", "Number of installments"), ("amount", "Amount of an installment")],
        string="Split by",
        required=True,
        default="number",
    )
    number = fields.Integer(string="Installments", default=6)
    amount_each = fields.Monetary(string="Each")
    frequency = fields.Selection(FREQUENCIES, string="How often", required=True, default="month")
    date_first = fields.Date(string="First installment", required=True)
    whole = fields.Boolean(
        string="Whole amounts", help="Without cents; the last installment takes the rest."
    )
    down_payment = fields.Monetary()
    date_down = fields.Date(string="Down payment on")
    interest = fields.Selection(
        INTEREST,
        string="Treatment of interest",
        required=True,
        default="none",
        help="None: the days of the plan cost nothing, even if it fails. A fixed amount: interest "
        "of the whole plan at the agreed rate, on what is open as it falls, spread over the "
        "installments and booked as an invoice on acceptance. Runs on: by the interest rule of "
        "the customer, charged by an invoice when the plan is paid, or by the next reminder "
        "when it fails.",
    )
    interest_rate = fields.Float(
        string="Rate (%)",
        digits=(16, 4),
        compute="_compute_interest_rate",
        store=True,
        precompute=True,
        readonly=False,
        help="Percent a year.",
    )
    fees = fields.Selection(
        FEES,
        string="Charges of reminders",
        required=True,
        default="keep",
        help="What reminders of these invoices have cost before.",
    )

    @api.depends("partner_id", "company_id", "currency_id", "interest", "date_made")
    def _compute_interest_rate(self):
        for record in self:
            record.interest_rate = record.interest != "none" and record._law_rate()

    def _split(self, total):
        """Split a total by these terms, with the interest that is fixed now.

        :param total: what is open on the items
        :return: (tuple of ``tools.installments.Installment``, interest without tax, with tax)
        :raises ValidationError: when the terms make no plan, with what to do
        """
        unit = self.currency_id._dunning_unit()
        total = round_money(decimal(total), unit)
        try:
            if self.interest != "fixed":
                return installments.schedule(total, self._terms()), decimal(0), decimal(0)
            return installments.with_interest(
                total, self._terms(), self._interest_terms(), self.date_made, self._with_tax
            )
        except installments.PlanError as error:
            raise ValidationError(self._describe_impossible(error)) from error

    def _terms(self):
        if not self.date_first:
            raise ValidationError(self.env._("On which day is the first installment paid?"))
        unit = self.currency_id._dunning_unit()
        by_number = self.method == "number"
        return installments.Terms(
            first=self.date_first,
            frequency=self.frequency,
            number=self.number if by_number else 0,
            amount=decimal(0) if by_number else round_money(decimal(self.amount_each), unit),
            unit=unit,
            step=max(unit, decimal(1)) if self.whole else unit,
            down_payment=round_money(decimal(self.down_payment or 0), unit),
            down_date=self.date_down or None,
        )

    def _describe_impossible(self, error):
        """A plan that cannot be, in the user's words."""
        most = error.facts.get("most")
        amount = self.currency_id.format(float(most or 0))
        return {
            "nothing": self.env._("Nothing is open on these invoices: there is nothing to split."),
            "none": self.env._("A plan has one installment at least: enter how many, or how much."),
            "negative": self.env._("Amounts and numbers of a plan cannot be negative."),
            "too_many": self.env._(
                "That is too little for so many installments: %s at most.", most
            ),
            "too_small": self.env._(
                "That would be more than %s installments: choose a larger amount.", most
            ),
            "down_payment": self.env._(
                "The down payment is everything there is to pay: %s at most.", amount
            ),
            "down_date": self.env._(
                "The down payment comes before the first installment: choose an earlier day."
            ),
        }[error.code]

    def _interest_terms(self):
        """The agreed rate, counted as the interest rule of the customer counts days."""
        rule = self._law_rule()
        if not 0 <= self.interest_rate < 100:
            raise ValidationError(
                self.env._("Interest goes from 0 to less than 100 percent a year.")
            )
        return interest.Terms(
            constant(decimal(self.interest_rate)),
            day_count=rule.day_count or ACT_365,
            unit=self.currency_id._dunning_unit(),
        )

    def _law_rule(self):
        """The interest rule for the customer, empty where there is none."""
        partner, company = self.partner_id, self.company_id
        return (
            self.env["dunning.interest.rule"]
            .sudo()
            ._for(partner._dunning_law(company), partner._dunning_party() == "business", company)
        )

    def _law_rate(self):
        """The rate of the law on the day, 0 where it says nothing."""
        rule = self._law_rule()
        if not (rule and self.partner_id):
            return 0
        try:
            return float(rule._terms(self.currency_id).rates.at(self.date_made))
        except (UserError, RateMissingError):
            return 0

    def _with_tax(self, net):
        """What is to be paid for an interest, with the tax that its invoice will have."""
        charge = self.env["dunning.charge"].new(self._interest_charge(float(net)))
        tax = charge.sudo()._tax_estimate()
        return round_money(net + decimal(tax), self.currency_id._dunning_unit())

    def _interest_charge(self, amount):
        return {
            "kind": "interest",
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "amount": amount,
        }

    # The limits of the company, which a manager may pass.

    def _limits_passed(self, rows):
        """What a dunning manager has to approve about these installments.

        :param rows: ``tools.installments.Installment``, oldest first
        :return: list of sentences that say what and how much; empty when all is well
        """
        checks = (self._too_long, self._too_small, self._too_much)
        return [sentence for check in checks if (sentence := check(rows))]

    def _too_long(self, rows):
        months = self.company_id.dunning_plan_months
        last = self.date_made + relativedelta(months=months)
        if months and rows[-1].date > last:
            return self.env._(
                "It ends on %(end)s, %(months)s months are the most: end it by %(last)s, with "
                "fewer or larger installments.",
                end=format_date(self.env, rows[-1].date),
                months=months,
                last=format_date(self.env, last),
            )
        return None

    def _too_small(self, rows):
        company = self.company_id
        least = self._in_own_currency(company.dunning_plan_minimum)
        # the rest in the last one may be smaller
        smallest = min((row.amount for row in rows[:-1]), default=rows[-1].amount)
        if least and smallest < least:
            return self.env._(
                "Installments of %(amount)s are smaller than %(least)s: choose fewer or larger "
                "ones.",
                amount=self.currency_id.format(float(smallest)),
                least=self.currency_id.format(float(least)),
            )
        return None

    def _too_much(self, rows):
        limit = self._in_own_currency(self.company_id.dunning_plan_approval)
        total = sum(row.amount for row in rows)
        if limit and total > limit:
            return self.env._(
                "%(total)s is above %(limit)s.",
                total=self.currency_id.format(float(total)),
                limit=self.currency_id.format(float(limit)),
            )
        return None

    def _in_own_currency(self, amount):
        return self.company_id.currency_id._dunning_convert(
            decimal(amount), self.currency_id, self.company_id, self.date_made
        )

    def _may_approve(self):
        return self.env.user.has_group("dunning_advanced.group_manager")

    def _check_days(self, date):
        """:raises ValidationError: when a payment would be due before a day"""
        first = min(filter(None, (self.down_payment and self.date_down, self.date_first)))
        if first < date:
            raise ValidationError(
                self.env._(
                    "%s is in the past: choose days from today on.", format_date(self.env, first)
                )
            )

    # Items

    def _check_covered(self, items):
        """Refuse items that cannot be in this plan.

        :param items: account.move.line
        :raises ValidationError: names the first one, and says what to do
        """
        if not items:
            raise ValidationError(self.env._("Choose the invoices that the plan is about."))
        for item in items:
            if (
                not self._is_theirs(item)
                or self.currency_id.compare_amounts(item.amount_residual_currency, 0) <= 0
            ):
                raise ValidationError(self._describe_not_theirs(item))
        self._check_undisputed(items)
        self.env["dunning.handover.item"]._check_not_handed(items)
        self._check_not_planned(items)

    def _is_theirs(self, item):
        return (
            item.partner_id.commercial_partner_id == self.partner_id
            and item.currency_id == self.currency_id
            and item.account_id.account_type == "asset_receivable"
            and item.parent_state == "posted"
            and self.company_id in item.company_id.sudo().parent_ids
        )

    def _describe_not_theirs(self, item):
        return self.env._(
            "%(item)s is no open invoice of %(customer)s in %(currency)s: leave it out of the "
            "plan.",
            item=item.display_name,
            customer=self.partner_id.name,
            currency=self.currency_id.name,
        )

    def _check_undisputed(self, items):
        disputed = self._disputed(items)
        if disputed:
            raise ValidationError(
                self.env._(
                    "%s is disputed: settle the dispute first, or leave it out of the plan.",
                    disputed[0].display_name,
                )
            )

    @api.model
    def _disputed(self, items):
        """Those of the items that a hold for a dispute covers."""
        reason = self.env.ref("dunning_advanced.hold_reason_dispute", raise_if_not_found=False)
        if not (reason and items):
            return items.browse()
        holds = self.env["dunning.hold"].search(
            Domain("reason_id", "=", reason.id)
            & (
                Domain("item_ids", "in", items.ids)
                | Domain("scope", "=", "invoice") & Domain("move_id", "in", items.move_id.ids)
            )
        )
        invoices = holds.filtered(lambda hold: hold.scope == "invoice").move_id
        return items.filtered(lambda item: item in holds.item_ids or item.move_id in invoices)

    def _planned_domain(self, items):
        return Domain("move_line_id", "in", items.ids) & Domain("is_running", "=", True)

    def _check_not_planned(self, items):
        taken = self.env["dunning.payment.plan.item"].search(self._planned_domain(items), limit=1)
        if taken:
            raise ValidationError(
                self.env._(
                    "%(item)s is in the payment plan %(plan)s already: add to that plan, or "
                    "refinance it.",
                    item=taken.name,
                    plan=taken.plan_id.name,
                )
            )

    @api.model
    def _promises(self, items):
        """Open promises about these items."""
        lines = self.env["dunning.promise.item"].search(
            [("move_line_id", "in", items.ids), ("is_open", "=", True)]
        )
        return lines.promise_id
