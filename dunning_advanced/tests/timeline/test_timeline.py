from datetime import timedelta

from odoo import Command, fields

from ..common import DAY
from .common import TimelineCase


class TestReminders(TimelineCase):
    def test_reminder_and_what_became_of_it(self):
        self.invoice(5)
        notice = self.remind().notice_ids
        notice.user_id = self.marc
        mail, name = self.debtor.email, notice.name
        self.assertEqual(
            self.told("notice_issued", "delivery_done"),
            [
                (0, f"{name} delivered (E-mail): {mail}", False, False, False),
                (0, f"Reminder {name}: {self.first.name}", 100.0, "USD", self.marc.login),
            ],
        )
        self.assertEqual(self.events("notice_issued").mapped("tone"), ["warning"])
        self.assertEqual(notice.delivery_ids.display_name, f"{name} · E-mail")
        self.at(3)
        notice.with_user(self.marc)._cancel("Sent in error")
        self.assertEqual(
            self.told("notice_cancelled"),
            [(3, f"Reminder {name} cancelled: Sent in error", 100.0, "USD", self.marc.login)],
        )
        self.assertEqual(len(self.events("notice_issued")), 1)

    def test_delivery_that_failed_and_then_arrived_is_told_twice(self):
        self.invoice(5)
        run = self.run_at()
        run.notice_ids.write({"state": "confirmed"})
        run.notice_ids._issue(DAY)
        delivery = run.notice_ids.delivery_ids
        delivery._fail("mailbox full")
        name = run.notice_ids.name
        self.assertEqual(
            self.events("delivery_failed").text,
            f"{name} not delivered (E-mail): {self.debtor.email}, mailbox full",
        )
        self.at(2)
        delivery._succeed()
        self.assertEqual(
            [row[:2] for row in self.told("delivery_failed", "delivery_done")],
            [
                (2, f"{name} delivered (E-mail): {self.debtor.email}"),
                (0, f"{name} not delivered at first (E-mail): {self.debtor.email}"),
            ],
        )

    def test_last_level_is_red_and_a_friendly_one_stands_back(self):
        self.invoice(-3)
        self.invoice(40, debtor=self.make_debtor("Deco Addict"))
        run = self.run_at()
        tones = {}
        for notice in run.notice_ids:
            notice.level_id = self.before if notice.partner_id == self.debtor else self.last
            notice.rung = notice.level_id.rung
            notice.write({"state": "confirmed"})
            notice.write({"state": "issued", "date_issued": fields.Datetime.now()})
            [tones[notice.level_id]] = self.events(
                "notice_issued", debtor=notice.partner_id
            ).mapped("tone")
        self.assertEqual(tones, {self.before: "muted", self.last: "danger"})

    def test_charges_of_a_reminder_waived_together_are_one_event(self):
        invoices = self.invoice(5) | self.invoice(6, amount=50)
        notice = self.remind().notice_ids
        charges = (
            self.env["dunning.charge"]
            .sudo()
            .create(
                [
                    {
                        "name": "Fee",
                        "notice_id": notice.id,
                        "company_id": self.company.id,
                        "partner_id": self.debtor.id,
                        "level_id": self.first.id,
                        "kind": kind,
                        "date": DAY,
                        "currency_id": self.company.currency_id.id,
                        "amount": amount,
                    }
                    for kind, amount in (("fee", 10), ("fixed", 40), ("interest", 1.5))
                ]
            )
        )
        self.assertEqual(len(invoices), 2)
        self.at(2)
        charges[:2].sudo(False).with_user(self.marc)._waive("Goodwill", DAY + timedelta(days=2))
        self.assertEqual(
            self.told("charge_waived"),
            [(2, f"Charges of {notice.name} waived: Goodwill", 50.0, "USD", self.marc.login)],
        )

    def test_level_of_several_items_set_together_is_one_event(self):
        items = (self.invoice(40) | self.invoice(50)).line_ids.filtered("date_maturity")
        lines = self.env["dunning.line"].with_user(self.marc)
        lines._set_level(items, self.second, DAY - timedelta(days=4), "Agreed by phone")
        [event] = self.events("level_set")
        self.assertEqual((event.items, event.user_id), (2, self.marc))
        self.assertEqual(event.date, DAY - timedelta(days=4))
        self.assertEqual(event.text, f"Level set to “{self.second.name}” by hand: Agreed by phone")
        self.assertEqual(event.action_open()["res_model"], "account.move")


class TestMoney(TimelineCase):
    def test_payment_is_told_once_however_it_was_reconciled(self):
        invoices = self.invoice(5, amount=300) | self.invoice(6, amount=150)
        payment = self.pay(self.debtor, 500, days=2, invoices=invoices)
        login = self.env.user.login
        self.assertEqual(
            self.told("payment", "payment_announced"),
            [(-2, f"Payment {payment.name}", 500.0, "USD", login)],
        )
        self.assertEqual(self.events("payment").action_open()["res_id"], payment.id)
        payment.action_draft()
        self.assertFalse(self.events("payment"))

    def test_payment_keeps_its_own_currency(self):
        invoice = self.invoice(5, amount=80, currency=self.euro)
        self.register(invoice, 80, currency_id=self.euro.id)
        self.assertEqual([row[2:4] for row in self.told("payment")], [(80.0, "EUR")])
        self.assertEqual(self.events().mapped("source"), ["payment"])

    def test_discount_that_is_written_off_was_not_paid(self):
        invoice = self.invoice(5)
        self.register(
            invoice,
            98,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.company_data["default_account_expense"].id,
        )
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual([row[2] for row in self.told("payment")], [98.0])

    def test_one_bank_line_for_two_customers(self):
        other = self.make_debtor("Deco Addict")
        self.book_bank([(self.debtor, 60), (self.debtor, 40), (other, 25)])
        self.assertEqual([row[2] for row in self.told("payment")], [100.0])
        self.assertEqual([row[2] for row in self.told("payment", debtor=other)], [25.0])

    def test_money_that_goes_back(self):
        move = self.book_bank([(self.debtor, -30)])
        self.assertEqual(
            self.told("payment"),
            [
                (
                    0,
                    f"Payment returned or paid back: {move.name}",
                    -30.0,
                    "USD",
                    self.env.user.login,
                )
            ],
        )

    def test_payment_of_a_contact_belongs_to_the_customer(self):
        ann = self.env["res.partner"].create({"name": "Ann", "parent_id": self.debtor.id})
        self.pay(ann, 20)
        self.assertEqual([row[2] for row in self.told("payment")], [20.0])

    def test_payment_without_an_entry_is_announced(self):
        payment = self.env["account.payment"].create(
            {
                "partner_id": self.debtor.id,
                "amount": 45,
                "date": DAY - timedelta(days=1),
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        payment.outstanding_account_id = False
        payment.action_post()
        self.assertFalse(payment.move_id)
        self.assertEqual(
            [row[:3] for row in self.told()],
            [(-1, f"Payment {payment.name} on its way: not in the books yet", 45.0)],
        )

    def test_credit_note(self):
        note = self.invoice(-20, amount=70, kind="out_refund", ref="Broken chair")
        when = (note.invoice_date - DAY).days
        self.assertEqual(
            self.told(),
            [(when, f"Credit note {note.name}: Broken chair", 70.0, "USD", self.env.user.login)],
        )

    def test_other_entries_are_no_payments(self):
        """What a bookkeeper corrects, or exchange rates leave, nobody paid."""
        self.book_bank(
            [(self.debtor, 10)],
            journal=self.company_data["default_journal_misc"],
        )
        self.assertFalse(self.events())

    def register(self, invoice, amount, **values):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": DAY, "amount": amount, **values}).action_create_payments()

    def book_bank(self, amounts, journal=None):
        """Money on the account of customers, as an entry of the bank or another journal."""
        journal = journal or self.company_data["default_journal_bank"]
        receivable = self.company_data["default_account_receivable"]
        contra = self.company_data["default_account_revenue"]
        move = self.env["account.move"].create(
            {
                "journal_id": journal.id,
                "date": DAY,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": partner.id,
                            "balance": sign * amount,
                        }
                    )
                    for partner, amount in amounts
                    for account, sign in ((receivable, -1), (contra, 1))
                ],
            }
        )
        move.action_post()
        return move


class TestContact(TimelineCase):
    def test_call(self):
        case = self.open_case()
        self.env["dunning.call"].with_user(self.marc).create(
            {"case_id": case.id, "date": DAY, "outcome": "voicemail", "note": "Rings"}
        )
        self.assertEqual(
            self.told("call"), [(0, "Call: Voicemail · Rings", False, False, self.marc.login)]
        )

    def test_promise_and_its_answer(self):
        invoice = self.invoice(5)
        self.promise(100)
        self.at(2)
        self.pay(self.debtor, 100, days=-2, invoices=invoice)
        self.assertEqual(
            self.told("promise_made", "promise_closed"),
            [
                (2, "Promise to pay by 06/08/2024 kept", 100.0, "USD", self.env.user.login),
                (0, "Promise to pay by 06/08/2024 (Phone)", 100.0, "USD", self.marc.login),
            ],
        )
        self.assertFalse(self.events("hold_set", "hold_lifted"), "the promise tells its hold")

    def test_promises_that_were_not_kept(self):
        self.invoice(5)
        for state, words, tone in (
            ("broken", "broken", "danger"),
            ("partial", "partly kept: $\xa00.00 came", "warning"),
            ("cancelled", "cancelled", "muted"),
        ):
            with self.subTest(state=state):
                promise = self.promise(100)
                promise._end(state, DAY + timedelta(days=9))
                event = self.events("promise_closed")[0]
                self.assertEqual(event.res_id, promise.id)
                self.assertEqual(event.text, f"Promise to pay by 06/08/2024 {words}")
                self.assertEqual((event.tone, event.date), (tone, DAY + timedelta(days=9)))

    def test_hold_set_and_lifted(self):
        reason = self.env.ref("dunning_advanced.hold_reason_manual").name
        hold = self.hold(name="Waits")
        self.at(3)
        hold._lift("Settled", DAY + timedelta(days=3))
        self.at(30)
        self.assertEqual(
            self.told("hold_set", "hold_lifted", "hold_ended"),
            [
                (3, f"Hold lifted: {reason}: Waits", False, False, self.marc.login),
                (
                    0,
                    f"On hold until 06/08/2024: Everything, {reason}: Waits",
                    False,
                    False,
                    self.marc.login,
                ),
            ],
        )

    def test_hold_ends_by_itself_once_its_last_day_is_over(self):
        hold = self.hold()
        self.at(5)
        self.assertFalse(self.events("hold_ended"))
        self.at(6)
        self.assertEqual([row[0] for row in self.told("hold_ended")], [5])
        hold._lift("Tidied", DAY + timedelta(days=6))
        self.assertEqual(self.events().mapped("source"), ["hold_ended", "hold_set"])

    def test_hold_that_begins_later_is_told_when_it_is_set(self):
        hold = self.hold(date_from="2999-01-01", date_to="2999-01-05")
        event = self.events("hold_set")
        self.assertEqual(event.date, fields.Datetime.to_datetime(hold.create_date).date())

    def test_hold_of_an_invoice_names_it(self):
        invoice = self.invoice(5)
        self.hold(move_id=invoice.id)
        self.assertIn(invoice.name, self.events("hold_set").text)

    def test_case(self):
        case = self.open_case()
        self.at(4)
        case._close()
        self.assertEqual(
            self.told(),
            [
                (4, "Case closed", False, False, self.marc.login),
                (0, "Case opened", False, False, self.marc.login),
            ],
        )

    def test_messages_to_and_from_the_customer(self):
        case = self.open_case()
        case.message_post(body="Between us")
        case.message_post(body="Dear Ann", subject="Your account", message_type="email_outgoing")
        case.message_post(
            body="We will look", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        case.message_post(body="Why?", subject="RE: Your account", message_type="email")
        self.assertEqual(
            {row[1:] for row in self.told("message")},
            {
                ("Sent: Your account", False, False, self.marc.login),
                ("Sent: We will look", False, False, self.marc.login),
                ("Received: RE: Your account", False, False, False),
            },
        )
        self.assertEqual(self.events("message")[0].action_open()["res_id"], case.id)

    def test_mail_of_a_reminder_is_no_second_event(self):
        self.open_case()
        self.invoice(5)
        self.remind()
        self.assertFalse(self.events("message"))
