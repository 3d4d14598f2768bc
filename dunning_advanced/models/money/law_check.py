from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ...tools import day_count

# Days before a half-year begins in which people are asked for its rates.
NOTICE_DAYS = 31


class DunningLawCheck(models.Model):
    """What a manager has to look up: rates that are missing, figures nobody has verified.

    Rates are looked at for the half-year of a day and for the one after it; the day is
    today or ``law_date`` of the context.
    """

    _name = "dunning.law.check"
    _description = "Figure to Check"
    _auto = False
    _order = "state, date_from, id"
    _depends = {
        "dunning.reference": ["active"],
        "dunning.reference.rate": ["reference_id", "date_from", "date_to", "verified"],
        "dunning.interest.rule": ["active", "reference_id", "verified", "company_id"],
        "dunning.fee": ["active", "verified", "company_id"],
    }

    name = fields.Char(compute="_compute_name")
    state = fields.Selection(
        [("missing", "Missing"), ("unverified", "Not verified")],
        string="Status",
        readonly=True,
    )
    kind = fields.Selection(
        [("rate", "Reference rate"), ("rule", "Interest rule"), ("fee", "Fee")], readonly=True
    )
    date_from = fields.Date(string="From", readonly=True)
    date_to = fields.Date(string="Until", readonly=True)
    coming = fields.Boolean(
        string="Coming half-year", readonly=True, help="Needed in the half-year that comes next."
    )
    company_id = fields.Many2one("res.company", readonly=True)
    reference_id = fields.Many2one("dunning.reference", readonly=True)
    rate_id = fields.Many2one("dunning.reference.rate", readonly=True)
    rule_id = fields.Many2one("dunning.interest.rule", readonly=True)
    fee_id = fields.Many2one("dunning.fee", readonly=True)
    source = fields.Char(compute="_compute_name")
    date_checked = fields.Date(string="Last checked", compute="_compute_name")

    @api.depends("reference_id", "rate_id", "rule_id", "fee_id")
    def _compute_name(self):
        for check in self:
            figure = check.rate_id or check.rule_id or check.fee_id
            check.name = (check.reference_id or figure).display_name
            check.source = (figure or check.reference_id).source
            check.date_checked = figure.date_checked if figure else False

    @property
    def _table_query(self):
        date = fields.Date.to_date(self.env.context.get("law_date"))
        date = date or self.env.company._dunning_today()
        return SQL(
            """
            WITH half_year (number, first, last) AS (
                VALUES (0, %s::date, %s::date), (1, %s::date, %s::date)
            )
            %s UNION ALL %s UNION ALL %s UNION ALL %s
            """,
            *day_count.half_year(date),
            *day_count.next_half_year(date),
            self._missing_rates(),
            self._unverified_rates(),
            self._unverified_rules(),
            self._unverified_fees(),
        )

    # The four parts have the same columns; a record of another kind never has the same id.

    def _missing_rates(self):
        """References that a rule needs and that have days without a rate."""
        return SQL(
            """
            SELECT reference.id * 5 + half.number AS id, 'rate' AS kind, 'missing' AS state,
                   half.first AS date_from, half.last AS date_to, half.number = 1 AS coming,
                   NULL::int AS company_id, reference.id AS reference_id, NULL::int AS rate_id,
                   NULL::int AS rule_id, NULL::int AS fee_id
              FROM dunning_reference reference
             CROSS JOIN half_year half
             WHERE reference.active
               AND EXISTS (SELECT FROM dunning_interest_rule rule
                            WHERE rule.reference_id = reference.id AND rule.active)
               AND half.last - half.first + 1 > COALESCE(
                   (SELECT SUM(LEAST(rate.date_to, half.last)
                               - GREATEST(rate.date_from, half.first) + 1)
                      FROM dunning_reference_rate rate
                     WHERE rate.reference_id = reference.id
                       AND rate.date_from <= half.last AND rate.date_to >= half.first), 0)
            """
        )

    def _unverified_rates(self):
        return SQL(
            """
            SELECT rate.id * 5 + 2, 'rate', 'unverified', rate.date_from, rate.date_to,
                   rate.date_to >= MAX(half.first) FILTER (WHERE half.number = 1),
                   NULL, rate.reference_id, rate.id, NULL, NULL
              FROM dunning_reference_rate rate
              JOIN dunning_reference reference ON reference.id = rate.reference_id
                   AND reference.active
             CROSS JOIN half_year half
             WHERE rate.verified IS NOT TRUE
             GROUP BY rate.id
            HAVING rate.date_from <= MAX(half.last) AND rate.date_to >= MIN(half.first)
            """
        )

    def _unverified_rules(self):
        return SQL(
            """
            SELECT rule.id * 5 + 3, 'rule', 'unverified', NULL, NULL, TRUE, rule.company_id,
                   NULL, NULL, rule.id, NULL
              FROM dunning_interest_rule rule
             WHERE rule.active AND rule.verified IS NOT TRUE
            """
        )

    def _unverified_fees(self):
        """Fees that are the company's own choice have no law and need no check."""
        return SQL(
            """
            SELECT fee.id * 5 + 4, 'fee', 'unverified', NULL, NULL, TRUE, fee.company_id,
                   NULL, NULL, NULL, fee.id
              FROM dunning_fee fee
             WHERE fee.active AND fee.verified IS NOT TRUE AND fee.citation <> ''
            """
        )

    def action_open(self):
        """Open the figure, to correct and verify it."""
        self.ensure_one()
        record = self.reference_id or self.rule_id or self.fee_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    # Asking for the rates of the coming half-year

    @api.model
    def _night_remind(self, _company, date):
        """Ask for the rates of the coming half-year in the month before it."""
        self._remind(date)

    @api.model
    def _remind(self, date):
        """Raise an activity, once, for rates of the coming half-year that are missing
        or not verified.

        :param date: the day on which this is looked at
        :return: mail.activity that were made
        """
        # an activity of somebody else, without a document, is not a user's to make
        activities = self.env["mail.activity"].sudo()
        first, _last = day_count.next_half_year(date)
        if first - date > timedelta(days=NOTICE_DAYS):
            return activities
        rates = self.with_context(law_date=date).search(
            [("kind", "=", "rate"), ("coming", "=", True)]
        )
        if not rates:
            return activities
        kind = self.env.ref("dunning_advanced.mail_activity_rates")
        known = activities.with_context(active_test=False).search(
            [("activity_type_id", "=", kind.id), ("date_deadline", "=", first)]
        )
        return activities.create(
            [self._activity(kind, first, user, rates) for user in self._keepers() - known.user_id]
        )

    def _activity(self, kind, first, user, rates):
        env = self.with_context(lang=user.lang).env
        summary = env._(
            "%(count)s reference rates are missing or not verified for %(date)s",
            count=len(rates),
            date=format_date(env, first),
        )
        note = Markup('%s <a href="/odoo/dunning-rates-to-check">%s</a>')
        text = env._("Interest cannot be charged from that day on without them.")
        return {
            "activity_type_id": kind.id,
            "summary": summary,
            "note": note % (text, env._("Rates to check")),
            "date_deadline": first,
            "user_id": user.id,
        }

    def _keepers(self):
        """Who looks after rates: those responsible for dunning in the companies, and
        where a company has nobody, the managers.
        """
        companies = self.env["res.company"].sudo().search([("parent_id", "=", False)])
        users = companies.dunning_user_id
        if not all(company.dunning_user_id for company in companies):
            users |= self.env.ref("dunning_advanced.group_manager").user_ids
        return users.filtered(lambda user: user.active and not user.share)
