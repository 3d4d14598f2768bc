from odoo.tests import Form

from ..common import DAY
from .common import PlanCase


class TestPlan(PlanCase):
    def test_plan_runs_from_wizard_to_the_last_installment(self):
        self.invoice(10, 200)
        invoice = self.invoice(10, 100)
        later = self.invoice(-10)
        self.env["dunning.case"].create({"partner_id": self.debtor.id})
        action = self.case().with_user(self.marc).action_plan()
        wizards = self.env["dunning.plan"].with_user(self.marc).with_context(**action["context"])
        with Form(wizards) as form:
            self.assertEqual((form.amount_items, form.amount_total), (300, 300))
            form.number = 3
            form.date_first = self.day(30)
            self.assertIn("100.00", form.schedule)
            self.assertEqual(form.date_last, self.day(92))
        plan = self.env["dunning.payment.plan"].browse(form.record.action_offer()["res_id"])
        self.assertEqual((plan.state, self.amounts(plan)), ("offered", [100, 100, 100]))
        self.assertEqual(plan.user_id, self.marc)
        self.assertEqual(self.case().stage, "plan")
        self.assertEqual(set(self.decisions(self.run_at()).values()), {"held"})
        accept = plan.action_accept()
        wizard = self.env["dunning.plan.accept"].with_context(**accept["context"]).create({})
        wizard.name = "Brandon"
        wizard.action_apply()
        self.assertEqual((plan.state, plan.date_start, plan.signed_by), ("running", DAY, "Brandon"))
        self.assertFalse(plan.hold_id.date_to)
        self.assertNotIn(later.line_ids, plan.hold_id.item_ids)
        self.at(30)
        self.receive(100, invoice, days=30)
        self.assertEqual(self.states(plan), ["paid", "open", "open"])
        self.assertEqual(plan.installment_ids.sorted("date")[0].date_paid, self.day(30))
        self.receive(200, plan.line_ids.move_id - invoice, days=30)
        self.assertEqual((plan.state, plan.date_end), ("completed", self.day(30)))
        self.assertFalse(plan.hold_id.active)
        self.assertEqual(
            self.mails(plan),
            [
                f"Your payment plan {plan.name}",
                f"Your payment plan {plan.name} is agreed",
                "Thank you, all is paid",
            ],
        )
