from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ..common import DAY
from .common import PromiseCase


class TestPromise(PromiseCase):
    def test_promise_holds_its_items_until_the_tolerance_is_over(self):
        promised, other = self.invoice(10), self.invoice(10)
        promise = self.promise(100, promised)
        self.assertEqual(promise.date_end, DAY + timedelta(days=10))
        self.assertEqual(self.decisions(self.run_at()), {promised: "held", other: "dun"})
        self.assertEqual(promise.hold_id.date_to, DAY + timedelta(days=10))
        self.assertIn("$\xa0100.00 by 06/10/2024", promise.hold_id.display_name)

    def test_everything_due_is_promised_where_nothing_is_chosen(self):
        due, later = self.invoice(10), self.invoice(-10)
        self.assertEqual(self.promise(50).item_ids, self.items(due))
        self.assertEqual(self.promise(50).item_ids, self.items(later), "the other is promised")

    def test_form_suggests_items_and_amount(self):
        self.invoice(10, 70)
        self.invoice(-10)
        self.run_at()
        action = self.case().with_user(self.marc).action_promise()
        promises = self.env["dunning.promise"].with_user(self.marc)
        with Form(promises.with_context(**action["context"])) as form:
            self.assertEqual((form.amount, len(form.item_ids)), (70, 1))
            form.date = DAY + timedelta(days=2)
        self.assertEqual((form.record.user_id, form.record.state), (self.marc, "open"))
        self.assertEqual(self.case().promise_ids, form.record)

    def test_judged_by_the_day_of_value(self):
        for days, state in ((0, "kept"), (10, "kept"), (11, "broken")):
            with self.subTest(days=days), self.env.cr.savepoint() as savepoint:
                self.at(0)
                invoice = self.invoice(10)
                promise = self.promise(100, invoice)
                self.at(20)
                self.receive(100, invoice, days=days)
                self.assertEqual(promise.state, state)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_parts_add_up(self):
        one, two = self.invoice(10), self.invoice(20)
        promise = self.promise(150, one, two)
        self.at(3)
        self.receive(100, one, days=3)
        self.assertEqual((promise.state, promise.amount_paid), ("open", 100))
        self.receive(50, two, days=3)
        self.assertEqual((promise.state, promise.amount_paid), ("kept", 150))
        self.assertFalse(promise.hold_id.active)

    def test_money_before_the_promise_does_not_count(self):
        invoice = self.invoice(10)
        self.receive(60, invoice, days=-2)
        promise = self.promise(40, invoice)
        self.at(11)
        self.night("judge")
        self.assertEqual((promise.state, promise.amount_paid), ("broken", 0))

    def test_partly_kept(self):
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        self.receive(30, invoice, days=2)
        self.at(11)
        self.night("judge")
        self.assertEqual((promise.state, promise.amount_paid), ("partial", 30))
        self.assertFalse(self.thanks(promise))
        self.assertIn("30.00 came", self.case().activity_ids.summary)

    def test_money_that_was_booked_late_heals_a_broken_promise(self):
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        self.at(12)
        self.night("judge")
        self.assertEqual(promise.state, "broken")
        self.assertEqual(self.case().broken_count, 1)
        self.receive(100, invoice, days=7)
        self.assertEqual(promise.state, "kept")
        self.assertFalse(self.case().activity_ids)

    def test_credit_note_ends_a_promise_without_thanks(self):
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        credit = self.invoice(-1, kind="out_refund", date=DAY, invoice_date=DAY)
        (invoice | credit).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()
        self.assertEqual(promise.state, "cancelled")
        self.assertFalse(self.thanks(promise))

    def test_cancelled_by_hand(self):
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        promise.with_user(self.marc).action_cancel()
        self.assertEqual((promise.state, promise.hold_id.active), ("cancelled", False))
        self.assertEqual(self.decisions(self.run_at()), {invoice: "dun"})
        self.promise(100, invoice)

    def test_currencies_of_any_precision(self):
        for name, amount in (("JPY", 1234), ("KWD", 12.345)):
            currency = self.env.ref(f"base.{name}")
            currency.active = True
            self.env["res.currency.rate"].create(
                {"currency_id": currency.id, "rate": 2, "name": "2024-01-01"}
            )
            invoice = self.invoice(10, amount, currency=currency)
            promise = self.promise(amount, invoice, currency_id=currency.id)
            payment = self.pay(self.debtor, amount)
            payment.action_draft()
            payment.currency_id = currency
            payment.action_post()
            (payment.move_id | invoice).line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            ).reconcile()
            self.assertEqual((promise.state, promise.amount_paid), ("kept", amount), name)

    def test_company_does_not_thank(self):
        self.company.dunning_promise_thanks = False
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        self.receive(100, invoice, days=0)
        self.assertEqual((promise.state, bool(self.thanks(promise))), ("kept", False))

    def test_broken_template_stops_no_payment(self):
        self.env.ref("dunning_advanced.mail_template_promise_kept").subject = "{{ 1 / 0 }}"
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        with mute_logger("odoo.addons.dunning_advanced.models.agreement.agreement"):
            self.receive(100, invoice, days=0)
        self.assertEqual((promise.state, invoice.amount_residual), ("kept", 0))
        self.assertIn("No thank-you was sent", promise.message_ids[0].body)

    def test_night_takes_any_number_in_batches(self):
        promises = self.env["dunning.promise"]
        for _number in range(3):
            promises |= self.promise(100, self.invoice(10))
        self.at(11)
        with patch("odoo.addons.dunning_advanced.models.agreement.promise.BATCH", 2):
            self.night("judge")
            self.night("judge")
        self.assertEqual(set(promises.mapped("state")), {"broken"})
        self.assertEqual(len(self.case().activity_ids), 3)


class TestPromiseRights(PromiseCase):
    def test_payer_without_dunning_rights(self):
        biller = new_test_user(
            self.env,
            "biller.promises",
            "account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        invoice = self.invoice(10)
        promise = self.promise(100, invoice)
        self.env.flush_all()
        self.env.invalidate_all()
        register = self.env["account.payment.register"].with_user(biller)
        register.with_context(active_model="account.move", active_ids=invoice.ids).create(
            {"payment_date": DAY}
        ).action_create_payments()
        self.assertEqual(promise.state, "kept")
        with self.assertRaises(AccessError):
            promise.with_user(biller).read(["state"])

    def test_other_companies_are_out_of_sight(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger.promises",
            "dunning_advanced.group_manager",
            company_id=elsewhere.id,
            company_ids=[Command.set(elsewhere.ids)],
        )
        self.invoice(10)
        promise = self.promise(100)
        for record in (promise, promise.line_ids):
            self.assertFalse(record.with_user(stranger).search([("id", "in", record.ids)]))


class TestPromiseBadInput(PromiseCase):
    def refused(self, message, *args, **values):
        with (
            self.subTest(message),
            self.assertRaisesRegex(ValidationError, message),
            self.env.cr.savepoint(),
        ):
            self.promise(*args, **values)

    def test_promise_above_the_debt_or_out_of_time(self):
        invoice = self.invoice(10)
        self.refused("more than is owed.*100.00", 100.01, invoice)
        self.refused("in the past", 100, invoice, days=-1)
        self.refused("30 days ahead at most.*07/03/2024", 100, invoice, days=31)

    def test_nothing_or_something_else_to_promise(self):
        self.refused("owes nothing", 10)
        theirs = self.invoice(10, debtor=self.make_debtor("Deco Addict"))
        self.refused("no open item of Azure Interior", 10, theirs)

    def test_one_open_promise_an_item(self):
        invoice = self.invoice(10)
        self.promise(50, invoice)
        self.refused("is promised already.*50.00 by 06/10/2024", 50, invoice)

    def test_the_database_knows_it_too(self):
        invoice = self.invoice(10)
        other = self.promise(50, invoice)
        other.action_cancel()
        self.promise(50, invoice)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.cr.execute(
                "UPDATE dunning_promise_item SET is_open = TRUE WHERE promise_id = %s", [other.id]
            )


class TestPromiseDiaries(PromiseCase):
    def reminded(self):
        self.night("judge", "propose", "issue", "close")
        notices = self.env["dunning.notice"].search(
            [("partner_id", "=", self.debtor.id), ("state", "=", "issued")], order="id"
        )
        notices.delivery_ids.filtered(lambda delivery: delivery.state == "queued")._succeed()
        return notices.level_id

    def test_a_promise_that_is_kept(self):
        self.policy.level_ids.automatic = True
        # 3 June: an invoice is five days late, the first reminder goes out.
        invoice = self.invoice(5, 300)
        self.assertEqual(self.reminded(), self.first)
        # 6 June: on the phone the customer promises 200 by the 20th.
        self.at(3)
        promise = self.promise(200, invoice, days=17)
        # 17 June: the second reminder would be due; it waits.
        self.at(14)
        self.assertEqual(self.reminded(), self.first)
        # 19 June: the money arrives. The promise is kept, the customer thanked.
        self.at(16)
        self.receive(200, invoice, days=16)
        self.assertEqual((promise.state, promise.amount_paid), ("kept", 200))
        mail = self.thanks(promise)
        self.assertEqual(mail.recipient_ids | mail.mail_message_id.partner_ids, self.debtor)
        self.assertIn("Thank you for your payment", mail.subject)
        self.assertIn("by 06/20/2024", mail.body_html)
        # 20 June: the rest was not promised; the ladder goes on where it was.
        self.at(17)
        self.assertEqual(self.reminded(), self.first | self.second)

    def test_a_promise_that_is_broken(self):
        self.policy.level_ids.automatic = True
        # 3 June: the first reminder.
        invoice = self.invoice(5, 300)
        self.assertEqual(self.reminded(), self.first)
        # 10 June: a promise of everything by the 17th.
        self.at(7)
        promise = self.promise(300, invoice, days=14)
        # Until the 20th, three days of tolerance, nothing is sent and nothing is judged.
        for days in (14, 15, 17):
            self.at(days)
            self.assertEqual(self.reminded(), self.first)
            self.assertEqual(promise.state, "open")
        # 21 June: broken. Marc is told, and the second reminder follows at once.
        self.at(18)
        self.assertEqual(self.reminded(), self.first | self.second)
        self.assertEqual((promise.state, promise.hold_id.active), ("broken", False))
        case = self.case()
        self.assertEqual((case.broken_count, case.activity_ids.user_id), (1, self.marc))
        self.assertIn("by 06/17/2024", case.activity_ids.summary)
        self.assertFalse(self.thanks(promise))
        # 22 June: the night has nothing more to say.
        self.at(19)
        self.reminded()
        self.assertEqual(len(case.activity_ids), 1)
