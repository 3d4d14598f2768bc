"""A company whose receivables come from a ledger, reminded day by day."""

import time
from collections import Counter, defaultdict
from datetime import timedelta
from unittest.mock import patch

from .sink import send_waiting

BATCH = 250
# Nobody follows these records: no log of their changes.
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_activity_quick_update": True,
}
PAID_WITHIN = 14


class Replay:
    """A company with the invoices and payments of a ledger, reminded day by day."""

    def __init__(self, env, invoices, name, commit=lambda: None):
        """
        :param invoices: list of ledger_file.Invoice, by date
        :param name: name of the new company
        :param commit: called whenever the work so far may be kept
        """
        self.invoices = invoices
        self.commit = commit
        self.company = self._create_company(env, name)
        self.env = env(context={**env.context, **QUIET, "allowed_company_ids": self.company.ids})
        self.customers = {}
        self.items = {}  # receivable item of each invoice
        self.paid = defaultdict(list)  # items to reconcile, by day
        self.seconds = Counter()

    def load(self):
        """Create the customers, and post all invoices and payments.

        A run does not see what is dated after it, so the future may be there
        already; payments are reconciled on their day.
        """
        self._create_customers()
        for start in range(0, len(self.invoices), BATCH):
            self._post(self.invoices[start : start + BATCH])
            self.commit()

    def play(self):
        """Remind on every day of the ledger; yield each day."""
        day = self.invoices[0].date
        last = max(max(i.settled or i.date, i.due) for i in self.invoices)
        electronic = defaultdict(list)
        for invoice in self.invoices:
            if invoice.paperless:
                electronic[invoice.date].append(invoice.customer)
        while day <= last:
            self._give_email(electronic[day])
            self._timed("payments", self._reconcile, day)
            self._remind(day)
            yield day
            day += timedelta(days=1)

    # Loading

    def _create_company(self, env, name):
        company = env["res.company"].create(
            {"name": name, "email": "ledger@example.com", "currency_id": env.ref("base.USD").id}
        )
        env["account.chart.template"].try_loading("generic_coa", company)
        env.ref("base.user_admin").write(
            {"company_ids": [(4, company.id)], "company_id": company.id}
        )
        return company

    def _create_customers(self):
        names = sorted({invoice.customer for invoice in self.invoices})
        partners = self.env["res.partner"].create(
            [
                {
                    "name": name,
                    "ref": name,
                    "is_company": True,
                    "street": f"Customer {name}",
                    "zip": "10000",
                    "city": "Anytown",
                    "lang": "en_US",
                    "company_id": self.company.id,
                }
                for name in names
            ]
        )
        self.customers = dict(zip(names, partners, strict=True))

    def _give_email(self, names):
        """Who gets invoices on paper has no e-mail; from the first electronic one it has."""
        for name in names:
            partner = self.customers[name]
            if not partner.email:
                partner.email = f"{name.lower()}@example.com"

    def _post(self, batch):
        moves = self.env["account.move"].create([self._invoice_values(i) for i in batch])
        moves.action_post()
        # the customers had them then, though they are posted just now
        for move in moves:
            move.dunning_date_known = move.invoice_date
        self._analyze()
        settled = [invoice for invoice in batch if invoice.settled]
        payments = self.env["account.payment"].create([self._payment_values(i) for i in settled])
        payments.action_post()
        for invoice, move in zip(batch, moves, strict=True):
            self.items[invoice] = self._receivable(move)
        for invoice, payment in zip(settled, payments, strict=True):
            pair = self.items[invoice] | self._receivable(payment.move_id)
            self.paid[invoice.settled].append(pair)

    def _analyze(self):
        """Without fresh statistics of the new rows some of Odoo's queries take minutes."""
        self.env.flush_all()
        self.env.cr.execute(
            "ANALYZE account_move, account_move_line, account_payment, account_partial_reconcile"
        )

    def _invoice_values(self, invoice):
        line = {"name": "Goods and services", "price_unit": float(invoice.amount), "tax_ids": []}
        return {
            "move_type": "out_invoice",
            "partner_id": self.customers[invoice.customer].id,
            "name": invoice.number,
            "invoice_date": invoice.date,
            "date": invoice.date,
            "invoice_date_due": invoice.due,
            "invoice_line_ids": [(0, 0, line)],
        }

    def _payment_values(self, invoice):
        return {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.customers[invoice.customer].id,
            "amount": float(invoice.amount),
            "date": invoice.settled,
            "memo": invoice.number,
        }

    def _receivable(self, move):
        return move.line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )

    # A day

    def _timed(self, what, function, *args):
        start = time.monotonic()
        result = function(*args)
        self.seconds[what] += time.monotonic() - start
        return result

    def _reconcile(self, day):
        self.env["account.move.line"]._reconcile_plan(self.paid[day])

    def _remind(self, day):
        # e-mails ask what is still owed when they leave: on the day that is told here
        with patch.object(type(self.company), "_dunning_today", lambda _company: day):
            self._remind_on(day)

    def _remind_on(self, day):
        run = self.env["dunning.run"].create({"company_id": self.company.id, "date": day})
        self._timed("proposals", run._propose)
        if not run.notice_ids:
            return
        run.notice_ids.write({"state": "confirmed"})
        self._timed("issuing, with letters", run.notice_ids._issue, day)
        run._refresh_state()
        deliveries = run.notice_ids.delivery_ids
        self._timed("e-mails", send_waiting, self.env, deliveries)
        letters = deliveries.filtered(lambda d: d.channel == "letter" and d.state == "queued")
        letters._succeed()

    # What came of it

    def notices(self):
        """All reminders of the replay."""
        return self.env["dunning.notice"].search([("company_id", "=", self.company.id)])

    def by_level(self):
        """Rows of level, reminders, items, amount, and the share of it that was
        paid within 14 days of the reminder.
        """
        settled = {item.id: invoice.settled for invoice, item in self.items.items()}
        sums = {}
        for line in self._issued_lines():
            row = sums.setdefault(line.level_id, [set(), 0, 0.0, 0.0])
            paid = settled.get(line.move_line_id.id)
            row[0].add(line.notice_id.id)
            row[1] += 1
            row[2] += line.amount_net
            if paid and paid <= line.date + timedelta(days=PAID_WITHIN):
                row[3] += line.amount_net
        for level in sorted(sums, key=lambda level: level.days):
            notices, items, amount, paid = sums[level]
            yield level.name, len(notices), items, amount, paid / amount

    def _issued_lines(self):
        return self.env["dunning.line"].search(
            [("company_id", "=", self.company.id), ("state", "=", "issued")]
        )

    def top_debtors(self, limit=10):
        """Rows of customer, reminders and what they asked for, most reminders first."""
        groups = self.env["dunning.notice"]._read_group(
            [("company_id", "=", self.company.id), ("state", "=", "issued")],
            ["partner_id"],
            ["__count", "amount_total:sum"],
        )
        rows = sorted(groups, key=lambda row: (-row[1], -row[2], row[0].name))
        return [(partner.name, count, amount) for partner, count, amount in rows[:limit]]

    def disputed(self):
        """Number of disputed invoices, and of the reminders that carried one."""
        items = {item.id for invoice, item in self.items.items() if invoice.disputed}
        lines = self._issued_lines().filtered(lambda line: line.move_line_id.id in items)
        return len(items), len(lines.notice_id)
