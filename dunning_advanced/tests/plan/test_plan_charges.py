from datetime import timedelta

from odoo.exceptions import UserError

from ..money.common import ChargeCommon
from .common import PlanCase


class TestPlanInterest(PlanCase, ChargeCommon):
    """What a plan costs. 7.3 percent are 0.02 a day on 100."""

    def fixed(self, invoice, **values):
        return self.plan(invoice, interest="fixed", interest_rate=7.3, **values)

    def test_rate_of_the_law_is_proposed(self):
        # 3.62 + 9 since January 2024
        self.assertEqual(self.plan(self.invoice(10), interest="fixed").interest_rate, 12.62)
        self.assertEqual(self.plan(self.invoice(10)).interest_rate, 0)

    def test_fixed_interest_is_spread_and_booked(self):
        invoice = self.invoice(10, 300)
        plan = self.fixed(invoice)
        # 300 for 30 days, 200 for 31, 100 for 31: 183 days of 100, in a year of 366
        self.assertEqual((plan.amount_interest, plan.amount_total), (3.65, 303.65))
        self.assertEqual(self.amounts(plan), [101.21, 101.21, 101.23])
        plan.action_offer()
        self.assertFalse(plan.interest_move_id)
        plan._accept("Brandon", self.today())
        move = plan.interest_move_id
        self.assertEqual((move.state, move.amount_total), ("posted", 3.65))
        self.assertIn(self.items(move), plan.hold_id.item_ids)
        self.assertEqual(plan.line_ids.move_id, invoice | move)
        self.receive(300, invoice, days=0)
        self.assertEqual(plan.state, "running")
        self.receive(3.65, move, days=0)
        self.assertEqual((plan.state, plan.amount_paid), ("completed", 303.65))

    def test_fixed_interest_with_tax(self):
        tax = self.env["account.tax"].create(
            {"name": "20 %", "amount": 20, "type_tax_use": "sale", "company_id": self.company.id}
        )
        self.env.ref("dunning_advanced.product_interest").taxes_id = tax
        plan = self.fixed(self.invoice(10, 300))
        self.assertEqual(plan.amount_interest, 4.38)
        plan.action_offer()
        plan._accept("Brandon", self.today())
        self.assertEqual(plan.interest_move_id.amount_total, 4.38)

    def test_early_settlement_of_fixed_interest(self):
        invoice = self.invoice(10, 300)
        plan = self.fixed(invoice)
        plan.action_offer()
        plan._accept("Brandon", self.today())
        # after 61 days 31 of the 183 are to come
        self.assertEqual(plan._early_settlement(self.day(61)), 303.03)
        self.assertEqual(plan._early_settlement(self.day(200)), 303.65)
        self.at(61)
        self.assertEqual(plan.settlement, 303.03)
        plan.with_user(self.manager).action_credit_interest()
        self.assertEqual(plan.amount_open, 303.03)
        self.assertEqual(plan.installment_ids.sorted("date")[-1].amount_credited, 0.62)
        self.receive(300, invoice, days=61)
        self.receive(3.03, plan.interest_move_id, days=61)
        self.assertEqual(plan.state, "completed")
        with self.assertRaisesRegex(UserError, "“Completed”"):
            plan.action_credit_interest()

    def test_nothing_to_credit(self):
        with self.assertRaisesRegex(UserError, "no interest that could be credited"):
            self.running(self.invoice(10, 300)).action_credit_interest()

    def test_running_interest_is_charged_at_the_end(self):
        self.company.dunning_plan_cure = 10
        invoice = self.invoice(10, 300)
        plan = self.running(invoice, interest="running")
        self.assertEqual(plan.amount_total, 300)
        self.at(30)
        # 300 x 12.62 % x 27 days, 12.37 % from July on: 3 days
        self.assertEqual(plan._early_settlement(self.day(30)), 303.10)
        self.receive(100, invoice, days=30)
        self.at(61)
        self.receive(200, invoice, days=61)
        # and 200 x 12.37 % x 31 days
        self.assertEqual((plan.state, plan.to_book), ("completed", True))
        self.night()
        move = plan.interest_move_id
        self.assertEqual((move.state, move.amount_total), ("posted", 5.19))
        self.assertEqual(move.invoice_date_due, self.day(71))

    def test_running_interest_of_a_default_is_charged_by_the_next_reminder(self):
        self.first.charge_interest = True
        for interest, days in (("running", 60), ("none", 10)):
            with self.subTest(interest), self.env.cr.savepoint() as savepoint:
                self.at(0)
                invoice = self.invoice(10, 300)
                plan = self.running(invoice, interest=interest)
                self.at(50)
                self.night()
                plan.action_default()
                notice = self.notice_at(self.day(50))
                charge = notice.charge_ids.filtered(lambda charge: charge.kind == "interest")
                self.assertEqual(charge.days, days)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_day_without_rate_is_told_and_tried_again(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice, interest="running")
        rates = self.env["dunning.reference.rate"].search([("date_from", "=", "2024-01-01")])
        kept = [(rate, rate.rate) for rate in rates]
        self.assertTrue(kept)
        rule = plan._law_rule()
        lost = rule.reference_id.rate_ids.filtered(lambda rate: rate in rates)
        values = lost.copy_data()
        lost.unlink()
        self.at(10)
        self.assertIn("is missing", plan.settlement_note)
        self.receive(300, invoice, days=10)
        self.night()
        self.assertEqual((plan.state, plan.to_book), ("completed", True))
        self.assertIn("is missing", plan.error)
        self.env["dunning.reference.rate"].create(values)
        self.night()
        self.assertEqual((plan.to_book, plan.error), (False, False))
        self.assertTrue(plan.interest_move_id)


class TestPlanFees(PlanCase, ChargeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.charge_mode = "posted"

    def reminded(self):
        """An invoice of 300 with a booked fee of 5.

        :return: (invoice, invoice of the fee)
        """
        invoice = self.invoice(10, 300)
        notice = self.notice_at()
        self.assertEqual(notice.amount_charges, 5)
        return invoice, notice.charge_move_id

    def wizard(self, fees):
        action = self.env["dunning.plan"]._open_dialog(
            self.debtor, self.company, self.company.currency_id
        )
        return self.env["dunning.plan"].with_context(**action["context"]).create({"fees": fees})

    def test_charges_that_stay(self):
        invoice, fee = self.reminded()
        self.at(30)
        self.assertEqual(self.wizard("keep").item_ids, self.items(invoice))
        plan = self.running(invoice)
        self.assertNotIn(self.items(fee), plan.hold_id.item_ids)
        self.receive(300, invoice, days=30)
        self.assertEqual((plan.state, fee.amount_residual), ("completed", 5))

    def test_charges_that_are_waived_when_the_plan_is_kept(self):
        invoice, fee = self.reminded()
        plan = self.running(invoice, fees="waive")
        self.assertIn(self.items(fee), plan.hold_id.item_ids)
        self.receive(300, invoice, days=0)
        self.assertEqual(plan.state, "completed")
        self.night()
        self.assertEqual((fee.payment_state, fee.amount_residual), ("reversed", 0))
        charge = fee.dunning_charge_notice_ids.charge_ids
        self.assertEqual(
            (charge.state, charge.reason), ("waived", f"Payment plan {plan.name} was kept")
        )

    def test_charges_of_a_plan_that_failed_are_not_waived(self):
        invoice, fee = self.reminded()
        plan = self.running(invoice, fees="waive")
        self.at(50)
        self.night()
        plan.action_default()
        self.receive(300, invoice, days=50)
        self.assertEqual((plan.state, fee.amount_residual), ("defaulted", 5))

    def test_charges_that_are_paid_with_the_plan(self):
        invoice, fee = self.reminded()
        self.at(30)
        wizard = self.wizard("include")
        self.assertEqual(wizard.item_ids, self.items(invoice, fee))
        self.assertEqual(wizard.amount_total, 305)

    def test_only_charges_that_count_are_looked_at(self):
        invoice, fee = self.reminded()
        fee.dunning_charge_notice_ids._cancel("Wrong", self.day(1) - timedelta(days=1))
        plan = self.running(invoice, fees="waive")
        self.assertEqual(plan.hold_id.item_ids, self.items(invoice))
