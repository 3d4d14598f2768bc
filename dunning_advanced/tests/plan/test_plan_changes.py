from odoo.exceptions import UserError
from odoo.tests import Form

from .common import PlanCase


class TestPlanMoney(PlanCase):
    """What payments, credit notes and invoices that change do to a running plan."""

    def test_value_dates_and_any_split(self):
        one, two = self.invoice(10, 100), self.invoice(10, 200)
        plan = self.running(one, two)
        self.at(40)
        self.receive(60, two, days=31)
        self.receive(100, one, days=30)
        self.receive(40, two, days=35)
        rows = plan.installment_ids.sorted("date")
        self.assertEqual(rows.mapped("amount_paid"), [100, 100, 0])
        self.assertEqual(rows.mapped("date_paid"), [self.day(30), self.day(35), False])
        self.assertEqual((plan.date_next, plan.amount_next), (rows[2].date, 100))
        self.assertEqual(plan.progress, 100 * 200 / 300)

    def test_credit_note_shortens_from_the_end(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice)
        self.credit(invoice, 150)
        rows = plan.installment_ids.sorted("date")
        self.assertEqual(rows.mapped("amount_open"), [100, 50, 0])
        self.assertEqual(self.states(plan), ["open", "open", "credited"])
        self.assertEqual((plan.amount_credited, plan.amount_paid), (150, 0))
        self.receive(150, invoice, days=0)
        self.assertEqual(plan.state, "completed")

    def test_everything_credited_is_no_reason_to_thank(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice)
        self.credit(invoice, 300)
        self.assertEqual((plan.state, plan.hold_id.active), ("cancelled", False))
        self.assertIn("is agreed", self.mails(plan)[-1])

    def test_money_that_came_before_the_agreement(self):
        invoice = self.invoice(10, 300)
        self.receive(30, invoice, days=-5)
        plan = self.plan(invoice)
        plan.action_offer()
        self.assertEqual(plan.amount_total, 270)
        # on account since before, reconciled while the offer waits
        self.receive(90, invoice, days=-2)
        plan._accept("Brandon", self.today())
        self.assertEqual((plan.amount_paid, plan.amount_open), (90, 180))

    def test_draft_is_reckoned_again_when_it_is_offered(self):
        invoice = self.invoice(10, 300)
        plan = self.plan(invoice)
        self.receive(90, invoice, days=0)
        plan.action_offer()
        self.assertEqual(self.amounts(plan), [70, 70, 70])

    def test_money_that_is_taken_back(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice)
        self.receive(100, invoice, days=0)
        self.assertEqual(plan.amount_paid, 100)
        self.items(invoice).remove_move_reconcile()
        self.night()
        self.assertEqual((plan.amount_paid, self.states(plan)[0]), (0, "open"))

    def test_paid_at_once(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice)
        self.receive(300, invoice, days=0)
        self.assertEqual((plan.state, self.states(plan)), ("completed", ["paid"] * 3))

    def test_currencies_of_any_precision(self):
        for name, amount, expected in (
            ("JPY", 1000, [333, 333, 334]),
            ("KWD", 100.001, [33.333, 33.333, 33.335]),
        ):
            currency = self.env.ref(f"base.{name}")
            currency.active = True
            self.env["res.currency.rate"].create(
                {"currency_id": currency.id, "rate": 2, "name": "2024-01-01"}
            )
            self.company.dunning_plan_minimum = 0
            invoice = self.invoice(10, amount, currency=currency)
            plan = self.running(invoice)
            self.assertEqual(self.amounts(plan), expected)
            payment = self.pay(self.debtor, amount)
            payment.action_draft()
            payment.write({"currency_id": currency.id, "amount": amount})
            payment.action_post()
            self.items(invoice, payment.move_id).filtered(
                lambda item: item.account_id.account_type == "asset_receivable"
            ).reconcile()
            self.assertEqual((plan.state, plan.amount_open), ("completed", 0), name)

    def test_states_can_be_searched(self):
        invoice = self.invoice(10, 500)
        plan = self.running(invoice, number=5)
        self.receive(150, invoice, days=0)
        self.credit(invoice, 100)
        self.at(70)
        rows = plan.installment_ids.sorted("date")
        self.assertEqual(rows.mapped("state"), ["paid", "overdue", "open", "open", "credited"])
        for state in ("paid", "overdue", "open", "part", "credited"):
            found = rows.search([("plan_id", "=", plan.id), ("state", "=", state)])
            self.assertEqual(found, rows.filtered(lambda row, state=state: row.state == state))


class TestPlanChanges(PlanCase):
    def test_covered_invoice_is_reset_to_draft(self):
        one, two = self.invoice(10, 100), self.invoice(10, 200)
        plan = self.running(one, two)
        self.receive(50, two, days=0)
        two.button_draft()
        # 50 came for it and stay with the plan, 150 were open and shorten it
        rows = plan.installment_ids.sorted("date")
        self.assertEqual(rows.mapped("amount_open"), [50, 50, 0])
        self.assertEqual(plan.hold_id.item_ids, self.items(one))
        self.assertIn("left plan", self.case().activity_ids.summary)
        two.action_post()
        self.assertEqual(plan.amount_open, 100)
        self.assertFalse(plan.line_ids.filtered(lambda line: line.move_id == two).is_running)
        two.button_draft()
        two.button_cancel()
        two.with_context(force_delete=True).unlink()
        self.night()
        self.receive(100, one, days=0)
        self.assertEqual((plan.state, plan.error), ("completed", False))

    def test_the_only_invoice_is_reset_to_draft(self):
        for state in ("offered", "running"):
            with self.subTest(state):
                invoice = self.invoice(10)
                plan = self.running(invoice) if state == "running" else self.plan(invoice)
                if state == "offered":
                    plan.action_offer()
                invoice.button_draft()
                self.assertEqual((plan.state, plan.hold_id.active), ("cancelled", False))

    def test_one_of_two_offered_is_reset_to_draft(self):
        one, two = self.invoice(10, 100), self.invoice(10, 200)
        plan = self.plan(one, two)
        plan.action_offer()
        two.button_draft()
        self.assertEqual((plan.state, sum(self.amounts(plan))), ("draft", 100))
        plan.action_offer()
        self.assertEqual(plan.hold_id.item_ids, self.items(one))

    def test_new_invoice_joins_and_raises_what_is_to_come(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice)
        self.at(30)
        self.receive(100, invoice, days=30)
        new = self.invoice(-31, 50)
        self.at(31)
        wizard = (
            self.env["dunning.plan.amend"]
            .with_user(self.marc)
            .with_context(**plan.action_amend()["context"])
        )
        with Form(wizard) as form:
            form.item_ids.add(self.items(new))
            self.assertEqual(form.amount, 50)
        form.record.action_apply()
        self.assertEqual(self.amounts(plan), [100, 125, 125])
        self.assertEqual((plan.version, plan.amount_total, plan.amount_items), (2, 350, 350))
        self.assertIn(self.items(new), plan.hold_id.item_ids)
        self.assertEqual(self.mails(plan)[-1], f"New schedule of your payment plan {plan.name}")
        told = "".join(plan.message_ids.mapped("body"))
        self.assertIn("Version 2", told)
        self.assertIn("Before: 07/03/2024 $&nbsp;100.00, 08/03/2024 $&nbsp;100.00", told)
        self.receive(200, invoice, days=31)
        self.receive(50, new, days=31)
        self.assertEqual(plan.state, "completed")

    def test_new_invoice_joins_at_the_end(self):
        plan = self.running(self.invoice(10, 300))
        new = self.invoice(10, 100)
        plan._amend(self.items(new), self.today(), append=2)
        rows = plan.installment_ids.sorted("date")
        self.assertEqual(rows.mapped("amount"), [100, 100, 100, 50, 50])
        self.assertEqual(rows.mapped("sequence"), [1, 2, 3, 4, 5])
        self.assertEqual([str(row.date) for row in rows[3:]], ["2024-10-03", "2024-11-03"])

    def test_amendments_that_are_refused(self):
        plan = self.running(self.invoice(10, 300))
        inside = self.items(self.invoice(10, 100))
        with self.assertRaisesRegex(UserError, "Choose the invoices"):
            plan._amend(inside.browse(), self.today())
        theirs = self.items(self.invoice(10, debtor=self.make_debtor("Deco Addict")))
        with self.assertRaisesRegex(UserError, "no open invoice of Azure Interior"):
            plan._amend(theirs, self.today())
        with (
            self.assertRaisesRegex(UserError, "No installment is to come"),
            self.env.cr.savepoint(),
        ):
            plan._amend(inside, self.day(200))
        self.company.dunning_plan_approval = 350
        amendment = plan.with_user(self.marc)._amend
        with self.assertRaisesRegex(UserError, "is above"), self.env.cr.savepoint():
            amendment(inside, self.today())
        self.assertEqual(plan.amount_total, 300)
        plan.with_user(self.manager)._amend(inside, self.today())
        self.assertEqual(plan.amount_total, 400)

    def test_merged_customers_keep_their_plans(self):
        other = self.make_debtor("Azure Ltd")
        plan = self.running(self.invoice(10))
        theirs = self.plan(self.invoice(10, debtor=other), partner_id=other.id)
        theirs.action_offer()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.debtor | other).ids, self.debtor)
        self.env.invalidate_all()
        self.assertEqual((plan | theirs).mapped("partner_id"), self.debtor)
        self.assertEqual((plan | theirs).installment_ids.partner_id, self.debtor)
        theirs._accept("Brandon", self.today())

    def test_down_payment_before_the_first(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice, down_payment=60, date_down=self.day(2), number=2)
        rows = plan.installment_ids.sorted("date")
        self.assertEqual(rows.mapped("amount"), [60, 120, 120])
        self.assertEqual(rows.mapped("sequence"), [0, 1, 2])
        self.assertEqual(plan.installment_count, 2)
        self.assertIn("Down payment", rows[0].display_name)

    def test_stage_and_page_of_the_case(self):
        self.env["dunning.case"].create({"partner_id": self.debtor.id})
        plan = self.plan(self.invoice(10))
        self.assertEqual((self.case().plan_ids, self.case().stage), (plan, "todo"))
        plan.action_offer()
        self.env.invalidate_all()
        self.assertEqual(self.case().stage, "plan")
        found = self.env["dunning.case"].search([("stage", "=", "plan")])
        self.assertEqual(found, self.case())
        with Form(self.case()) as form:
            self.assertEqual(form.stage, "plan")

    def test_free_items_are_reminded_while_the_plan_runs(self):
        inside, outside = self.invoice(10), self.invoice(10)
        self.running(inside)
        self.assertEqual(self.decisions(self.run_at()), {inside: "held", outside: "dun"})


class TestPlanNight(PlanCase):
    def multiply(self, number):
        """So many more running plans of customers of their own."""
        plans = self.env["dunning.payment.plan"]
        for position in range(number):
            debtor = self.make_debtor(f"Copy{position} {number}")
            plan = self.plan(self.invoice(10, 90, debtor=debtor), partner_id=debtor.id)
            plan.action_offer()
            plan._accept("Copy", self.today(), channel="phone")
            plans |= plan
        return plans

    def queries(self):
        self.env.flush_all()
        self.env.invalidate_all()
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *args, **options: 1)
        before = self.env.cr.sql_log_count
        self.env["dunning.payment.plan"]._night_follow(self.company, self.company._dunning_today())
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_as_many_queries_for_any_number_of_plans(self):
        plans = self.multiply(2)
        self.queries()  # fills the caches
        few = self.queries()
        plans |= self.multiply(10)
        many = self.queries()
        self.assertEqual(many, few)
        # money that turned up since costs as much for one plan as for all
        for plan in plans:
            plan.installment_ids.amount_paid = 10
        self.assertLessEqual(self.queries(), few + 3)
        self.assertEqual(set(plans.mapped("amount_paid")), {0})

    def test_an_error_stays_with_its_plan(self):
        good, bad = self.multiply(2)
        self.at(40)
        original = type(bad)._fall_behind

        def fails(plan, *args):
            if plan == bad:
                raise ValueError("broken")
            return original(plan, *args)

        self.patch(type(bad), "_fall_behind", fails)
        with self.assertLogs("odoo.addons.dunning_advanced", "ERROR"):
            self.night()
        self.assertEqual(good.date_arrears, self.day(36))
        self.assertFalse(bad.date_arrears)
        self.assertIn("could not be updated: broken", bad.error)
        self.patch(type(bad), "_fall_behind", original)
        self.night()
        self.assertEqual((bad.date_arrears, bad.error), (self.day(36), False))

    def test_broken_template_stops_no_payment(self):
        self.env.ref("dunning_advanced.mail_template_plan_completed").subject = "{{ 1 / 0 }}"
        invoice = self.invoice(10)
        plan = self.running(invoice)
        with self.assertLogs("odoo.addons.dunning_advanced", "WARNING"):
            self.receive(100, invoice, days=0)
        self.assertEqual((plan.state, invoice.amount_residual), ("completed", 0))
        self.assertIn("No thank-you was sent", plan.message_ids[0].body)

    def test_reminders_follow_the_company(self):
        plan = self.running(self.invoice(10, 300))
        self.at(26)
        self.night()
        self.assertIn("is agreed", self.mails(plan)[-1])
        self.company.dunning_plan_remind = 0
        self.at(27)
        self.night()
        self.assertIn("is agreed", self.mails(plan)[-1])
        self.company.dunning_plan_remind = 3
        self.night()
        self.assertEqual(self.mails(plan)[2:], ["Your next installment"])
        self.assertEqual(plan.installment_ids.sorted("date")[0].reminded_on, self.day(27))

    def test_paid_installments_are_not_reminded_of(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice)
        self.receive(100, invoice, days=0)
        self.at(28)
        self.night()
        self.assertIn("is agreed", self.mails(plan)[-1])

    def test_hold_of_a_long_plan_is_looked_at_every_year(self):
        self.company.dunning_plan_months = 0
        plan = self.running(self.invoice(10, 3000), number=30)
        self.assertEqual(plan.hold_id.date_review, self.day(365))
        short = self.running(self.invoice(10, 300))
        self.assertEqual(short.hold_id.date_review, self.day(92 + 5 + 14 + 1))

    def test_interest_stops_or_not(self):
        for interest, freezes in (("none", True), ("fixed", True), ("running", False)):
            plan = self.plan(self.invoice(10, 300), interest=interest)
            plan.action_offer()
            self.assertEqual(plan.hold_id.freezes_charges, freezes, interest)
