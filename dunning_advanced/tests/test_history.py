from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError

from odoo.addons.dunning_advanced.models.dunning_engine import Scope

from .common import DAY, DunningCommon


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
