from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class DunningHold(models.Model):
    """Holds of an amount: only so much of an invoice is not asked for.

    Of an invoice with several installments the latest are held first. So what is not
    held is asked for as it falls due, and money that comes in for it, which settles
    the oldest first, never goes to what is held.
    """

    _inherit = "dunning.hold"

    def _disputed(self):
        """Holds of disputes that are open."""
        return self.filtered(lambda hold: "open" in hold.dispute_ids.mapped("state"))

    def _check_not_disputed(self):
        """:raises UserError: when a dispute is open: its answer ends the hold"""
        disputed = self._disputed()
        if disputed:
            raise UserError(
                self.env._(
                    "This amount is on hold because it is disputed (%s). Answer the dispute: the "
                    "hold ends by itself.",
                    disputed[0].dispute_ids[0].display_name,
                )
            )

    @api.model
    def _amounts_sql(self, scope):
        """How much of each invoice is held, where it is not all of it.

        :param scope: Scope of the evaluation
        :return: SQL of a query with the columns move_id, amount, hold_id and until, the
            day on which the first part is free again
        """
        return SQL(
            """
            SELECT hold.move_id, SUM(hold.amount) AS amount, MIN(hold.id) AS hold_id,
                   MIN(COALESCE(hold.date_to, 'infinity')) AS until
              FROM dunning_hold hold
             WHERE hold.amount > 0 AND %s AND hold.company_id IN %s
             GROUP BY hold.move_id
            """,
            self._lasting_sql(scope.date, past=scope.as_of),
            tuple(scope.company._dunning_companies().ids),
        )

    @api.model
    def _parts_sql(self, scope):
        """The stage of the engine that spreads these amounts over the open items."""
        return SQL(
            """
            SELECT * FROM (
                SELECT item.id, held.hold_id, held.until, %s AS amount
                  FROM items item
                  JOIN (%s) held ON held.move_id = item.move_id
                 WHERE item.open > 0) parts
             WHERE amount > 0
            """,
            self._spread(
                SQL("held.amount"),
                SQL("item.open"),
                SQL("item.move_id"),
                SQL("item"),
                SQL("item.due"),
            ),
            self._amounts_sql(scope),
        )

    @api.model
    def _spread(self, amount, opened, partition, row, due):
        """What an amount takes of each of some items: of the latest first.

        :param row: alias of the items, as SQL
        :param due: their due date, as SQL
        """
        return SQL(
            "LEAST(%(open)s, GREATEST(0, %(amount)s + %(open)s - SUM(%(open)s)"
            " OVER (PARTITION BY %(partition)s ORDER BY %(due)s DESC, %(row)s.id DESC)))",
            open=opened,
            amount=amount,
            partition=partition,
            row=row,
            due=due,
        )

    @api.model
    def _frozen_parts(self, items, date):
        """The parts of items that must not cost more, and when, by one query.

        They are spread as the engine does it, over what was open when the hold began.

        :param items: account.move.line
        :param date: last day that is asked about
        :return: dict of item id to a list of (first day, last day, amount), of the holds
            of an amount with ``freezes_charges``
        """
        parts = defaultdict(list)
        if not items:
            return parts
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, date_from, date_until, amount FROM (
                    SELECT aml.id, hold.date_from, %(amount)s AS amount,
                           LEAST(hold.date_to, hold.date_lifted - 1, %(date)s) AS date_until
                      FROM dunning_hold hold
                      JOIN account_move_line aml ON aml.move_id = hold.move_id
                      JOIN account_account account ON account.id = aml.account_id
                           AND account.account_type = 'asset_receivable'
                      CROSS JOIN LATERAL (
                           SELECT aml.amount_currency
                                  - COALESCE(SUM(partial.debit_amount_currency), 0) AS open
                             FROM account_partial_reconcile partial
                            WHERE partial.debit_move_id = aml.id
                              AND partial.max_date < hold.date_from) was
                     WHERE hold.amount > 0 AND hold.freezes_charges AND hold.date_from <= %(date)s
                       AND hold.move_id IN %(moves)s AND was.open > 0) parts
                 WHERE id IN %(items)s AND amount > 0 AND date_from <= date_until
                 ORDER BY id, date_from
                """,
                amount=self._spread(
                    SQL("hold.amount"),
                    SQL("was.open"),
                    SQL("hold.id"),
                    SQL("aml"),
                    SQL("aml.date_maturity"),
                ),
                date=date,
                moves=tuple(items.move_id.ids),
                items=tuple(items.ids),
            )
        )
        for item, first, last, amount in rows:
            parts[item].append((first, last, amount))
        return parts
