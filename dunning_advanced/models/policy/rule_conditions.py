from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.points import CLASSES
from ..engine.engine import Scope


class DunningRule(models.Model):
    """How the engine asks follow-up rules whom they take."""

    _inherit = "dunning.rule"

    # Conditions

    def _partner_domains(self):
        """The conditions on the customer itself.

        :return: dict of code to a domain on res.partner; what is not asked is missing
        """
        self.ensure_one()
        domains = {
            "customers": self._own_domain(),
            "country": self.country_ids and [("country_id", "in", self.country_ids.ids)],
            "tags": self.category_ids and [("category_id", "in", self.category_ids.ids)],
            "party": self.party and self.env["res.partner"]._dunning_party_domain(self.party),
        }
        return {code: Domain(domain) for code, domain in domains.items() if domain}

    def _partner_domain(self):
        """The debtors for which the rule applies, as a domain on res.partner."""
        return Domain.AND(self._partner_domains().values())

    def _limits(self, scope):
        """The conditions on what the customer owes, in company currency.

        :return: dict of code to (lowest, highest), where None is no limit; what is not
            asked is missing
        :raises UserError: when the currency of the amounts has no rate
        """
        self.ensure_one()
        convert = self.currency_id._dunning_convert
        limits = {
            "amount": [
                amount and convert(amount, scope.company.currency_id, scope.company, scope.date)
                for amount in (self.amount_from, self.amount_to)
            ],
            "age": [self.days_from, self.days_to],
        }
        return {
            code: (low or None, high or None) for code, (low, high) in limits.items() if low or high
        }

    def _need_balance(self):
        """Whether any of these rules asks what the customer owes."""
        return any(
            rule.amount_from or rule.amount_to or rule.days_from or rule.days_to for rule in self
        )

    def _need_behavior(self):
        """Whether any of these rules asks how the customer pays."""
        return any(rule.grade_from or rule.grade_to or rule.newcomers for rule in self)

    # SQL on the debtor ``c`` and what _facts_join() joins

    def _facts_join(self, scope):
        """Joins of what these rules ask about a debtor; none where they do not."""
        joins = []
        if self._need_balance():
            joins.append(SQL("LEFT JOIN balances ON balances.debtor_id = partner.id"))
        if self._need_behavior():
            joins.append(
                SQL(
                    "LEFT JOIN dunning_behavior behavior ON behavior.partner_id = partner.id"
                    " AND behavior.company_id = %s",
                    scope.company.id,
                )
            )
        return SQL(" ").join(joins)

    def _facts(self):
        """What these rules ask about a debtor, as SQL columns."""
        columns = []
        if self._need_balance():
            columns.append(SQL("COALESCE(balances.overdue, 0) AS overdue"))
            columns.append(SQL("COALESCE(balances.days, 0) AS days"))
        if self._need_behavior():
            columns.append(SQL("behavior.grade"))
        return columns

    def _conditions(self, scope):
        """The conditions of a rule one by one.

        :return: dict of code to SQL
        :raises ValidationError: when the filter of the rule has become invalid
        """
        self.ensure_one()
        domains = self._partner_domains()
        return {
            **{code: self._is_in(domain) for code, domain in domains.items()},
            **self._fact_conditions(scope),
        }

    def _matches_sql(self, scope):
        """All conditions of a rule together; those on the customer by one search."""
        conditions = list(self._fact_conditions(scope).values())
        domain = self._partner_domain()
        if not domain.is_true():
            conditions.append(self._is_in(domain))
        return SQL(" AND ").join(conditions) if conditions else SQL("TRUE")

    def _is_in(self, domain):
        """Archived debtors too: they still owe."""
        try:
            partners = self.env["res.partner"].sudo().with_context(active_test=False)
            return SQL("partner.id IN %s", partners._search(domain).subselect())
        except Exception as error:
            raise self._domain_error(error) from error

    def _fact_conditions(self, scope):
        facts = {"amount": SQL("balances.overdue"), "age": SQL("balances.days")}
        conditions = {}
        for code, (low, high) in self._limits(scope).items():
            fact = SQL("COALESCE(%s, 0)", facts[code])
            lower = SQL("%s >= %s", fact, low or 0)
            conditions[code] = SQL("%s AND %s <= %s", lower, fact, high) if high else lower
        if self.grade_from or self.grade_to:
            grades = [letter for letter in CLASSES if self._has_grade(letter)]
            conditions["behavior"] = SQL("COALESCE(behavior.grade IN %s, FALSE)", tuple(grades))
        if self.newcomers:
            conditions["newcomers"] = SQL("(behavior.grade IS NULL) = %s", self.newcomers == "only")
        return conditions

    def _has_grade(self, letter):
        return (self.grade_from or "A") <= letter <= (self.grade_to or "E")

    def _first_sql(self, scope):
        """The id of the first of these rules that takes debtor ``partner``."""
        if not self:
            return SQL("NULL::int")
        matches = [SQL("WHEN %s THEN %s", rule._matches_sql(scope), rule.id) for rule in self]
        return SQL("CASE %s END", SQL(" ").join(matches))

    # Who is taken

    @api.model
    def _taken_sql(self, scope):
        """The debtors of a scope who have open items and the rule that takes each, as SQL
        with the columns debtor_id and rule_id.
        """
        return SQL(
            "%s SELECT debtor.id AS debtor_id, debtor.rule_id FROM debtors debtor"
            " WHERE debtor.rule_id IS NOT NULL"
            " AND debtor.id IN (SELECT debtor_id FROM items WHERE open > 0)",
            self.env["dunning.engine"]._with(scope),
        )

    @api.model
    def _debtor_counts(self, company, date):
        """How many customers with open items each rule takes, by one query.

        :return: dict of rule id to number
        """
        scope = Scope(company=company, date=date)
        self.env.flush_all()
        query = SQL("SELECT rule_id, COUNT(*) FROM (%s) taken GROUP BY 1", self._taken_sql(scope))
        with self.env["dunning.engine"]._planned(scope):
            return dict(self.env.execute_query(query))

    @api.model
    def _answers(self, scope):
        """What every rule says of one debtor, condition by condition.

        :param scope: Scope with one debtor
        :return: the columns of the stage ``debtors`` with what the rules ask of the debtor,
            and a list of (dunning.rule, dict of code to whether the condition holds)
        """
        rules = self.env["dunning.engine.policy"]._rules(scope)
        conditions = [
            (rule, code, sql) for rule in rules for code, sql in rule._conditions(scope).items()
        ]
        columns = [
            SQL("%s AS %s", sql, SQL.identifier(f"holds_{number}"))
            for number, (_rule, _code, sql) in enumerate(conditions)
        ]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "%s SELECT %s FROM debtors debtor"
                " JOIN res_partner partner ON partner.id = debtor.id %s",
                self.env["dunning.engine"]._with(scope),
                SQL(", ").join([SQL("debtor.*"), *rules._facts(), *columns]),
                rules._facts_join(scope),
            )
        )
        facts = next(iter(self.env.cr.dictfetchall()), {})
        answers = {rule: {} for rule in rules}
        for number, (rule, code, _sql) in enumerate(conditions):
            answers[rule][code] = facts[f"holds_{number}"]
        return facts, list(answers.items())
