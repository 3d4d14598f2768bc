from datetime import timedelta
from decimal import Decimal

from odoo import Command
from odoo.tools import mute_logger

from ...models.engine.engine import Scope
from ..common import DAY
from .common import DisputeCase


class TestDisputedAmount(DisputeCase):
    """The disputed amount is held, the rest is asked for."""

    def test_rest_is_asked_for(self):
        invoice, other = self.invoice(10), self.invoice(10, 70)
        self.dispute(invoice, 40)
        run = self.run_at()
        [item], [second] = self.items(invoice), self.items(other)
        self.assertEqual(self.asked(run), {item: ("dun", 100, 40, 60), second: ("dun", 70, 0, 70)})
        notice = run.notice_ids
        self.assertEqual(
            (notice.amount_open, notice.amount_held, notice.amount_credit, notice.amount_total),
            (170, 40, 0, 130),
        )
        self.assertEqual(notice.amount_total_company, 130)
        self.assertEqual(run.line_ids.hold_id.dispute_ids.move_id, invoice)

    def test_all_of_it_is_held(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice)
        line = self.run_at().line_ids
        self.assertEqual((line.verdict, line.hold_id), ("held", dispute.hold_id))
        self.assertFalse(line.date_next, "until somebody answers")

    def test_credits_clear_what_is_asked_for(self):
        invoice, other = self.invoice(20), self.invoice(10, 70)
        self.dispute(invoice, 40)
        self.pay(self.debtor, 80)
        run = self.run_at()
        [item], [second] = self.items(invoice), self.items(other)
        # 60 of the older one first, 20 of the other
        self.assertEqual(self.asked(run)[item][0], "covered")
        self.assertEqual(self.asked(run)[second], ("dun", 70, 0, 50))
        self.assertEqual((run.notice_ids.amount_held, run.notice_ids.amount_credit), (0, 20))

    def test_sum_of_a_notice_with_dispute_and_credit(self):
        self.dispute(self.invoice(10), 40)
        self.pay(self.debtor, 25)
        notice = self.run_at().notice_ids
        self.assertEqual(
            (notice.amount_open, notice.amount_held, notice.amount_credit, notice.amount_total),
            (100, 40, 25, 35),
        )

    def test_below_the_minimum_without_what_is_disputed(self):
        self.first.minimum_amount = 50
        invoice = self.invoice(10)
        self.dispute(invoice, 60)
        self.assertEqual(self.decisions(self.run_at()), {invoice: "minimum"})

    def test_bank_line_of_the_rest_is_money_on_its_way(self):
        invoice, other = self.invoice(10), self.invoice(10, 70)
        self.dispute(invoice, 40)
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "partner_id": self.debtor.id,
                "date": DAY,
                "amount": 60,
            }
        )
        self.assertEqual(self.decisions(self.run_at()), {invoice: "paying", other: "dun"})

    def test_currency_of_the_invoice(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        self.dispute(self.invoice(10, 100, currency=euro), 40)
        notice = self.run_at().notice_ids
        self.assertEqual((notice.currency_id, notice.amount_held), (euro, 40))
        self.assertEqual((notice.amount_total, notice.amount_total_company), (60, 30))


class TestInstallments(DisputeCase):
    """A dispute of an invoice takes its latest installments first."""

    def test_latest_first(self):
        invoice, (one, two, three) = self.installments(40, 25, 10)
        for amount, answers in (
            (100, [("dun", 300), ("dun", 300), ("dun", 200)]),
            (300, [("dun", 300), ("dun", 300), ("held", 300)]),
            (450, [("dun", 300), ("dun", 150), ("held", 300)]),
            (900, [("held", 300)] * 3),
        ):
            with self.subTest(amount=amount), self.env.cr.savepoint() as savepoint:
                self.dispute(invoice, amount)
                run = self.run_at()
                asked = self.asked(run)
                self.assertEqual([(asked[i][0], asked[i][3]) for i in (one, two, three)], answers)
                total = sum(net for decision, net in answers if decision == "dun")
                self.assertEqual(sum(run.notice_ids.mapped("amount_total")), total)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_whoever_pays_the_rest_is_left_alone(self):
        invoice, items = self.installments(40, 25, 10)
        self.dispute(invoice, 450)
        self.receive(450, invoice, days=0)
        self.assertEqual(items.mapped("amount_residual"), [0, 150, 300])
        self.assertEqual(set(self.decisions(self.run_at()).values()), {"held"})

    def test_what_is_not_due_counts_first(self):
        invoice, (due, _later) = self.installments(20, -10)
        self.dispute(invoice, 450)
        self.assertEqual(self.asked(self.run_at())[due], ("dun", 450, 0, 450))


class TestAskedAgain(DisputeCase):
    """Between proposal and issuing, and on past days."""

    def test_dispute_since_the_proposal_lowers_the_reminder(self):
        invoice, other = self.invoice(10), self.invoice(12)
        run = self.run_at()
        self.dispute(invoice, 40)
        self.dispute(other)
        run.notice_ids.action_confirm()
        notice = run.notice_ids
        self.assertEqual((notice.state, notice.item_count), ("issued", 1))
        self.assertEqual((notice.amount_held, notice.amount_total), (40, 60))
        decisions = {line.move_id: line.verdict for line in run.line_ids}
        self.assertEqual(decisions, {invoice: "dun", other: "held"})
        self.assertEqual(notice.amount_credit, 0)

    def test_past_days_know_what_was_disputed_then(self):
        invoice = self.invoice(10)
        [item] = self.items(invoice)
        dispute = self.dispute(invoice, 40)
        self.at(3)
        self.book(15, invoice, days=3)
        self.assertEqual((dispute.amount_open, dispute.state), (25, "open"))
        self.at(6)
        dispute.action_withdraw()
        self.at(9)
        for days, expected in (
            (0, ("dun", 100, 40, 60)),
            (3, ("dun", 85, 25, 60)),
            (6, ("dun", 85, 0, 85)),
        ):
            run = self.run_at(DAY + timedelta(days=days), simulation=True)
            self.assertEqual(self.asked(run)[item], expected, days)

    def test_explanation_names_the_dispute(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        wizard = self.env["dunning.explain"].create(
            {"move_line_id": self.items(invoice).id, "date": DAY}
        )
        self.assertIn("$\xa040.00 of it is disputed and not asked for", wizard.answer)
        self.assertIn(dispute.hold_id.display_name, wizard.answer)
        self.assertIn("no open credits cover it", wizard.answer)
        self.assertIn("It gets “First reminder”", wizard.answer)

    def test_explanation_of_a_wholly_disputed_invoice(self):
        invoice = self.invoice(10)
        self.dispute(invoice)
        wizard = self.env["dunning.explain"].create(
            {"move_line_id": self.items(invoice).id, "date": DAY}
        )
        self.assertIn("on hold, to be reviewed on 06/17/2024", wizard.answer)
        self.assertIn("no open credits cover it", wizard.answer)
        self.assertIn("It is not reminded until that changes", wizard.answer)

    def test_comparison_with_the_last_reminder(self):
        invoice = self.invoice(20)
        self.remind()
        self.at(14)
        self.dispute(invoice, 40)
        notice = self.run_at(DAY + timedelta(days=14)).notice_ids
        self.assertEqual((notice.comparison, notice.last_total), ("higher", 100))
        self.assertEqual(notice.amount_change, -40)


class TestFrozenInterest(DisputeCase):
    """What is disputed bears no interest while the dispute is open."""

    def setUp(self):
        super().setUp()
        germany = self.env.ref("base.de")
        self.debtor.country_id = germany
        self.env["dunning.interest.rule"].create(
            {
                "name": "Ten percent",
                "company_id": self.company.id,
                "country_id": germany.id,
                "rate_kind": "fixed",
                "rate": 10,
            }
        )
        self.policy.level_ids.charge_interest = True

    def charge(self):
        """The only charge, if the reminder went out today."""
        notice = self.run_at().notice_ids
        [row] = self.env["dunning.charging"]._compute_charges(notice, DAY)[notice.id]
        return row

    def exact(self, *parts):
        """Interest of (amount, days), rounded once."""
        total = sum(Decimal(amount) * days / 3650 for amount, days in parts)
        return float(total.quantize(Decimal("0.01")))

    def test_only_from_its_day_and_only_the_amount(self):
        invoice = self.invoice(60, 3650)
        self.at(-10)
        self.dispute(invoice, 1460)
        self.at(0)
        row = self.charge()
        self.assertEqual(row["principal"], 2190)
        # 49 days before the dispute, 11 with it
        self.assertEqual(row["amount"], self.exact((3650, 49), (2190, 11)))

    def test_days_of_a_dispute_stay_free_after_it(self):
        invoice = self.invoice(60, 3650)
        self.at(-20)
        dispute = self.dispute(invoice, 1460)
        self.at(-10)
        dispute._reject("All was right", DAY - timedelta(days=10))
        self.at(0)
        row = self.charge()
        self.assertEqual(row["principal"], 3650)
        self.assertEqual(row["amount"], self.exact((3650, 50), (2190, 10)))

    def test_reason_that_does_not_freeze(self):
        self.reason("paid").freezes_charges = False
        invoice = self.invoice(60, 3650)
        self.at(-10)
        self.dispute(invoice, 1460, reason="paid")
        self.at(0)
        row = self.charge()
        self.assertEqual((row["principal"], row["amount"]), (3650, self.exact((3650, 60))))

    def test_installments_freeze_as_they_are_held(self):
        invoice, items = self.installments(60, 40, 20)
        self.at(-10)
        self.dispute(invoice, 450)
        self.receive(100, invoice, days=-5)
        parts = self.env["dunning.hold"]._frozen_parts(items, DAY)
        begin = DAY - timedelta(days=10)
        self.assertEqual(
            dict(parts), {items[1].id: [(begin, DAY, 150)], items[2].id: [(begin, DAY, 300)]}
        )

    def test_fees_are_of_what_is_asked_for(self):
        fee = self.env["dunning.fee"].create(
            {"name": "Ten percent", "kind": "percent", "percent": 10}
        )
        self.policy.level_ids.charge_interest = False
        self.first.fee_ids = [Command.set(fee.ids)]
        self.dispute(self.invoice(10), 40)
        row = self.charge()
        self.assertEqual((row["principal"], row["amount"]), (60, 6))


class TestHoldOfAmount(DisputeCase):
    def test_only_of_one_invoice(self):
        for values in ({"amount": 5}, {"amount": -5, "move_id": self.invoice(10).id}):
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(Exception, "amount_of_invoice"),
                self.env.cr.savepoint(),
            ):
                self.env["dunning.hold"].create({"partner_id": self.debtor.id, **values})

    def test_several_add_up(self):
        invoice = self.invoice(10)
        self.dispute(invoice, 40)
        self.env["dunning.hold"].create(
            {"partner_id": self.debtor.id, "move_id": invoice.id, "amount": 30}
        )
        [item] = self.items(invoice)
        self.assertEqual(self.asked(self.run_at())[item], ("dun", 100, 70, 30))

    def test_engine_takes_the_same_queries_with_disputes(self):
        def queries():
            scope = Scope(company=self.company, date=DAY)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.env["dunning.engine"]._evaluate(scope)
            return self.env.cr.sql_log_count - before

        invoices = [self.invoice(10 + n) for n in range(5)]
        queries()
        without = queries()
        for invoice in invoices:
            self.dispute(invoice, 40)
        self.assertEqual(queries(), without)
