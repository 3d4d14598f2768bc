from odoo import models
from odoo.tools import SQL


class DunningEnginePolicy(models.AbstractModel):
    """Stages of the engine that say which rules hold for whom."""

    _name = "dunning.engine.policy"
    _description = "Dunning Engine: Policies"

    def _stages(self):
        return [
            ("policies", self._stage_policies),
            ("ladder", self._stage_ladder),
            ("floors", self._stage_floors),
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
        return self.env["dunning.engine"]._values(columns, rows)

    def _stage_ladder(self, scope):
        columns = dict.fromkeys(["policy_id", "rung", "level_id", "days", "wait"], "int")
        rows = [row for policy in self._policies(scope) for row in policy._ladder()]
        return self.env["dunning.engine"]._values(columns, rows)

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
        return self.env["dunning.engine"]._values(columns, rows)

    def _has_shares(self, scope):
        """Whether any minimum is a share of the balance, which takes more work."""
        return any(level.minimum_share for level in self._policies(scope).level_ids)

    def _stage_debtors(self, scope):
        """Policy, responsible and wishes of each debtor."""
        partners = self.env["res.partner"].sudo().with_company(scope.company)
        default = self.env["dunning.policy"].sudo()._default_for(scope.company)
        return SQL(
            """
            SELECT d.id, d.channel, COALESCE(r.approval, FALSE) AS approval,
                   COALESCE(d.policy_id, r.policy_id, %(policy)s) AS policy_id,
                   COALESCE(d.user_id, r.user_id, %(user)s) AS user_id
              FROM (SELECT c.id, c.dunning_channel AS channel, %(own_policy)s AS policy_id,
                           %(own_user)s AS user_id, %(rule)s AS rule_id
                      FROM res_partner c
                     WHERE c.commercial_partner_id = c.id AND %(only)s) d
              LEFT JOIN dunning_rule r ON r.id = d.rule_id
            """,
            policy=default.id or None,
            user=scope.company.dunning_user_id.id or None,
            own_policy=partners._field_to_sql("c", "dunning_policy_id"),
            own_user=partners._field_to_sql("c", "dunning_user_id"),
            rule=self._first_rule(scope),
            only=self.env["dunning.engine"]._only(scope, SQL("c.id")),
        )

    def _first_rule(self, scope):
        """The first follow-up rule that matches debtor ``c``, as an SQL expression."""
        rules = self.env["dunning.rule"].sudo()._for_company(scope.company)
        matches = [
            SQL("WHEN c.id IN %s THEN %s", rule._debtors_query().subselect(), rule.id)
            for rule in rules
        ]
        return SQL("CASE %s END", SQL(" ").join(matches)) if matches else SQL("NULL::int")
