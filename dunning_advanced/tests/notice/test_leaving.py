from datetime import date, timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import DAY
from ..documents import LetterheadCommon, pdf_pages
from ..mail import MailCommon
from ..reach.common import ContactsCommon

LATER = date(2024, 6, 5)


class LeavingCommon(ContactsCommon):
    def bank_pays(self, amount, invoice, day=DAY + timedelta(days=1)):
        """:return: the entry of the payment"""
        return self.pay(self.debtor, amount, (DAY - day).days, invoices=invoice).move_id

    def hold(self, **values):
        return self.env["dunning.hold"].create(
            {
                "name": "Asked for time",
                "company_id": self.company.id,
                "partner_id": self.debtor.id,
                "date_from": DAY,
                "date_to": DAY + timedelta(days=30),
                **values,
            }
        )


@tagged("post_install", "-at_install")
@freeze_time(LATER)
class TestLeavingMail(MailCommon, LeavingCommon):
    """Mails that wait in Odoo's queue, sent through real SMTP."""

    def test_paid_while_it_waits(self):
        invoice = self.invoice(20)
        notice = self.issue()
        mail = notice.delivery_ids.mail_id
        payment = self.bank_pays(100, invoice)
        self.assertFalse(self.send(notice))
        self.assertEqual(notice.state, "cancelled")
        self.assertEqual(notice.reason, f"{invoice.name}: paid on 4 Jun by {payment.name}")
        self.assertEqual(notice.delivery_ids.state, "withdrawn")
        self.assertEqual(notice.delivery_ids.error, notice.reason)
        self.assertEqual(mail.state, "cancel")
        self.assertFalse(notice.to_correct, "the customer never had it")

    def test_what_stops_it(self):
        """Each reason, and the fact that is told."""
        invoice = self.invoice(20)

        def credit():
            invoice._reverse_moves([{"date": DAY, "invoice_date": DAY}]).action_post()

        cases = {
            "credited on 3 Jun by RINV": credit,
            "on hold until 07/03/2024: ": self.hold,
            "covered: paid on 3 Jun by P": lambda: self.pay(self.debtor, 100),
            "reset or cancelled": invoice.button_draft,
            "Excluded from follow-up": lambda: invoice.line_ids.write({"no_followup": True}),
        }
        for fact, happens in cases.items():
            with self.subTest(fact), self.env.cr.savepoint() as savepoint:
                notice = self.issue()
                happens()
                self.assertFalse(self.send(notice))
                self.assertEqual(notice.state, "cancelled")
                self.assertIn(f"{invoice.name}: {fact}", notice.reason)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_dispute_of_all_stops_it(self):
        invoice = self.invoice(20)
        notice = self.issue()
        self.env["dunning.dispute"].create(
            {
                "move_id": invoice.id,
                "amount": 100,
                "reason_id": self.env["dunning.dispute.reason"].search([], limit=1).id,
            }
        )
        self.assertFalse(self.send(notice))
        self.assertEqual(notice.state, "cancelled")

    def test_what_is_still_owed_leaves(self):
        invoice = self.invoice(20)
        notice = self.issue()
        self.bank_pays(40, invoice)
        self.assertEqual(len(self.send(notice)), 1)
        self.assertEqual((notice.state, notice.delivery_ids.state), ("issued", "done"))

    def test_one_of_two_invoices_paid_is_proposed_anew(self):
        paid, owed = self.invoice(20), self.invoice(20, 70)
        notice = self.issue()
        self.bank_pays(100, paid)
        self.assertFalse(self.send(notice))
        self.assertEqual(notice.state, "cancelled")
        self.assertEqual(self.run_at(LATER).notice_ids.line_ids.move_id, owed)

    def test_charges_are_taken_back(self):
        invoice = self.invoice(20)
        self.first.fee_ids = self.env["dunning.fee"].create(
            {"name": "Fee", "amount": 5, "company_id": self.company.id}
        )
        notice = self.issue()
        self.assertTrue(notice.charge_ids)
        self.bank_pays(100, invoice)
        self.send(notice)
        self.assertFalse(
            notice.charge_ids.filtered(lambda charge: charge.state in ("open", "named"))
        )

    def test_the_batch_is_asked_at_once(self):
        counts = []
        for size in (2, 25):
            debtors = [self.make_debtor(f"Firm{size}x{number}") for number in range(size)]
            invoices = [self.invoice(20, debtor=debtor) for debtor in debtors]
            notices = self.issue()
            mails = self.env["mail.mail"].browse(notices.delivery_ids.mail_id.ids)
            self.pay(debtors[0], 100, invoices=invoices[0])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            kept_back = mails._dunning_ask_again()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(len(kept_back), 1)
            (notices - notices.filtered(lambda notice: notice.state == "cancelled"))._cancel("next")
            for invoice in invoices[1:]:
                invoice.button_draft()
        self.assertLessEqual(counts[1], counts[0] + 2)

    def test_retry_of_the_paid_is_refused_with_the_fact(self):
        invoice = self.invoice(20)
        notice = self.issue()
        delivery = notice.delivery_ids
        delivery._fail("mailbox full")
        payment = self.bank_pays(100, invoice)
        action = delivery.action_retry()
        self.assertEqual((delivery.state, notice.state), ("withdrawn", "cancelled"))
        self.assertIn(payment.name, action["params"]["message"])
        self.assertFalse(self.receive(delivery.mail_id))

    def test_retry_in_the_queue_of_odoo_asks_too(self):
        invoice = self.invoice(20)
        notice = self.issue()
        delivery = notice.delivery_ids
        delivery.mail_id.state = "exception"
        delivery._fail("mailbox full")
        delivery.mail_id.action_retry()
        self.bank_pays(100, invoice)
        self.assertFalse(self.receive(delivery.mail_id))
        self.assertEqual(
            (delivery.state, delivery.mail_id.state, notice.state),
            ("withdrawn", "cancel", "cancelled"),
        )

    def test_what_comes_up_is_not_sent_once_it_is_due(self):
        self.invoice(-1)
        notice = self.issue()
        self.assertEqual(notice.level_id, self.before)
        self.assertFalse(self.send(notice))
        self.assertIn("has become due", notice.reason)

    def test_what_one_contact_has_is_not_cancelled(self):
        ann, bob = (self.add_contact(name, "dunning") for name in ("Ann", "Bob"))
        invoice = self.invoice(20)
        notice = self.issue()
        to = {delivery.contact_id: delivery for delivery in notice.delivery_ids}
        self.receive(to[ann].mail_id)
        self.bank_pays(100, invoice)
        self.assertEqual(len(self.receive(to[bob].mail_id)), 1, "the one from before")
        self.assertEqual((to[ann].state, to[bob].state), ("done", "withdrawn"))
        self.assertEqual(notice.state, "issued")
        self.assertIn("paid on", to[bob].error)

    @mute_logger("odoo.addons.dunning_advanced.models.mail_mail")
    def test_who_cannot_be_asked_waits_and_stops_no_other_mail(self):
        self.invoice(20)
        notice = self.issue()
        other = self.env["mail.mail"].create(
            {"email_to": "else@example.com", "email_from": "a@example.com", "subject": "Other"}
        )
        mails = notice.delivery_ids.mail_id | other

        def broken(*_args):
            self.env.cr.execute("SELECT 1 / 0")

        self.patch(self.registry["dunning.engine"], "_evaluate", broken)
        with mute_logger("odoo.sql_db"):
            [message] = self.receive(mails)
        self.assertEqual(message["Subject"], "Other")
        self.assertEqual(notice.delivery_ids.mail_id.state, "outgoing")
        self.assertEqual(notice.delivery_ids.state, "queued")

    def test_cancelled_in_the_queue(self):
        self.invoice(20)
        notice = self.issue()
        delivery = notice.delivery_ids
        delivery.mail_id.cancel()
        self.assertEqual(delivery.state, "failed")
        self.assertIn("cancelled in the queue", delivery.error)
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        case.invalidate_recordset()
        self.assertIn("cancelled in the queue", case.next_action)
        delivery.action_retry()
        self.assertEqual(delivery.state, "queued")
        self.assertEqual(len(self.receive(delivery.mail_id)), 1)
        self.assertEqual(delivery.state, "done")
        self.assertEqual(delivery.message_id.notification_ids.notification_status, "sent")

    def test_deleted_from_the_queue(self):
        self.invoice(20)
        notice = self.issue()
        delivery = notice.delivery_ids
        delivery.mail_id.unlink()
        self.assertEqual(delivery.state, "failed")
        self.assertIn("deleted from the queue", delivery.error)
        delivery.action_retry()
        again = notice.delivery_ids - delivery
        self.assertEqual((delivery.state, again.contact_id), ("withdrawn", self.debtor))
        self.assertEqual(len(self.receive(again.mail_id)), 1)
        self.assertEqual(again.state, "done")

    def test_deleted_with_its_message(self):
        self.invoice(20)
        notice = self.issue()
        self.env.flush_all()
        # As PostgreSQL does with all mails of a message that is deleted.
        self.env.cr.execute("DELETE FROM mail_mail WHERE id = %s", [notice.delivery_ids.mail_id.id])
        self.env.invalidate_all()
        self.assertEqual(notice.delivery_ids.state, "queued")
        self.env["dunning.delivery"]._ask_outcomes()
        self.assertEqual(notice.delivery_ids.state, "failed")
        self.assertIn("deleted", notice.delivery_ids.error)

    def test_sent_mail_that_is_deleted_stays_delivered(self):
        self.invoice(20)
        notice = self.issue()
        self.send(notice)
        self.assertFalse(notice.delivery_ids.mail_id, "Odoo deletes what it has sent")
        self.assertEqual(notice.delivery_ids.state, "done")


@freeze_time(LATER)
class TestLeavingLetters(LetterheadCommon, LeavingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first.channel = "letter"
        cls.other = cls.make_debtor("Ems", email=False, **cls.home)

    def letters(self):
        notices = self.run_at().notice_ids
        notices.write({"state": "confirmed"})
        notices._issue(DAY)
        return notices

    def printed(self, action):
        attachment_id = int(action["url"].split("/")[3].split("?")[0])
        return pdf_pages(self.env["ir.attachment"].browse(attachment_id).raw)

    def test_paid_letters_are_not_printed(self):
        invoice = self.invoice(20)
        self.invoice(20, debtor=self.other)
        notices = self.letters()
        payment = self.bank_pays(100, invoice)
        action = notices.action_print_letters()
        self.assertIn(f"paid on 4 Jun by {payment.name}", action["params"]["message"])
        [page] = self.printed(action["params"]["next"])
        self.assertIn("Ems", page)
        states = {notice.partner_id: notice.state for notice in notices}
        self.assertEqual(states, {self.debtor: "cancelled", self.other: "issued"})

    def test_nothing_left_to_print_is_told(self):
        invoice = self.invoice(20)
        notices = self.letters()
        self.bank_pays(100, invoice)
        action = notices.action_print_letters()
        self.assertIn("Withdrawn", action["params"]["message"])
        self.assertEqual(action["params"]["next"]["type"], "ir.actions.act_window_close")
        with self.assertRaises(UserError):
            notices.action_print_letters()

    def test_paid_in_part_is_told_to_who_prints(self):
        invoice = self.invoice(20)
        notices = self.letters()
        payment = self.bank_pays(40, invoice)
        action = notices.action_print_letters()
        message = action["params"]["message"]
        self.assertIn("60.00", message)
        self.assertIn(payment.name, message)
        self.assertEqual(len(self.printed(action["params"]["next"])), 1)
        self.assertEqual(notices.delivery_ids.state, "done")

    def test_printed_again_without_asking(self):
        invoice = self.invoice(20)
        notices = self.letters()
        notices.action_print_letters()
        self.bank_pays(100, invoice)
        self.assertTrue(self.printed(notices.action_print_letters()))
        self.assertEqual(notices.state, "issued")

    def test_issuing_names_the_fact_too(self):
        invoice, open_one = self.invoice(20), self.invoice(10, 70)
        notice = self.run_at().notice_ids
        payment = self.bank_pays(100, invoice)
        notice.state = "confirmed"
        notice._issue(LATER)
        gone = self.env["dunning.line"].search([("move_line_id.move_id", "=", invoice.id)])
        self.assertEqual((gone.state, gone.reason), ("void", f"paid on 4 Jun by {payment.name}"))
        self.assertEqual(
            notice.line_ids.filtered(lambda line: line.state == "issued").move_id, open_one
        )
        notice.delivery_ids._succeed()
        last = self.run_at(LATER + timedelta(days=60)).notice_ids
        second = self.bank_pays(70, open_one, LATER)
        last.state = "confirmed"
        last._issue(LATER + timedelta(days=60))
        self.assertEqual(
            last.reason,
            f"No item is left to remind of: {open_one.name}: paid on 5 Jun by {second.name}.",
        )
