from odoo import api, models
from odoo.tools import SQL


class DunningEngineIncoming(models.AbstractModel):
    """Stages of the engine that see money on its way.

    Online transactions and payments without a journal entry are linked to
    their invoice; a bank line that is not reconciled yet only to a customer.
    """

    _name = "dunning.engine.incoming"
    _description = "Dunning Engine: Money on its Way"

    @api.model
    def _stages(self):
        return [("incoming_invoice", self._stage_invoice), ("incoming_bank", self._stage_bank)]

    def _stage_invoice(self, scope):
        """Invoices of which money that is under way covers what is open, but for what
        is held. What is paid for several invoices at once pays the same share of each.
        """
        return SQL(
            """
            SELECT paid.move_id
              FROM (SELECT move.id AS move_id, move.company_id,
                           money.amount / SUM(move.amount_residual - COALESCE(held.amount, 0))
                               OVER (PARTITION BY money.kind, money.id) AS share
                      FROM (SELECT 'transaction' AS kind, transaction.id, link.invoice_id,
                                   transaction.currency_id,
                                   transaction.amount
                              FROM payment_transaction transaction
                              JOIN account_invoice_transaction_rel link
                                   ON link.transaction_id = transaction.id
                             WHERE transaction.state IN ('pending', 'authorized')
                             UNION ALL
                            SELECT 'payment', payment.id, link.invoice_id, payment.currency_id,
                                   payment.amount
                              FROM account_payment payment
                              JOIN account_move__account_payment link
                                   ON link.payment_id = payment.id
                             WHERE payment.state = 'in_process' AND payment.move_id IS NULL) money
                      JOIN account_move move ON move.id = money.invoice_id
                           AND move.currency_id = money.currency_id AND move.state = 'posted'
                      LEFT JOIN (%(held)s) held ON held.move_id = move.id
                     WHERE move.amount_residual > COALESCE(held.amount, 0)) paid
             WHERE paid.company_id IN %(companies)s
             GROUP BY paid.move_id
            HAVING ROUND(SUM(paid.share), 8) >= 1
            """,
            held=self.env["dunning.hold"]._amounts_sql(scope),
            companies=tuple(scope.company._dunning_companies().ids),
        )

    def _stage_bank(self, scope):
        """Bank lines that are not reconciled, by debtor, currency and amount."""
        return SQL(
            """
            SELECT partner.commercial_partner_id AS debtor_id, money.currency_id, money.amount,
                   SUM(money.amount) OVER (
                       PARTITION BY partner.commercial_partner_id, money.currency_id) AS total
              FROM (SELECT bank_line.partner_id,
                           COALESCE(bank_line.foreign_currency_id, bank_line.currency_id)
                               AS currency_id,
                           CASE WHEN bank_line.foreign_currency_id IS NULL
                                THEN bank_line.amount ELSE bank_line.amount_currency END AS amount
                      FROM account_bank_statement_line bank_line
                      JOIN account_move move ON move.id = bank_line.move_id
                     WHERE bank_line.is_reconciled IS NOT TRUE AND move.state = 'posted'
                       AND move.date <= %(date)s AND bank_line.company_id IN %(companies)s) money
              JOIN res_partner partner ON partner.id = money.partner_id
             WHERE money.amount > 0
            """,
            date=scope.date,
            companies=tuple(scope.company._dunning_companies().ids),
        )

    @api.model
    def _covers_item(self):
        """Gate condition for an item ``item``: exactly this amount is at the bank, with or
        without what is held of it.
        """
        return SQL(
            "item.move_id IN (SELECT move_id FROM incoming_invoice)"
            " OR (item.debtor_id, item.currency_id, item.open) IN"
            " (SELECT debtor_id, currency_id, amount FROM incoming_bank)"
            " OR item.held > 0 AND (item.debtor_id, item.currency_id, item.open - item.held) IN"
            " (SELECT debtor_id, currency_id, amount FROM incoming_bank)"
        )

    @api.model
    def _covers_notice(self):
        """Gate condition for a notice ``draft``: what is at the bank covers all of it."""
        return SQL("draft.net <= draft.incoming")
