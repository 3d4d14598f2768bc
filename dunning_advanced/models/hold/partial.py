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
            SELECT h.move_id, SUM(h.amount) AS amount, MIN(h.id) AS hold_id,
                   MIN(COALESCE(h.date_to, 'infinity')) AS until
              FROM dunning_hold h
             WHERE h.amount > 0 AND %s AND h.company_id IN %s
             GROUP BY h.move_id
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
                SELECT i.id, h.hold_id, h.until, %s AS amount
                  FROM items i
                  JOIN (%s) h ON h.move_id = i.move_id
                 WHERE i.open > 0) parts
             WHERE amount > 0
            """,
            self._spread(SQL("h.amount"), SQL("i.open"), SQL("i.move_id"), SQL("i"), SQL("i.due")),
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
                    SELECT l.id, h.date_from, %(amount)s AS amount,
                           LEAST(h.date_to, h.date_lifted - 1, %(date)s) AS date_until
                      FROM dunning_hold h
                      JOIN account_move_line l ON l.move_id = h.move_id
                      JOIN account_account a ON a.id = l.account_id
                           AND a.account_type = 'asset_receivable'
                      CROSS JOIN LATERAL (
                           SELECT l.amount_currency - COALESCE(SUM(r.debit_amount_currency), 0)
                                      AS open
                             FROM account_partial_reconcile r
                            WHERE r.debit_move_id = l.id AND r.max_date < h.date_from) was
                     WHERE h.amount > 0 AND h.freezes_charges AND h.date_from <= %(date)s
                       AND h.move_id IN %(moves)s AND was.open > 0) parts
                 WHERE id IN %(items)s AND amount > 0 AND date_from <= date_until
                 ORDER BY id, date_from
                """,
                amount=self._spread(
                    SQL("h.amount"), SQL("was.open"), SQL("h.id"), SQL("l"), SQL("l.date_maturity")
                ),
                date=date,
                moves=tuple(items.move_id.ids),
                items=tuple(items.ids),
            )
        )
        for item, first, last, amount in rows:
            parts[item].append((first, last, amount))
        return parts
