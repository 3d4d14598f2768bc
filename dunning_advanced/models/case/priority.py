from odoo import api, models
from odoo.tools import SQL, format_date

from ...tools.points import points
from ..mixins.labels import labels


class DunningCase(models.Model):
    """How urgent a case is: facts give points by a rule that managers tune."""

    _inherit = "dunning.case"

    @api.depends("partner_id", "company_id")
    def _compute_behavior_id(self):
        behaviors = self.env["dunning.behavior"].search(self._debtor_domain())
        found = behaviors.grouped(lambda behavior: (behavior.partner_id, behavior.company_id))
        for case in self:
            case.behavior_id = found.get((case.partner_id, case.company_id))
            case.grade = case.behavior_id.grade

    @api.model
    def _search_grade(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env["dunning.behavior"].flush_model()
        self.flush_model(["partner_id", "company_id"])
        return [
            (
                "id",
                "in",
                SQL(
                    "(SELECT kase.id FROM dunning_case kase LEFT JOIN dunning_behavior behavior"
                    " ON behavior.partner_id = kase.partner_id"
                    " AND behavior.company_id = kase.company_id"
                    " WHERE COALESCE(behavior.grade, '') IN %s)",
                    tuple(letter or "" for letter in value) or (None,),
                ),
            )
        ]

    def _compute_priority(self):
        rows = self._priority_rows()
        for case in self:
            case.priority = rows.get(case._origin.id, {}).get("priority", 0)

    def _priority_rows(self):
        """:return: dict of case id to a dict of the terms and their sum, open cases only"""
        ids = self._origin._ids
        if not ids:
            return {}
        self.env.flush_all()
        self.env.cr.execute(
            SQL(" UNION ALL ").join(
                self._priority_sql(company, SQL("kase.id IN %s", ids))
                for company in self.company_id
            )
        )
        return {row["case_id"]: row for row in self.env.cr.dictfetchall()}

    def _compute_priority_reasons(self):
        steps = self.env["dunning.score.step"]
        rows = self._priority_rows()
        for case in self:
            facts = rows.get(case._origin.id)
            found = steps._of("priority", case.company_id)
            case.priority_reasons = facts and steps._explained(
                [
                    (getattr(case, f"_describe_term_{term}")(facts[term]), points(facts[term], own))
                    for term, own in found.items()
                ],
                self.env._("Priority %s: the highest comes first.", facts["priority"]),
            )

    # SQL

    @api.model
    def _priority_sql(self, company, cases):
        """The terms of the scoring for the open cases of a company, and their sum.

        :param cases: SQL condition on the row ``kase`` of dunning_case
        :return: SQL of a query with the columns case_id, one a term, and priority
        """
        today = company._dunning_today()
        own = SQL("(%s) AND kase.company_id = %s", cases, company.id)
        steps = self.env["dunning.score.step"]
        return SQL(
            """
            (WITH %(tasks)s, facts AS (
                SELECT kase.id AS case_id, COALESCE(balance.overdue, 0) AS amount,
                       COALESCE(%(today)s - balance.due, 0) AS age,
                       strpos('ABCDE', behavior.grade) AS grade,
                       (SELECT COUNT(*) FROM dunning_promise promise
                         WHERE promise.partner_id = kase.partner_id
                           AND promise.company_id = kase.company_id
                           AND promise.state IN ('broken', 'partial')
                           AND promise.date >= kase.date_open) AS promises,
                       %(today)s - task.date AS waiting,
                       last.rung AS level, (last.level_id IN %(lasts)s)::int AS last_level,
                       (kase.stage NOT IN ('todo', 'contacted')
                        AND COALESCE(task.date > %(today)s, TRUE))::int AS paused
                  FROM cases kase
                  LEFT JOIN (%(balances)s) balance ON balance.debtor_id = kase.partner_id
                  LEFT JOIN dunning_behavior behavior
                         ON behavior.partner_id = kase.partner_id
                        AND behavior.company_id = kase.company_id
                  LEFT JOIN tasks task ON task.case_id = kase.id
                  LEFT JOIN (SELECT DISTINCT ON (reminded.id)
                                    reminded.id AS case_id, notice.rung, notice.level_id
                               FROM cases reminded
                               JOIN dunning_notice notice ON notice.partner_id = reminded.partner_id
                                    AND notice.company_id = reminded.company_id
                                    AND notice.state = 'issued'
                                    AND notice.date >= reminded.date_open
                              ORDER BY reminded.id, notice.rung DESC) last
                         ON last.case_id = kase.id)
             SELECT *, %(points)s AS priority FROM facts)
            """,
            tasks=self._tasks_sql(own),
            today=today,
            lasts=self._last_levels(),
            balances=self._company_balances_sql(company, today, own),
            points=SQL(" + ").join(
                steps._points_sql(found, SQL.identifier(term))
                for term, found in steps._of("priority", company).items()
            ),
        )

    @api.model
    def _last_levels(self):
        levels = self.env["dunning.level"].sudo().search([("active", "=", True)])
        return tuple(levels.filtered("is_last").ids or [0])

    @api.model
    def _company_balances_sql(self, company, date, cases):
        """What debtors with an open case owe a company, as in :meth:`_compute_balance`.

        :param cases: SQL condition on the row ``kase`` of dunning_case
        """
        debtors = SQL(
            "(SELECT kase.partner_id FROM dunning_case kase WHERE kase.state = 'open' AND %s)",
            cases,
        )
        return SQL(
            "SELECT debtor_id, %s AS company_id, SUM(overdue_company) AS overdue,"
            " MIN(due) AS due FROM (%s) balances GROUP BY debtor_id",
            company.id,
            self.env["res.partner"]._dunning_balances_sql(company, date, debtors),
        )

    # Sorted and summed by what is not stored

    def _field_to_sql(self, alias, field_expr, query=None):
        if field_expr == "stage":
            self._flush_stage()
            return self._stage_sql(SQL.identifier(alias))
        if query is None or field_expr not in ("priority", "amount_overdue", "days_overdue"):
            return super()._field_to_sql(alias, field_expr, query)
        self.env.flush_all()
        if field_expr == "priority":
            return SQL("COALESCE(%s.priority, 0)", self._join_priorities(alias, query))
        balance = self._join_balances(alias, query)
        if field_expr == "amount_overdue":
            return SQL("COALESCE(%s.overdue, 0)", balance)
        company = SQL.identifier(alias, "company_id")
        today = self.env["res.company"]._dunning_today_sql(company)
        return SQL("%s - COALESCE(%s.due, %s)", today, balance, today)

    def _join_priorities(self, alias, query):
        rows = SQL(" UNION ALL ").join(
            self._priority_sql(company, SQL("TRUE")) for company in self.env.companies
        )
        joined = query.make_alias(alias, "priority")
        on = SQL("%s = %s", SQL.identifier(joined, "case_id"), SQL.identifier(alias, "id"))
        query.add_join("LEFT JOIN", joined, SQL("(%s)", rows), on)
        return SQL.identifier(joined)

    def _join_balances(self, alias, query):
        rows = SQL(" UNION ALL ").join(
            self._company_balances_sql(
                company, company._dunning_today(), SQL("kase.company_id = %s", company.id)
            )
            for company in self.env.companies
        )
        joined = query.make_alias(alias, "balance")
        on = SQL(
            "(%s, %s) = (%s, %s)",
            SQL.identifier(joined, "debtor_id"),
            SQL.identifier(joined, "company_id"),
            SQL.identifier(alias, "partner_id"),
            SQL.identifier(alias, "company_id"),
        )
        query.add_join("LEFT JOIN", joined, SQL("(%s)", rows), on)
        return SQL.identifier(joined)

    # Sentences: one method a term, called with its value

    def _describe_term_amount(self, amount):
        return self.env._("%s are overdue.", self.company_currency_id.format(amount))

    def _describe_term_age(self, days):
        return self.env._("The oldest invoice is overdue for %s days.", days)

    def _describe_term_grade(self, _grade):
        if self.grade:
            return self.env._("The customer pays like class %s.", self.grade)
        return self.env._("New customer: nothing is known about how it pays.")

    def _describe_term_promises(self, count):
        if not count:
            return self.env._("No promise was broken since the case was opened.")
        return self.env._("Promises broken since the case was opened: %s.", count)

    def _describe_term_waiting(self, days):
        if days is None or days < 0:
            return self.env._("Nothing has to be done today.")
        if not days:
            return self.env._("Due today: %s", self.next_action)
        since = format_date(self.env, self.next_date)
        return self.env._("Due since %(day)s: %(action)s", day=since, action=self.next_action)

    def _describe_term_level(self, rung):
        if rung is None:
            return self.env._("No reminder was sent since the case was opened.")
        return self.env._("The highest level since the case was opened was number %s.", rung)

    def _describe_term_last_level(self, is_last):
        return (
            self.env._("It was the last one of its policy.")
            if is_last
            else self.env._("The last level was not reached.")
        )

    def _describe_term_paused(self, paused):
        if not paused:
            return self.env._("Nothing is waited for.")
        stages = labels(self, "stage")
        return self.env._("Waits: %s.", stages.get(self.stage))
