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
            SELECT item.debtor_id, item.currency_id, -item.open AS amount,
                   -item.open_company AS amount_company, move.reversed_entry_id AS invoice_id
              FROM items item
              JOIN account_move move ON move.id = item.move_id
             WHERE item.open < 0
            """
        )

    def _stage_bound(self, scope):
        """How much of an invoice its own credit notes take."""
        return SQL(
            """
            SELECT credit.invoice_id, credit.debtor_id, credit.currency_id,
                   LEAST(credit.amount, invoice.open) AS amount
              FROM (SELECT invoice_id, debtor_id, currency_id, SUM(amount) AS amount
                      FROM credits WHERE invoice_id IS NOT NULL GROUP BY 1, 2, 3) credit
              JOIN (SELECT move_id, debtor_id, currency_id, SUM(open) AS open
                      FROM items
                     WHERE open > 0
                       AND move_id IN (SELECT invoice_id FROM credits)
                     GROUP BY 1, 2, 3) invoice
                ON invoice.move_id = credit.invoice_id
               AND invoice.debtor_id = credit.debtor_id AND invoice.currency_id = credit.currency_id
            """
        )

    def _stage_free(self, scope):
        """Credits that belong to no invoice any more, per debtor and currency."""
        return SQL(
            """
            SELECT credit.debtor_id, credit.currency_id,
                   credit.amount - COALESCE(bound.amount, 0) AS amount,
                   credit.amount AS total, credit.amount_company AS total_company
              FROM (SELECT debtor_id, currency_id, SUM(amount) AS amount,
                           SUM(amount_company) AS amount_company
                      FROM credits GROUP BY 1, 2) credit
              LEFT JOIN (SELECT debtor_id, currency_id, SUM(amount) AS amount
                           FROM bound GROUP BY 1, 2) bound
                     ON bound.debtor_id = credit.debtor_id
                    AND bound.currency_id = credit.currency_id
            """
        )

    def _stage_tied(self, scope):
        """Items of debtors with credits, each with what its own credit notes take."""
        return SQL(
            """
            SELECT item.id, item.debtor_id, item.currency_id, item.rung, item.due,
                   item.open - item.held AS asked,
                   free.amount AS free, %s AS tied
              FROM gated item
              JOIN free ON free.debtor_id = item.debtor_id AND free.currency_id = item.currency_id
              LEFT JOIN bound ON bound.invoice_id = item.move_id
                    AND bound.debtor_id = item.debtor_id AND bound.currency_id = item.currency_id
             WHERE item.decision IS NULL
            """,
            self._clear(
                SQL("(item.open - item.held)"),
                SQL("bound.amount"),
                SQL("item.move_id, item.currency_id"),
            ),
        )

    def _stage_offsets(self, scope):
        return SQL(
            """
            SELECT item.id, item.debtor_id, item.currency_id, item.tied, %s AS freed
              FROM tied item
            """,
            self._clear(
                SQL("(item.asked - item.tied)"),
                SQL("item.free"),
                SQL("item.debtor_id, item.currency_id"),
            ),
        )

    @api.model
    def _clear(self, amount, credit, partition):
        """What a credit takes of each item when it clears them one after the
        other: highest level first, then oldest.
        """
        return SQL(
            "LEAST(%(amount)s, GREATEST(0, COALESCE(%(credit)s, 0) + %(amount)s - SUM(%(amount)s)"
            " OVER (PARTITION BY %(partition)s ORDER BY item.rung DESC, item.due, item.id)))",
            amount=amount,
            credit=credit,
            partition=partition,
        )

    def _stage_netted(self, scope):
        return SQL(
            """
            SELECT item.*, item.open - item.held - COALESCE(offsets.tied + offsets.freed, 0) AS net
              FROM gated item
              LEFT JOIN offsets ON offsets.id = item.id
             WHERE item.decision IS NULL
            """
        )

    def _stage_covered_elsewhere(self, scope):
        """Debtors whose spare credits in any currency cover all that is left,
        both taken in company currency as they stand in the books.
        """
        return SQL(
            """
            SELECT item.debtor_id
              FROM netted item
              JOIN (SELECT free.debtor_id,
                           SUM((free.amount - COALESCE(used.freed, 0))
                               * free.total_company / free.total)
                               AS amount
                      FROM free
                      LEFT JOIN (SELECT debtor_id, currency_id, SUM(freed) AS freed
                                   FROM offsets GROUP BY 1, 2) used
                             ON used.debtor_id = free.debtor_id
                            AND used.currency_id = free.currency_id
                     GROUP BY free.debtor_id) spare ON spare.debtor_id = item.debtor_id
             WHERE spare.amount > 0
             GROUP BY item.debtor_id, spare.amount
            HAVING SUM(item.net * item.open_company / item.open) <= spare.amount
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
            SELECT item.id
              FROM netted item
             WHERE item.move_id IN (%(booked)s)
               AND (item.debtor_id, item.currency_id) IN (
                   SELECT debtor_id, currency_id FROM gated
                    WHERE due <= %(date)s AND decision IS NOT NULL
                      AND first_rung IS NOT NULL AND no_followup IS NOT TRUE
                      AND move_id NOT IN (%(booked)s))
               AND (item.debtor_id, item.currency_id, item.policy_id) NOT IN (
                   SELECT debtor_id, currency_id, policy_id FROM netted
                    WHERE net > 0 AND move_id NOT IN (%(booked)s))
            """,
            booked=booked,
            date=scope.date,
        )
