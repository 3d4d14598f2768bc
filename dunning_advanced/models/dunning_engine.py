from dataclasses import dataclass
from datetime import date as Date

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# Verdicts that only say "not yet": counted for a run, not written as lines,
# or every night would bury the table under the whole ledger.
COUNTED_ONLY = ("not_due", "waiting", "pending")


@dataclass(frozen=True)
class Scope:
    """What one evaluation looks at."""

    company: models.Model
    date: Date
    partner_ids: tuple = ()  # debtors, all when empty
    own_notice_ids: tuple = ()  # open notices that do not count as pending
    run_id: int | None = None  # set when notices are to be written


@dataclass(frozen=True)
class Gate:
    """One named reason not to dun; the first that holds is the verdict.

    The condition is SQL over the alias ``i`` of the stage that asks it:
    ``stepped`` for scope item, ``netted`` for credit, ``chosen`` for debtor.
    """

    code: str
    scope: str
    condition: SQL


class DunningEngine(models.AbstractModel):
    """Decides every open item of a company at a date, set-based.

    One statement of named stages. Each ``_stage_<name>`` method returns the
    SQL of one stage; it may read the stages before it.
    """

    _name = "dunning.engine"
    _description = "Dunning Engine"

    @api.model
    def _gates(self, scope):
        """The gates in the order in which they are asked. Extension point."""
        return [
            Gate("pending", "item", SQL("i.pending_notice_id IS NOT NULL")),
            Gate("no_level", "item", SQL("i.first_rung IS NULL")),
            Gate("not_due", "item", SQL("i.start > %s AND i.step = 1", scope.date)),
            Gate("waiting", "item", SQL("i.start > %s", scope.date)),
            Gate("exhausted", "item", SQL("i.rung IS NULL")),
            Gate(
                "undelivered",
                "item",
                SQL(
                    "i.last_notice_id IN"
                    " (SELECT id FROM dunning_notice WHERE state = 'issued' AND NOT delivered)"
                ),
            ),
            Gate("excluded", "item", SQL("i.no_followup IS TRUE")),
            Gate(
                "covered",
                "credit",
                SQL("i.net <= 0 OR i.debtor_id IN (SELECT debtor_id FROM covered_elsewhere)"),
            ),
            Gate("no_rate", "debtor", SQL("i.rate_missing")),
            Gate("minimum", "debtor", SQL("i.shift IS NULL")),
            Gate("unreachable", "debtor", SQL("i.channel IS NULL")),
        ]

    @api.model
    def _verdict(self, scope, level):
        """The first gate of a scope that holds, as an SQL expression.

        :param level: "item", "credit" or "debtor"
        """
        whens = [
            SQL("WHEN %s THEN %s", gate.condition, gate.code)
            for gate in self._gates(scope)
            if gate.scope == level
        ]
        return SQL("CASE %s END", SQL(" ").join(whens))

    @api.model
    def _stages(self, scope):
        """Names and SQL of the stages, in order.

        :return: dict of stage name to SQL
        """
        names = [
            ("ladder", self._stage_ladder),
            ("floors", self._stage_floors),
            ("items", self._stage_items),
            ("history", self._stage_history),
            ("pending", self._stage_pending),
            ("debtors", self._stage_debtors),
            ("stepped", self._stage_stepped),
            ("gated", self._stage_gated),
            *self.env["dunning.engine.credit"]._stages(),
            *self.env["dunning.engine.group"]._stages(),
        ]
        return {name: build(scope) for name, build in names}

    @api.model
    def _with(self, scope):
        """The stages as a WITH clause, ready for a final query."""
        stages = [
            SQL("%s AS %s(%s)", SQL.identifier(name), self._materialized(name), query)
            for name, query in self._stages(scope).items()
        ]
        return SQL("WITH %s", SQL(", ").join(stages))

    @api.model
    def _materialized(self, name):
        # Read by several later stages: computing these twice would cost more
        # than to keep them.
        return SQL("MATERIALIZED ") if name in ("gated", "netted", "notices") else SQL("")

    @api.model
    def _evaluate(self, scope):
        """The verdict of every open item of the scope. Writes nothing.

        :return: list of dicts with the columns of the stage ``verdicts``
        """
        self.env.flush_all()
        self.env.cr.execute(SQL("%s SELECT * FROM verdicts", self._with(scope)))
        return self.env.cr.dictfetchall()

    @api.model
    def _lock(self, company):
        """Let one proposal at a time through for a company and its branches.

        :raises UserError: when another one is under way
        """
        self.env.cr.execute(
            SQL(
                "SELECT pg_try_advisory_xact_lock(hashtext('dunning.run'), %s)",
                company.root_id.id,
            )
        )
        if not self.env.cr.fetchone()[0]:
            raise UserError(
                self.env._(
                    "Another dunning run of %s is being proposed right now. "
                    "Wait a moment and propose again.",
                    company.root_id.name,
                )
            )

    # Stages

    def _stage_ladder(self, scope):
        policies = self.env["dunning.policy"].sudo()._for(scope.company)
        return self._values(
            ["policy_id", "rung", "level_id", "days", "wait"],
            [row for policy in policies for row in policy._ladder()],
        )

    def _stage_floors(self, scope):
        """Minimum amounts by level and currency; none where nothing is asked."""
        levels = self.env["dunning.policy"].sudo()._for(scope.company).level_ids.filtered(
            lambda level: level.minimum_amount or level.minimum_share or level.minimum_ids
        )
        # Archived ones too: items may be open in them.
        currencies = self.env["res.currency"].with_context(active_test=False).search([])
        rows = [
            (level.id, currency.id, minimum, level.minimum_share)
            for level in levels
            for currency in currencies
            for minimum in [level._minimum_in(currency, scope.company, scope.date)]
            if minimum is None or minimum or level.minimum_share
        ]
        return self._values(
            ["level_id", "currency_id", "amount", "share"],
            rows,
        )

    def _stage_items(self, scope):
        """Open receivable items; credits have a negative open amount."""
        return SQL(
            """
            SELECT l.id, l.move_id, l.move_name AS name, l.currency_id,
                   p.commercial_partner_id AS debtor_id,
                   COALESCE(l.date_maturity, l.date) AS due,
                   l.amount_residual_currency AS open, l.amount_residual AS open_company,
                   l.no_followup
              FROM account_move_line l
              JOIN res_partner p ON p.id = l.partner_id
             WHERE l.account_id IN (
                       SELECT id FROM account_account WHERE account_type = 'asset_receivable')
               AND l.reconciled IS NOT TRUE
               AND l.parent_state = 'posted'
               AND l.company_id IN %s
               AND l.date <= %s
               AND l.amount_residual_currency <> 0
               AND %s
            """,
            tuple(self._companies(scope.company).ids),
            scope.date,
            self._only(scope, SQL("p.commercial_partner_id")),
        )

    def _stage_history(self, scope):
        """The last notice that counts, of every item that has had one."""
        return SQL(
            """
            SELECT DISTINCT ON (h.move_line_id)
                   h.move_line_id, h.step, h.rung, h.date, h.notice_id
              FROM dunning_line h
             WHERE h.state = 'issued' AND %s
             ORDER BY h.move_line_id, h.step DESC
            """,
            # By item: a debtor may have been another one when it was reminded.
            SQL("h.move_line_id IN (SELECT id FROM items)") if scope.partner_ids else SQL("TRUE"),
        )

    def _stage_pending(self, scope):
        """Items on a notice that waits for review or for being issued."""
        return SQL(
            """
            SELECT o.move_line_id, MIN(o.notice_id) AS notice_id
              FROM dunning_line o
             WHERE o.state = 'proposed' AND o.notice_id NOT IN %s
             GROUP BY o.move_line_id
            """,
            scope.own_notice_ids or (0,),
        )

    def _stage_debtors(self, scope):
        """Policy, responsible and wishes of each debtor."""
        partners = self.env["res.partner"].sudo().with_company(scope.company)
        rules = self.env["dunning.rule"].sudo()._for_company(scope.company)
        matches = [
            SQL(
                "WHEN c.id IN %s THEN %s",
                rule._debtors_query().subselect(),
                rule.id,
            )
            for rule in rules
        ]
        rule_id = SQL("CASE %s END", SQL(" ").join(matches)) if matches else SQL("NULL::int")
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
            rule=rule_id,
            only=self._only(scope, SQL("c.id")),
        )

    def _stage_stepped(self, scope):
        """Debits with their policy and the rung that is next for them.

        Once an item is due, reminders before the due date are left out.
        """
        return SQL(
            """
            SELECT i.*, policy.id AS policy_id, d.channel AS wish, d.user_id, d.approval,
                   COALESCE(h.step, 0) + 1 AS step, h.notice_id AS last_notice_id,
                   first.rung AS first_rung, next.rung, next.level_id,
                   GREATEST(i.due + next.days, h.date + next.wait) AS start,
                   pending.notice_id AS pending_notice_id
              FROM items i
              JOIN debtors d ON d.id = i.debtor_id
              LEFT JOIN account_move override
                     ON override.id = i.move_id AND override.dunning_policy_id IS NOT NULL
              CROSS JOIN LATERAL (
                   SELECT COALESCE(override.dunning_policy_id, d.policy_id) AS id) policy
              LEFT JOIN (SELECT policy_id, MIN(rung) AS rung FROM ladder GROUP BY policy_id) first
                     ON first.policy_id = policy.id
              LEFT JOIN history h ON h.move_line_id = i.id
              LEFT JOIN pending ON pending.move_line_id = i.id
              LEFT JOIN ladder next ON next.policy_id = policy.id
                    AND next.rung = GREATEST(
                        first.rung, h.rung + 1, CASE WHEN i.due <= %s THEN 1 END)
             WHERE i.open > 0
            """,
            scope.date,
        )

    def _stage_gated(self, scope):
        return SQL("SELECT i.*, %s AS verdict FROM stepped i", self._verdict(scope, "item"))

    # Helpers

    @api.model
    def _companies(self, company):
        return self.env["res.company"].sudo().search([("id", "child_of", company.id)])

    @api.model
    def _only(self, scope, column):
        """Condition that keeps to the debtors of the scope."""
        if not scope.partner_ids:
            return SQL("TRUE")
        return SQL("%s IN %s", column, scope.partner_ids)

    @api.model
    def _values(self, columns, rows):
        """A small table of numbers given in the statement itself.

        :param columns: names; amount and share are numeric, all others integers
        :param rows: list of tuples
        """
        selected = SQL(", ").join(
            SQL(
                "%s::%s AS %s",
                SQL.identifier("v", f"c{n}"),
                SQL("numeric" if name in ("amount", "share") else "int"),
                SQL.identifier(name),
            )
            for n, name in enumerate(columns)
        )
        values = SQL(", ").join(SQL("%s", row) for row in rows or [(None,) * len(columns)])
        aliases = SQL(", ").join(SQL.identifier(f"c{n}") for n in range(len(columns)))
        return SQL("SELECT %s FROM (VALUES %s) v(%s) WHERE %s", selected, values, aliases, bool(rows))
