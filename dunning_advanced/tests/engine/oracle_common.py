from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

from psycopg2.extras import execute_values

from odoo import Command

from ..common import DAY, DunningCommon
from . import oracle
from .ledgers import CONTACTS, RATES

# How transfers are linked to invoices: table, and its columns.
LINKS = {
    "transaction": ("account_invoice_transaction_rel", "transaction_id", "invoice_id"),
    "payment": ("account_move__account_payment", "payment_id", "invoice_id"),
}


class OracleCommon(DunningCommon):
    """Brings the ledgers of the oracle into the database, and takes them out again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True))
        cls.env["dunning.contact.cap"].search([]).active = False
        cls.currencies = {
            "USD": cls.company.currency_id,
            "QQQ": cls.env["res.currency"].create({"name": "QQQ", "symbol": "Q"}),
        }
        for code, rounding in (("JPY", 1.0), ("AED", 0.01)):
            cls.currencies[code] = cls.setup_other_currency(
                code, rates=[("2020-01-01", float(RATES[code]))], rounding=rounding
            )
        cls.provider = cls.env["payment.provider"].create({"name": "Card", "code": "none"})
        cls.contacts = [cls.make_contacts(n, contacts) for n, contacts in enumerate(CONTACTS)]
        cls.env.flush_all()

    @classmethod
    def make_contacts(cls, number, contacts):
        """The debtor itself comes first."""
        partners = cls.env["res.partner"]
        for place, (kind, email, address) in enumerate(contacts):
            partners |= partners.create(
                {
                    "name": f"Customer {number} {kind}",
                    "type": "contact" if kind == "own" else kind,
                    "is_company": kind == "own",
                    "parent_id": partners[:1].id,
                    "email": f"c{number}.{place}@example.com" if email else False,
                    "street": "Main street 1" if address else False,
                    "city": "Brussels" if address else False,
                }
            )
        return partners

    @contextmanager
    def loaded(self, ledger):
        """A database with the ledger, that is then as before."""
        savepoint = self.env.cr.savepoint()
        try:
            self.load(ledger)
            yield
        finally:
            self.env.clear()
            savepoint.close(rollback=True)

    # Ledgers in the database

    def load(self, ledger):
        self.load_policies(ledger)
        self.env.flush_all()
        self.load_debtors(ledger)
        self.env.flush_all()
        moves = self.load_items(ledger)
        self.load_transfers(ledger, moves)
        self.load_bank(ledger)
        self.load_disputes(ledger, moves)
        self.load_past(ledger)
        self.load_contacts(ledger)
        self.env.invalidate_all()

    def load_policies(self, ledger):
        self.policies = self.env["dunning.policy"].create(
            [self.policy_values(number, policy) for number, policy in enumerate(ledger.policies)]
        )
        self.company.dunning_policy_id = self.policies[0]

    def policy_values(self, number, policy):
        return {
            "name": f"Policy {number}",
            "currency_id": self.currencies[policy.currency].id,
            "repeat_every": policy.repeat_every,
            "repeat_max": policy.repeat_max,
            "catch_up": policy.catch_up,
            "align": policy.align,
            "every_contact": policy.every_contact,
            "active": policy.active,
            "level_ids": [
                Command.create(
                    {
                        "name": f"Level {level.days}",
                        "days": level.days,
                        "active": level.active,
                        "min_interval": level.min_interval,
                        "fresh_days": level.fresh,
                        "minimum_amount": level.minimum,
                        "minimum_share": level.share,
                        "channel": level.channel,
                        "fallback_channel": level.fallback,
                        "automatic": True,
                        "minimum_ids": [
                            Command.create(
                                {"currency_id": self.currencies[code].id, "amount": amount}
                            )
                            for code, amount in level.minimums
                        ],
                    }
                )
                for level in policy.levels
            ],
        }

    def load_debtors(self, ledger):
        for debtor, partners in zip(ledger.debtors, self.contacts, strict=True):
            policy = None if debtor.policy is None else self.policies[debtor.policy].id
            self.env.cr.execute(
                "UPDATE res_partner SET dunning_channel = %s,"
                " dunning_policy_id = jsonb_build_object(%s::text, %s::int) WHERE id = %s",
                [debtor.preferred, str(self.company.id), policy, partners[0].id],
            )
        self.env["dunning.hold"].create(
            [
                self.hold_values(partners[0].id)
                for debtor, partners in zip(ledger.debtors, self.contacts, strict=True)
                if debtor.held
            ]
        )
        self.env["dunning.rule"].create(
            [self.rule_values(number, rule) for number, rule in enumerate(ledger.rules)]
        )
        for debtor, partners in zip(ledger.debtors, self.contacts, strict=True):
            if debtor.grade:
                values = {"date": DAY, "company_id": self.company.id, "grade": debtor.grade}
                self.insert("dunning_behavior", [{**values, "partner_id": partners[0].id}])

    def rule_values(self, number, rule):
        members = [self.contacts[member][0].id for member in rule.members]
        grades = rule.grades or " "
        return {
            "name": f"Rule {number}",
            "sequence": number,
            "policy_id": self.policies[rule.policy].id,
            "channel": rule.channel,
            "approval": rule.approval,
            "partner_domain": str([("id", "in", members)]),
            "amount_from": rule.amount[0],
            "amount_to": rule.amount[1],
            "days_from": rule.days[0],
            "days_to": rule.days[1],
            "grade_from": grades[0].strip(),
            "grade_to": grades[-1].strip(),
            "newcomers": {None: False, True: "only", False: "never"}[rule.new],
        }

    def hold_values(self, partner_id, move_id=False):
        return {
            "name": "Wait",
            "company_id": self.company.id,
            "partner_id": partner_id,
            "move_id": move_id,
            "date_from": DAY,
            "date_to": DAY,
        }

    def insert(self, table, rows, returning="id"):
        """Insert rows of equal keys, past the ORM: it is the ledger that counts here."""
        columns = list(rows[0])
        return [
            id_
            for [id_] in execute_values(
                self.env.cr._obj,
                f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - own names
                f" VALUES %s RETURNING {returning}",
                [tuple(row[column] for column in columns) for row in rows],
                page_size=len(rows),
                fetch=True,
            )
        ]

    def load_items(self, ledger):
        day = DAY - timedelta(days=90)
        firsts = {item.invoice: item for item in reversed(ledger.items)}
        residuals = Counter()
        for item in ledger.items:
            residuals[item.invoice] += abs(item.open)
        ids = self.insert(
            "account_move",
            [
                {
                    "name": f"ORACLE/{invoice}",
                    "journal_id": self.company_data["default_journal_sale"].id,
                    "company_id": self.company.id,
                    "currency_id": self.currencies[item.currency].id,
                    "partner_id": self.contacts[item.debtor][item.owner].id,
                    "commercial_partner_id": self.contacts[item.debtor][0].id,
                    "date": day,
                    "invoice_date": day,
                    "move_type": "out_invoice" if item.open > 0 else "out_refund",
                    "state": "posted",
                    "auto_post": "no",
                    "amount_residual": residuals[invoice],
                    "dunning_date_known": (
                        None if item.known is None else DAY - timedelta(days=item.known)
                    ),
                    "dunning_policy_id": (
                        None if item.policy is None else self.policies[item.policy].id
                    ),
                }
                for invoice, item in sorted(firsts.items())
            ],
        )
        moves = dict(zip(sorted(firsts), ids, strict=True))
        for item in firsts.values():
            if item.corrects in moves:
                self.env.cr.execute(
                    "UPDATE account_move SET reversed_entry_id = %s WHERE id = %s",
                    [moves[item.corrects], moves[item.invoice]],
                )
        self.items = self.insert(
            "account_move_line", [self.item_values(item, moves, day) for item in ledger.items]
        )
        self.env["dunning.hold"].create(
            [
                self.hold_values(self.contacts[item.debtor][0].id, moves[item.invoice])
                for item in firsts.values()
                if item.held
            ]
        )
        return moves

    def load_disputes(self, ledger, moves):
        debtors = {item.invoice: item.debtor for item in ledger.items}
        self.env["dunning.hold"].create(
            [
                {**self.hold_values(self.contacts[debtors[invoice]][0].id, move), "amount": amount}
                for invoice, amount in ledger.disputes
                for move in [moves.get(invoice)]
                if move
            ]
        )

    def load_transfers(self, ledger, moves):
        """Online transactions, and payments that have no entry in the books."""
        for number, transfer in enumerate(ledger.transfers):
            invoices = [moves[invoice] for invoice in transfer.invoices if invoice in moves]
            [id_] = getattr(self, f"load_{transfer.kind}")(number, transfer)
            table, column, theirs = LINKS[transfer.kind]
            if invoices:
                self.insert(table, [{column: id_, theirs: move} for move in invoices], column)

    def load_transaction(self, number, transfer):
        values = {
            "provider_id": self.provider.id,
            "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
            "reference": f"ORACLE/{number}",
            "partner_id": self.contacts[0][0].id,
            "currency_id": self.currencies[transfer.currency].id,
            "amount": transfer.amount,
            "state": transfer.state,
        }
        return self.insert("payment_transaction", [values])

    def load_payment(self, number, transfer):
        values = {
            "name": f"ORACLE/{number}",
            "journal_id": self.company_data["default_journal_bank"].id,
            "company_id": self.company.id,
            "payment_type": "inbound",
            "partner_type": "customer",
            "date": DAY,
            "currency_id": self.currencies[transfer.currency].id,
            "amount": transfer.amount,
            "state": transfer.state,
        }
        return self.insert("account_payment", [values])

    def load_bank(self, ledger):
        home = self.company.currency_id
        journal = {
            "journal_id": self.company_data["default_journal_bank"].id,
            "company_id": self.company.id,
        }
        for line in ledger.bank:
            currency = self.currencies[line.currency]
            move = {
                **journal,
                "currency_id": currency.id,
                "date": DAY - timedelta(days=line.days_ago),
                "move_type": "entry",
                "state": "posted",
                "auto_post": "no",
            }
            # the amount that counts is the one in the currency of the transfer
            amounts = {"currency_id": currency.id, "amount": line.amount}
            if line.foreign:
                amounts = {
                    "currency_id": home.id,
                    "amount": 7,
                    "foreign_currency_id": currency.id,
                    "amount_currency": line.amount,
                }
            values = {
                **journal,
                **amounts,
                "move_id": self.insert("account_move", [move])[0],
                "partner_id": self.contacts[line.debtor][-1].id,
                "is_reconciled": False,
            }
            self.insert("account_bank_statement_line", [values])

    def item_values(self, item, moves, day):
        return {
            "move_id": moves[item.invoice],
            "move_name": f"ORACLE/{item.invoice}",
            "parent_state": "posted",
            "display_type": "payment_term",
            "company_id": self.company.id,
            "account_id": self.company_data["default_account_receivable"].id,
            "journal_id": self.company_data["default_journal_sale"].id,
            "partner_id": self.contacts[item.debtor][0].id,
            "currency_id": self.currencies[item.currency].id,
            "date": day,
            "date_maturity": item.due,
            "amount_currency": item.open,
            "balance": item.open_company,
            "debit": max(item.open_company, 0),
            "credit": max(-item.open_company, 0),
            "amount_residual_currency": item.open,
            "amount_residual": item.open_company,
            "reconciled": False,
            "no_followup": item.excluded,
        }

    def load_past(self, ledger):
        """Earlier reminders and open ones, one notice an item."""
        reminded = [
            (number, item) for number, item in enumerate(ledger.items) if item.past or item.pending
        ]
        if not reminded:
            return
        run = self.env["dunning.run"].create({"company_id": self.company.id, "date": DAY})
        self.env.flush_all()
        for number, item in reminded:
            past = item.past or oracle.Past((), 0)
            for step, level in enumerate(past.sent[: past.step], start=1):
                self.remember(run, number, item, "issued", past, step, level)
            if past.by_hand:
                self.remember(run, number, item, "moved", past, past.step, past.sent[-1])
            if item.pending:
                self.remember(run, number, item, "proposed", past, past.step + 1, None)

    def remember(self, run, number, item, state, past, step, sent):
        levels = self.policies.with_context(active_test=False).level_ids
        level = self.first if state == "proposed" else levels.browse()
        if sent:
            level = self.policies[sent[0]].with_context(active_test=False).level_ids
            level = level.sorted("days")[sent[1]]
        common = {
            "run_id": run.id,
            "company_id": self.company.id,
            "partner_id": self.contacts[item.debtor][0].id,
            "currency_id": self.currencies[item.currency].id,
            "policy_id": level.policy_id.id or None,
            "level_id": level.id or None,
            "rung": step if level.days >= 0 else 0,  # whatever it was then
            "date": DAY - timedelta(days=past.days_ago),
            "state": state,
        }
        notice = [None]
        if state != "moved":
            notice = self.insert("dunning_notice", [{**common, "delivered": past.delivered}])
        self.insert(
            "dunning_line",
            [
                {
                    **common,
                    "notice_id": notice[0],
                    "move_line_id": self.items[number],
                    "step": step,
                    "verdict": "moved" if state == "moved" else "dun",
                }
            ],
        )

    def load_contacts(self, ledger):
        """Earlier deliveries of reminders of other items, and the caps."""
        self.env["dunning.contact.cap"].create(
            [{"maximum": maximum, "days": days} for maximum, days in ledger.caps]
        )
        if not any(debtor.contacted for debtor in ledger.debtors):
            return
        run = self.env["dunning.run"].create({"company_id": self.company.id, "date": DAY})
        self.env.flush_all()
        for debtor, partners in zip(ledger.debtors, self.contacts, strict=True):
            for days_ago, channel, state in debtor.contacted:
                notice = {
                    "run_id": run.id,
                    "company_id": self.company.id,
                    "partner_id": partners[0].id,
                    "currency_id": self.company.currency_id.id,
                    "policy_id": self.policy.id,
                    "level_id": self.first.id,
                    "rung": 1,
                    "date": DAY - timedelta(days=days_ago),
                    "state": "issued",
                }
                delivery = {"channel": channel, "state": state}
                [delivery["notice_id"]] = self.insert("dunning_notice", [notice])
                self.insert("dunning_delivery", [delivery])
