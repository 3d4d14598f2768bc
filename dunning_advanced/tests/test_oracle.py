import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from psycopg2.extras import execute_values

from odoo import Command
from odoo.tests import tagged

from . import oracle
from .common import DAY, DunningCommon
from .ledgers import CONTACTS, RATES, ledgers

# Set DUNNING_ORACLE_EXAMPLES to try more ledgers than the normal run does.
EXAMPLES = int(os.environ.get("DUNNING_ORACLE_EXAMPLES", "100"))


@tagged("dunning_oracle")
class TestOracle(DunningCommon):
    """The engine and the oracle decide the same ledgers alike."""

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

    def each(self, examples, check):
        """Check random ledgers, always the same ones."""

        @settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(ledgers())
        def one(ledger):
            check(ledger)

        one()

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
        self.load_items(ledger)
        self.load_past(ledger)
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
            "level_ids": [
                Command.create(
                    {
                        "name": f"Level {level.days}",
                        "days": level.days,
                        "min_interval": level.min_interval,
                        "minimum_amount": level.minimum,
                        "minimum_share": level.share,
                        "channel": level.channel,
                        "fallback_channel": level.fallback,
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
                [debtor.wish, str(self.company.id), policy, partners[0].id],
            )
        self.env["dunning.hold"].create(
            [
                self.hold_values(partners[0].id)
                for debtor, partners in zip(ledger.debtors, self.contacts, strict=True)
                if debtor.held
            ]
        )
        self.env["dunning.rule"].create(
            [
                {
                    "name": f"Rule {number}",
                    "sequence": number,
                    "policy_id": self.policies[policy].id,
                    "partner_domain": str(
                        [("id", "in", [self.contacts[member][0].id for member in members])]
                    ),
                }
                for number, (members, policy) in enumerate(ledger.rules)
            ]
        )

    def hold_values(self, partner_id, move_id=False):
        return {
            "name": "Wait",
            "company_id": self.company.id,
            "partner_id": partner_id,
            "move_id": move_id,
            "date_from": DAY,
            "date_to": DAY,
        }

    def insert(self, table, rows):
        """Insert rows of equal keys, past the ORM: it is the ledger that counts here."""
        columns = list(rows[0])
        return [
            id_
            for [id_] in execute_values(
                self.env.cr._obj,
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES %s RETURNING id",  # noqa: S608 - own names
                [tuple(row[column] for column in columns) for row in rows],
                page_size=len(rows),
                fetch=True,
            )
        ]

    def load_items(self, ledger):
        day = DAY - timedelta(days=90)
        firsts = {item.invoice: item for item in reversed(ledger.items)}
        ids = self.insert(
            "account_move",
            [
                {
                    "name": f"ORACLE/{invoice}",
                    "journal_id": self.company_data["default_journal_sale"].id,
                    "company_id": self.company.id,
                    "currency_id": self.currencies[item.currency].id,
                    "partner_id": self.contacts[item.debtor][0].id,
                    "commercial_partner_id": self.contacts[item.debtor][0].id,
                    "date": day,
                    "invoice_date": day,
                    "move_type": "out_invoice" if item.open > 0 else "out_refund",
                    "state": "posted",
                    "auto_post": "no",
                    "amount_residual": abs(item.open),
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
            if item.past:
                self.remember(run, number, item, "issued", item.past)
            if item.pending:
                step = item.past.step + 1 if item.past else 1
                self.remember(run, number, item, "proposed", oracle.Past(step, 1, 0))

    def remember(self, run, number, item, state, past):
        common = {
            "run_id": run.id,
            "company_id": self.company.id,
            "partner_id": self.contacts[item.debtor][0].id,
            "currency_id": self.currencies[item.currency].id,
            "policy_id": self.policy.id,
            "level_id": self.first.id,
            "rung": past.rung,
            "date": DAY - timedelta(days=past.days_ago),
            "state": state,
        }
        notice = [None]
        if not past.by_hand:
            notice = self.insert("dunning_notice", [{**common, "delivered": past.delivered}])
        self.insert(
            "dunning_line",
            [
                {
                    **common,
                    "notice_id": notice[0],
                    "move_line_id": self.items[number],
                    "step": past.step,
                    "verdict": "moved" if past.by_hand else "dun",
                    "state": "moved" if past.by_hand else state,
                }
            ],
        )

    # Comparing

    def numbered(self, rows):
        """Rows of the engine by the number of their item in the ledger."""
        numbers = {id_: number for number, id_ in enumerate(self.items)}
        return {numbers[row["id"]]: row for row in rows if row["id"] in numbers}

    def check_verdicts(self, ledger):
        answers, notices = oracle.decide(ledger)
        run = self.env["dunning.run"].create({"company_id": self.company.id, "date": DAY})
        rows = self.numbered(self.env["dunning.engine"]._evaluate(run._scope()))
        self.assertEqual(
            {number: row["verdict"] for number, row in rows.items()},
            {number: answer.verdict for number, answer in answers.items()},
        )
        counts = run._propose()
        verdicts = [answer.verdict for answer in answers.values()]
        self.assertEqual(counts, {verdict: verdicts.count(verdict) for verdict in verdicts})
        self.check_notices(ledger, run, answers, notices)

    def check_notices(self, ledger, run, answers, notices):
        partners = {partners[0]: number for number, partners in enumerate(self.contacts)}
        codes = {currency: code for code, currency in self.currencies.items()}
        policies = {policy: number for number, policy in enumerate(self.policies)}
        found = {
            (partners[n.partner_id], codes[n.currency_id], policies[n.policy_id]): n
            for n in run.notice_ids
        }
        self.assertEqual(len(found), len(run.notice_ids))
        self.assertEqual(set(found), set(notices))
        for key, notice in found.items():
            expected = notices[key]
            levels = self.policies[key[2]].level_ids.sorted("days")
            contact = self.contacts[key[0]][expected.contact]
            self.assertEqual(
                (notice.level_id, notice.rung, notice.channel, notice.contact_id),
                (levels[expected.level], expected.rung, expected.channel, contact),
            )
            self.check_sums(notice)
            self.assertAlmostEqual(notice.amount_open, float(expected.open))
            self.assertAlmostEqual(notice.amount_total, float(expected.net))
            lines = {self.items.index(line.move_line_id.id): line for line in notice.line_ids}
            self.assertEqual(
                {n: (line.rung, line.step) for n, line in lines.items()},
                {n: (answers[n].rung, answers[n].step) for n in expected.items},
            )
            for number, line in lines.items():
                self.assertAlmostEqual(line.amount_net, float(answers[number].net))

    def check_sums(self, notice):
        """The lines of a notice add up to its amounts."""
        lines = notice.line_ids
        self.assertEqual(notice.item_count, len(lines))
        self.assertEqual(notice.date_oldest, min(lines.mapped("date_maturity")))
        self.assertAlmostEqual(notice.amount_open, sum(lines.mapped("amount_open")))
        self.assertAlmostEqual(notice.amount_total, sum(lines.mapped("amount_net")))
        self.assertAlmostEqual(notice.amount_credit, notice.amount_open - notice.amount_total)
        company = sum(
            line.amount_open_company * line.amount_net / line.amount_open for line in lines
        )
        self.assertAlmostEqual(notice.amount_total_company, company, delta=0.0051)

    def test_verdict_by_verdict(self):
        def check(ledger):
            with self.loaded(ledger):
                self.check_verdicts(ledger)

        self.each(EXAMPLES, check)

    # What must hold without an oracle

    def state(self):
        """What the engine says of each item now."""
        scope = self.env["dunning.run"].new({"company_id": self.company.id, "date": DAY})._scope()
        rows = self.numbered(self.env["dunning.engine"]._evaluate(scope))
        return {n: (r["verdict"], r["rung"], r["step"], r["net"]) for n, r in rows.items()}

    def issue(self, run):
        """As issuing does it, without texts and mails."""
        run.notice_ids.write({"state": "issued", "delivered": True})
        run.notice_ids.line_ids.write({"state": "issued", "date": DAY})

    def check_round_trip(self, ledger):
        """Issued items rest for the day; taking all back restores the former state."""
        before = self.state()
        run = self.env["dunning.run"].create({"company_id": self.company.id, "date": DAY})
        run._propose()
        dunned = {n for n, (verdict, *_rest) in before.items() if verdict == "dun"}
        self.issue(run)
        steps = self.env["dunning.line"]._read_group(
            [("state", "=", "issued"), ("move_line_id", "in", self.items)],
            ["move_line_id", "step"],
            ["__count"],
            having=[("__count", ">", 1)],
        )
        self.assertFalse(steps, "no item has two reminders of one step")
        again = self.state()
        for number in dunned:
            self.assertNotEqual(again[number][0], "dun", ledger.items[number])
        run.notice_ids._cancel("All wrong")
        self.assertEqual(self.state(), before)

    def test_issue_and_take_back(self):
        def check(ledger):
            with self.loaded(ledger):
                self.check_round_trip(ledger)

        self.each(max(EXAMPLES // 4, 1), check)

    def check_order(self, ledger):
        """Items of one age have no natural order; all others are decided alike in any."""
        distinct = {
            (item.debtor, item.currency, item.due, item.open > 0 or number): item
            for number, item in enumerate(ledger.items)
        }
        untied = tuple(distinct.values())
        outcomes = []
        for items in (untied, untied[::-1]):
            with self.loaded(replace(ledger, items=items)):
                outcomes.append({id(items[n]): row for n, row in self.state().items()})
        self.assertEqual(*outcomes)

    def test_order_does_not_matter(self):
        self.each(max(EXAMPLES // 4, 1), self.check_order)
