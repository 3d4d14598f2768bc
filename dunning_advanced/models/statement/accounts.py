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
                SELECT debtor_id, currency_id, SUM(amount) FROM (%s) movement
                 WHERE date < %s GROUP BY debtor_id, currency_id HAVING SUM(amount) <> 0
                """,
                self._movements_sql(scope),
                date_from,
            )
        )

    def _open_sql(self, scope):
        return SQL(
            """
            SELECT item.debtor_id, item.currency_id, %s AS kind, item.name, move.ref AS reference,
                   COALESCE(move.invoice_date, aml.date) AS date, item.due,
                   aml.amount_currency AS amount, item.open
              FROM (%s) item
              JOIN account_move_line aml ON aml.id = item.id
              JOIN account_move move ON move.id = aml.move_id
             ORDER BY item.due, item.id
            """,
            self._kind(),
            self.env["dunning.engine.item"]._stage_items(scope),
        )

    def _period_sql(self, scope, date_from):
        return SQL(
            "SELECT debtor_id, currency_id, kind, name, reference, date, due, amount"
            " FROM (%s) movement WHERE date >= %s ORDER BY date, kind = 'settlement', id",
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
            SELECT partner.commercial_partner_id AS debtor_id, charge.currency_id, charge.date,
                   notice.name AS notice,
                   charge.item_name AS item, charge.kind, charge.name, charge.amount,
                   COALESCE(charge.amount_tax, 0) AS tax
              FROM dunning_charge charge
              JOIN dunning_notice notice ON notice.id = charge.notice_id
              JOIN res_partner partner ON partner.id = charge.partner_id
              LEFT JOIN account_move move ON move.id = notice.charge_move_id
             WHERE charge.date <= %(date)s AND charge.amount <> 0 AND charge.announced IS NOT TRUE
               AND (charge.state = 'open' AND move.state IS DISTINCT FROM 'cancel'
                    OR charge.date_closed > %(date)s)
               AND (move.state = 'posted' AND move.date <= %(date)s) IS NOT TRUE
               AND charge.company_id IN %(companies)s AND %(only)s
             ORDER BY charge.date, notice.id,
                      array_position(%(kinds)s, charge.kind::text), charge.id
            """,
            date=scope.date,
            companies=tuple(scope.company._dunning_companies().ids),
            only=self.env["dunning.engine"]._only(scope, SQL("partner.commercial_partner_id")),
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
            SELECT partner.commercial_partner_id AS debtor_id, aml.currency_id, %(kind)s AS kind,
                   aml.move_name AS name, move.ref AS reference, aml.date,
                   COALESCE(aml.date_maturity, aml.date) AS due, aml.amount_currency AS amount,
                   aml.id
              FROM account_move_line aml
              JOIN res_partner partner ON partner.id = aml.partner_id
              JOIN account_move move ON move.id = aml.move_id
             WHERE aml.amount_currency <> 0 AND %(receivable)s
             UNION ALL
            SELECT partner.commercial_partner_id, aml.currency_id, 'settlement',
                   other_aml.move_name, aml.move_name,
                   settled.max_date, settled.max_date, settled.amount, aml.id
              FROM account_move_line aml
              JOIN res_partner partner ON partner.id = aml.partner_id
              JOIN LATERAL (
                   SELECT credit_move_id AS other_id, max_date, -debit_amount_currency AS amount
                     FROM account_partial_reconcile WHERE debit_move_id = aml.id
                    UNION ALL
                   SELECT debit_move_id, max_date, credit_amount_currency
                     FROM account_partial_reconcile WHERE credit_move_id = aml.id) settled
                ON settled.max_date <= %(date)s AND settled.amount <> 0
              JOIN account_move_line other_aml ON other_aml.id = settled.other_id
              LEFT JOIN res_partner other_partner ON other_partner.id = other_aml.partner_id
             WHERE %(receivable)s
               AND (other_aml.currency_id <> aml.currency_id OR other_aml.parent_state <> 'posted'
                    OR other_partner.commercial_partner_id
                       IS DISTINCT FROM partner.commercial_partner_id
                    OR other_aml.company_id NOT IN %(companies)s)
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
            CASE WHEN move.move_type IN ('out_invoice', 'out_receipt') THEN 'invoice'
                 WHEN move.move_type = 'out_refund' THEN 'credit_note'
                 WHEN move.origin_payment_id IS NULL AND move.statement_line_id IS NULL THEN 'entry'
                 WHEN aml.amount_currency < 0 THEN 'payment'
                 ELSE 'repayment'
            END
            """
        )
