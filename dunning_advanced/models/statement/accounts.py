from odoo import api, models
from odoo.tools import SQL

from ...tools.statement import Account, Charge, Entry


class DunningEngineStatement(models.AbstractModel):
    """Reads the accounts of debtors at a date, set-based."""

    _name = "dunning.engine.statement"
    _description = "Dunning Engine: Statement of Account"

    @api.model
    def _accounts(self, scope, date_from=None):
        """The accounts of the debtors of a scope, with what was open at the end
        of its date and, if asked, what moved since another; and the charges that
        were owed then and not booked.

        The balance after the last movement is the sum of what is open: both
        follow from the same entries and reconciliations. The number of queries
        depends neither on the debtors nor on their items.

        :param scope: Scope with its debtors, as of its date
        :param date_from: first day of the movements, None for open items only
        :return: dict of debtor id to a list of Account, by name of the currency;
            debtors without any are missing
        """
        self.env.flush_all()
        accounts = {}
        for key, entry in self._entries(self._open_sql(scope)):
            self._account(accounts, scope, key).items.append(entry)
        for key, charge in self._entries(self._charges_sql(scope), Charge):
            self._account(accounts, scope, key).charges.append(charge)
        if date_from:
            for debtor_id, currency_id, balance in self._openings(scope, date_from):
                self._account(accounts, scope, (debtor_id, currency_id)).opening = balance
            for key, entry in self._entries(self._period_sql(scope, date_from)):
                self._account(accounts, scope, key).movements.append(entry)
        return self._by_debtor(accounts)

    def _account(self, accounts, scope, key):
        if key not in accounts:
            currency = self.env["res.currency"].browse(key[1])
            accounts[key] = Account(currency.id, currency.decimal_places, scope.date)
        return accounts[key]

    def _by_debtor(self, accounts):
        currencies = self.env["res.currency"].browse({currency for _debtor, currency in accounts})
        names = {currency.id: currency.name for currency in currencies}
        found = {}
        for debtor_id, currency_id in sorted(accounts, key=lambda key: (key[0], names[key[1]])):
            found.setdefault(debtor_id, []).append(accounts[debtor_id, currency_id])
        return found

    def _entries(self, query, kind=Entry):
        self.env.cr.execute(query)
        for row in self.env.cr.dictfetchall():
            key = row.pop("debtor_id"), row.pop("currency_id")
            yield key, kind(**{name: "" if row[name] is None else row[name] for name in row})

    def _openings(self, scope, date_from):
        return self.env.execute_query(
            SQL(
                """
                SELECT debtor_id, currency_id, SUM(amount) FROM (%s) e
                 WHERE date < %s GROUP BY debtor_id, currency_id HAVING SUM(amount) <> 0
                """,
                self._movements_sql(scope),
                date_from,
            )
        )

    def _open_sql(self, scope):
        return SQL(
            """
            SELECT i.debtor_id, i.currency_id, %s AS kind, i.name, m.ref AS reference,
                   COALESCE(m.invoice_date, l.date) AS date, i.due,
                   l.amount_currency AS amount, i.open
              FROM (%s) i
              JOIN account_move_line l ON l.id = i.id
              JOIN account_move m ON m.id = l.move_id
             ORDER BY i.due, i.id
            """,
            self._kind(),
            self.env["dunning.engine.item"]._stage_items(scope),
        )

    def _period_sql(self, scope, date_from):
        return SQL(
            "SELECT debtor_id, currency_id, kind, name, reference, date, due, amount"
            " FROM (%s) e WHERE date >= %s ORDER BY date, kind = 'settlement', id",
            self._movements_sql(scope),
            date_from,
        )

    def _charges_sql(self, scope):
        """Charges that the customers owed at the end of the date, and that no posted
        entry had: printed only, or on an invoice that was a draft or is of a later day.

        Whoever cancels the invoice of charges by hand does not want them.
        """
        return SQL(
            """
            SELECT p.commercial_partner_id AS debtor_id, c.currency_id, c.date, n.name AS notice,
                   c.item_name AS item, c.kind, c.name, c.amount,
                   COALESCE(c.amount_tax, 0) AS tax
              FROM dunning_charge c
              JOIN dunning_notice n ON n.id = c.notice_id
              JOIN res_partner p ON p.id = c.partner_id
              LEFT JOIN account_move m ON m.id = n.charge_move_id
             WHERE c.date <= %(date)s AND c.amount <> 0 AND c.announced IS NOT TRUE
               AND (c.state = 'open' AND m.state IS DISTINCT FROM 'cancel'
                    OR c.date_closed > %(date)s)
               AND (m.state = 'posted' AND m.date <= %(date)s) IS NOT TRUE
               AND c.company_id IN %(companies)s AND %(only)s
             ORDER BY c.date, n.id, array_position(%(kinds)s, c.kind::text), c.id
            """,
            date=scope.date,
            companies=tuple(scope.company._dunning_companies().ids),
            only=self.env["dunning.engine"]._only(scope, SQL("p.commercial_partner_id")),
            kinds=[kind.code for kind in self.env["dunning.charge"]._kinds()],
        )

    def _movements_sql(self, scope):
        """All entries on the accounts, and the settlements that leave them: by an
        item in another currency, of another debtor or outside of these companies.

        Without the latter the balance would still count what is settled.
        """
        receivable = self.env["dunning.engine.item"]._receivable(scope)
        return SQL(
            """
            SELECT p.commercial_partner_id AS debtor_id, l.currency_id, %(kind)s AS kind,
                   l.move_name AS name, m.ref AS reference, l.date,
                   COALESCE(l.date_maturity, l.date) AS due, l.amount_currency AS amount, l.id
              FROM account_move_line l
              JOIN res_partner p ON p.id = l.partner_id
              JOIN account_move m ON m.id = l.move_id
             WHERE l.amount_currency <> 0 AND %(receivable)s
             UNION ALL
            SELECT p.commercial_partner_id, l.currency_id, 'settlement', o.move_name, l.move_name,
                   r.max_date, r.max_date, r.amount, l.id
              FROM account_move_line l
              JOIN res_partner p ON p.id = l.partner_id
              JOIN LATERAL (
                   SELECT credit_move_id AS other_id, max_date, -debit_amount_currency AS amount
                     FROM account_partial_reconcile WHERE debit_move_id = l.id
                    UNION ALL
                   SELECT debit_move_id, max_date, credit_amount_currency
                     FROM account_partial_reconcile WHERE credit_move_id = l.id) r
                ON r.max_date <= %(date)s AND r.amount <> 0
              JOIN account_move_line o ON o.id = r.other_id
              LEFT JOIN res_partner q ON q.id = o.partner_id
             WHERE %(receivable)s
               AND (o.currency_id <> l.currency_id OR o.parent_state <> 'posted'
                    OR q.commercial_partner_id IS DISTINCT FROM p.commercial_partner_id
                    OR o.company_id NOT IN %(companies)s)
            """,
            kind=self._kind(),
            receivable=receivable,
            date=scope.date,
            companies=tuple(scope.company._dunning_companies().ids),
        )

    def _kind(self):
        """What an item is to its debtor, as an SQL expression."""
        return SQL(
            """
            CASE WHEN m.move_type IN ('out_invoice', 'out_receipt') THEN 'invoice'
                 WHEN m.move_type = 'out_refund' THEN 'credit_note'
                 WHEN m.origin_payment_id IS NULL AND m.statement_line_id IS NULL THEN 'entry'
                 WHEN l.amount_currency < 0 THEN 'payment'
                 ELSE 'repayment'
            END
            """
        )
