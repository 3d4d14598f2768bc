import doctest
import random
from collections import defaultdict
from datetime import datetime, timedelta
from statistics import median

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import BaseCase, new_test_user

from odoo.addons.dunning_advanced.tools import points

from .. import nights
from ..common import DAY, DunningCommon


class TestPoints(BaseCase):
    def test_examples(self):
        self.assertEqual(doctest.testmod(points).failed, 0)


class BehaviorCase(DunningCommon):
    def refresh(self, days=0, partners=None):
        """Judge as of a day after DAY.

        :return: dunning.behavior of the debtor
        """
        self.env["dunning.behavior"]._refresh(self.company, DAY + timedelta(days=days), partners)
        return self.behavior()

    def behavior(self, debtor=None, company=None):
        return self.env["dunning.behavior"].search(
            [
                ("partner_id", "=", (debtor or self.debtor).id),
                ("company_id", "=", (company or self.company).id),
            ]
        )

    def paid(self, late, amount=100.0, days=10, **values):
        """An invoice that was due ``days`` before DAY and paid so many days late."""
        invoice = self.invoice(days, amount, **values)
        self.pay(invoice.partner_id, amount, days=days - late, invoices=invoice)
        return invoice

    def entry(self, amount, days, debtor=None):
        """An entry of a general journal that credits a customer, ``days`` before DAY."""
        accounts = (
            self.company_data["default_account_expense"],
            self.company_data["default_account_receivable"],
        )
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": DAY - timedelta(days=days),
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": (debtor or self.debtor).id,
                            "balance": balance,
                        }
                    )
                    for account, balance in zip(accounts, (amount, -amount), strict=True)
                ],
            }
        )
        move.action_post()
        return move

    def reconcile(self, *moves):
        self.env["account.move"].union(*moves).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()


class TestBehavior(BehaviorCase):
    def test_days_late_are_weighted_by_amount(self):
        self.paid(0, 900)
        self.paid(10, 90)
        self.paid(100, 10, days=110)
        behavior = self.refresh()
        self.assertEqual((behavior.settled_count, behavior.on_time_count), (3, 1))
        self.assertEqual(behavior.days_late, 1.9)  # (900 * 0 + 90 * 10 + 10 * 100) / 1000
        self.assertEqual((behavior.days_median, behavior.late_share), (10, 10))
        self.assertEqual((behavior.points, behavior.grade), (0, "A"))

    def test_early_does_not_make_up_for_late(self):
        self.paid(-20)
        self.paid(20, days=40)
        self.assertEqual(self.refresh().days_late, 10)

    def test_part_payments_count_each_with_its_days(self):
        invoice = self.invoice(50)
        self.pay(self.debtor, 75, days=50, invoices=invoice)
        behavior = self.refresh()
        self.assertEqual((behavior.settled_count, behavior.overdue_count), (0, 1))
        self.assertEqual((behavior.days_late, behavior.late_share), (0, 25))
        self.pay(self.debtor, 25, days=10, invoices=invoice)
        behavior = self.refresh()
        self.assertEqual((behavior.settled_count, behavior.overdue_count), (1, 0))
        self.assertEqual((behavior.days_late, behavior.days_median), (10, 40))
        self.assertEqual((behavior.late_share, behavior.on_time_count), (25, 0))

    def test_credit_notes_count_nowhere(self):
        invoice = self.invoice(50)
        self.reconcile(invoice, self.invoice(0, kind="out_refund"))
        part = self.invoice(50)
        self.reconcile(part, self.invoice(0, 60, kind="out_refund"))
        self.pay(self.debtor, 40, days=50, invoices=part)
        behavior = self.refresh()
        self.assertEqual((behavior.settled_count, behavior.amount_settled), (1, 40))
        self.assertEqual((behavior.days_late, behavior.late_share), (0, 0))

    def test_offsets_and_write_offs_settle_but_pay_nothing(self):
        self.reconcile(self.invoice(10), self.entry(100, days=10))
        self.reconcile(self.invoice(300), self.entry(100, days=10))
        behavior = self.refresh()
        self.assertEqual((behavior.settled_count, behavior.on_time_count), (2, 1))
        self.assertEqual((behavior.days_late, behavior.late_share), (0, 50))

    def test_what_is_paid_back_is_no_invoice(self):
        payment = self.pay(self.debtor, 100, days=20)
        back = self.env["account.payment"].create(
            {
                "payment_type": "outbound",
                "partner_type": "customer",
                "partner_id": self.debtor.id,
                "amount": 100,
                "date": DAY,
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        back.action_post()
        self.reconcile(payment.move_id, back.move_id)
        self.assertEqual(self.refresh().settled_count, 0)

    def test_only_the_months_of_the_company_count(self):
        self.paid(0, days=100)
        self.paid(10, days=800)
        self.assertEqual(self.refresh().settled_count, 1)
        self.company.dunning_behavior_months = 36
        self.assertEqual(self.refresh().settled_count, 2)

    def test_trend_compares_the_last_six_months(self):
        self.paid(2, days=300)
        behavior = self.refresh()
        self.assertEqual((behavior.days_before, behavior.trend), (2, 0))
        self.assertIn("No trend", behavior.explanation)
        self.paid(20, days=60)
        behavior = self.refresh()
        self.assertEqual((behavior.days_recent, behavior.trend), (20, 18))
        self.assertIn("It gets worse: 20 days late", behavior.explanation)

    def test_failed_payment_plans_count(self):
        item = self.invoice(200).line_ids.filtered("date_maturity")
        plan = self.env["dunning.payment.plan"].create(
            {
                "partner_id": self.debtor.id,
                "currency_id": item.currency_id.id,
                "number": 2,
                "date_made": DAY,
                "date_first": DAY + timedelta(days=10),
                "line_ids": [Command.create({"move_line_id": item.id})],
            }
        )
        before = self.refresh()
        points_before = before.points
        self.assertEqual(before.defaulted_count, 0)
        plan.write({"state": "defaulted", "date_default": DAY})
        behavior = self.refresh()
        self.assertEqual((behavior.defaulted_count, behavior.points), (1, points_before + 20))
        self.assertIn("Payment plans that failed: 1", behavior.explanation)

    def test_open_credits_lower_what_is_overdue(self):
        self.invoice(40)
        behavior = self.refresh()
        self.assertEqual((behavior.amount_overdue, behavior.oldest_days), (100, 40))
        self.pay(self.debtor, 60)
        behavior = self.refresh()
        self.assertEqual((behavior.amount_overdue, behavior.oldest_days), (40, 40))
        self.pay(self.debtor, 60)
        behavior = self.refresh()
        self.assertEqual((behavior.amount_overdue, behavior.oldest_days), (0, 0))

    def test_foreign_currency_weighs_in_company_currency(self):
        foreign = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        invoice = self.invoice(40, currency=foreign)  # 200 in company currency
        payment = self.pay(self.debtor, 200, days=0)
        self.reconcile(invoice, payment.move_id)
        self.paid(10)
        behavior = self.refresh()
        self.assertEqual(behavior.amount_settled, 300)
        self.assertEqual(behavior.days_late, 30)  # (200 * 40 + 100 * 10) / 300

    def test_companies_are_apart(self):
        other = self.setup_other_company()["company"]
        for _times in range(3):
            self.paid(70, days=90)
        self.invoice_of(other, 100)
        self.refresh()
        self.env["dunning.behavior"]._refresh(other, DAY)
        self.assertEqual(self.behavior().grade, "D")
        there = self.behavior(company=other)
        self.assertEqual((there.is_new, there.settled_count, there.overdue_count), (True, 0, 1))
        debtor = self.debtor.with_company(other)
        self.assertFalse(debtor.dunning_grade)
        self.assertEqual(self.debtor.dunning_grade, "D")

    def test_steps_of_a_company_come_before_those_for_all(self):
        for _times in range(3):
            self.paid(20, days=40)
        self.assertEqual(self.refresh().grade, "C")
        self.env["dunning.score.step"].create(
            {"term": "days_late", "threshold": 20, "points": 80, "company_id": self.company.id}
        )
        self.assertEqual(self.refresh().grade, "E")
        self.company.dunning_grade_e = 200
        behavior = self.refresh()
        self.assertEqual(behavior.grade, "D")
        self.assertIn("class D", behavior.explanation)
        self.assertIn(">80<", behavior.explanation)

    def test_a_step_is_named_with_all_digits_of_its_threshold(self):
        step = self.env["dunning.score.step"].create(
            {"term": "amount", "threshold": 1250000, "points": 5}
        )
        self.assertIn("1250000:", step.display_name)
        step.threshold = 0.5
        self.assertIn("0.5:", step.display_name)

    def test_one_debtor_on_demand(self):
        deco = self.make_debtor("Deco Addict")
        self.paid(0)
        self.paid(0, debtor=deco)
        self.refresh(partners=self.debtor)
        self.assertEqual(self.behavior().settled_count, 1)
        self.assertFalse(self.behavior(deco))
        self.refresh(partners=self.env["res.partner"])
        self.assertFalse(self.behavior(deco), "nobody was asked about")

    def test_who_has_no_items_any_more_is_new(self):
        invoices = [self.paid(70, days=90) for _times in range(3)]
        self.assertEqual(self.refresh().grade, "D")
        for invoice in invoices:
            invoice.line_ids.remove_move_reconcile()
            invoice.button_draft()
        self.env["account.payment"].search([("partner_id", "=", self.debtor.id)]).action_draft()
        behavior = self.refresh()
        self.assertEqual((behavior.is_new, behavior.grade, behavior.points), (True, False, 0))

    def test_every_company_every_night(self):
        self.paid(0)
        other = self.setup_other_company()["company"]
        self.invoice_of(other, 100)
        self.env["res.company"].flush_model()
        nights.work(self, "behavior")
        self.assertTrue(self.behavior())
        self.assertTrue(self.behavior(company=other))

    def test_customers_are_found_by_class(self):
        for _times in range(3):
            self.paid(0)
        self.refresh()
        partners = self.env["res.partner"]
        own = [("id", "in", self.debtor.ids)]
        self.assertEqual(partners.search([*own, ("dunning_grade", "=", "A")]), self.debtor)
        self.assertFalse(partners.search([*own, ("dunning_grade", "in", ("B", False))]))
        self.assertFalse(partners.search([*own, ("dunning_grade", "!=", "A")]))
        new = self.make_debtor("New")
        self.assertEqual(partners.search([("id", "=", new.id), ("dunning_grade", "=", False)]), new)

    def test_who_may_see_and_change(self):
        self.paid(0)
        clerk = new_test_user(self.env, "clerk", "account.group_account_invoice")
        dunner = new_test_user(self.env, "dunner", "dunning_advanced.group_user")
        for user in (clerk, dunner):
            user.write({"company_ids": self.company.ids, "company_id": self.company.id})
        action = self.debtor.with_user(dunner).action_dunning_behavior()
        behavior = self.behavior().with_user(dunner)
        self.assertEqual(action["res_id"], behavior.id)
        self.assertIn("No class yet", behavior.explanation)
        with self.assertRaises(AccessError):
            behavior.points = 5
        with self.assertRaises(AccessError):
            self.env["dunning.score.step"].with_user(dunner).create(
                {"term": "broken", "threshold": 9, "points": 9}
            )
        with self.assertRaises(AccessError):
            behavior.with_user(clerk).read(["grade"])
        self.assertNotIn("dunning_grade", self.debtor.with_user(clerk).fields_get())


class TestBehaviorDiary(BehaviorCase):
    def at(self, days):
        """Noon of a day after DAY, on which the night judges what has happened."""
        self.now.move_to(datetime.combine(DAY, datetime.min.time()) + timedelta(days, hours=12))
        nights.work(self, "judge", "behavior")
        return self.behavior()

    def test_from_new_to_a_to_d(self):
        clock = freeze_time(datetime.combine(DAY, datetime.min.time()))
        self.now = clock.start()
        self.addCleanup(clock.stop)
        # The first two invoices are paid on the day.
        self.paid(0, days=40)
        self.paid(0, days=20)
        behavior = self.at(0)
        self.assertEqual((behavior.is_new, behavior.grade), (True, False))
        self.assertIn("2 invoices were paid or are overdue; a class needs 3", behavior.explanation)
        # The third is paid a day late: that is still on time.
        third = self.invoice(-5)
        self.pay(self.debtor, 100, days=-6, invoices=third)
        behavior = self.at(7)
        self.assertEqual((behavior.is_new, behavior.grade), (False, "A"))
        # A large one is not paid. Four weeks later a promise is made, and broken.
        large = self.invoice(-10, 5000)
        self.assertEqual(self.at(30).grade, "B", "nearly everything is late now")
        self.env["dunning.promise"].create(
            {
                "partner_id": self.debtor.id,
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "amount": 5000,
                "date": DAY + timedelta(days=45),
                "item_ids": [Command.set(large.line_ids.filtered("date_maturity").ids)],
            }
        )
        behavior = self.at(60)
        self.assertEqual((behavior.broken_count, behavior.oldest_days), (1, 50))
        self.assertEqual((behavior.points, behavior.grade), (35, "C"))
        # It is paid in the end, three months late.
        self.pay(self.debtor, 5000, days=-100, invoices=large)
        behavior = self.at(100)
        self.assertEqual((behavior.days_late, behavior.oldest_days), (84.9, 0))
        self.assertEqual((behavior.points, behavior.grade), (75, "D"))
        self.assertIn("75 points: class D", behavior.explanation)


class TestBehaviorOracle(BehaviorCase):
    """A plain reading of the same ledger comes to the same class, fact by fact."""

    def test_random_ledgers(self):
        dice = random.Random(20240603)
        debtors = [self.make_debtor(f"Customer {n}") for n in range(6)]
        for debtor in debtors:
            for _times in range(dice.randint(1, 9)):
                self.random_invoice(dice, debtor)
            if dice.random() < 0.4:
                self.pay(debtor, dice.randint(50, 900), days=dice.randint(0, 30))
        self.refresh()
        for debtor in debtors:
            behavior, expected = self.behavior(debtor), self.expected(debtor)
            found = {name: behavior[name] for name in expected}
            self.assertEqual(found, expected)
        self.assertGreater(len({self.behavior(debtor).grade for debtor in debtors}), 2)

    def random_invoice(self, dice, debtor):
        days, amount = dice.randint(-20, 900), dice.randint(1, 20) * 50
        invoice = self.invoice(days, amount, debtor=debtor)
        left = amount
        for _times in range(dice.choice((0, 1, 1, 1, 2))):
            part = min(left, dice.choice((left, 50)))
            day = days - dice.choice((-5, 0, 2, 4, 20, 50, 120))
            kind = dice.choice(("pay", "pay", "pay", "credit", "entry"))
            if kind == "pay":
                self.pay(debtor, part, days=day, invoices=invoice)
            elif kind == "credit":
                self.reconcile(invoice, self.invoice(day, part, debtor=debtor, kind="out_refund"))
            else:
                self.reconcile(invoice, self.entry(part, day, debtor=debtor))
            left -= part
            if not left:
                break

    def expected(self, debtor):
        """The facts, from the records, one item after the other."""
        items = self.env["account.move.line"].search(
            [
                ("partner_id", "=", debtor.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("date", "<=", DAY),
            ]
        )
        sums, days = defaultdict(float), []
        for item in items.filtered(lambda item: item.balance > 0):
            self.judge(item, sums, days)
        credit = -sum(items.filtered(lambda item: item.balance < 0).mapped("amount_residual"))
        overdue, late = (max(0, sums[name] - credit) for name in ("overdue", "late"))
        open_days = [
            (DAY - item.date_maturity).days
            for item in items
            if item.balance > 0 and item.amount_residual
        ]
        return self.facts(sums, days, overdue, late, max([0, *open_days]) if overdue else 0)

    def judge(self, item, sums, days):
        """Add what one item tells."""
        due = item.date_maturity
        parts = []
        for partial in item.matched_credit_ids:
            journal = partial.credit_move_id.journal_id.type
            first = DAY - timedelta(days=731)  # 24 months before DAY
            if journal != "sale" and first <= partial.max_date <= DAY:
                late = max(0, (partial.max_date - due).days)
                parts.append((partial.amount, late, journal == "bank", partial.max_date))
        for amount, late, is_money, day in parts:
            sums["settled"] += amount
            sums["on_time"] += amount if late <= 3 else 0
            if is_money:
                age = "recent" if day >= DAY - timedelta(days=183) else "before"
                sums[age] += amount
                sums[f"{age}_days"] += amount * late
        if item.amount_residual:
            age = (DAY - due).days
            sums["overdue"] += item.amount_residual if age > 0 else 0
            sums["late"] += item.amount_residual if age > 3 else 0
            sums["overdue_count"] += age > 3
        elif parts:
            sums["count"] += 1
            sums["on_time_count"] += all(late <= 3 for _amount, late, _money, _day in parts)
            if paid := [late for _amount, late, money, _day in parts if money]:
                days.append(max(paid))

    def facts(self, sums, days, overdue, late, oldest):
        def average(*ages):
            weight = sum(sums[age] for age in ages)
            total = sum(sums[f"{age}_days"] for age in ages)
            return round(total / weight + 1e-9, 1) if weight else 0.0

        due = sums["settled"] + late
        facts = {
            "days_late": average("recent", "before"),
            "days_median": round(median(days) + 1e-9, 1) if days else 0.0,
            "late_share": round(100 - 100 * sums["on_time"] / due + 1e-9, 1) if due else 0.0,
            "trend": round(average("recent") - average("before"), 1)
            if sums["recent"] and sums["before"]
            else 0.0,
            "broken_count": 0,
            "defaulted_count": 0,
            "oldest_days": oldest,
        }
        steps = self.env["dunning.score.step"]._of("behavior", self.company)
        names = self.env["dunning.behavior"]._term_fields()
        total = sum(points.points(facts[name], steps[term]) for term, name in names.items())
        is_new = sums["count"] + sums["overdue_count"] < 3
        bounds = self.company._dunning_grade_bounds()
        return {
            **facts,
            "amount_settled": sums["settled"],
            "amount_overdue": overdue,
            "settled_count": sums["count"],
            "on_time_count": sums["on_time_count"],
            "overdue_count": sums["overdue_count"],
            "points": total,
            "is_new": is_new,
            "grade": False if is_new else points.grade(total, bounds),
        }
