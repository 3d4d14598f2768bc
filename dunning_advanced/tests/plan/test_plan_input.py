from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .common import PlanCase


class TestPlanBadInput(PlanCase):
    def refused(self, message, *moves, error=UserError, **values):
        with (
            self.subTest(message, **values),
            self.assertRaisesRegex(error, message),
            self.env.cr.savepoint(),
        ):
            self.plan(*moves, **values).action_offer()

    def test_terms_that_make_no_plan(self):
        invoice = self.invoice(10, 0.05)
        self.company.dunning_plan_minimum = 0
        for message, values in (
            ("one installment at least", {"number": 0}),
            ("one installment at least", {"method": "amount"}),
            ("cannot be negative", {"number": -1}),
            ("cannot be negative", {"method": "amount", "amount_each": -1}),
            ("so many installments: 5 at most", {"number": 6}),
            ("so many installments", {"number": 1000}),
            ("cannot be negative", {"down_payment": -1}),
            ("everything there is to pay: .*0.04 at most", {"down_payment": 0.05}),
            ("before the first installment", {"down_payment": 0.01}),
            (
                "before the first installment",
                {"down_payment": 0.01, "date_down": self.day(30)},
            ),
            ("05/31/2024 is in the past", {"date_first": self.day(-3)}),
            (
                "06/02/2024 is in the past",
                {"down_payment": 0.01, "date_down": self.day(-1)},
            ),
            ("less than 100 percent", {"interest": "fixed", "interest_rate": 100}),
            ("less than 100 percent", {"interest": "fixed", "interest_rate": -1}),
        ):
            self.refused(message, invoice, **values)

    def test_invoices_that_cannot_be_in_a_plan(self):
        invoice = self.invoice(10)
        theirs = self.invoice(10, debtor=self.make_debtor("Deco Addict"))
        self.refused("no open invoice of Azure Interior", invoice, theirs)
        paid = self.invoice(10)
        self.receive(100, paid, days=0)
        self.refused("no open invoice of Azure Interior", paid)
        euro = self.env.ref("base.EUR")
        euro.active = True
        euros = self.invoice(10, currency=euro)
        self.refused("no open invoice of Azure Interior in USD", invoice, euros)
        self.refused("Choose the invoices", invoice, items=self.items())

    def test_disputed(self):
        reason = self.env.ref("dunning_advanced.hold_reason_dispute").id
        by_item, by_invoice = self.invoice(10), self.invoice(10)
        holds = self.env["dunning.hold"].create(
            [
                {"partner_id": self.debtor.id, "reason_id": reason, "move_id": by_invoice.id},
                {
                    "partner_id": self.debtor.id,
                    "reason_id": reason,
                    "item_ids": [Command.set(self.items(by_item).ids)],
                },
            ]
        )
        self.refused("is disputed", by_item)
        self.refused("is disputed", by_invoice)
        holds._lift("Settled", self.today())
        self.plan(by_item, by_invoice).action_offer()

    def test_disputed_after_the_offer(self):
        invoice = self.invoice(10)
        plan = self.plan(invoice)
        plan.action_offer()
        self.env["dunning.hold"].create(
            {
                "partner_id": self.debtor.id,
                "reason_id": self.env.ref("dunning_advanced.hold_reason_dispute").id,
                "move_id": invoice.id,
            }
        )
        with self.assertRaisesRegex(UserError, "is disputed"):
            plan._accept("Brandon", self.today())

    def test_promised(self):
        invoice = self.invoice(10)
        promise = self.env["dunning.promise"].create(
            {"partner_id": self.debtor.id, "amount": 100, "date": self.day(7)}
        )
        self.refused("promised already.*100.00 by 06/10/2024", invoice)
        plan = self.plan(invoice, replace_promises=True)
        plan.action_offer()
        self.assertEqual(promise.state, "open", "until the customer has agreed")
        plan._accept("Brandon", self.today())
        self.assertEqual((promise.state, promise.hold_id.active), ("cancelled", False))

    def test_two_plans_over_one_item(self):
        invoice = self.invoice(10)
        plan = self.plan(invoice)
        plan.action_offer()
        self.refused(f"is in the payment plan {plan.name} already", invoice)
        plan.action_cancel()
        other = self.plan(invoice)
        other.action_offer()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.cr.execute(
                "UPDATE dunning_payment_plan_item SET is_running = TRUE WHERE plan_id = %s",
                [plan.id],
            )

    def test_an_invoice_twice_in_a_plan(self):
        invoice = self.invoice(10)
        twice = self.items().browse(self.items(invoice).ids * 2)
        with mute_logger("odoo.sql_db"):
            self.refused("item_once", invoice, items=twice, error=UniqueViolation)

    def test_accepted_by_nobody_or_too_late(self):
        plan = self.plan(self.invoice(10))
        with self.assertRaisesRegex(UserError, "“Draft”.*“Offered”"):
            plan._accept("Brandon", self.today())
        plan.action_offer()
        with self.assertRaisesRegex(UserError, "Who accepted"):
            plan._accept(" ", self.today())
        self.at(15)
        with self.assertRaisesRegex(UserError, "was valid until 06/17/2024"):
            plan._accept("Brandon", self.today())

    def test_terms_are_fixed_once_offered(self):
        plan = self.plan(self.invoice(10))
        plan.number = 2
        self.assertEqual(self.amounts(plan), [50, 50])
        plan.action_offer()
        with self.assertRaisesRegex(UserError, "“Installments” of PLAN.* cannot be changed"):
            plan.number = 4
        plan.action_draft()
        self.assertFalse(plan.hold_id.active)
        plan.number = 4
        self.assertEqual(self.amounts(plan), [25] * 4)

    def test_ended_plans_stay_ended(self):
        plan = self.running(self.invoice(10))
        with self.assertRaisesRegex(UserError, "kept up to now"):
            plan.action_default()
        with self.assertRaisesRegex(UserError, "not in arrears"):
            plan.action_extend()
        with self.assertRaisesRegex(UserError, "cancel it, then delete it"):
            plan.with_user(self.manager).unlink()
        plan.action_cancel()
        for action in ("action_cancel", "action_default", "action_accept", "action_amend"):
            with self.subTest(action), self.assertRaisesRegex(UserError, "“Cancelled”"):
                getattr(plan, action)()
        plan.with_user(self.manager).unlink()

    def test_wizard_shows_what_is_wrong(self):
        self.invoice(10)
        context = self.env["dunning.plan"]._open_dialog(
            self.debtor, self.company, self.company.currency_id
        )["context"]
        with Form(self.env["dunning.plan"].with_context(**context)) as form:
            form.number = 0
            self.assertIn("one installment at least", form.error)
            form.number = 2
            self.assertFalse(form.error)
            form.date_first = self.day(-1)
            self.assertIn("in the past", form.error)
            form.date_first = self.day(5)
            self.assertFalse(form.error)


class TestPlanLimits(PlanCase):
    def test_limits_of_the_company_need_a_manager(self):
        self.company.write({"dunning_plan_months": 6, "dunning_plan_approval": 500})
        for message, amount, values in (
            ("6 months are the most: end it by 12/03/2024", 400, {"number": 7}),
            ("10.00 are smaller than .*25.00", 60, {"number": 6}),
            ("20.00 are smaller than .*25.00", 50, {"method": "amount", "amount_each": 20}),
            ("500.01 is above .*500.00", 500.01, {}),
        ):
            with self.subTest(message):
                plan = self.plan(self.invoice(10, amount), **values)
                with self.assertRaisesRegex(UserError, message + r"(.|\n)*Ask for approval"):
                    plan.action_offer()
                plan.action_ask_approval()
                self.assertEqual(plan.state, "to_approve")
                self.assertRegex(plan.approval_reason, message)
                self.assertTrue(plan.activity_ids)
                with self.assertRaises(UserError):
                    plan.action_offer()
                plan.with_user(self.manager).action_offer()
                self.assertEqual((plan.state, plan.approved_by_id), ("offered", self.manager))
                self.assertFalse(plan.activity_ids)

    def test_the_rest_may_be_small(self):
        self.plan(self.invoice(10, 51), method="amount", amount_each=25).action_offer()

    def test_limits_in_another_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "rate": 2, "name": "2024-01-01", "company_id": self.company.id}
        )
        plan = self.plan(self.invoice(10, 90, currency=euro), number=2)
        with self.assertRaisesRegex(UserError, "45.00.* are smaller than .*50.00"):
            plan.action_offer()

    def test_no_limits(self):
        self.company.write(
            {"dunning_plan_months": 0, "dunning_plan_minimum": 0, "dunning_plan_approval": 0}
        )
        self.plan(self.invoice(10, 100_000), number=500, frequency="quarter").action_offer()

    def test_wizard_asks_for_approval(self):
        self.company.dunning_plan_approval = 50
        self.invoice(10)
        for user, state in ((self.marc, "to_approve"), (self.manager, "offered")):
            wizards = self.env["dunning.plan"].with_user(user)
            context = wizards._open_dialog(self.debtor, self.company, self.company.currency_id)[
                "context"
            ]
            with Form(wizards.with_context(**context)) as form:
                form.number = 2
                self.assertIn("is above", form.limits)
                self.assertEqual(form.can_approve, user == self.manager)
            action = "action_offer" if form.can_approve else "action_ask_approval"
            plan = self.env["dunning.payment.plan"].browse(getattr(form.record, action)()["res_id"])
            self.assertEqual(plan.state, state)


class TestPlanRights(PlanCase):
    def test_payer_without_dunning_rights(self):
        biller = self.make_user("biller.plans", "account.group_account_invoice")
        invoice = self.invoice(10)
        plan = self.running(invoice, number=1)
        self.env.flush_all()
        self.env.invalidate_all()
        register = self.env["account.payment.register"].with_user(biller)
        register.with_context(active_model="account.move", active_ids=invoice.ids).create(
            {"payment_date": self.today()}
        ).action_create_payments()
        self.assertEqual(plan.state, "completed")
        with self.assertRaises(AccessError):
            plan.with_user(biller).read(["state"])

    def test_biller_resets_a_covered_invoice(self):
        biller = self.make_user("biller.plans", "account.group_account_invoice")
        one, two = self.invoice(10), self.invoice(10)
        plan = self.running(one, two)
        self.env.flush_all()
        self.env.invalidate_all()
        one.with_user(biller).button_draft()
        self.assertEqual(plan.amount_open, 100)

    def test_other_companies_are_out_of_sight(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger.plans",
            "dunning_advanced.group_manager",
            company_id=elsewhere.id,
            company_ids=[Command.set(elsewhere.ids)],
        )
        plan = self.plan(self.invoice(10))
        for record in (plan, plan.line_ids, plan.installment_ids):
            self.assertFalse(record.with_user(stranger).search([("id", "in", record.ids)]))

    def test_validation_error_is_one_for_the_user(self):
        with self.assertRaises(ValidationError):
            self.plan(self.invoice(10), number=0)
