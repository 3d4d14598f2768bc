from datetime import timedelta

from odoo import Command

from ..common import DAY
from ..plan.common import PlanCase
from .common import TimelineCase


class TestDisputes(TimelineCase):
    def test_dispute_and_its_answer(self):
        invoice = self.invoice(5)
        dispute = self.dispute(invoice, amount=40)
        dispute.amount = 30
        self.at(3)
        dispute._end("rejected", DAY + timedelta(days=3))
        self.assertEqual(
            self.told(),
            [
                (3, f"Dispute of {invoice.name}: Rejected", 30.0, "USD", self.marc.login),
                (0, f"{invoice.name} disputed: Wrong price", 30.0, "USD", self.marc.login),
            ],
        )
        self.assertEqual(self.events().mapped("tone"), ["warning", "primary"])

    def test_customer_who_disputes_is_none_of_us(self):
        self.dispute(self.invoice(5), opened_by="customer")
        self.assertFalse(self.events("dispute_opened").user_id)

    def test_what_was_accepted_counts(self):
        dispute = self.dispute(self.invoice(5))
        dispute.amount_accepted = 25
        dispute._end("partial", DAY)
        self.assertEqual([row[2] for row in self.told("dispute_decided")], [25.0])

    def test_hold_for_another_reason_is_told_beside_a_dispute(self):
        invoice = self.invoice(5)
        self.dispute(invoice)
        self.hold(move_id=invoice.id)
        self.assertEqual(len(self.events("hold_set")), 1)


class TestEscalation(TimelineCase):
    def step(self, model, invoice, **values):
        return (
            self.env[model]
            .with_user(self.marc)
            .create(
                {
                    "partner_id": self.debtor.id,
                    "item_ids": [Command.set(invoice.line_ids.filtered("date_maturity").ids)],
                    **values,
                }
            )
        )

    def test_hand_over_and_its_end(self):
        handover = self.step("dunning.handover", self.invoice(60, 80), agency_id=self.agency.id)
        handover._hand_over(DAY, confirmed=True)
        self.at(9)
        handover._end("closed", "Paid in full", DAY + timedelta(days=9), outcome="paid")
        name, login = handover.name, self.marc.login
        self.assertEqual(
            self.told(),
            [
                (9, f"Hand-over {name}: Paid, Paid in full", False, False, login),
                (0, f"{name} handed over to Fair Collections", 80.0, "USD", login),
            ],
            "and its hold is not told beside it",
        )

    def test_returned_hand_over_says_so(self):
        handover = self.step("dunning.handover", self.invoice(60), agency_id=self.agency.id)
        handover._hand_over(DAY, confirmed=True)
        handover._end("returned", "No address", DAY)
        self.assertIn("Returned, No address", self.events("handover_ended").text)

    def test_write_off_proposed_and_decided(self):
        for state, why, words in (
            ("rejected", "Too early", "Write-off rejected: Too early"),
            ("approved", False, "Written off: Struck off"),
        ):
            with self.subTest(state=state):
                writeoff = self.step("dunning.writeoff", self.invoice(60, 80), reason="Struck off")
                writeoff._decide(state, DAY + timedelta(days=2), why)
                rows = [
                    row
                    for row, event in zip(self.told(), self.events(), strict=True)
                    if event.res_id == writeoff.id
                ]
                login = self.marc.login
                self.assertEqual(
                    rows,
                    [
                        (2, words, 80.0, "USD", login),
                        (0, "Write-off proposed: Struck off", 80.0, "USD", login),
                    ],
                )

    def test_credit_hold(self):
        hold = (
            self.env["dunning.credit.hold"]
            .with_user(self.marc)
            .create({"partner_id": self.debtor.id, "reason": "Never pays"})
        )
        self.assertEqual(self.events().mapped("source"), ["credit_hold_set"])
        hold._lift("Paid", DAY + timedelta(days=4))
        login = self.marc.login
        self.assertEqual(
            self.told(),
            [
                (4, "Credit hold lifted: Never pays", False, False, login),
                (0, "Credit hold: Never pays", False, False, login),
            ],
        )


class TestPlans(TimelineCase, PlanCase):
    def test_plan_that_is_kept(self):
        invoice = self.invoice(5, 90)
        plan = self.running(invoice, number=2)
        self.at(30)
        self.receive(90, invoice, days=30)
        name, login = plan.name, self.marc.login
        self.assertEqual(
            sorted(self.told(), key=lambda row: (-row[0], row[1])),
            [
                (30, f"Installment 1 of payment plan {name} paid", 45.0, "USD", False),
                (30, f"Installment 2 of payment plan {name} paid", 45.0, "USD", False),
                (30, f"Payment {self.receipt()}", 90.0, "USD", self.env.user.login),
                (30, f"Payment plan {name}: Completed", 90.0, "USD", self.env.user.login),
                (
                    0,
                    f"Payment plan {name} accepted by Brandon Freeman (Phone)",
                    90.0,
                    "USD",
                    False,
                ),
                (
                    0,
                    f"Payment plan {name} offered, last installment on 08/03/2024",
                    90.0,
                    "USD",
                    login,
                ),
            ],
            "and no hold of it beside",
        )

    def receipt(self):
        return self.env["account.payment"].search([("partner_id", "=", self.debtor.id)]).name

    def test_plan_that_is_not_kept(self):
        plan = self.running(self.invoice(5, 90))
        self.at(60)
        plan.sudo()._update_state(DAY + timedelta(days=60))
        [late] = self.events("plan_arrears")
        self.assertEqual((late.tone, late.date), ("warning", plan.date_arrears))
        plan.action_default()
        [ended] = self.events("plan_end")
        self.assertEqual((ended.tone, ended.user_id), ("danger", self.marc))
        self.assertEqual(ended.text, f"Payment plan {plan.name}: Defaulted")

    def test_approval_by_a_manager(self):
        plan = self.plan(self.invoice(5))
        plan.with_user(self.manager).sudo()._approve("Long customer", DAY)
        [event] = self.events()
        self.assertEqual(event.user_id, self.manager)
        self.assertEqual(event.text, f"Payment plan {plan.name} approved")

    def test_plan_that_was_taken_back_and_offered_again(self):
        plan = self.plan(self.invoice(5))
        plan.action_offer()
        plan.action_draft()
        self.assertFalse(self.events())
        plan.action_cancel()
        self.assertFalse(self.events(), "the customer never had it")
        plan.action_draft()
        plan.action_offer()
        self.assertEqual(self.events().mapped("source"), ["plan_offered"])
