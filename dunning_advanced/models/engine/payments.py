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
              FROM (SELECT m.id AS move_id, m.company_id,
                           money.amount / SUM(m.amount_residual - COALESCE(held.amount, 0))
                               OVER (PARTITION BY money.kind, money.id) AS share
                      FROM (SELECT 'transaction' AS kind, t.id, r.invoice_id, t.currency_id,
                                   t.amount
                              FROM payment_transaction t
                              JOIN account_invoice_transaction_rel r ON r.transaction_id = t.id
                             WHERE t.state IN ('pending', 'authorized')
                             UNION ALL
                            SELECT 'payment', p.id, r.invoice_id, p.currency_id, p.amount
                              FROM account_payment p
                              JOIN account_move__account_payment r ON r.payment_id = p.id
                             WHERE p.state = 'in_process' AND p.move_id IS NULL) money
                      JOIN account_move m ON m.id = money.invoice_id
                           AND m.currency_id = money.currency_id AND m.state = 'posted'
                      LEFT JOIN (%(held)s) held ON held.move_id = m.id
                     WHERE m.amount_residual > COALESCE(held.amount, 0)) paid
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
            SELECT p.commercial_partner_id AS debtor_id, money.currency_id, money.amount,
                   SUM(money.amount) OVER (
                       PARTITION BY p.commercial_partner_id, money.currency_id) AS total
              FROM (SELECT s.partner_id,
                           COALESCE(s.foreign_currency_id, s.currency_id) AS currency_id,
                           CASE WHEN s.foreign_currency_id IS NULL
                                THEN s.amount ELSE s.amount_currency END AS amount
                      FROM account_bank_statement_line s
                      JOIN account_move m ON m.id = s.move_id
                     WHERE s.is_reconciled IS NOT TRUE AND m.state = 'posted'
                       AND m.date <= %(date)s AND s.company_id IN %(companies)s) money
              JOIN res_partner p ON p.id = money.partner_id
             WHERE money.amount > 0
            """,
            date=scope.date,
            companies=tuple(scope.company._dunning_companies().ids),
        )

    @api.model
    def _covers_item(self):
        """Gate condition for an item ``i``: exactly this amount is at the bank, with or
        without what is held of it.
        """
        return SQL(
            "i.move_id IN (SELECT move_id FROM incoming_invoice)"
            " OR (i.debtor_id, i.currency_id, i.open) IN"
            " (SELECT debtor_id, currency_id, amount FROM incoming_bank)"
            " OR i.held > 0 AND (i.debtor_id, i.currency_id, i.open - i.held) IN"
            " (SELECT debtor_id, currency_id, amount FROM incoming_bank)"
        )

    @api.model
    def _covers_notice(self):
        """Gate condition for a notice ``i``: what is at the bank covers all of it."""
        return SQL("i.net <= i.incoming")
