from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..mixins.batch import BATCH
from .dispute import ACTIVITY


class DunningDispute(models.Model):
    """What happens to a disputed invoice decides the dispute, or changes it."""

    _inherit = "dunning.dispute"

    @api.model
    def _settled_sql(self, condition):
        """What has become of disputes, from their invoices and credit notes.

        What was credited since lowers the dispute, from whatever credit note it came;
        more than is open on the invoice cannot be disputed. Whoever pays does not
        dispute any more. An invoice that is reset to draft leaves the dispute as it is.

        :param condition: SQL on the row ``dispute`` of dunning_dispute
        :return: SQL of a query with a row for each dispute that changes, and the columns
            id, state, why, accepted, amount (still disputed) and waiting
        """
        return SQL(
            """
            SELECT * FROM (
                SELECT dispute.id, dispute.amount_open, dispute.is_waiting, currency.rounding,
                       move.state = 'draft' AS waiting,
                       CASE WHEN move.state = 'draft' THEN dispute.amount_open
                            ELSE LEAST(found.open, dispute.amount - found.credited) END AS amount,
                       CASE WHEN move.state = 'cancel' THEN dispute.amount ELSE found.accepted
                            END AS accepted,
                       CASE WHEN move.state = 'cancel' THEN 'cancelled'
                            WHEN move.state = 'draft' THEN NULL
                            WHEN found.noted > 0
                                 OR found.accepted > dispute.amount - currency.rounding / 2
                                 THEN 'credited'
                            WHEN found.open <= 0 THEN 'settled' END AS why,
                       CASE WHEN move.state = 'cancel'
                            OR found.accepted > dispute.amount - currency.rounding / 2
                                 THEN 'accepted'
                            WHEN found.accepted > 0 THEN 'partial'
                            ELSE 'withdrawn' END AS state
                  FROM dunning_dispute dispute
                  JOIN account_move move ON move.id = dispute.move_id
                  JOIN res_currency currency ON currency.id = dispute.currency_id
                  CROSS JOIN LATERAL (
                       SELECT open, credited, noted,
                              LEAST(dispute.amount, GREATEST(credited, noted)) AS accepted
                         FROM (%(facts)s) facts) found
                 WHERE dispute.state = 'open' AND %(condition)s) changed
             WHERE why IS NOT NULL OR waiting IS DISTINCT FROM COALESCE(is_waiting, FALSE)
                OR ABS(amount - amount_open) > rounding / 2
            """,
            facts=self._facts_sql(),
            condition=condition,
        )

    def _facts_sql(self):
        """What is open on the invoice of a row ``dispute``, what was credited of it since the
        dispute, and what the credit note comes to that was made from it.
        """
        return SQL(
            """
            SELECT COALESCE(SUM(GREATEST(aml.amount_residual_currency, 0)), 0) AS open,
                   COALESCE(SUM(back.amount), 0) AS credited,
                   COALESCE((SELECT credit_note.amount_total FROM account_move credit_note
                              WHERE credit_note.id = dispute.credit_move_id
                                AND credit_note.state = 'posted'), 0) AS noted
              FROM account_move_line aml
              JOIN account_account account ON account.id = aml.account_id
                   AND account.account_type = 'asset_receivable'
              CROSS JOIN LATERAL (
                   SELECT SUM(partial.debit_amount_currency) AS amount
                     FROM account_partial_reconcile partial
                     JOIN account_move_line credit_aml ON credit_aml.id = partial.credit_move_id
                     JOIN account_move credit_note ON credit_note.id = credit_aml.move_id
                          AND credit_note.move_type = 'out_refund'
                    WHERE partial.debit_move_id = aml.id
                      AND partial.max_date >= dispute.date_open) back
             WHERE aml.move_id = dispute.move_id
            """
        )

    @api.model
    def _items_sql(self, debtors):
        """What is disputed of each open item, as it is held.

        :param debtors: right side of IN
        :return: SQL of a query with the columns id and amount
        """
        spread = self.env["dunning.hold"]._spread
        return SQL(
            """
            SELECT aml.id, %s AS amount
              FROM dunning_dispute dispute
              JOIN account_move_line aml ON aml.move_id = dispute.move_id
             WHERE dispute.state = 'open' AND dispute.partner_id IN %s
               AND aml.reconciled IS NOT TRUE
               AND aml.parent_state = 'posted' AND aml.amount_residual_currency > 0
               AND aml.account_id IN (
                   SELECT id FROM account_account WHERE account_type = 'asset_receivable')
            """,
            spread(
                SQL("dispute.amount_open"),
                SQL("aml.amount_residual_currency"),
                SQL("dispute.id"),
                SQL("aml"),
                SQL("aml.date_maturity"),
            ),
            debtors,
        )

    def _update_state(self, date):
        """Follow what has happened to the invoices of these disputes."""
        if self:
            self._apply(self._changed(SQL("dispute.id IN %s", tuple(self.ids))), date)

    @api.model
    def _update_for_moves(self, moves, date):
        """Follow what was just reconciled or credited: one query where nothing is disputed.

        :param moves: account.move, invoices and credit notes
        """
        self.search(
            Domain("state", "=", "open")
            & (Domain("move_id", "in", moves.ids) | Domain("credit_move_id", "in", moves.ids))
        )._update_state(date)

    @api.model
    def _night_settle(self, company, date):
        """Follow what has happened to all disputed invoices of a company, batch by batch,
        and ask again about what is open and nobody is asked about any more.

        :return: whether all are done
        """
        progress = self.env["ir.cron"]._commit_progress
        companies = company._dunning_companies()
        while rows := self._changed(SQL("dispute.company_id IN %s", companies._ids), BATCH):
            if not progress(self._apply(rows, date), remaining=1):
                return False
        kind = self.env.ref(ACTIVITY)
        asked = Domain("activity_ids", "any", [("activity_type_id", "=", kind.id)])
        open_ = Domain("state", "=", "open") & Domain("company_id", "in", companies.ids)
        while forgotten := self.search(open_ & ~asked, limit=BATCH):
            forgotten._schedule_for_owner(automated=True)
            if not progress(len(forgotten), remaining=1):
                return False
        return True

    @api.model
    def _changed(self, condition, limit=None):
        self.env.flush_all()
        query = SQL("%s ORDER BY id", self._settled_sql(condition))
        if limit:
            query = SQL("%s LIMIT %s", query, limit)
        self.env.cr.execute(query)
        return self.env.cr.dictfetchall()

    @api.model
    def _apply(self, rows, date):
        """Write what was found.

        :param rows: list of dicts with the columns of :meth:`_settled_sql`
        :return: number of disputes that were looked at
        """
        words = {
            "cancelled": self.env._("the invoice was cancelled"),
            "credited": self.env._("a credit note was booked"),
            "settled": self.env._("the invoice is settled"),
        }
        for row in rows:
            dispute = self.browse(row["id"])
            if row["why"]:
                dispute.amount_accepted = row["accepted"]
                dispute._end(row["state"], date, words[row["why"]])
            else:
                dispute._note_draft(row["waiting"])
                dispute._adjust(row["amount"], date)
        return len(rows)
