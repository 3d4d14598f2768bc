from datetime import date, timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..common import DAY
from .common import ChargeCommon

LATER = DAY + timedelta(days=14)


@freeze_time(DAY)
class TestFees(ChargeCommon):
    def test_levels_without_charges_cost_nothing(self):
        self.policy.level_ids.fee_ids = False
        self.assertFalse(any(self.policy.level_ids.mapped("has_charges")))
        self.invoice(10)
        notice = self.notice_at()
        self.assertFalse(notice.charge_ids)
        self.assertEqual(notice.amount_due, 100)

    def test_fee_is_once_for_a_reminder(self):
        self.invoice(10, 100)
        self.invoice(12, 200)
        notice = self.notice_at()
        self.assertEqual(self.open_charges(notice), [("fee", 1.67), ("fee", 3.33)])
        self.assertEqual((notice.amount_charges, notice.amount_due), (5, 305))
        [(label, why, amount)] = notice._charge_values()["rows"]
        self.assertEqual((label, why, amount), ("Fee of 5", "fixed amount for each reminder", 5))

    def test_fee_for_each_invoice(self):
        self.five.per_item = True
        self.invoice(10, 100)
        self.invoice(12, 200)
        self.assertEqual(self.open_charges(self.notice_at()), [("fee", 5), ("fee", 5)])

    def test_reminder_before_the_due_date_is_free(self):
        self.before.fee_ids = self.five
        self.invoice(-2)
        self.assertFalse(self.notice_at().charge_ids)

    def test_percent_of_what_is_left_to_pay(self):
        self.first.fee_ids = self.make_fee(0, kind="percent", percent=2)
        move = self.invoice(10, 1000)
        self.pay(self.debtor, 400, invoices=move)
        charge = self.notice_at().charge_ids
        self.assertEqual((charge.principal, charge.amount), (600, 12))
        self.assertIn("2 % of", charge.formula)

    def test_second_level_costs_its_own_fee(self):
        self.invoice(10)
        self.notice_at()
        second = self.notice_at(LATER)
        self.assertEqual(self.open_charges(second), [("fee", 10)])
        self.assertEqual(second.amount_charges_before, 5)
        self.assertEqual(second.amount_due, 115)

    def test_repeated_level_does_not_charge_again(self):
        self.last.fee_ids = self.ten
        self.policy.write({"repeat_every": 10, "repeat_max": 2})
        self.invoice(33)
        for day in (0, 14, 28):
            self.notice_at(DAY + timedelta(days=day))
        repeated = self.notice_at(DAY + timedelta(days=38))
        self.assertEqual(repeated.level_id, self.last)
        self.assertFalse(repeated.charge_ids)
        self.assertEqual(repeated.amount_charges_before, 25)

    def test_fixed_sum_is_owed_once(self):
        self.first.fee_ids = self.second.fee_ids = self.statutory
        euro = self.add_rate("EUR", 0.5)
        self.invoice(10, currency=euro)
        first = self.notice_at()
        self.assertEqual(self.open_charges(first), [("fixed", 40)])
        self.assertFalse(self.notice_at(LATER).charge_ids)

    def test_database_refuses_the_same_charge_twice(self):
        self.invoice(10)
        charge = self.notice_at().charge_ids
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            charge.sudo().copy()

    def test_currency_of_the_invoice(self):
        """5 in company currency are 10 of a currency that is worth half of it."""
        half = self.add_rate("GBP", 2)
        self.invoice(10, currency=half)
        charge = self.notice_at().charge_ids
        self.assertEqual((charge.currency_id, charge.amount), (half, 10))
        self.assertEqual(charge.amount_company, 5)

    def test_converted_at_the_day_of_the_reminder(self):
        half = self.add_rate("GBP", 2)
        self.add_rate("GBP", 4, DAY)
        self.invoice(10, currency=half)
        charge = self.notice_at().charge_ids
        self.assertEqual((charge.amount, charge.amount_company), (20, 5))

    def test_currency_without_rate_stops_its_reminder(self):
        pound = self.env.ref("base.GBP")
        pound.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", pound.id)]).unlink()
        self.invoice(10)
        self.invoice(10, currency=pound)
        run = self.run_at()
        run.action_confirm()
        failed = run.notice_ids.filtered(lambda notice: notice.currency_id == pound)
        self.assertEqual(failed.state, "confirmed")
        self.assertIn("no rate for GBP", failed.error)
        self.assertEqual((run.notice_ids - failed).state, "issued")

    def test_fee_above_the_debt_waits_for_a_person(self):
        self.invoice(10, 4)
        run = self.run_at()
        notice = run.notice_ids
        self.assertIn("Fee of 5", str(notice.charge_estimate))
        run.action_confirm()
        self.assertEqual((notice.state, notice.charge_question), ("confirmed", True))
        self.assertIn("more than the debt", notice.error)
        notice.action_charge_anyway()
        self.assertEqual((notice.state, notice.charge_question), ("issued", False))
        self.assertEqual(notice.amount_charges, 5)

    def test_fee_above_the_debt_is_waived(self):
        self.invoice(10, 4)
        run = self.run_at()
        run.action_confirm()
        notice = run.notice_ids
        action = notice.action_waive_charges()
        wizard = self.env["dunning.reason"].with_context(**action["context"])
        wizard.create({"reason": "Not worth it"}).action_apply()
        self.assertEqual((notice.state, notice.amount_charges), ("issued", 0))
        self.assertEqual(notice.charge_ids.state, "waived")
        self.assertEqual(notice.charge_ids.reason, "Not worth it")

    def test_waiving_asks_for_the_reason(self):
        self.invoice(10)
        charge = self.notice_at().charge_ids
        action = charge.action_waive()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard.create({"reason": "Goodwill"}).action_apply()
        self.assertEqual((charge.state, charge.reason), ("waived", "Goodwill"))
        with self.assertRaisesRegex(UserError, "Only charges that count"):
            charge.action_waive()

    def test_waived_charges_stay_waived(self):
        self.policy.write({"repeat_every": 10, "repeat_max": 2})
        self.last.fee_ids = self.ten
        self.invoice(33)
        for day in (0, 14):
            self.notice_at(DAY + timedelta(days=day))
        last = self.notice_at(DAY + timedelta(days=28))
        last.charge_ids._waive("Goodwill", DAY)
        self.assertEqual((last.amount_charges, last.amount_due), (0, 115))
        self.assertFalse(self.notice_at(DAY + timedelta(days=38)).charge_ids)
        with self.assertRaises(UserError):
            last.charge_ids._waive("Again", DAY)

    def test_cancelled_reminder_takes_its_charges_along(self):
        self.invoice(10)
        notice = self.notice_at()
        notice._cancel("Wrong")
        self.assertEqual(notice.charge_ids.state, "cancelled")
        again = self.notice_at()
        self.assertEqual(self.open_charges(again), [("fee", 5)])
        self.assertEqual(again.amount_charges_before, 0)

    def test_estimate_before_the_reminder_goes_out(self):
        self.invoice(10)
        notice = self.run_at().notice_ids
        self.assertFalse(notice.charge_ids)
        self.assertEqual(notice._charge_values()["total"], 105)
        self.assertIn("Fee of 5", str(notice.charge_estimate))
        self.assertIn("Fee of 5", str(notice.preview))

    def test_dunning_users_read_charges_and_waive_them(self):
        user = new_test_user(
            self.env,
            "dunner.charges",
            "dunning_advanced.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.invoice(10)
        run = self.run_at().with_user(user)
        run.action_confirm()
        charge = run.notice_ids.charge_ids
        self.assertEqual(charge.amount, 5)
        with self.assertRaises(UserError):
            charge.amount = 1
        charge._waive("Goodwill", DAY)
        self.assertEqual(charge.state, "waived")


@freeze_time(DAY)
class TestInterest(ChargeCommon):
    """Business in Germany: 12.62 % in the first half of 2024, 12.37 % in the second."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.level_ids.fee_ids = False
        (cls.first | cls.second | cls.last).charge_interest = True

    def interest(self, notice):
        return [
            (charge.date_from, charge.date_until, charge.amount) for charge in notice.charge_ids
        ]

    def test_from_the_due_date_to_the_reminder(self):
        self.invoice(10, 10000)
        notice = self.notice_at()
        # 10 days: 10,000 x 12.62 % x 10 / 366
        self.assertEqual(self.interest(notice), [(date(2024, 5, 25), DAY, 34.48)])
        self.assertIn("BGB", notice.charge_ids.formula)
        [row] = notice._charge_values()["interest"]
        self.assertEqual((row["days"], row["rate"], row["amount"]), (10, "12.62 %", 34.48))
        self.assertIn("12.62 %", str(notice.charge_ids.working))

    def test_runs_on_from_the_last_charged_day(self):
        self.invoice(10, 10000)
        first, second = self.notice_at(), self.notice_at(LATER)
        self.assertEqual(self.interest(second)[0][:2], (DAY + timedelta(days=1), LATER))
        # 24 days together, to the cent of one charge over all of them
        total = first.amount_charges + second.amount_charges
        self.assertAlmostEqual(total, 82.75)

    def test_days_of_a_hold_that_freezes_interest_bear_none(self):
        self.invoice(10, 10000)
        self.env["dunning.hold"].create(
            {
                "reason_id": self.env.ref("dunning_advanced.hold_reason_breathing").id,
                "company_id": self.company.id,
                "partner_id": self.debtor.id,
                "date_from": DAY - timedelta(days=7),
                "date_to": DAY - timedelta(days=4),
            }
        )
        charge = self.notice_at().charge_ids
        # 2 days before and 4 days after the 4 days of the hold
        self.assertEqual([row["days"] for row in charge._segment_rows()], [2, 4])
        self.assertEqual((charge.days, charge.amount), (6, 20.69))

    def test_waived_interest_is_not_charged_later(self):
        self.invoice(10, 10000)
        self.notice_at().charge_ids._waive("Goodwill", DAY)
        self.assertEqual(self.interest(self.notice_at(LATER))[0][0], DAY + timedelta(days=1))

    def test_payment_in_between_splits_the_period(self):
        move = self.invoice(19, 10000)
        self.pay(self.debtor, 5000, days=9, invoices=move)
        charge = self.notice_at().charge_ids
        rows = charge._segment_rows()
        self.assertEqual([row["days"] for row in rows], [10, 9])
        # the payment pays the interest of the first days first (BGB 367)
        self.assertEqual([row["base"] for row in rows], [10000, 5034.48])
        self.assertEqual(charge.amount, round(34.48 + 5034.48 * 0.1262 * 9 / 366, 2))

    def test_each_half_year_has_its_rate(self):
        day = date(2024, 7, 5)
        self.invoice(10, 10000)
        charge = self.notice_at(day).charge_ids
        rows = charge._segment_rows()
        self.assertEqual(
            [(row["days"], row["rate"]) for row in rows], [(37, "12.62 %"), (5, "12.37 %")]
        )
        self.assertAlmostEqual(sum(row["amount"] for row in rows), charge.amount)

    def test_missing_rate_stops_this_reminder_only(self):
        other = self.make_debtor("Swiss", country_id=self.env.ref("base.ch").id)
        self.invoice(10)
        self.invoice(10, debtor=other)
        rule = self.env.ref("dunning_advanced.interest_de_business")
        rule.reference_id.rate_ids.filtered(
            lambda rate: rate.date_from <= DAY <= rate.date_to
        ).unlink()
        run = self.run_at()
        run.action_confirm()
        failed = run.notice_ids.filtered("error")
        self.assertEqual(failed.partner_id, self.debtor)
        self.assertIn("is missing", failed.error)
        self.assertIn("is missing", str(failed.charge_estimate))
        self.assertEqual((run.notice_ids - failed).state, "issued")

    def test_nothing_agreed_nothing_owed(self):
        self.debtor.country_id = self.env.ref("base.us")
        self.invoice(10)
        self.assertFalse(self.notice_at().charge_ids)

    def test_charges_bear_no_charges_unless_the_policy_says_so(self):
        self.policy.charge_mode = "posted"
        self.invoice(10, 10000)
        first = self.notice_at()
        booked = first.charge_move_id
        late = DAY + timedelta(days=21)
        both = self.notice_at(late)
        self.assertIn(booked, both.line_ids.move_id)
        self.assertNotIn(booked, both.charge_ids.move_id)
        both._cancel("Again, with charges on charges")
        self.policy.charge_on_charges = True
        self.assertIn(booked, self.notice_at(late).charge_ids.move_id)

    def test_law_of_the_company_for_businesses(self):
        self.company.country_id = self.company.account_fiscal_country_id = self.germany
        self.debtor.country_id = self.env.ref("base.fr")
        self.company.dunning_law = "company"
        self.invoice(10, 10000)
        self.assertIn("BGB", self.notice_at().charge_ids.formula)
