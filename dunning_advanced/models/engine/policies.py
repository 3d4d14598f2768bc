from odoo import api, models
from odoo.tools import SQL

from ...tools.sql import values


class DunningEnginePolicy(models.AbstractModel):
    """Stages of the engine that say which rules hold for whom."""

    _name = "dunning.engine.policy"
    _description = "Dunning Engine: Policies"

    def _stages(self):
        return [
            ("policies", self._stage_policies),
            ("ladder", self._stage_ladder),
            ("floors", self._stage_floors),
            ("balances", self._stage_balances),
            ("debtors", self._stage_debtors),
        ]

    def _policies(self, scope):
        return self.env["dunning.policy"].sudo()._for(scope.company)

    def _stage_policies(self, scope):
        rows = [
            (
                policy.id,
                min(rung for _policy, rung, *_rest in ladder),
                policy.catch_up,
                policy.align,
            )
            for policy in self._policies(scope)
            for ladder in [policy._ladder()]
            if ladder
        ]
        columns = {"id": "int", "first_rung": "int", "catch_up": "bool", "align": "bool"}
        return values(columns, rows)

    def _stage_ladder(self, scope):
        names = ["policy_id", "rung", "level_id", "days", "wait", "again", "fresh"]
        columns = dict.fromkeys(names, "int")
        fresh = {level.id: level.fresh_days for level in self._policies(scope).level_ids}
        rows = [
            (*row, fresh[row[2]]) for policy in self._policies(scope) for row in policy._ladder()
        ]
        return values(columns, rows)

    def _stage_floors(self, scope):
        """Minimum amounts by level and currency; none where nothing is asked."""
        levels = self._policies(scope).level_ids.filtered(
            lambda level: level.minimum_amount or level.minimum_share or level.minimum_ids
        )
        # Archived ones too: items may be open in them.
        every = [("active", "in", (True, False))]
        currencies = self.env["res.currency"].search(every) if levels else []
        rows = [
            (level.id, currency.id, minimum, level.minimum_share)
            for level in levels
            for currency, minimum in level._minimums_in(currencies, scope.company, scope.date)
            if minimum is None or minimum or level.minimum_share
        ]
        columns = {"level_id": "int", "currency_id": "int", "amount": "numeric", "share": "numeric"}
        return values(columns, rows)

    def _has_shares(self, scope):
        """Whether any minimum is a share of the balance, which takes more work."""
        return any(level.minimum_share for level in self._policies(scope).level_ids)

    def _stage_balances(self, scope):
        """What each debtor owes overdue in company currency, open credits taken off by
        currency, and since when. Read only where a follow-up rule asks.
        """
        return SQL(
            """
            SELECT owed.debtor_id, SUM(owed.overdue) AS overdue, %(date)s - MIN(owed.due) AS days
              FROM (SELECT item.debtor_id, GREATEST(0, SUM(item.open_company)) AS overdue,
                           MIN(item.due) FILTER (WHERE item.open > 0) AS due
                      FROM items item
                     WHERE item.open < 0 OR item.due < %(date)s
                     GROUP BY item.debtor_id, item.currency_id
                    HAVING bool_or(item.open > 0)) owed
             GROUP BY owed.debtor_id
            """,
            date=scope.date,
        )

    def _stage_debtors(self, scope):
        """Policy of new items, responsible and preferred channel of each debtor.

        What is set on the customer comes first. Then whoever has the open case goes on
        with it; only where nobody has it do the rule and the company choose.
        """
        partners = self.env["res.partner"].sudo().with_company(scope.company)
        default = self.env["dunning.policy"].sudo()._default_for(scope.company)
        rules, archived = self._rules(scope), self._archived(scope)
        return SQL(
            """
            SELECT debtor.id, debtor.rule_id, COALESCE(debtor.channel, rule.channel) AS channel,
                   COALESCE(rule.approval, FALSE) AS approval,
                   debtor.policy_id AS own_policy_id, rule.policy_id AS rule_policy_id,
                   %(policy)s::int AS default_policy_id,
                   COALESCE(%(open_own)s, %(open_rule)s, %(policy)s) AS policy_id,
                   CASE WHEN debtor.user_id IS NULL THEN rule.team_id END AS team_id,
                   COALESCE(debtor.user_id, %(case_user)s, CASE WHEN rule.team_id IS NULL
                       THEN COALESCE(%(rule_user)s, %(user)s) END) AS user_id
              FROM (SELECT partner.id, partner.dunning_channel AS channel,
                           %(own_policy)s AS policy_id,
                           %(own_user)s AS user_id, %(rule)s AS rule_id
                      FROM res_partner partner %(facts)s
                     WHERE partner.commercial_partner_id = partner.id AND %(only)s) debtor
              LEFT JOIN dunning_rule rule ON rule.id = debtor.rule_id
              LEFT JOIN dunning_case kase ON kase.partner_id = debtor.id AND kase.state = 'open'
                    AND kase.company_id = %(company)s
            """,
            policy=default.id or None,
            open_own=self._unless_archived(archived, SQL("debtor.policy_id")),
            open_rule=self._unless_archived(archived, SQL("rule.policy_id")),
            user=scope.company.dunning_user_id.id or None,
            company=scope.company.id,
            own_policy=partners._field_to_sql("partner", "dunning_policy_id"),
            own_user=self._active_user(partners._field_to_sql("partner", "dunning_user_id")),
            case_user=self._active_user(SQL("kase.user_id")),
            rule_user=self._active_user(SQL("rule.user_id")),
            rule=rules._first_sql(scope),
            facts=rules._facts_join(scope),
            only=self.env["dunning.engine"]._only(scope, SQL("partner.id")),
        )

    @api.model
    def _choice(self, scope):
        """The policy of a row ``item`` of debtor ``debtor`` with its ``history``, as SQL: that
        of the invoice (row ``override``); else that of the customer, in the branch of the
        invoice first; else that of a rule, of the branch, of the company.

        An archived policy takes no new items: it is passed over but where it has begun.
        """
        customer, branch = self._branch_policy(scope)
        choices = [
            SQL("override.dunning_policy_id"),
            customer,
            SQL("debtor.own_policy_id"),
            SQL("debtor.rule_policy_id"),
            branch,
        ]
        begun = SQL("history.policy_id")
        if scope.own_notice_ids:  # what is under review has begun, too
            begun = SQL(
                "COALESCE((SELECT reviewed.policy_id FROM dunning_line reviewed"
                " WHERE reviewed.move_line_id = item.id AND reviewed.notice_id IN %s LIMIT 1),"
                " history.policy_id)",
                scope.own_notice_ids,
            )
        archived = self._archived(scope)
        usable = [self._unless_archived(archived, choice, begun) for choice in choices]
        return SQL("COALESCE(%s, debtor.default_policy_id)", SQL(", ").join(usable))

    def _archived(self, scope):
        return self._policies(scope).filtered(lambda policy: not policy.active).ids

    @api.model
    def _unless_archived(self, archived, choice, begun=None):
        """An SQL expression for a policy, NULL when it is archived.

        :param archived: ids of the policies that are
        :param begun: SQL of the policy that has begun with an item, and goes on
        """
        if not archived:
            return choice
        return SQL(
            "CASE WHEN %(choice)s IN %(archived)s AND %(choice)s IS DISTINCT FROM %(begun)s"
            " THEN NULL ELSE %(choice)s END",
            choice=choice,
            archived=tuple(archived),
            begun=begun or SQL("NULL::int"),
        )

    @api.model
    def _branch_policy(self, scope):
        """The policies that branches have of their own, for the row ``item`` of debtor
        ``debtor``: the one of the customer there, and the default there.

        :return: pair of SQL expressions
        """
        partners = self.env["res.partner"].sudo()
        own, defaults = [], []
        for branch in scope.company._dunning_companies() - scope.company:
            of_customer = partners.with_company(branch)._field_to_sql(
                "customer", "dunning_policy_id"
            )
            own.append(
                SQL(
                    "WHEN %s THEN (SELECT %s FROM res_partner customer WHERE customer.id ="
                    " item.debtor_id)",
                    branch.id,
                    of_customer,
                )
            )
            if branch.dunning_policy_id:
                defaults.append(SQL("WHEN %s THEN %s", branch.id, branch.dunning_policy_id.id))
        none = SQL("NULL::int")
        return tuple(
            SQL("CASE item.company_id %s END", SQL(" ").join(whens)) if whens else none
            for whens in (own, defaults)
        )

    @api.model
    def _active_user(self, user):
        """An SQL expression for a user, NULL when that one works here no more."""
        return SQL(
            "CASE WHEN %(user)s = ANY(ARRAY(SELECT id FROM res_users WHERE active)) THEN %(user)s"
            " END",
            user=user,
        )

    @api.model
    def _rules(self, scope):
        """The follow-up rules that a scope asks, in their order."""
        return self.env["dunning.rule"].sudo()._for_company(scope.company)

    @api.model
    def _choices(self, scope):
        """What is chosen for the debtors of a scope.

        :return: dict of debtor id to the columns of the stage ``debtors``
        """
        self.env.flush_all()
        query = SQL("%s SELECT * FROM debtors", self.env["dunning.engine"]._with(scope))
        self.env.cr.execute(query)
        return {row["id"]: row for row in self.env.cr.dictfetchall()}
