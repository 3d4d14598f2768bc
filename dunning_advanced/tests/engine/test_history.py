from datetime import timedelta
from random import Random

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.dunning_advanced.models.engine.engine import Scope

from ..common import DAY, DunningCommon


class RandomLedger:
    """Invoices, credit notes, payments and corrections of one customer, always the same."""

    def __init__(self, case):
        self.case, self.env = case, case.env
        self.random = Random(3)
        self.moves = self.env["account.move"]
        self.undone = []
        foreign = [
            case.setup_other_currency(code, rates=rates, rounding=rounding)
            for code, rounding, rates in (
                ("EUR", 0.01, [("2024-01-01", 0.9), ("2024-05-05", 0.8), ("2024-05-20", 1.1)]),
                ("JPY", 1, [("2024-01-01", 150), ("2024-05-12", 163.7)]),
            )
        ]
        self.currencies = [case.company.currency_id, *foreign]

    def write_day(self, date):
        for work in self.random.sample(
            (self.invoice, self.invoice, self.settle, self.settle, self.credit, self.undo), 3
        ):
            work(date)

    def invoice(self, date, kind="out_invoice"):
        self.moves |= self.case.invoice(
            0,
            amount=self.random.randint(20, 900),
            kind=kind,
            currency=self.random.choice(self.currencies),
            invoice_date=date,
            date=date,
        )

    def credit(self, date):
        self.invoice(date, "out_refund")
        self.match(self.items(self.moves[-1]) | self.an_invoice(self.moves[-1].currency_id))

    def settle(self, date):
        """Pay a part, all or too much, sometimes in another currency."""
        item = self.an_invoice()
        if not item:
            return
        currency = item.currency_id if self.random.random() < 0.8 else self.currencies[0]
        opened = item.amount_residual_currency
        if currency != item.currency_id:
            opened = item.amount_residual
        amount = currency.round(opened * self.random.choice((0.3, 1, 1, 1.2)))
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.case.debtor.id,
                "amount": amount,
                "currency_id": currency.id,
                "date": date,
                "journal_id": self.case.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        self.moves |= payment.move_id
        self.match(item | self.items(payment.move_id))

    def undo(self, date):
        """Take the last reconciliation of an item apart and put it together again.

        An earlier one would be matched anew in another order: then the past itself
        has changed, in Odoo's books too.
        """
        lasts = {
            partial
            for item in self.items(self.moves)
            for partial in item.matched_credit_ids.sorted("id")[-1:]
            if len(partial.credit_move_id.matched_debit_ids) == 1
        }
        if lasts:
            partial = self.random.choice(sorted(lasts, key=lambda record: record.id))
            both = partial.debit_move_id | partial.credit_move_id
            partial.unlink()
            self.match(both)
            self.undone.append(both)

    def an_invoice(self, currency=None):
        found = self.items(self.moves).filtered(
            lambda item: item.amount_residual_currency > 0 and currency in (None, item.currency_id)
        )
        return self.random.choice(found) if found else found

    def items(self, moves):
        return moves.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def match(self, items):
        if len(items) > 1:
            items.reconcile()

    def open_items(self):
        """What Odoo says is open, as (amount, in company currency, currency) by item."""
        items = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.case.debtor.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        return {
            item.id: (
                round(item.amount_residual_currency, 2),
                round(item.amount_residual, 2),
                item.currency_id.id,
            )
            for item in items
            if item.amount_residual_currency
        }


class TestAsOf(DunningCommon):
    def open_at(self, day):
        rows = self.env["dunning.engine"]._evaluate(
            Scope(company=self.company, date=day, partner_ids=(self.debtor.id,), as_of=True)
        )
        return {row["name"]: float(row["open"]) for row in rows}

    def test_ledger_of_past_days(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        one, two = self.invoice(40, 100), self.invoice(20, 70, currency=euro)
        seen = {}
        for day, amount, invoice in [(30, 40, one), (15, 70, two), (5, 60, one)]:
            before = DAY - timedelta(days=day + 1)
            seen[before] = self.live()
            payment = self.pay(self.debtor, amount, days=day)
            if invoice.currency_id == euro:
                payment.action_draft()
                payment.currency_id = euro
                payment.action_post()
            (payment.move_id | invoice).line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            ).reconcile()
        seen[DAY] = self.live()
        self.assertEqual(seen[DAY], {})
        for day, expected in seen.items():
            with self.subTest(day=day):
                self.assertEqual(self.open_at(day), expected)

    def live(self):
        """What Odoo itself says is open now."""
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.debtor.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("amount_residual", ">", 0),
            ]
        )
        return {line.move_name: line.amount_residual_currency for line in lines}

    def test_every_day_as_odoo_had_it(self):
        """A ledger is written day by day; each day is rebuilt from the last one."""
        self.ledger = RandomLedger(self)
        books = {}
        for day in range(40, -1, -1):
            date = DAY - timedelta(days=day)
            with freeze_time(date):
                self.ledger.write_day(date)
            books[date] = self.ledger.open_items()
        self.assertGreater(len(self.ledger.undone), 2)
        self.assertTrue(self.ledger.moves.line_ids.matched_debit_ids.exchange_move_id)
        self.assertGreater(len({currency for _, _, currency in books[DAY].values()}), 1)
        for date, expected in books.items():
            with self.subTest(date=date):
                self.assertEqual(self.rebuilt(date), expected)

    def rebuilt(self, date):
        engine = self.env["dunning.engine"]
        self.env.flush_all()
        scope = Scope(self.company, date, partner_ids=(self.debtor.id,), as_of=True)
        rows = self.env.execute_query(
            SQL("%s SELECT id, open, open_company, currency_id FROM items", engine._with(scope))
        )
        return {
            id_: (round(float(opened), 2), round(float(company), 2), currency)
            for id_, opened, company, currency in rows
        }

    def test_explanation_of_a_past_day(self):
        invoice = self.invoice(40)
        self.pay(self.debtor, 100, days=2, invoices=invoice)
        item = invoice.line_ids.filtered("date_maturity")
        wizard = self.env["dunning.explain"].create(
            {"move_line_id": item.id, "company_id": self.company.id}
        )
        wizard.date = DAY - timedelta(days=20)
        self.assertIn("It gets “First reminder”", wizard.answer)
        wizard.date = DAY
        self.assertIn("not open on", wizard.answer)

    def test_proposal_of_a_past_day_only_looks(self):
        invoice = self.invoice(40)
        self.pay(self.debtor, 100, days=2, invoices=invoice)
        run = self.run_at(DAY - timedelta(days=20), simulation=True)
        self.assertEqual(run.state, "done")
        self.assertFalse(run.notice_ids)
        self.assertFalse(self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)]))
        line = run.line_ids
        self.assertEqual((line.move_id, line.verdict, line.level_id), (invoice, "dun", self.first))
        self.assertEqual(line.state, "stopped")


class TestSetLevel(DunningCommon):
    def set_level(self, level, day=DAY):
        wizard = self.env["dunning.set.level"].create(
            {
                "partner_id": self.debtor.id,
                "company_id": self.company.id,
                "level_id": level.id,
                "date": day,
                "reason": "agreed on the phone",
            }
        )
        return wizard.action_apply()

    def test_forward_and_back(self):
        invoice = self.invoice(60)
        self.set_level(self.second)
        self.assertEqual(invoice.dunning_level_id, self.second)
        self.assertFalse(self.run_at(DAY + timedelta(days=13)).notice_ids)
        last = self.remind(DAY + timedelta(days=14))
        self.assertEqual(last.notice_ids.level_id, self.last)
        self.set_level(self.env["dunning.level"], DAY + timedelta(days=15))
        again = self.remind(DAY + timedelta(days=40))
        self.assertEqual(again.notice_ids.level_id, self.first)
        item = invoice.line_ids.filtered("date_maturity")
        self.assertEqual(item.dunning_step, 2)

    def test_reason_is_kept(self):
        invoice = self.invoice(60)
        self.set_level(self.second)
        line = self.env["dunning.line"].search([("move_id", "=", invoice.id)])
        self.assertEqual((line.reason, line.state), ("agreed on the phone", "moved"))

    def test_refused_while_on_an_open_reminder(self):
        self.invoice(60)
        self.run_at()
        with self.assertRaisesRegex(UserError, "leave it out there first"):
            self.set_level(self.second)


class TestRetention(DunningCommon):
    def test_stopped_lines_go_and_reminders_stay(self):
        self.company.dunning_retention = 30
        reminded, stopped = self.invoice(10), self.invoice(10)
        stopped.no_followup = True
        self.remind()
        lines = self.env["dunning.line"]
        with freeze_time(DAY + timedelta(days=30)):
            lines._gc_stopped()
        self.assertEqual(len(lines.search([("run_id.company_id", "=", self.company.id)])), 2)
        with freeze_time(DAY + timedelta(days=31)):
            lines._gc_stopped()
        left = lines.search([("run_id.company_id", "=", self.company.id)])
        self.assertEqual(left.move_id, reminded)


class TestUndo(DunningCommon):
    def test_whole_run_returns_to_the_former_state(self):
        other = self.make_debtor("Deco Addict")
        one, two = self.invoice(20), self.invoice(20, debtor=other)
        self.remind()
        run = self.remind(DAY + timedelta(days=14))
        action = run.action_undo()
        wizard = self.env["dunning.reason"].with_context(**action["context"])
        wizard.create({"reason": "wrong bank account in the letter"}).action_apply()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"cancelled"})
        self.assertEqual((one | two).dunning_level_id, self.first)
        again = self.run_at(DAY + timedelta(days=14))
        self.assertEqual(again.notice_ids.level_id, self.second)

    def test_refused_with_the_name_of_the_later_reminder(self):
        self.invoice(20)
        first = self.remind().notice_ids
        later = self.remind(DAY + timedelta(days=14)).notice_ids
        with self.assertRaisesRegex(UserError, later.name):
            first._cancel("mistake")
        (first | later)._cancel("both were mistakes")
        self.assertEqual(set((first | later).mapped("state")), {"cancelled"})
