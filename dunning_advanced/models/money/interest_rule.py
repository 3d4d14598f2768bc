from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import get_lang

from ...tools import day_count, interest, rates
from ...tools.format import format_rate
from ...tools.rounding import decimal

PARTIES = [("business", "Businesses"), ("consumer", "Consumers")]


class DunningInterestRule(models.Model):
    """What the law of a country, or a contract, gives a creditor who is paid late."""

    _name = "dunning.interest.rule"
    _description = "Interest Rule"
    _inherit = ["dunning.citation"]
    _order = "sequence, name, id"
    _check_company_auto = True
    _figures = (
        "rate_kind",
        "reference_id",
        "multiplier",
        "margin",
        "rate",
        "rate_mode",
        "round_up",
        "day_count",
        "capitalization",
        "tier_ids",
    )

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Empty: for every company. A rule of one company comes before these.",
    )
    country_id = fields.Many2one("res.country", index=True, help="Country of the customer.")
    country_group_id = fields.Many2one(
        "res.country.group",
        help="For the countries of the group that have no rule of their own.",
    )
    party = fields.Selection(PARTIES, string="Only for", help="Empty: for both.")
    rate_kind = fields.Selection(
        [
            ("reference", "Reference rate and margin"),
            ("fixed", "Fixed by law"),
            ("contract", "As agreed"),
        ],
        string="Rate",
        required=True,
        default="reference",
    )
    reference_id = fields.Many2one(
        "dunning.reference",
        string="Reference rate",
        index=True,
        ondelete="restrict",
        help="With a rate as agreed: reference and margin are the most that may be agreed.",
    )
    multiplier = fields.Float(
        string="Times", digits=(16, 4), default=1, help="The reference rate counts so many times."
    )
    margin = fields.Float(
        string="Margin (%)", digits=(16, 4), help="Points on top of the reference rate."
    )
    rate = fields.Float(string="Rate (%)", digits=(16, 4), help="Percent a year.")
    rate_mode = fields.Selection(
        [("floating", "Every change counts"), ("locked", "Rate of the first day of delay")],
        string="Changes of the rate",
        required=True,
        default="floating",
    )
    round_up = fields.Float(
        string="Round up to (%)",
        digits=(16, 4),
        help="The rate is rounded up to a multiple of it, for example 0.5. 0: not rounded.",
    )
    day_count = fields.Selection(
        [
            (day_count.ACT_365, "Actual days / 365"),
            (day_count.ACT_360, "Actual days / 360"),
            (day_count.ACT_ACT, "Actual days / days of the year"),
            (day_count.THIRTY_360, "30 days a month / 360"),
        ],
        string="Days are counted as",
        required=True,
        default=day_count.ACT_365,
    )
    capitalization = fields.Selection(
        [
            (interest.SIMPLE, "No interest on interest"),
            (interest.YEARLY, "Every year"),
            (interest.MONTHLY, "Every month"),
        ],
        string="Interest on interest",
        required=True,
        default=interest.SIMPLE,
    )
    allocation = fields.Selection(
        [
            ("costs_interest_principal", "Costs, interest, principal"),
            ("principal_first", "Principal, interest, costs"),
            ("costs_principal_interest", "Costs, principal, interest"),
        ],
        string="Part payments pay",
        required=True,
        default="costs_interest_principal",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Currency of the limits of the compensation.",
    )
    fixed_currency_id = fields.Many2one(
        "res.currency",
        string="Currency of the compensation",
        compute="_compute_fixed_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    tier_ids = fields.One2many(
        "dunning.interest.tier", "rule_id", string="Compensation for late payment", copy=True
    )
    note = fields.Text(translate=True)
    rate_text = fields.Char(string="Interest", compute="_compute_rate_text")

    _one_rule = models.UniqueIndex(
        "(COALESCE(company_id, 0), COALESCE(country_id, 0), COALESCE(country_group_id, 0), "
        "COALESCE(party, '')) WHERE active",
        "There already is a rule for this company, country and kind of customer: "
        "change or archive that one.",
    )

    _has_place = models.Constraint(
        "CHECK ((country_id IS NULL) <> (country_group_id IS NULL))",
        "An interest rule is for a country or for a group of countries: choose one of the two.",
    )

    _has_reference = models.Constraint(
        "CHECK (rate_kind <> 'reference' OR reference_id IS NOT NULL)",
        "The rule has no rates: choose the reference rate, or enter a fixed rate.",
    )

    _rate_in_bounds = models.Constraint(
        "CHECK (rate >= 0 AND rate < 100 AND margin > -100 AND margin < 100 "
        "AND multiplier > 0 AND multiplier < 100 AND round_up >= 0 AND round_up < 100)",
        "Rates are percent a year: from 0 to less than 100; the reference counts at least a bit.",
    )

    @api.constrains("tier_ids")
    def _check_tiers(self):
        for rule in self.filtered("tier_ids"):
            rule.tier_ids._check_gaps(rule.name)

    @api.constrains("reference_id", "multiplier", "margin", "round_up")
    def _check_rates(self):
        for rule in self.filtered("reference_id"):
            rule._reference_rates()

    @api.depends("currency_id")
    def _compute_fixed_currency_id(self):
        for rule in self:
            rule.fixed_currency_id = rule.currency_id

    @api.depends("rate_kind", "reference_id.name", "multiplier", "margin", "rate")
    def _compute_rate_text(self):
        for rule in self:
            rule.rate_text = rule._describe_rate()

    def _describe_rate(self):
        if self.rate_kind == "fixed":
            return f"{self._written(self.rate)} %"
        most = self._describe_reference()
        if self.rate_kind == "reference":
            return most
        if most:
            return self.env._("as agreed, at most %s", most)
        return self.env._("as agreed")

    def _describe_reference(self):
        words = self.reference_id.name or ""
        if words and self.multiplier != 1:
            words = f"{self._written(self.multiplier)} × {words}"
        if words and self.margin:
            words = f"{words} + {self._written(self.margin)}"
        return words

    def _written(self, percent):
        return format_rate(percent, get_lang(self.env))

    # Business

    @api.model
    def _for(self, country, business, company):
        """The rule for a customer: of the company before those for all companies, of
        the country before those of a group of countries.

        :param country: res.country of the customer
        :param business: False for consumers, and where it is not known
        :param company: res.company, may be a branch
        :return: dunning.interest.rule, empty when there is none
        """
        party = "business" if business else "consumer"
        found = self.search(
            Domain("company_id", "in", company._dunning_above())
            & Domain("party", "in", [False, party])
            & (
                Domain("country_id", "=", country.id)
                | Domain("country_group_id", "in", country.country_group_ids.ids)
            )
        )
        above = company._dunning_above()
        return found.sorted(
            lambda rule: (-above.index(rule.company_id.id), not rule.country_id, not rule.party)
        )[:1]

    def _has_rate(self):
        """Whether interest is owed at all: not where it is as agreed, and nothing was."""
        return self.rate_kind != "contract" or bool(self.rate)

    def _terms(self, currency, agreed=None):
        """How this rule computes interest; made once, it serves any number of debts.

        :param currency: res.currency of the debts
        :param agreed: Decimal, percent a year that the contract says, instead of the
            one in the rule; only where the rate is as agreed
        :return: :class:`tools.interest.Terms`
        :raises UserError: when the rule has no rates
        """
        self.ensure_one()
        return interest.Terms(
            rates=self._rates(agreed),
            locked=self.rate_mode == "locked",
            day_count=self.day_count,
            capitalization=self.capitalization,
            order=self.allocation,
            unit=currency._dunning_unit(),
        )

    def _rates(self, agreed):
        if self.rate_kind == "fixed":
            return rates.constant(decimal(self.rate))
        if self.rate_kind == "contract":
            return self._contract_rates(decimal(self.rate) if agreed is None else agreed)
        if not self.reference_id.rate_ids:
            raise UserError(
                self.env._(
                    "Interest rule “%(rule)s” has no rates: enter those of “%(reference)s” in "
                    "Dunning > Configuration > Reference rates.",
                    rule=self.name,
                    reference=self.reference_id.name,
                )
            )
        return self._reference_rates()

    def _reference_rates(self):
        multiplier, margin = decimal(self.multiplier), decimal(self.margin)
        step = decimal(self.round_up)
        try:
            return self.reference_id._rates().map(
                lambda reference: rates.statutory(reference, margin, multiplier, step)
            )
        except rates.RateTooHighError as error:
            raise ValidationError(self._describe_too_high(error.rate)) from error

    def _contract_rates(self, agreed):
        if not agreed:
            raise UserError(
                self.env._(
                    "By interest rule “%s” interest is owed only as agreed: enter the agreed "
                    "rate there.",
                    self.name,
                )
            )
        if agreed < 0 or agreed >= 100:
            raise UserError(self._describe_too_high(agreed))
        if not self.reference_id:
            return rates.constant(agreed)
        return self._reference_rates().map(lambda most: min(agreed, most))

    def _describe_too_high(self, rate):
        return self.env._(
            "Interest rule “%(rule)s” comes to %(rate)s percent a year: rates go from 0 to "
            "less than 100.",
            rule=self.name,
            rate=rate,
        )


class DunningInterestTier(models.Model):
    """The compensation for debts up to a limit."""

    _name = "dunning.interest.tier"
    _description = "Compensation for Late Payment"
    _inherit = ["dunning.bracket"]
    _order = "rule_id, id"

    rule_id = fields.Many2one(
        "dunning.interest.rule", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    limit_currency_id = fields.Many2one(
        related="rule_id.currency_id", string="Currency of the limits"
    )
    currency_id = fields.Many2one(related="rule_id.fixed_currency_id")

    _unique_limit = models.Constraint(
        "UNIQUE (rule_id, up_to)", "There already is a row with this limit: change that one."
    )

    _not_negative = models.Constraint(
        "CHECK (up_to >= 0 AND fixed >= 0 AND percent >= 0 AND percent < 100)",
        "The limits and the compensation cannot be negative.",
    )
