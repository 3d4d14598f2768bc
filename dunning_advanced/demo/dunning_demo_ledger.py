from dataclasses import dataclass
from datetime import date as Date, timedelta

from odoo import Command, api, fields, models

MONTHS = 18
# How many days after the due date the invoices of a customer are paid, in turn.
HABITS = {
    "prompt": (-3, 0, 1, -6),
    "slow": (9, 14, 6, 22, 12),
    "late": (26, 41, 18, 55, 33),
    "mixed": (-2, 12, 0, 38, 3),
    "fading": (0, 4, -1, 9),
}
WORK = ("Deliveries", "Maintenance", "Consulting", "Spare parts", "Service contract")


@dataclass(frozen=True)
class Booking:
    """Items that are reconciled on a day."""

    date: Date
    items: models.Model


class DunningDemo(models.AbstractModel):
    _inherit = "dunning.demo"

    # Invoices

    @api.model
    def _create_invoices(self, customers, today):
        """Post the invoices of the last 18 months, in one batch."""
        plan = [
            (customer, values)
            for customer in customers
            for values in self._invoice_values(customer, today)
        ]
        moves = self.env["account.move"].create([values for _customer, values in plan])
        moves.action_post()
        self._say_sent(moves, today)
        for (customer, _values), move in zip(plan, moves, strict=True):
            customer.invoices.append(move)

    @api.model
    def _say_sent(self, moves, today):
        """Customers got the invoices on their day; some of the last weeks are forgotten."""
        moves.is_move_sent = True
        for date, own in moves.grouped("invoice_date").items():
            own.dunning_date_known = date
        late = moves.filtered(
            lambda move: move.invoice_date_due < today < move.invoice_date + timedelta(days=60)
        )
        late[::12].is_move_sent = False

    @api.model
    def _invoice_values(self, customer, today):
        n, row = customer.number, customer.row
        for k in range(MONTHS, -1, -int(row["rhythm"])):
            date = fields.Date.subtract(today, months=k) + timedelta(
                days=(n * 11 + k * 5) % 27 - 13
            )
            thinned = k > 5 and (n + k) % 3  # what is long paid need not be complete
            if date >= today or thinned:
                continue
            amount = round(float(row["amount"]) * (0.55 + (n * 37 + k * 53) % 91 / 100), 2)
            yield {
                "move_type": "out_invoice",
                "partner_id": customer.partner.id,
                "invoice_date": date,
                "date": date,
                "currency_id": self._currency(customer, k).id,
                "invoice_line_ids": [self._invoice_line(WORK[(n + k) % len(WORK)], amount)],
            }

    @api.model
    def _invoice_line(self, name, amount):
        return Command.create({"name": name, "price_unit": amount, "tax_ids": []})

    @api.model
    def _currency(self, customer, k):
        if customer.story == "two_currencies" and k % 2:
            return self.env.ref("base.GBP")
        code = customer.row["currency"]
        return self.env.ref(f"base.{code}") if code else self.env.company.currency_id

    # Payments

    @api.model
    def _create_payments(self, customers, today):
        """Post what customers paid; each is booked on its invoice on its day.

        :return: list of Booking
        """
        plan = [
            (invoice, date, amount)
            for customer in customers
            for number, invoice in enumerate(customer.invoices)
            for date, amount in self._paid(customer, number, invoice, today)
        ]
        payments = self._pay(
            [
                (invoice.partner_id, invoice.currency_id, date, amount, invoice.name)
                for invoice, date, amount in plan
            ]
        )
        return [
            Booking(date, self._receivables(invoice | payment.move_id))
            for (invoice, date, _amount), payment in zip(plan, payments, strict=True)
        ]

    @api.model
    def _paid(self, customer, number, invoice, today):
        """Dates and amounts by which a customer pays an invoice."""
        habit = HABITS[customer.row["habit"]]
        due = invoice.invoice_date_due
        date = max(due + timedelta(days=habit[number % len(habit)]), invoice.invoice_date)
        unpaid = due >= today - timedelta(days=int(customer.row["unpaid"] or 0))
        if not unpaid and date <= today:
            yield date, invoice.amount_total
        elif customer.story == "part" and due + timedelta(days=8) <= today:
            yield due + timedelta(days=8), round(invoice.amount_total * 0.4, 2)
        elif customer.story == "installments" and number % 2:
            yield (
                invoice.invoice_date,
                min(
                    self._receivables(invoice), key=lambda item: item.date_maturity
                ).amount_residual_currency,
            )

    @api.model
    def _pay(self, rows):
        """Post payments of (partner, currency, date, amount, memo)."""
        journal = self._journal("bank")
        payments = self.env["account.payment"].create(
            [
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "journal_id": journal.id,
                    "partner_id": partner.id,
                    "currency_id": currency.id,
                    "date": date,
                    "amount": amount,
                    "memo": memo,
                }
                for partner, currency, date, amount, memo in rows
            ]
        )
        payments.action_post()
        return payments

    @api.model
    def _journal(self, kind):
        domain = [
            *self.env["account.journal"]._check_company_domain(self.env.company),
            ("type", "=", kind),
        ]
        return self.env["account.journal"].search(domain, limit=1)

    @api.model
    def _receivables(self, moves):
        return moves.line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )

    # Stories: what is special about a customer

    @api.model
    def _make_stories(self, customers, today):
        for customer in customers:
            tell = getattr(self, f"_story_{customer.story}", None)
            if tell:
                tell(customer, today)

    @api.model
    def _unpaid(self, customer, today):
        """The oldest invoice that is overdue and stays so."""
        limit = today - timedelta(days=int(customer.row["unpaid"]))
        overdue = [i for i in customer.invoices if limit <= i.invoice_date_due < today]
        return min(overdue, key=lambda invoice: invoice.invoice_date_due)

    @api.model
    def _story_refund(self, customer, today):
        """A credit note for a part of one invoice."""
        invoice = self._unpaid(customer, today)
        self._refund(customer, today - timedelta(days=20), invoice.amount_total * 0.3, invoice)

    @api.model
    def _story_refund_free(self, customer, today):
        """A credit note that belongs to no invoice and covers all that is open."""
        open_amount = sum(i.amount_total for i in customer.invoices[-4:])
        self._refund(customer, today - timedelta(days=10), open_amount)

    @api.model
    def _refund(self, customer, date, amount, invoice=None):
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": customer.partner.id,
                "invoice_date": date,
                "date": date,
                "currency_id": self._currency(customer, 0).id,
                "reversed_entry_id": invoice.id if invoice else False,
                "invoice_line_ids": [self._invoice_line("Goodwill", round(amount, 2))],
            }
        )
        refund.action_post()

    @api.model
    def _story_on_account(self, customer, today):
        """A payment that nobody has allocated yet."""
        amount = round(self._unpaid(customer, today).amount_total * 0.4, 2)
        currency = self._currency(customer, 0)
        self._pay([(customer.partner, currency, today - timedelta(days=12), amount, "On account")])

    @api.model
    def _story_excluded(self, customer, today):
        self._unpaid(customer, today).no_followup = True

    @api.model
    def _story_invoice_policy(self, customer, today):
        policy = self.env["dunning.policy"].search([("name", "=", "Key accounts")], limit=1)
        self._unpaid(customer, today).dunning_policy_id = policy

    @api.model
    def _story_own_policy(self, customer, today):
        policy = self.env["dunning.policy"].search([("name", "=", "Key accounts")], limit=1)
        customer.partner.dunning_policy_id = policy

    @api.model
    def _story_dispute(self, customer, today):
        """Somebody says on the phone that some of the goods were damaged."""
        invoice = self._unpaid(customer, today)
        self.env["dunning.dispute"].create(
            {
                "move_id": invoice.id,
                "amount": invoice.currency_id.round(invoice.amount_total * 0.3),
                "reason_id": self.env.ref("dunning_advanced.dispute_reason_damaged").id,
                "text": "Two of ten boxes arrived damaged",
                "date_open": today - timedelta(days=3),
            }
        )

    @api.model
    def _story_bank_line(self, customer, today):
        """All that is overdue has arrived at the bank, not reconciled yet."""
        limit = today - timedelta(days=int(customer.row["unpaid"]))
        unpaid = [i for i in customer.invoices if i.invoice_date_due >= limit]
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self._journal("bank").id,
                "date": today - timedelta(days=1),
                "partner_id": customer.partner.id,
                "payment_ref": "All open invoices",
                "amount": sum(invoice.amount_total for invoice in unpaid),
            }
        )

    @api.model
    def _story_entry(self, customer, today):
        """A balance taken over from another system by a journal entry."""
        income = self._journal("sale").default_account_id
        receivable = customer.partner.property_account_receivable_id
        due = today - timedelta(days=45)
        entry = self.env["account.move"].create(
            {
                "journal_id": self._journal("general").id,
                "date": due,
                "ref": "Balance taken over",
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "balance": balance,
                            "name": "Balance taken over",
                            "date_maturity": due,
                            "partner_id": customer.partner.id,
                        }
                    )
                    for account, balance in ((receivable, 1500), (income, -1500))
                ],
            }
        )
        entry.action_post()
