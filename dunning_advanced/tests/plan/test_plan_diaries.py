from .common import PlanCase


class TestPlanDiaries(PlanCase):
    """What becomes of plans, told day by day through the scheduled actions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.level_ids.automatic = True

    def reminded(self):
        """A night, and the levels that the customer has had since the beginning."""
        self.night("plans", "judge", "propose", "issue", "close")
        notices = self.env["dunning.notice"].search(
            [("partner_id", "=", self.debtor.id), ("state", "=", "issued")], order="id"
        )
        notices.delivery_ids.filtered(lambda delivery: delivery.state == "queued")._succeed()
        return notices.level_id

    def tasks(self):
        return self.case().activity_ids.mapped("summary")

    def test_a_plan_that_is_paid(self):
        # 3 June: two invoices are five days late, the first reminder goes out.
        one, two = self.invoice(5, 200), self.invoice(5, 100)
        self.assertEqual(self.reminded(), self.first)
        # 6 June: Azure Interior asks for three installments, and agrees on the phone.
        self.at(3)
        plan = self.running(one, two)
        self.assertEqual(self.case().stage, "plan")
        # 17 June: the second reminder would be due; it waits.
        self.at(14)
        self.assertEqual(self.reminded(), self.first)
        # 30 June, three days before the first installment: a friendly word, once.
        self.at(27)
        self.reminded()
        self.reminded()
        self.assertEqual(self.mails(plan)[2:], ["Your next installment"])
        # 3 July: it is paid; 3 August: the second, a day late within the tolerance.
        self.at(30)
        self.receive(100, one, days=30)
        self.at(62)
        self.receive(100, one, days=62)
        self.assertEqual(self.states(plan), ["paid", "paid", "open"])
        self.assertFalse(plan.date_arrears)
        # 1 September, before its day: the last one. All is quiet, Azure Interior is thanked.
        self.at(90)
        self.receive(100, two, days=90)
        self.assertEqual((plan.state, plan.arrears_count), ("completed", 0))
        self.assertEqual(self.mails(plan)[-1], "Thank you, all is paid")
        self.assertEqual(self.reminded(), self.first)
        self.assertEqual(self.case().state, "closed")

    def test_a_plan_that_falls_into_arrears_and_is_cured(self):
        invoice = self.invoice(5, 300)
        self.reminded()
        plan = self.running(invoice)
        # 8 July: five days of tolerance are over at its end.
        self.at(35)
        self.reminded()
        self.assertFalse(plan.date_arrears)
        # 9 July: in arrears. Marc and the customer are told, reminders still wait.
        self.at(36)
        self.assertEqual(self.reminded(), self.first)
        self.assertEqual((plan.date_arrears, plan.date_cure), (self.day(36), self.day(50)))
        self.assertEqual(self.case().activity_ids.user_id, self.marc)
        self.assertIn("100.00 of 07/03/2024 did not come", self.tasks()[0])
        self.assertEqual(self.mails(plan)[-1], "An installment has not arrived yet")
        # 10 July: the night has nothing new to say.
        self.at(37)
        self.reminded()
        self.assertEqual((len(self.tasks()), len(self.mails(plan))), (1, 3))
        # 15 July: half of it comes, that does not make up for it.
        self.at(42)
        self.receive(50, invoice, days=42)
        self.assertEqual((bool(plan.date_arrears), self.states(plan)[0]), (True, "overdue"))
        # 20 July: the other half. The plan goes on.
        self.at(47)
        self.receive(50, invoice, days=47)
        self.assertEqual((plan.date_arrears, plan.arrears_count), (False, 1))
        self.assertFalse(self.tasks())
        self.assertEqual((plan.state, self.reminded()), ("running", self.first))

    def test_a_plan_that_defaults_goes_on_where_it_was(self):
        invoice = self.invoice(5, 300)
        self.assertEqual(self.reminded(), self.first)
        self.at(14)
        self.assertEqual(self.reminded(), self.first | self.second)
        # 17 June: a plan, of which one installment is paid.
        plan = self.running(invoice, interest="running")
        self.at(30)
        self.receive(100, invoice, days=30)
        # 9 August: the second one is missing; 23 August: still. Nothing happens by itself.
        self.at(67)
        self.reminded()
        self.assertEqual(plan.date_arrears, self.day(67))
        self.at(81)
        self.reminded()
        self.assertFalse(plan.date_proposed)
        self.at(82)
        self.assertEqual(self.reminded(), self.first | self.second)
        self.assertEqual((plan.state, plan.date_proposed), ("running", self.day(82)))
        self.assertIn("is not kept", self.tasks()[0])
        # Marc gives more time once, in vain.
        plan.with_user(self.marc).action_extend()
        self.assertEqual((plan.date_cure, self.tasks()), (self.day(96), []))
        self.at(97)
        self.reminded()
        self.assertEqual(plan.date_proposed, self.day(97))
        # He ends it: the ladder goes on, after the second reminder comes the last one.
        plan.with_user(self.marc).action_default()
        self.assertEqual((plan.state, plan.date_default), ("defaulted", self.day(97)))
        self.assertFalse(self.tasks())
        self.at(98)
        self.assertEqual(self.reminded(), self.first | self.second | self.last)
        # The rest comes after all; the plan stays what it was.
        self.receive(200, invoice, days=98)
        self.assertEqual(plan.state, "defaulted")

    def test_a_plan_that_is_refinanced(self):
        invoice = self.invoice(5, 300)
        self.reminded()
        old = self.running(invoice)
        self.at(30)
        self.receive(100, invoice, days=30)
        # 2 August: 100 a month are too much from now on. 50 are offered.
        self.at(60)
        action = old.with_user(self.marc).action_refinance()
        wizard = (
            self.env["dunning.plan"]
            .with_user(self.marc)
            .with_context(**action["context"])
            .create({"number": 4})
        )
        new = self.env["dunning.payment.plan"].browse(wizard.action_offer()["res_id"])
        self.assertEqual((old.state, new.state, new.replaces_id), ("running", "offered", old))
        self.assertEqual(self.amounts(new), [50, 50, 50, 50])
        # 4 August: agreed. The old plan is replaced by it, reminders wait on.
        self.at(62)
        new._accept("Brandon Freeman", self.today(), channel="letter")
        self.assertEqual((old.state, old.replaced_by_ids), ("replaced", new))
        self.assertEqual((old.hold_id.active, new.hold_id.active), (False, True))
        self.assertEqual(self.reminded(), self.first)
        # The money counts for the new one alone.
        self.receive(200, invoice, days=62)
        self.assertEqual((new.state, new.amount_paid, old.amount_paid), ("completed", 200, 100))

    def test_an_offer_that_nobody_accepts(self):
        invoice = self.invoice(5, 300)
        self.assertEqual(self.reminded(), self.first)
        plan = self.plan(invoice)
        plan.action_offer()
        self.assertEqual(plan.date_valid, self.day(14))
        self.at(14)
        self.assertEqual(self.reminded(), self.first)
        # The day after, it is over: the second reminder goes out, Marc hears of it.
        self.at(15)
        self.assertEqual(self.reminded(), self.first | self.second)
        self.assertEqual((plan.state, plan.hold_id.active), ("cancelled", False))
        self.assertIn("was not accepted", self.tasks()[0])
