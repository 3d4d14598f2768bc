from dataclasses import replace

from odoo import api, fields, models
from odoo.tools import SQL


class DunningEngineItem(models.AbstractModel):
    """Stages of the engine that place every open item on its ladder."""

    _name = "dunning.engine.item"
    _description = "Dunning Engine: Items"

    def _stages(self):
        holds = self.env["dunning.hold"]
        return [
            ("history", self._stage_history),
            ("pending", self._stage_pending),
            ("held_items", lambda scope: holds._active_sql(scope, "item")),
            ("held_invoices", lambda scope: holds._active_sql(scope, "invoice")),
            ("held_debtors", lambda scope: holds._active_sql(scope, "debtor")),
            ("held_parts", holds._parts_sql),
            ("placed", self._stage_placed),
            ("recent", self._stage_recent),
            ("stepped", self._stage_stepped),
            ("gated", self._stage_gated),
        ]

    def _stage_items(self, scope):
        """Open receivable items; credits have a negative open amount."""
        residual = self._residual_as_of(scope) if scope.as_of else self._residual_now()
        return SQL(
            """
            SELECT aml.id, aml.move_id, aml.company_id, aml.move_name AS name, aml.currency_id,
                   partner.commercial_partner_id AS debtor_id,
                   COALESCE(aml.date_maturity, aml.date) AS due,
                   residual.amount_currency AS open, residual.amount AS open_company,
                   aml.no_followup
              FROM account_move_line aml
              JOIN res_partner partner ON partner.id = aml.partner_id
              %s
             WHERE residual.amount_currency <> 0 AND %s
            """,
            residual,
            self._receivable(scope),
        )

    @api.model
    def _age_labels(self):
        """The buckets of :mod:`tools.ageing` in words, what is not due first."""
        return [
            self.env._("Not due"),
            self.env._("1–30 days"),
            self.env._("31–60 days"),
            self.env._("61–90 days"),
            self.env._("91–120 days"),
            self.env._("Over 120 days"),
        ]

    def _receivable(self, scope):
        """Condition: ``aml``, of contact ``partner``, is a posted receivable item of the scope."""
        return SQL(
            "aml.account_id IN %s AND aml.parent_state = 'posted' AND aml.company_id IN %s"
            " AND aml.date <= %s AND %s",
            tuple(self._receivables().ids or [0]),
            tuple(scope.company._dunning_companies().ids),
            scope.date,
            self.env["dunning.engine"]._only(scope, SQL("partner.commercial_partner_id")),
        )

    def _receivables(self):
        # Named one by one: so the planner knows how much of the ledger they are.
        accounts = self.env["account.account"].sudo().with_context(active_test=False)
        return accounts.search([("account_type", "=", "asset_receivable")])

    def _residual_now(self):
        return SQL(
            """
            JOIN LATERAL (SELECT aml.amount_residual_currency AS amount_currency,
                                 aml.amount_residual AS amount) residual
              ON aml.reconciled IS NOT TRUE
            """
        )

    def _residual_as_of(self, scope):
        """What was open at the end of the day, from the reconciliations up to it."""
        return SQL(
            """
            JOIN LATERAL (
                SELECT aml.amount_currency - COALESCE(SUM(CASE WHEN partial.debit_move_id = aml.id
                           THEN partial.debit_amount_currency ELSE -partial.credit_amount_currency
                                END), 0)
                           AS amount_currency,
                       aml.balance - COALESCE(SUM(CASE WHEN partial.debit_move_id = aml.id
                           THEN partial.amount ELSE -partial.amount END), 0) AS amount
                  FROM account_partial_reconcile partial
                 WHERE (partial.debit_move_id = aml.id OR partial.credit_move_id = aml.id)
                   AND partial.max_date <= %s
            ) residual ON TRUE
            """,
            scope.date,
        )

    def _stage_history(self, scope):
        """The last reminder that counts, of every item that has had one, or the level that
        somebody set by hand since; and all levels that were sent since then.
        """
        return SQL(
            """
            SELECT last.*, notice.delivered
              FROM (SELECT line.move_line_id, MAX(line.step) AS step,
                           (array_agg(line.level_id ORDER BY line.step DESC, line.id DESC))[1]
                               AS level_id,
                           (array_agg(line.policy_id ORDER BY line.step DESC, line.id DESC))[1]
                               AS policy_id,
                           (array_agg(line.date ORDER BY line.step DESC, line.id DESC))[1] AS date,
                           (array_agg(line.notice_id ORDER BY line.step DESC, line.id DESC))[1]
                               AS notice_id,
                           array_agg(line.level_id) AS levels
                      FROM dunning_line line
                     WHERE line.state IN ('issued', 'moved') AND %(day)s AND %(items)s AND %(own)s
                       AND NOT EXISTS (
                           SELECT FROM dunning_line moved
                            WHERE moved.state = 'moved' AND moved.move_line_id = line.move_line_id
                              AND (moved.step, moved.id) > (line.step, line.id) AND %(moved_day)s)
                     GROUP BY line.move_line_id) last
              LEFT JOIN dunning_notice notice ON notice.id = last.notice_id
                   AND notice.state = 'issued'
            """,
            day=SQL("line.date <= %s", scope.date) if scope.as_of else SQL("TRUE"),
            moved_day=SQL("moved.date <= %s", scope.date) if scope.as_of else SQL("TRUE"),
            items=self._of_items(scope, SQL("line.move_line_id")),
            own=SQL("line.notice_id IN %s IS NOT TRUE", scope.own_notice_ids)
            if scope.leaving_item_ids
            else SQL("TRUE"),
        )

    def _of_items(self, scope, column):
        # By item, not by customer: an invoice may have changed hands since. An array
        # is looked up in the index, however few items the planner expects.
        if not scope.partner_ids:
            return SQL("TRUE")
        return SQL("%s = ANY(ARRAY(SELECT id FROM items))", column)

    def _stage_pending(self, scope):
        """Items on a notice that waits for review or for being issued."""
        return SQL(
            """
            SELECT line.move_line_id, MIN(line.notice_id) AS notice_id
              FROM dunning_line line
             WHERE line.state = 'proposed' AND line.notice_id NOT IN %s AND %s AND %s
             GROUP BY line.move_line_id
            """,
            scope.own_notice_ids or (0,),
            not scope.as_of,
            self._of_items(scope, SQL("line.move_line_id")),
        )

    def _stage_placed(self, scope):
        """Debits with their policy and the level number that is next for them.

        Once an item is due, reminders before the due date are left out. A
        policy that catches up goes straight to the level of the item's age. A level that was
        sent is not sent again, but as a repetition.
        """
        return SQL(
            """
            SELECT item.*, policy.id AS policy_id, debtor.channel AS preferred_channel,
                   debtor.user_id, debtor.approval,
                   CASE WHEN override.id IS NULL THEN debtor.rule_id END AS rule_id,
                   history.step AS last_step, history.date AS last_date,
                   history.notice_id AS last_notice_id,
                   history.delivered AS last_delivered,
                   policies.first_rung, policies.align,
                   CASE WHEN history.move_line_id IS NULL THEN lowest.rung ELSE (
                       SELECT MIN(left_over.rung) FROM ladder left_over
                        WHERE left_over.policy_id = policy.id AND left_over.rung >= lowest.rung
                          AND left_over.again >=
                              cardinality(array_positions(history.levels, left_over.level_id))
                   ) END AS next_rung
              FROM items item
              JOIN debtors debtor ON debtor.id = item.debtor_id
              LEFT JOIN account_move override
                     ON override.id = item.move_id AND override.dunning_policy_id IS NOT NULL
              LEFT JOIN history ON history.move_line_id = item.id
              CROSS JOIN LATERAL (
                   SELECT %(choice)s AS id) policy
              LEFT JOIN policies ON policies.id = policy.id
              CROSS JOIN LATERAL (
                   SELECT GREATEST(
                       policies.first_rung, %(passed)s + 1,
                       CASE WHEN item.due <= %(date)s THEN 1 END,
                       CASE WHEN policies.catch_up THEN (
                           SELECT MAX(reached.rung) FROM ladder reached
                            WHERE reached.policy_id = policy.id
                              AND item.due + reached.days <= %(date)s) END) AS rung) lowest
             WHERE item.open > 0
            """,
            date=scope.date,
            choice=self.env["dunning.engine.policy"]._choice(scope),
            passed=self._passed_sql(),
        )

    def _passed_sql(self):
        """The place of the level that was last sent, in the ladder that the policy has now.

        A level that is not in it any more, or is of another policy, has the place of its days.
        """
        return SQL(
            """
            CASE WHEN history.move_line_id IS NOT NULL THEN COALESCE(
                (SELECT MIN(same.rung) FROM ladder same
                  WHERE same.policy_id = policy.id AND same.level_id = history.level_id),
                (SELECT MAX(earlier.rung) FROM ladder earlier
                   JOIN dunning_level last ON last.id = history.level_id
                  WHERE earlier.policy_id = policy.id AND earlier.days <= last.days)) END
            """
        )

    def _stage_stepped(self, scope):
        """Placed items with the level of their rung, the day from which it
        applies, and what may stop them.

        Where holds of an amount cover all that is open of an item, it is held like
        any other; else ``held`` is the part of it that is not asked for.
        """
        return SQL(
            """
            SELECT item.*, COALESCE(item.last_step, 0) + 1 AS step, next.rung, next.level_id,
                   GREATEST(item.due + next.days, item.last_date + next.wait) AS start,
                   pending.notice_id AS pending_notice_id,
                   COALESCE(held_items.hold_id, held_invoices.hold_id, held_debtors.hold_id,
                            CASE WHEN part.amount >= item.open THEN part.hold_id END) AS hold_id,
                   NULLIF(GREATEST(held_items.until, held_invoices.until, held_debtors.until,
                                   CASE WHEN part.amount >= item.open THEN part.until END),
                          'infinity') AS hold_until,
                   CASE WHEN part.amount < item.open THEN part.amount ELSE 0 END AS held,
                   CASE WHEN part.amount < item.open THEN part.hold_id END AS part_hold_id,
                   recent.known, next.fresh
              FROM placed item
              LEFT JOIN ladder next ON next.policy_id = item.policy_id
                   AND next.rung = item.next_rung
              LEFT JOIN pending ON pending.move_line_id = item.id
              LEFT JOIN held_items ON held_items.held_id = item.id
              LEFT JOIN held_invoices ON held_invoices.held_id = item.move_id
              LEFT JOIN held_debtors ON held_debtors.held_id = item.debtor_id
              LEFT JOIN held_parts part ON part.id = item.id
              LEFT JOIN recent ON recent.id = item.move_id
            """
        )

    def _stage_recent(self, scope):
        """Invoices that customers have had for so few days that a level may have to wait."""
        longest = max(
            self.env["dunning.engine.policy"]._policies(scope).level_ids.mapped("fresh_days"),
            default=0,
        )
        return SQL(
            "SELECT move.id, move.dunning_date_known AS known FROM account_move move"
            " WHERE move.dunning_date_known > %s AND move.company_id IN %s",
            fields.Date.subtract(scope.date, days=longest),
            tuple(scope.company._dunning_companies().ids),
        )

    def _stage_gated(self, scope):
        decision = self.env["dunning.engine"]._decision(scope, "item")
        if scope.leaving_item_ids:
            decision = SQL(
                "CASE WHEN item.id IN %s THEN %s ELSE %s END",
                scope.leaving_item_ids,
                decision,
                self.env["dunning.engine"]._decision(replace(scope, leaving_item_ids=()), "item"),
            )
        if scope.asked_item_ids:
            asked = SQL("item.id IN %s AND item.rung IS NOT NULL", scope.asked_item_ids)
            decision = SQL("CASE WHEN NOT (%s) THEN %s END", asked, decision)
        return SQL("SELECT item.*, %s AS decision FROM stepped item", decision)
