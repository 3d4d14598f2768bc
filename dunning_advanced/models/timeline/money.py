from odoo import api, models
from odoo.tools import SQL

RECEIVABLE = SQL("SELECT id FROM account_account WHERE account_type = 'asset_receivable'")


# Of an entry without a payment, and of one with.
MODELS = ("account.move", "account.payment")


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
            FROM account_move_line sibling
            JOIN res_partner owner ON owner.id = sibling.partner_id
           WHERE sibling.move_id = event.move_id AND sibling.currency_id = event.currency_id
             AND sibling.account_id IN (%s)
             AND owner.commercial_partner_id = partner.commercial_partner_id
            """,
            RECEIVABLE,
        )
        return self._event(
            SQL(
                """
                FROM account_move_line event
                JOIN account_move move ON move.id = event.move_id
                JOIN account_journal journal ON journal.id = event.journal_id
                JOIN res_partner partner ON partner.id = event.partner_id
                LEFT JOIN account_payment payment ON payment.id = move.origin_payment_id
               WHERE event.account_id IN (%s) AND event.parent_state = 'posted'
                 AND event.amount_currency <> 0 AND move.move_type = 'entry'
                 AND journal.type IN ('bank', 'cash', 'credit')
                 AND NOT EXISTS (SELECT %s AND sibling.id < event.id)
                """,
                RECEIVABLE,
                siblings,
            ),
            "payment",
            "account.move",
            tone=SQL("CASE WHEN event.amount_currency < 0 THEN 'success' ELSE 'danger' END"),
            date=SQL("event.date"),
            moment=SQL("COALESCE(payment.create_date, move.create_date)"),
            partner_id=SQL("partner.commercial_partner_id"),
            currency_id=SQL("COALESCE(payment.currency_id, event.currency_id)"),
            amount=SQL(
                """
                CASE WHEN payment.id IS NULL THEN (SELECT -SUM(sibling.amount_currency) %s)
                     ELSE -SIGN(event.amount_currency) * payment.amount END
                """,
                siblings,
            ),
            user_id=SQL("COALESCE(payment.create_uid, move.create_uid)"),
            res_model=SQL("CASE WHEN payment.id IS NULL THEN %s ELSE %s END", *MODELS),
            res_id=SQL("COALESCE(payment.id, move.id)"),
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
                FROM account_payment event
                JOIN res_partner partner ON partner.id = event.partner_id
               WHERE event.move_id IS NULL AND event.state IN ('in_process', 'paid')
                 AND event.payment_type = 'inbound' AND event.partner_type = 'customer'
                 AND NOT EXISTS (SELECT FROM account_move__account_payment link
                                   JOIN account_move move ON move.id = link.invoice_id
                                  WHERE link.payment_id = event.id AND move.amount_residual = 0)
                """
            ),
            "payment",
            "account.payment",
            tone=SQL("'muted'"),
            date=SQL("event.date"),
            moment=SQL("event.create_date"),
            partner_id=SQL("partner.commercial_partner_id"),
            currency_id=SQL("event.currency_id"),
            amount=SQL("event.amount"),
            user_id=SQL("event.create_uid"),
        )

    def _describe_payment_announced(self, payment):
        return self.env._("Payment %s on its way: not in the books yet", payment.name)

    @api.model
    def _source_credit_note(self):
        return self._event(
            SQL(
                """
                FROM account_move event
                JOIN res_partner partner ON partner.id = event.partner_id
               WHERE event.move_type = 'out_refund' AND event.state = 'posted'
                """
            ),
            "credit",
            "account.move",
            tone=SQL("'success'"),
            date=SQL("COALESCE(event.invoice_date, event.date)"),
            moment=SQL("event.create_date"),
            partner_id=SQL("partner.commercial_partner_id"),
            currency_id=SQL("event.currency_id"),
            amount=SQL("event.amount_total"),
            user_id=SQL("event.create_uid"),
        )

    def _describe_credit_note(self, move):
        if move.ref:
            return self.env._("Credit note %(number)s: %(ref)s", number=move.name, ref=move.ref)
        return self.env._("Credit note %s", move.name)
