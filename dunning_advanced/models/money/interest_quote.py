from dataclasses import asdict
from decimal import InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...tools import fees, interest
from ...tools.rates import RateMissingError
from ...tools.rounding import decimal, round_money

# What people write instead of the code of the country.
COUNTRY_CODES = {"UK": "GB", "EL": "GR"}


class DunningInterestRule(models.Model):
    _inherit = "dunning.interest.rule"

    @api.model
    def quote(
        self,
        country_code,
        business,
        principal,
        due,
        until,
        payments=None,
        currency_code=None,
        contract_rate=None,
        since=None,
    ):
        """What one debt has come to by the law of the customer's country.

        Nothing is written. Amounts are reckoned exactly and given as the nearest float, in
        the currency of the debt, so that every way of calling Odoo from outside can carry
        them; dates are dates. Both are taken as text too:
        ``quote("DE", True, 10000, "2024-11-30", "2025-03-31")["interest"]`` is 382.66.

        :param country_code: ISO code of the customer's country, such as "DE"
        :param business: True for a business; False for a consumer and when not known
        :param principal: amount due, not negative
        :param due: last day on which payment was in time; interest begins the day after
        :param until: last interest day, not before ``due``
        :param payments: list of (date, amount); those after ``until`` do not count
        :param currency_code: currency of the amounts; by default that of the rule. Fixed
            sums are converted at ``until`` with the rates of the current company
        :param contract_rate: percent a year as agreed, where the rule lets the contract decide
        :param since: interest up to this day was charged before: ``interest`` and
            ``segments`` are what came after it
        :return: dict with

            - interest: accrued, rounded once; fixed_sum: the statutory fixed sum
            - principal_open, interest_open, fixed_sum_open: what payments have left
            - total_open: their sum; excess: what was paid too much
            - segments: list of dict with date_from (first interest day), date_to (last),
              days, rate (percent a year), base, amount (unrounded)
            - currency: its code; rule_id, rule, citation, verified: where it comes from

        :raises UserError: for a country without rule, a day without rate, a currency
            without rate, negative amounts, or ``until`` before ``due``
        """
        rule = self._quoted_rule(country_code, business)
        currency = rule._quoted_currency(currency_code)
        agreed = contract_rate and self._quoted_amount(contract_rate)
        debt = self._quoted_debt(principal, due, until, payments)
        statement = rule._quoted_statement(currency, agreed, debt, since)
        return rule._quoted(statement, currency)

    @api.model
    def _quoted_debt(self, principal, due, until, payments):
        """Principal, due date, last interest day and payments, read from text too."""
        return (
            self._quoted_amount(principal),
            fields.Date.to_date(due),
            fields.Date.to_date(until),
            [
                (fields.Date.to_date(day), self._quoted_amount(amount))
                for day, amount in payments or ()
            ],
        )

    def _quoted_statement(self, currency, agreed, debt, since):
        principal, due, until, payments = debt
        late = interest.overdue(principal, due, payments) if until > due else decimal(0)
        return self._statement(
            self._terms(currency, agreed),
            *debt,
            costs=self._fixed_sum(late, currency, until, self.env.company),
            since=fields.Date.to_date(since) if since else None,
        )

    def _statement(self, terms, principal, due, until, payments=(), costs=0, **options):
        """:func:`tools.interest.statement` with its errors in the user's words.

        :param terms: of :meth:`_terms`
        :param options: ``since``, ``pauses`` and ``frozen``
        :return: :class:`tools.interest.Statement`
        :raises UserError: see :meth:`quote`
        """
        self.ensure_one()
        self._check_quoted(principal, due, until, payments, costs)
        try:
            return interest.statement(
                terms, principal, due, until, payments, decimal(costs), **options
            )
        except RateMissingError as missing:
            raise UserError(
                self.env._(
                    "The rate “%(reference)s” for %(date)s is missing, so interest rule "
                    "“%(rule)s” cannot be used: enter it in Dunning > Configuration > "
                    "Reference rates.",
                    reference=self.reference_id.name,
                    date=format_date(self.env, missing.day),
                    rule=self.name,
                )
            ) from missing

    def _fixed_sum(self, debt, currency, date, company):
        """The fixed compensation for one debt that is late.

        :param debt: Decimal, what is late, in ``currency``
        :param currency: res.currency of the debt and of the result
        :param date: day of the currency rates
        :param company: res.company whose currency rates count
        :return: Decimal, rounded; 0 where the law gives none
        :raises UserError: when a currency has no rate
        """
        self.ensure_one()
        if not self.tier_ids or debt <= 0:
            return decimal(0)
        self.tier_ids._check_gaps(self.name)
        known = currency._dunning_convert(debt, self.currency_id, company, date)
        fixed = fees.single(known, self.tier_ids._brackets())
        fixed = self.fixed_currency_id._dunning_convert(fixed, currency, company, date)
        return round_money(fixed, currency._dunning_unit())

    def _check_quoted(self, principal, due, until, payments, costs):
        if until < due:
            raise UserError(
                self.env._(
                    "Interest until %(until)s cannot be computed, the debt is due on %(due)s "
                    "only: choose a later day.",
                    until=format_date(self.env, until),
                    due=format_date(self.env, due),
                )
            )
        for amount in (principal, costs, *(amount for _day, amount in payments)):
            if amount < 0:
                raise UserError(
                    self.env._("%s is negative: enter what is owed and what was paid.", amount)
                )

    @api.model
    def _quoted_rule(self, country_code, business):
        code = (country_code or "").upper()
        country = self.env["res.country"].search(
            [("code", "=", COUNTRY_CODES.get(code, code))], limit=1
        )
        if not country:
            raise UserError(
                self.env._(
                    "“%s” is not the code of a country: the country of the customer is needed "
                    "to know what the law says.",
                    country_code or "",
                )
            )
        return self._get(country, business, self.env.company)

    @api.model
    def _get(self, country, business, company):
        """Like :meth:`_for`, with an error when there is no rule.

        :raises UserError: saying where to add one
        """
        rule = self._for(country, business, company)
        if not rule:
            raise UserError(
                self.env._(
                    "There is no interest rule for %(party)s in %(country)s: add one in "
                    "Dunning > Configuration > Interest rules.",
                    party=self.env._("businesses") if business else self.env._("consumers"),
                    country=country.name or self.env._("no country"),
                )
            )
        return rule

    def _quoted_currency(self, code):
        if not code:
            return self.currency_id
        currency = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", code)], limit=1)
        )
        if not currency:
            raise UserError(self.env._("“%s” is not the code of a currency.", code))
        return currency

    @api.model
    def _quoted_amount(self, amount):
        try:
            return decimal(amount)
        except InvalidOperation as error:
            raise UserError(self.env._("“%s” is not an amount.", amount)) from error

    def _quoted(self, statement, currency):
        return {
            "interest": float(statement.interest),
            "fixed_sum": float(statement.costs),
            "principal_open": float(statement.principal_open),
            "interest_open": float(statement.interest_open),
            "fixed_sum_open": float(statement.costs_open),
            "total_open": float(statement.total_open),
            "excess": float(statement.excess),
            "segments": [
                {
                    **asdict(segment),
                    "rate": float(segment.rate),
                    "base": float(segment.base),
                    "amount": float(segment.amount),
                }
                for segment in statement.segments
            ],
            "currency": currency.name,
            "rule_id": self.id,
            "rule": self.name,
            "citation": self.citation,
            "verified": self.verified,
        }
