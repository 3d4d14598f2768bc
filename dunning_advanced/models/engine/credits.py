from odoo import api, models
from odoo.tools import SQL


class DunningEngineCredit(models.AbstractModel):
    """Stages of the engine that net open credits against the items to dun.

    A credit note first lowers the invoice that it corrects. What is free
    (payments on account, other credit notes) clears the items of the debtor
    in the same currency, from the highest level down, oldest first. What is
    then left in other currencies counts only if it covers everything. They clear
    what is asked for: not the part of an item that is held.
    """

    _name = "dunning.engine.credit"
    _description = "Dunning Engine: Credits"

    @api.model
    def _stages(self):
        return [
            ("credits", self._stage_credits),
            ("bound", self._stage_bound),
            ("free", self._stage_free),
            ("tied", self._stage_tied),
            ("offsets", self._stage_offsets),
            ("netted", self._stage_netted),
            ("covered_elsewhere", self._stage_covered_elsewhere),
            ("deferred", self._stage_deferred),
        ]

    def _stage_credits(self, scope):
        return SQL(
            """
            SELECT c.debtor_id, c.currency_id, -c.open AS amount,
                   -c.open_company AS amount_company, m.reversed_entry_id AS invoice_id
              FROM items c
              JOIN account_move m ON m.id = c.move_id
             WHERE c.open < 0
            """
        )

    def _stage_bound(self, scope):
        """How much of an invoice its own credit notes take."""
        return SQL(
            """
            SELECT c.invoice_id, c.debtor_id, c.currency_id, LEAST(c.amount, i.open) AS amount
              FROM (SELECT invoice_id, debtor_id, currency_id, SUM(amount) AS amount
                      FROM credits WHERE invoice_id IS NOT NULL GROUP BY 1, 2, 3) c
              JOIN (SELECT move_id, debtor_id, currency_id, SUM(open) AS open
                      FROM items
                     WHERE open > 0
                       AND move_id IN (SELECT invoice_id FROM credits)
                     GROUP BY 1, 2, 3) i
                ON i.move_id = c.invoice_id
               AND i.debtor_id = c.debtor_id AND i.currency_id = c.currency_id
            """
        )

    def _stage_free(self, scope):
        """Credits that belong to no invoice any more, per debtor and currency."""
        return SQL(
            """
            SELECT c.debtor_id, c.currency_id, c.amount - COALESCE(b.amount, 0) AS amount,
                   c.amount AS total, c.amount_company AS total_company
              FROM (SELECT debtor_id, currency_id, SUM(amount) AS amount,
                           SUM(amount_company) AS amount_company
                      FROM credits GROUP BY 1, 2) c
              LEFT JOIN (SELECT debtor_id, currency_id, SUM(amount) AS amount
                           FROM bound GROUP BY 1, 2) b
                     ON b.debtor_id = c.debtor_id AND b.currency_id = c.currency_id
            """
        )

    def _stage_tied(self, scope):
        """Items of debtors with credits, each with what its own credit notes take."""
        return SQL(
            """
            SELECT i.id, i.debtor_id, i.currency_id, i.rung, i.due, i.open - i.held AS asked,
                   f.amount AS free, %s AS tied
              FROM gated i
              JOIN free f ON f.debtor_id = i.debtor_id AND f.currency_id = i.currency_id
              LEFT JOIN bound b ON b.invoice_id = i.move_id
                    AND b.debtor_id = i.debtor_id AND b.currency_id = i.currency_id
             WHERE i.verdict IS NULL
            """,
            self._clear(SQL("(i.open - i.held)"), SQL("b.amount"), SQL("i.move_id, i.currency_id")),
        )

    def _stage_offsets(self, scope):
        return SQL(
            """
            SELECT i.id, i.debtor_id, i.currency_id, i.tied, %s AS freed
              FROM tied i
            """,
            self._clear(
                SQL("(i.asked - i.tied)"), SQL("i.free"), SQL("i.debtor_id, i.currency_id")
            ),
        )

    @api.model
    def _clear(self, amount, credit, partition):
        """What a credit takes of each item when it clears them one after the
        other: highest level first, then oldest.
        """
        return SQL(
            "LEAST(%(amount)s, GREATEST(0, COALESCE(%(credit)s, 0) + %(amount)s - SUM(%(amount)s)"
            " OVER (PARTITION BY %(partition)s ORDER BY i.rung DESC, i.due, i.id)))",
            amount=amount,
            credit=credit,
            partition=partition,
        )

    def _stage_netted(self, scope):
        return SQL(
            """
            SELECT i.*, i.open - i.held - COALESCE(o.tied + o.freed, 0) AS net
              FROM gated i
              LEFT JOIN offsets o ON o.id = i.id
             WHERE i.verdict IS NULL
            """
        )

    def _stage_covered_elsewhere(self, scope):
        """Debtors whose spare credits in any currency cover all that is left,
        both taken in company currency as they stand in the books.
        """
        return SQL(
            """
            SELECT i.debtor_id
              FROM netted i
              JOIN (SELECT f.debtor_id,
                           SUM((f.amount - COALESCE(o.freed, 0)) * f.total_company / f.total)
                               AS amount
                      FROM free f
                      LEFT JOIN (SELECT debtor_id, currency_id, SUM(freed) AS freed
                                   FROM offsets GROUP BY 1, 2) o
                             ON o.debtor_id = f.debtor_id AND o.currency_id = f.currency_id
                     GROUP BY f.debtor_id) spare ON spare.debtor_id = i.debtor_id
             WHERE spare.amount > 0
             GROUP BY i.debtor_id, spare.amount
            HAVING SUM(i.net * i.open_company / i.open) <= spare.amount
            """
        )

    def _stage_deferred(self, scope):
        """Booked charges that would be reminded of by themselves while invoices of the
        debtor are overdue: they wait for the next reminder of these.
        """
        booked = SQL("SELECT charge_move_id FROM dunning_notice WHERE charge_move_id IS NOT NULL")
        if not self.env.execute_query(SQL("%s LIMIT 1", booked)):
            return SQL("SELECT NULL::int AS id WHERE FALSE")
        return SQL(
            """
            SELECT i.id
              FROM netted i
             WHERE i.move_id IN (%(booked)s)
               AND (i.debtor_id, i.currency_id) IN (
                   SELECT debtor_id, currency_id FROM gated
                    WHERE due <= %(date)s AND verdict IS NOT NULL
                      AND first_rung IS NOT NULL AND no_followup IS NOT TRUE
                      AND move_id NOT IN (%(booked)s))
               AND (i.debtor_id, i.currency_id, i.policy_id) NOT IN (
                   SELECT debtor_id, currency_id, policy_id FROM netted
                    WHERE net > 0 AND move_id NOT IN (%(booked)s))
            """,
            booked=booked,
            date=scope.date,
        )
