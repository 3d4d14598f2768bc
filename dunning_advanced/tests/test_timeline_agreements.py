from datetime import timedelta

from .common import DAY
from .timeline import TimelineCase


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
