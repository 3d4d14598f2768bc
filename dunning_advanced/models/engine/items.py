from odoo import api, models
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
            ("stepped", self._stage_stepped),
            ("gated", self._stage_gated),
        ]

    def _stage_items(self, scope):
        """Open receivable items; credits have a negative open amount."""
        residual = self._residual_as_of(scope) if scope.as_of else self._residual_now()
        return SQL(
            """
            SELECT l.id, l.move_id, l.move_name AS name, l.currency_id,
                   p.commercial_partner_id AS debtor_id,
                   COALESCE(l.date_maturity, l.date) AS due,
                   residual.amount_currency AS open, residual.amount AS open_company,
                   l.no_followup
              FROM account_move_line l
              JOIN res_partner p ON p.id = l.partner_id
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
        """Condition: ``l``, of contact ``p``, is a posted receivable item of the scope."""
        return SQL(
            "l.account_id IN %s AND l.parent_state = 'posted' AND l.company_id IN %s"
            " AND l.date <= %s AND %s",
            tuple(self._receivables().ids or [0]),
            tuple(scope.company._dunning_companies().ids),
            scope.date,
            self.env["dunning.engine"]._only(scope, SQL("p.commercial_partner_id")),
        )

    def _receivables(self):
        # Named one by one: so the planner knows how much of the ledger they are.
        accounts = self.env["account.account"].sudo().with_context(active_test=False)
        return accounts.search([("account_type", "=", "asset_receivable")])

    def _residual_now(self):
        return SQL(
            """
            JOIN LATERAL (SELECT l.amount_residual_currency AS amount_currency,
                                 l.amount_residual AS amount) residual
              ON l.reconciled IS NOT TRUE
            """
        )

    def _residual_as_of(self, scope):
        """What was open at the end of the day, from the reconciliations up to it."""
        return SQL(
            """
            JOIN LATERAL (
                SELECT l.amount_currency - COALESCE(SUM(CASE WHEN r.debit_move_id = l.id
                           THEN r.debit_amount_currency ELSE -r.credit_amount_currency END), 0)
                           AS amount_currency,
                       l.balance - COALESCE(SUM(CASE WHEN r.debit_move_id = l.id
                           THEN r.amount ELSE -r.amount END), 0) AS amount
                  FROM account_partial_reconcile r
                 WHERE (r.debit_move_id = l.id OR r.credit_move_id = l.id) AND r.max_date <= %s
            ) residual ON TRUE
            """,
            scope.date,
        )

    def _stage_history(self, scope):
        """The last reminder that counts, of every item that has had one, or
        the level that somebody set by hand since.
        """
        return SQL(
            """
            SELECT DISTINCT ON (h.move_line_id)
                   h.move_line_id, h.step, h.rung, h.date, h.notice_id, n.delivered
              FROM dunning_line h
              LEFT JOIN dunning_notice n ON n.id = h.notice_id AND n.state = 'issued'
             WHERE h.state IN ('issued', 'moved') AND %s AND %s
             ORDER BY h.move_line_id, h.step DESC, h.id DESC
            """,
            SQL("h.date <= %s", scope.date) if scope.as_of else SQL("TRUE"),
            self._of_items(scope, SQL("h.move_line_id")),
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
            SELECT o.move_line_id, MIN(o.notice_id) AS notice_id
              FROM dunning_line o
             WHERE o.state = 'proposed' AND o.notice_id NOT IN %s AND %s AND %s
             GROUP BY o.move_line_id
            """,
            scope.own_notice_ids or (0,),
            not scope.as_of,
            self._of_items(scope, SQL("o.move_line_id")),
        )

    def _stage_placed(self, scope):
        """Debits with their policy and the rung that is next for them.

        Once an item is due, reminders before the due date are left out. A
        policy that catches up goes straight to the rung of the item's age.
        """
        return SQL(
            """
            SELECT i.*, policy.id AS policy_id, d.channel AS wish, d.user_id, d.approval,
                   CASE WHEN override.id IS NULL THEN d.rule_id END AS rule_id,
                   h.step AS last_step, h.date AS last_date, h.notice_id AS last_notice_id,
                   h.delivered AS last_delivered,
                   p.first_rung, p.align,
                   GREATEST(
                       p.first_rung, h.rung + 1,
                       CASE WHEN i.due <= %(date)s THEN 1 END,
                       CASE WHEN p.catch_up THEN (
                           SELECT MAX(reached.rung) FROM ladder reached
                            WHERE reached.policy_id = policy.id
                              AND i.due + reached.days <= %(date)s) END) AS next_rung
              FROM items i
              JOIN debtors d ON d.id = i.debtor_id
              LEFT JOIN account_move override
                     ON override.id = i.move_id AND override.dunning_policy_id IS NOT NULL
              CROSS JOIN LATERAL (
                   SELECT COALESCE(override.dunning_policy_id, d.policy_id) AS id) policy
              LEFT JOIN policies p ON p.id = policy.id
              LEFT JOIN history h ON h.move_line_id = i.id
             WHERE i.open > 0
            """,
            date=scope.date,
        )

    def _stage_stepped(self, scope):
        """Placed items with the level of their rung, the day from which it
        applies, and what may stop them.

        Where holds of an amount cover all that is open of an item, it is held like
        any other; else ``held`` is the part of it that is not asked for.
        """
        return SQL(
            """
            SELECT i.*, COALESCE(i.last_step, 0) + 1 AS step, next.rung, next.level_id,
                   GREATEST(i.due + next.days, i.last_date + next.wait) AS start,
                   pending.notice_id AS pending_notice_id,
                   COALESCE(hl.hold_id, hi.hold_id, hd.hold_id,
                            CASE WHEN part.amount >= i.open THEN part.hold_id END) AS hold_id,
                   NULLIF(GREATEST(hl.until, hi.until, hd.until,
                                   CASE WHEN part.amount >= i.open THEN part.until END),
                          'infinity') AS hold_until,
                   CASE WHEN part.amount < i.open THEN part.amount ELSE 0 END AS held,
                   CASE WHEN part.amount < i.open THEN part.hold_id END AS part_hold_id
              FROM placed i
              LEFT JOIN ladder next ON next.policy_id = i.policy_id AND next.rung = i.next_rung
              LEFT JOIN pending ON pending.move_line_id = i.id
              LEFT JOIN held_items hl ON hl.held_id = i.id
              LEFT JOIN held_invoices hi ON hi.held_id = i.move_id
              LEFT JOIN held_debtors hd ON hd.held_id = i.debtor_id
              LEFT JOIN held_parts part ON part.id = i.id
            """
        )

    def _stage_gated(self, scope):
        verdict = self.env["dunning.engine"]._decision(scope, "item")
        if scope.asked_item_ids:
            asked = SQL("i.id IN %s AND i.rung IS NOT NULL", scope.asked_item_ids)
            verdict = SQL("CASE WHEN NOT (%s) THEN %s END", asked, verdict)
        return SQL("SELECT i.*, %s AS verdict FROM stepped i", verdict)
