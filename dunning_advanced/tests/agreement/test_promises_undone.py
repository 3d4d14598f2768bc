from datetime import timedelta

from odoo import Command
from odoo.tests import new_test_user

from ..common import DAY
from .common import PromiseCase


class TestPromiseUndone(PromiseCase):
    """Money that kept a promise is taken back."""

    def notes(self):
        return " ".join(self.case().message_ids.mapped("body"))

    def kept(self, amount=100, days=7):
        invoice = self.invoice(10)
        promise = self.promise(amount, invoice, days=days)
        payment = self.receive(amount, invoice, days=0)
        self.assertEqual(promise.state, "kept")
        return invoice, promise, payment

    def test_bounced_in_time_the_promise_and_its_hold_are_back(self):
        invoice, promise, _payment = self.kept()
        former = promise.hold_id
        self.at(3)
        self.items(invoice).remove_move_reconcile()
        self.assertEqual((promise.state, promise.amount_paid), ("open", 0))
        self.assertFalse(former.active)
        self.assertEqual(promise.hold_id.item_ids, self.items(invoice))
        self.assertEqual(promise.hold_id.date_to, promise.date_end)
        self.assertEqual(self.decisions(self.run_at(DAY + timedelta(days=3))), {invoice: "held"})
        self.assertIn("A payment that counted for promise", self.notes())
        self.assertIn("is open again", self.notes())
        self.assertFalse(self.case().activity_ids)
        # The money comes after all: kept, and the customer is not thanked twice.
        self.receive(100, invoice, days=4)
        self.assertEqual((promise.state, promise.hold_id.active), ("kept", False))
        self.assertEqual(len(self.thanks(promise)), 1)

    def test_cancelled_payment_too_late_breaks_the_promise(self):
        invoice, promise, payment = self.kept()
        self.at(11)
        payment.action_draft()
        payment.action_cancel()
        self.assertEqual((promise.state, promise.hold_id.active), ("broken", False))
        self.assertIn("A payment that counted for promise", self.notes())
        activity = self.case().activity_ids
        self.assertEqual(activity.user_id, self.marc)
        self.assertIn("0.00 came", activity.summary)
        self.assertEqual(self.decisions(self.run_at(DAY + timedelta(days=11))), {invoice: "dun"})

    def test_one_of_two_payments_is_undone(self):
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        first = self.receive(60, invoice, days=0)
        self.receive(40, invoice, days=1)
        self.assertEqual(promise.state, "kept")
        self.at(11)
        first.move_id.line_ids.remove_move_reconcile()
        self.assertEqual((promise.state, promise.amount_paid), ("partial", 40))
        invoice.line_ids.remove_move_reconcile()
        self.assertEqual((promise.state, promise.amount_paid), ("broken", 0))

    def test_open_promise_forgets_the_money(self):
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        self.receive(60, invoice, days=0)
        self.assertEqual(promise.amount_paid, 60)
        hold = promise.hold_id
        self.items(invoice).remove_move_reconcile()
        self.assertEqual((promise.state, promise.amount_paid), ("open", 0))
        self.assertEqual((promise.hold_id, hold.active), (hold, True))
        self.assertNotIn("counted for promise", self.notes())

    def test_later_promise_of_the_same_invoice_goes_on(self):
        invoice = self.invoice(10, 300)
        former = self.promise(200, invoice)
        self.receive(200, invoice, days=0)
        later = self.promise(100, invoice)
        self.items(invoice).remove_move_reconcile()
        self.assertEqual((former.state, later.state), ("broken", "open"))

    def test_what_was_cancelled_by_hand_stays_so(self):
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        self.receive(50, invoice, days=0)
        promise.action_cancel()
        self.items(invoice).remove_move_reconcile()
        self.assertEqual(promise.state, "cancelled")

    def test_other_invoices_change_nothing(self):
        _invoice, promise, _payment = self.kept()
        other = self.invoice(10)
        self.receive(100, other, days=0)
        self.items(other).remove_move_reconcile()
        self.assertEqual(promise.state, "kept")

    def test_accountant_without_dunning_rights_undoes_it(self):
        invoice, promise, _payment = self.kept()
        biller = new_test_user(
            self.env,
            "biller.undone",
            "account.group_account_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.items(invoice).with_user(biller).remove_move_reconcile()
        self.assertEqual((promise.state, promise.hold_id.active), ("open", True))


class TestThanks(PromiseCase):
    """Nobody is thanked who cannot, or does not want to, be mailed."""

    def thank(self):
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        self.receive(100, invoice, days=0)
        self.assertEqual(promise.state, "kept")
        return promise

    def note(self, promise):
        return " ".join(promise.message_ids.mapped("body"))

    def test_customer_is_thanked_once(self):
        promise = self.thank()
        self.assertEqual(len(self.thanks(promise)), 1)
        self.assertTrue(promise.thanked)
        promise._thank()
        self.assertEqual(len(self.thanks(promise)), 1)

    def test_contact_without_an_email(self):
        self.debtor.email = False
        promise = self.thank()
        self.assertFalse(self.thanks(promise))
        self.assertNotIn("No thank-you", self.note(promise))

    def test_contact_who_wants_no_emails(self):
        self.env["mail.blacklist"].sudo()._add(self.debtor.email)
        promise = self.thank()
        self.assertFalse(self.thanks(promise))
        self.assertIn("No thank-you was sent: azure@example.com does not want", self.note(promise))

    def test_address_that_bounces(self):
        self.debtor.message_bounce = 1
        promise = self.thank()
        self.assertFalse(self.thanks(promise))
        self.assertIn("e-mails to azure@example.com come back", self.note(promise))

    def test_payment_by_somebody_without_dunning_rights(self):
        self.env["mail.blacklist"].sudo()._add(self.debtor.email)
        biller = new_test_user(
            self.env,
            "biller.thanks",
            "account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        register = self.env["account.payment.register"].with_user(biller)
        register.with_context(active_model="account.move", active_ids=invoice.ids).create(
            {"payment_date": DAY}
        ).action_create_payments()
        self.assertEqual((promise.state, bool(self.thanks(promise))), ("kept", False))
