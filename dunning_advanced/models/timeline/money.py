from odoo import api, models
from odoo.tools import SQL

RECEIVABLE = SQL("SELECT id FROM account_account WHERE account_type = 'asset_receivable'")


class DunningTimeline(models.Model):
    """The money of a debtor, as an accountant knows it: each payment once, whatever it
    was reconciled with.
    """

    _inherit = "dunning.timeline"
    _depends = {
        "account.move.line": [
            "account_id",
            "amount_currency",
            "company_id",
            "currency_id",
            "date",
            "journal_id",
            "move_id",
            "parent_state",
            "partner_id",
        ],
        "account.move": [
            "amount_total",
            "company_id",
            "currency_id",
            "date",
            "invoice_date",
            "invoice_user_id",
            "move_type",
            "origin_payment_id",
            "partner_id",
            "payment_state",
            "state",
        ],
        "account.payment": [
            "amount",
            "company_id",
            "currency_id",
            "date",
            "invoice_ids",
            "move_id",
            "partner_id",
            "payment_type",
            "state",
        ],
        "account.account": ["account_type"],
        "account.journal": ["type"],
        "res.partner": ["commercial_partner_id"],
    }

    @api.model
    def _sources(self):
        return {
            **super()._sources(),
            "payment": self._source_payment(),
            "payment_announced": self._source_payment_announced(),
            "credit_note": self._source_credit_note(),
        }

    @api.model
    def _source_payment(self):
        """Entries of bank and cash on receivable accounts: what came in, or went back.

        The amount of a payment is what was paid; a discount or fee that was written off
        with it is none. Of a bank line it is what was booked for the debtor.
        """
        siblings = SQL(
            """
            FROM account_move_line o
            JOIN res_partner q ON q.id = o.partner_id
           WHERE o.move_id = e.move_id AND o.currency_id = e.currency_id
             AND o.account_id IN (%s) AND q.commercial_partner_id = p.commercial_partner_id
            """,
            RECEIVABLE,
        )
        return self._event(
            SQL(
                """
                FROM account_move_line e
                JOIN account_move m ON m.id = e.move_id
                JOIN account_journal j ON j.id = e.journal_id
                JOIN res_partner p ON p.id = e.partner_id
                LEFT JOIN account_payment y ON y.id = m.origin_payment_id
               WHERE e.account_id IN (%s) AND e.parent_state = 'posted'
                 AND e.amount_currency <> 0
                 AND m.move_type = 'entry' AND j.type IN ('bank', 'cash', 'credit')
                 AND NOT EXISTS (SELECT %s AND o.id < e.id)
                """,
                RECEIVABLE,
                siblings,
            ),
            "payment",
            "account.move",
            tone=SQL("CASE WHEN e.amount_currency < 0 THEN 'success' ELSE 'danger' END"),
            date=SQL("e.date"),
            moment=SQL("COALESCE(y.create_date, m.create_date)"),
            partner_id=SQL("p.commercial_partner_id"),
            currency_id=SQL("COALESCE(y.currency_id, e.currency_id)"),
            amount=SQL(
                """
                CASE WHEN y.id IS NULL THEN (SELECT -SUM(o.amount_currency) %s)
                     ELSE -SIGN(e.amount_currency) * y.amount END
                """,
                siblings,
            ),
            user_id=SQL("COALESCE(y.create_uid, m.create_uid)"),
            res_model=SQL("CASE WHEN y.id IS NULL THEN 'account.move' ELSE 'account.payment' END"),
            res_id=SQL("COALESCE(y.id, m.id)"),
        )

    def _describe_payment(self, record):
        if self.tone == "success":
            return self.env._("Payment %s", record.name)
        return self.env._("Payment returned or paid back: %s", record.name)

    @api.model
    def _source_payment_announced(self):
        """Payments without an entry: their money is not in the books. When it is, its
        bank line tells it, and their invoices are paid.
        """
        return self._event(
            SQL(
                """
                FROM account_payment e
                JOIN res_partner p ON p.id = e.partner_id
               WHERE e.move_id IS NULL AND e.state IN ('in_process', 'paid')
                 AND e.payment_type = 'inbound' AND e.partner_type = 'customer'
                 AND NOT EXISTS (SELECT FROM account_move__account_payment r
                                   JOIN account_move m ON m.id = r.invoice_id
                                  WHERE r.payment_id = e.id AND m.amount_residual = 0)
                """
            ),
            "payment",
            "account.payment",
            tone=SQL("'muted'"),
            date=SQL("e.date"),
            moment=SQL("e.create_date"),
            partner_id=SQL("p.commercial_partner_id"),
            currency_id=SQL("e.currency_id"),
            amount=SQL("e.amount"),
            user_id=SQL("e.create_uid"),
        )

    def _describe_payment_announced(self, payment):
        return self.env._("Payment %s on its way: not in the books yet", payment.name)

    @api.model
    def _source_credit_note(self):
        return self._event(
            SQL(
                """
                FROM account_move e
                JOIN res_partner p ON p.id = e.partner_id
               WHERE e.move_type = 'out_refund' AND e.state = 'posted'
                """
            ),
            "credit",
            "account.move",
            tone=SQL("'success'"),
            date=SQL("COALESCE(e.invoice_date, e.date)"),
            moment=SQL("e.create_date"),
            partner_id=SQL("p.commercial_partner_id"),
            currency_id=SQL("e.currency_id"),
            amount=SQL("e.amount_total"),
            user_id=SQL("e.create_uid"),
        )

    def _describe_credit_note(self, move):
        if move.ref:
            return self.env._("Credit note %(number)s: %(ref)s", number=move.name, ref=move.ref)
        return self.env._("Credit note %s", move.name)
