from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from ..common import DAY
from ..mail import MailCommon
from .common import ContactsCommon


@tagged("post_install", "-at_install")
@freeze_time(f"{DAY} 10:00:00")
class TestHanding(MailCommon, ContactsCommon):
    """Each e-mail can be told apart, and leaves at most once by itself."""

    def reminder_for_two(self):
        self.ann = self.add_contact("Ann", "dunning")
        self.bob = self.add_contact("Bob", "dunning")
        self.invoice(20)
        return self.issue()

    def by_address(self, notice):
        """The messages that arrive by the address to which the server brings them."""
        messages = self.send(notice)
        addresses = [envelope.rcpt_tos[0] for envelope in self.sink.envelopes]
        return dict(zip(addresses, messages, strict=True))

    def handed(self, minutes):
        """A reminder whose mail was being handed over when the server stopped."""
        self.invoice(20)
        delivery = self.issue().delivery_ids
        delivery.mail_id.state = "exception"
        delivery.date_handed = fields.Datetime.now() - timedelta(minutes=minutes)
        self.env["dunning.delivery"]._ask_outcomes()
        return delivery

    def test_a_message_id_for_each_delivery(self):
        notice = self.reminder_for_two()
        message_id = notice.delivery_ids.message_id.message_id
        first, second = sorted(self.send(notice), key=lambda mail: mail["Message-ID"] != message_id)
        self.assertEqual(first["Message-ID"], message_id)
        self.assertNotEqual(second["Message-ID"], message_id)
        known = notice.delivery_ids.mapped("email_message_id")
        self.assertEqual({first["Message-ID"], second["Message-ID"]}, set(known))
        self.assertIn(message_id, second["References"], "answers find the message")
        self.assertEqual(notice.delivery_ids.message_id.message_id, message_id)
        self.assertEqual(set(notice.delivery_ids.mapped("server_answer")), {"250 OK"})

    def test_the_same_at_every_try(self):
        notice = self.reminder_for_two()
        before = {one.contact_id.email: one.email_message_id for one in notice.delivery_ids}
        notice.delivery_ids.mail_id.state = "exception"
        notice.delivery_ids._fail("mailbox full")
        notice.delivery_ids.action_retry()
        after = {to: mail["Message-ID"] for to, mail in self.by_address(notice).items()}
        self.assertEqual(after, before)

    def test_the_one_that_came_back_is_known_by_its_id(self):
        notice = self.reminder_for_two()
        [bobs] = [mail for to, mail in self.by_address(notice).items() if to == self.bob.email]
        self.come_back(bobs, "forwarded@example.com")
        states = {one.contact_id: one.state for one in notice.delivery_ids}
        self.assertEqual(states, {self.ann: "done", self.bob: "failed"})

    def test_handing_over_is_committed_before_the_server_has_the_mail(self):
        self.invoice(20)
        delivery = self.issue().delivery_ids
        seen = []

        def commit():
            self.env.flush_all()
            state = (bool(delivery.date_handed), delivery.mail_id.state, len(self.sink.envelopes))
            seen.append(state)

        with self.sending(), patch.object(self.env.cr, "commit", commit):
            delivery.mail_id.send(auto_commit=True)
        self.assertEqual(seen[0], (True, "exception", 0))
        self.assertEqual((delivery.state, len(self.sink.envelopes)), ("done", 1))

    def test_nobody_knows_whether_it_left(self):
        delivery = self.handed(16)
        notice = delivery.notice_id
        self.assertEqual((delivery.state, notice.status), ("unknown", "undelivered"))
        self.assertIn(delivery.email_message_id, delivery.error)
        self.env["mail.mail"].process_email_queue()
        self.assertFalse(self.receive(delivery.mail_id), "it is not repeated by itself")
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.assertIn("nobody knows", case.next_action)

    def test_who_is_handing_over_has_time(self):
        self.assertEqual(self.handed(14).state, "queued")

    def test_a_person_tries_again_or_says_that_it_left(self):
        delivery = self.handed(16)
        delivery.action_retry()
        self.assertEqual((delivery.state, delivery.date_handed), ("queued", False))
        [message] = self.receive(delivery.mail_id)
        self.assertEqual(message["Message-ID"], delivery.email_message_id)
        self.assertEqual(delivery.state, "done")
        other = self.handed(16)
        other.action_mark_done()
        self.assertEqual((other.state, other.notice_id.status), ("done", "issued"))

    def test_paid_meanwhile_it_is_not_tried_again(self):
        delivery = self.handed(16)
        self.pay(self.debtor, 100, invoices=delivery.notice_id.line_ids.move_id)
        delivery.action_retry()
        self.assertEqual(delivery.state, "unknown", "it may have left: a person decides")
        self.assertFalse(self.receive(delivery.mail_id))

    def test_cancelled_with_a_correction_where_it_may_have_left(self):
        notice = self.handed(16).notice_id
        notice._cancel("Sent in error")
        self.assertTrue(notice.to_correct)
