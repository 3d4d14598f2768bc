from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger

from ..common import DAY, DunningCommon


def days(count):
    return timedelta(days=count)


class TestRunLife(DunningCommon):
    """Propose, review, confirm, issue, take back."""

    def setUp(self):
        super().setUp()
        clock = freeze_time(DAY, tick=True)
        clock.start()
        self.addCleanup(clock.stop)

    def credit(self, invoice, amount=None):
        """A credit note, reconciled with its invoice."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": DAY})
        )
        credit = self.env["account.move"].browse(wizard.reverse_moves()["res_id"])
        if amount:
            credit.invoice_line_ids.price_unit = amount
        credit.action_post()
        items = (credit | invoice).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        items.filtered(lambda item: not item.reconciled).reconcile()

    # Review

    def test_propose_again_replaces(self):
        self.invoice(5)
        run = self.run_at()
        first = run.notice_ids
        self.invoice(5, 50)
        run.action_propose()
        self.assertFalse(first.exists())
        self.assertEqual((run.notice_ids.amount_total, run.state), (150, "proposed"))
        self.assertEqual(len(run.line_ids), 2)

    def test_propose_again_leaves_no_trace_of_what_was_replaced(self):
        self.invoice(5)
        run = self.run_at()
        kept = self.run_at(partner_ids=[Command.set(self.make_debtor("Other").ids)])
        first = run.notice_ids
        partner = self.make_debtor("Reader")
        traces = self.env["ir.attachment"]
        for thread in (first, kept, self.debtor):
            file = ("note.txt", b"for the file")
            note = thread.message_post(body="Look", attachments=[file], partner_ids=partner.ids)
            thread.message_subscribe(partner.ids)
            thread.activity_schedule("mail.mail_activity_data_todo", user_id=self.env.uid)
            traces |= note.attachment_ids
        of_first = [("res_id", "in", first.ids)]
        found = {
            "mail.message": [("model", "=", first._name), *of_first],
            "mail.followers": [("res_model", "=", first._name), *of_first],
            "mail.activity": [("res_model", "=", first._name), *of_first],
            "mail.notification": [("res_partner_id", "=", partner.id)],
        }
        counts = {model: self.env[model].search_count(domain) for model, domain in found.items()}
        run._propose()
        self.assertFalse(first.exists())
        for model in ("mail.message", "mail.followers", "mail.activity"):
            self.assertTrue(counts[model], model)
            self.assertFalse(self.env[model].search(found[model]), model)
        self.assertEqual(
            self.env["mail.notification"].search_count(found["mail.notification"]),
            counts["mail.notification"] - 1,
        )
        self.assertEqual(traces.exists(), traces[1:])
        for thread in (kept, self.debtor):
            self.assertTrue(thread.message_ids.attachment_ids, thread)
            self.assertTrue(thread.message_follower_ids and thread.activity_ids, thread)

    def test_queries_of_proposing_again_do_not_depend_on_the_notices(self):
        def again(run):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            run._propose()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        self.invoice(5)
        run = self.run_at()
        again(run)  # fills the caches
        few = again(run)
        for number in range(30):
            self.invoice(5, debtor=self.make_debtor(f"n{number} customer"))
        again(run)
        run.notice_ids._message_log_batch({notice.id: "Look" for notice in run.notice_ids})
        self.assertEqual(len(run.notice_ids), 31)
        self.assertLessEqual(again(run), few)

    def test_propose_again_after_issuing_is_refused(self):
        self.invoice(5)
        run = self.remind()
        with self.assertRaisesRegex(UserError, "start a new run"):
            run.action_propose()

    def test_future_run_is_refused(self):
        run = self.env["dunning.run"].create({"date": DAY + days(1)})
        with self.assertRaisesRegex(UserError, "in the future"):
            run.action_propose()

    def test_confirm_without_proposal_is_refused(self):
        with self.assertRaisesRegex(UserError, "Propose the run before"):
            self.env["dunning.run"].create({"date": DAY}).action_confirm()

    def test_drop_with_reason_frees_the_items(self):
        invoice = self.invoice(5)
        run = self.run_at()
        notice = run.notice_ids
        wizard = self.env["dunning.reason"].with_context(**notice.action_drop()["context"])
        wizard.create({"reason": "We spoke"}).action_apply()
        self.assertEqual((notice.state, notice.reason, run.state), ("dropped", "We spoke", "done"))
        self.assertEqual(self.decisions(self.run_at()), {invoice: "dun"})

    def test_drop_one_item(self):
        gone, kept = self.invoice(6, 30), self.invoice(5)
        notice = self.run_at().notice_ids
        notice.line_ids.filtered(lambda line: line.move_id == gone).action_drop()
        self.assertEqual((notice.amount_total, notice.item_count), (100, 1))
        self.assertEqual(notice.date_oldest, kept.invoice_date_due)
        notice.line_ids.action_drop()
        self.assertEqual(notice.state, "dropped")

    def test_lower_level_and_what_follows(self):
        self.invoice(5)
        self.remind()
        run = self.run_at(DAY + days(14))
        notice = run.notice_ids
        notice.action_lower_level()
        self.assertEqual((notice.level_id, notice.rung), (self.first, 1))
        self.assertEqual((notice.line_ids.rung, notice.line_ids.step), (1, 2))
        notice.state = "confirmed"
        notice._issue(DAY + days(14))
        notice.delivery_ids._succeed()
        self.assertFalse(self.remind(DAY + days(27)).notice_ids)
        after = self.remind(DAY + days(28))
        self.assertEqual(after.notice_ids.level_id, self.second)
        self.assertEqual((after.line_ids.rung, after.line_ids.step), (2, 3))

    def test_lowest_level_cannot_be_lowered(self):
        self.invoice(5)
        notice = self.run_at().notice_ids
        with self.assertRaisesRegex(UserError, "at the lowest level already"):
            notice.action_lower_level()

    def test_level_is_not_written_directly(self):
        self.invoice(5)
        user = self.make_user("tina.forger", "dunning_advanced.group_manager")
        notice = self.run_at().notice_ids.with_user(user)
        with self.assertRaisesRegex(AccessError, "“Level” of .* cannot be changed by hand"):
            notice.level_id = self.last

    def test_edited_text_goes_out(self):
        self.invoice(5)
        self.invoice(5, debtor=self.make_debtor("Deco Addict"))
        mine, other = self.run_at().notice_ids.sorted(lambda n: n.partner_id != self.debtor)
        mine.write({"subject": "About our talk", "body": "<p>As agreed on the phone</p>"})
        (mine | other).action_confirm()
        mail = mine.delivery_ids.mail_id
        self.assertEqual(mail.subject, "About our talk")
        self.assertIn("As agreed on the phone", mail.body_html)
        self.assertNotIn("As agreed", other.delivery_ids.mail_id.body_html)
        with self.assertRaisesRegex(UserError, "not issued yet"):
            mine.subject = "Something else"

    # Confirm and issue

    def test_confirm_issues_numbers_and_sends(self):
        invoice = self.invoice(5)
        run = self.run_at()
        run.action_confirm()
        notice = run.notice_ids
        self.assertEqual((run.state, notice.state, notice.error), ("done", "issued", False))
        self.assertRegex(notice.name, r"^DUN/2024/\d{5}$")
        self.assertEqual(notice.delivery_ids.state, "queued")
        self.assertEqual(notice.delivery_ids.mail_id.recipient_ids, self.debtor)
        self.assertEqual(invoice.dunning_level_id, self.first)
        self.assertFalse(notice.delivered)
        notice.action_confirm()
        self.assertEqual(len(notice.delivery_ids), 1, "a second click changes nothing")

    def test_issued_texts_are_frozen(self):
        self.invoice(5)
        notice = self.remind().notice_ids
        subject = notice.subject
        self.first.mail_template_id.subject = "Changed later"
        notice.invalidate_recordset()
        self.assertEqual(notice.subject, subject)

    def test_paid_in_between_is_not_reminded(self):
        paid = self.invoice(5)
        run = self.run_at()
        self.pay(self.debtor, 100, invoices=paid)
        run.action_confirm()
        self.assertEqual((run.notice_ids.state, run.state), ("dropped", "done"))
        self.assertFalse(paid.dunning_level_id)
        self.assertFalse(self.env["mail.mail"].search([("model", "=", "dunning.notice")]))

    def test_one_of_two_paid_in_between(self):
        paid, left = self.invoice(5, 60), self.invoice(5)
        run = self.run_at()
        self.pay(self.debtor, 60, invoices=paid)
        run.action_confirm()
        notice = run.notice_ids
        self.assertEqual((notice.amount_open, notice.amount_total), (100, 100))
        self.assertEqual((notice.item_count, notice.amount_total_company), (1, 100))
        issued = notice.line_ids.filtered(lambda line: line.state == "issued")
        self.assertEqual(issued.move_id, left)
        self.assertFalse(paid.dunning_level_id)

    def test_partly_paid_in_between(self):
        invoice = self.invoice(5)
        run = self.run_at()
        self.pay(self.debtor, 30, invoices=invoice)
        run.action_confirm()
        notice = run.notice_ids
        self.assertEqual((notice.state, notice.amount_total), ("issued", 70))
        self.assertEqual(notice.amount_total_company, 70)
        self.assertEqual((notice.line_ids.amount_open, notice.line_ids.amount_net), (70, 70))

    def test_payment_on_account_in_between(self):
        self.invoice(5)
        run = self.run_at()
        self.pay(self.debtor, 30)
        run.action_confirm()
        notice = run.notice_ids
        self.assertEqual(
            (notice.amount_open, notice.amount_credit, notice.amount_total), (100, 30, 70)
        )

    def test_credit_note_in_between(self):
        gone, lower = self.invoice(5), self.invoice(5)
        run = self.run_at()
        self.credit(gone)
        self.credit(lower, 40)
        run.action_confirm()
        self.assertEqual((run.notice_ids.item_count, run.notice_ids.amount_total), (1, 60))

    def test_level_falls_when_the_highest_item_is_paid(self):
        old = self.invoice(20)
        self.remind()
        self.invoice(5, 70)
        run = self.run_at(DAY + days(14))
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.pay(self.debtor, 100, invoices=old)
        run.notice_ids.state = "confirmed"
        run.notice_ids._issue(DAY + days(14))
        self.assertEqual((run.notice_ids.state, run.notice_ids.level_id), ("issued", self.first))

    def test_reset_to_draft_after_proposal(self):
        reset, kept = self.invoice(5), self.invoice(5, 60)
        run = self.run_at()
        reset.button_draft()
        run.action_confirm()
        self.assertEqual(run.notice_ids.amount_total, 60)
        self.assertFalse(reset.dunning_level_id)
        self.assertEqual(kept.dunning_level_id, self.first)

    def test_deleted_after_proposal(self):
        deleted = self.invoice(5, name="INV/TEST/1")
        self.invoice(5, 60)
        run = self.run_at()
        deleted.button_draft()
        deleted.with_context(force_delete=True).unlink()
        run.action_confirm()
        self.assertEqual((run.notice_ids.state, run.notice_ids.amount_total), ("issued", 60))
        gone = run.line_ids.filtered(lambda line: not line.move_line_id)
        self.assertEqual((gone.name, gone.verdict, gone.state), ("INV/TEST/1", "changed", "void"))
        with self.assertRaisesRegex(UserError, "INV/TEST/1 was deleted"):
            gone.action_open_invoice()

    def test_reset_after_issuing_keeps_its_step(self):
        invoice = self.invoice(5)
        self.remind()
        invoice.button_draft()
        invoice.action_post()
        run = self.remind(DAY + days(14))
        self.assertEqual(run.notice_ids.level_id, self.second)

    def test_deleted_after_issuing(self):
        invoice = self.invoice(5)
        notice = self.remind().notice_ids
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        self.assertEqual((notice.amount_total, len(notice.line_ids)), (100, 1))
        notice._cancel("Wrong invoice")
        self.assertEqual(notice.state, "cancelled")

    def make_person(self):
        """A customer of its own, who may later become a contact of a company."""
        return self.make_debtor("Joe", is_company=False)

    def test_debtor_changed_in_between(self):
        """A customer becomes a contact of another one, who now owes the invoice."""
        person = self.make_person()
        moved = self.invoice(5, debtor=person)
        run = self.run_at()
        person.parent_id = self.debtor
        run.action_confirm()
        self.assertEqual((run.notice_ids.state, run.line_ids.verdict), ("dropped", "changed"))
        again = self.run_at()
        self.assertEqual(again.notice_ids.partner_id, self.debtor)
        self.assertEqual(again.line_ids.move_id, moved)

    def test_debtor_changed_after_issuing_keeps_the_step(self):
        person = self.make_person()
        self.invoice(20, debtor=person)
        self.remind()
        person.parent_id = self.debtor
        run = self.run_at(DAY + days(14), partner_ids=[Command.set(self.debtor.ids)])
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertEqual(run.line_ids.step, 2)

    def test_friendly_reminder_is_not_sent_once_due(self):
        invoice = self.invoice(-1)
        notice = self.run_at().notice_ids
        self.assertEqual(notice.level_id, self.before)
        notice.state = "confirmed"
        notice._issue(DAY + days(1))
        self.assertEqual(notice.state, "dropped")
        late = self.run_at(DAY).notice_ids
        late.state = "confirmed"
        late._issue(DAY + days(30))
        self.assertEqual(late.state, "dropped", "the first level is due by then")
        self.assertEqual(self.decisions(self.run_at(DAY + days(30))), {invoice: "dun"})

    # Take back

    def test_cancel_returns_the_level(self):
        invoice = self.invoice(5)
        notice = self.remind().notice_ids
        wizard = self.env["dunning.reason"].with_context(**notice.action_cancel()["context"])
        wizard.create({"reason": "Sent in error"}).action_apply()
        self.assertEqual((notice.state, notice.reason), ("cancelled", "Sent in error"))
        self.assertFalse(invoice.dunning_level_id)
        run = self.run_at()
        self.assertEqual((run.notice_ids.level_id, run.line_ids.step), (self.first, 1))

    def test_cancel_stops_mail_that_has_not_left(self):
        self.invoice(5)
        run = self.run_at()
        run.action_confirm()
        delivery = run.notice_ids.delivery_ids
        run.notice_ids._cancel("Sent in error")
        self.assertEqual((delivery.state, delivery.mail_id.state), ("withdrawn", "cancel"))

    def test_cancel_is_refused_when_a_later_notice_exists(self):
        self.invoice(5)
        first = self.remind().notice_ids
        second = self.remind(DAY + days(14)).notice_ids
        with self.assertRaisesRegex(UserError, second.name):
            first._cancel("Too late")
        second._cancel("Step by step")
        first._cancel("Step by step")
        self.assertEqual(self.run_at().notice_ids.level_id, self.first)

    def test_cancel_is_refused_when_a_later_one_is_proposed(self):
        self.invoice(5)
        first = self.remind().notice_ids
        self.run_at(DAY + days(14))
        with self.assertRaisesRegex(UserError, "Second reminder"):
            first._cancel("Too late")

    def test_cancel_both_at_once(self):
        self.invoice(5)
        notices = self.remind().notice_ids | self.remind(DAY + days(14)).notice_ids
        notices.sorted("id")._cancel("All wrong")
        self.assertEqual(set(notices.mapped("state")), {"cancelled"})

    def test_only_issued_notices_are_cancelled(self):
        self.invoice(5)
        with self.assertRaisesRegex(UserError, "not issued: leave it out"):
            self.run_at().notice_ids._cancel("Wrong")

    def test_cancel_run_drops_what_is_not_issued(self):
        self.invoice(5)
        self.invoice(5, debtor=self.make_debtor("Deco Addict"))
        run = self.run_at()
        run.notice_ids[0].action_confirm()
        run.action_cancel()
        self.assertEqual(run.state, "done")
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued", "dropped"})
        with self.assertRaisesRegex(UserError, "stays as the record"):
            run.unlink()

    # Failures

    def test_one_failure_keeps_the_others_going(self):
        self.invoice(5)
        self.invoice(5, debtor=self.make_debtor("Deco Addict"))
        bad_debtor = self.make_debtor("Gemini Furniture")
        self.invoice(5, debtor=bad_debtor)
        run = self.run_at()
        bad_debtor.email = False
        run.action_confirm()
        bad = run.notice_ids.filtered(lambda n: n.partner_id == bad_debtor)
        self.assertEqual(bad.state, "confirmed")
        self.assertEqual(set((run.notice_ids - bad).mapped("state")), {"issued"})
        self.assertEqual((run.state, run.error_count), ("confirmed", 1))
        self.assertFalse(bad.delivery_ids)
        bad_debtor.email = "gemini@example.com"
        bad.action_retry()
        self.assertEqual((bad.state, bad.error, run.state), ("issued", False, "done"))

    def test_unreachable_by_the_chosen_channel(self):
        """The debtor has an e-mail, but a person chose the letter."""
        self.invoice(5)
        notice = self.run_at().notice_ids
        notice.channel = "letter"
        notice.action_confirm()
        self.assertEqual(notice.state, "confirmed")
        self.assertIn("cannot be reached by Letter", notice.error)
        notice.channel = "email"
        notice.action_retry()
        self.assertEqual(notice.state, "issued")

    def test_level_without_text(self):
        self.invoice(5)
        self.first.mail_template_id = False
        notice = self.run_at().notice_ids
        notice.action_confirm()
        self.assertEqual((notice.state, notice.name), ("confirmed", False))
        self.assertIn("“First reminder” of policy “Standard” has no text", notice.error)
        notice.write({"subject": "Reminder", "body": "<p>Please pay.</p>"})
        notice.action_retry()
        self.assertEqual(notice.state, "issued")

    def test_database_error_in_one_notice(self):
        self.invoice(5)
        other = self.make_debtor("Deco Addict")
        self.invoice(5, debtor=other)
        run = self.run_at()
        channels = type(self.env["dunning.channel"])
        deliver = channels._deliver

        def fail_for_other(channel, code, notices):
            if other in notices.partner_id:
                channel.env.cr.execute("SELECT 1 / 0")
            return deliver(channel, code, notices)

        with patch.object(channels, "_deliver", fail_for_other), mute_logger("odoo.sql_db"):
            run.action_confirm()
        states = {n.partner_id: (n.state, n.error or "") for n in run.notice_ids}
        self.assertEqual(states[self.debtor], ("issued", ""))
        self.assertIn("division by zero", states[other][1])
        self.assertFalse(run.notice_ids.filtered("error").name)

    def test_failed_delivery_waits(self):
        invoice = self.invoice(5)
        run = self.run_at()
        run.action_confirm()
        delivery = run.notice_ids.delivery_ids
        delivery._fail("mailbox full")
        self.assertEqual((delivery.state, delivery.error), ("failed", "mailbox full"))
        later = self.run_at(DAY + days(14))
        self.assertEqual(self.decisions(later), {invoice: "undelivered"})
        delivery.action_mark_done()
        self.assertTrue(run.notice_ids.delivered)
        self.assertEqual(self.run_at(DAY + days(14)).notice_ids.level_id, self.second)

    def test_one_of_two_deliveries_is_enough(self):
        self.first.extra_channel = "letter"
        self.debtor.write({"street": "Main street 1", "city": "Brussels"})
        self.invoice(5)
        run = self.run_at()
        run.action_confirm()
        mail, letter = run.notice_ids.delivery_ids.sorted("channel")
        letter._succeed()
        mail._fail("mailbox full")
        self.assertTrue(run.notice_ids.delivered)

    # No doubles

    def test_second_run_of_the_day_changes_nothing(self):
        self.invoice(5)
        self.invoice(50)
        self.remind()
        again = self.run_at()
        self.assertFalse(again.notice_ids | self.env["dunning.notice"], again.stop_summary)
        self.assertEqual((again.state, again.waiting_count), ("done", 2))

    def test_two_proposals_cannot_hold_the_same_item(self):
        self.invoice(5)
        first, second = self.run_at(), self.run_at()
        self.assertTrue(first.notice_ids)
        self.assertFalse(second.notice_ids)
        self.assertEqual(second.pending_count, 1)

    def test_the_database_refuses_the_same_step_twice(self):
        self.invoice(5)
        line = self.run_at().line_ids
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            line.sudo().copy({"state": "issued"})

    # One customer

    def test_remind_one_customer(self):
        self.invoice(5)
        other = self.make_debtor("Deco Addict")
        self.invoice(5, debtor=other)
        contact = self.env["res.partner"].create({"name": "Joe", "parent_id": self.debtor.id})
        action = self.env["dunning.notice"].browse(contact.action_dunning_remind()["res_id"])
        self.assertEqual(action.partner_id, self.debtor)
        self.assertEqual(action.run_id.partner_ids, self.debtor)
        self.assertEqual(self.run_at().notice_ids.partner_id, other)

    def test_remind_from_the_case(self):
        invoice = self.invoice(5)
        self.remind()
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.assertEqual((case.state, case.level_id), ("open", self.first))
        with self.assertRaisesRegex(UserError, "Azure Interior.*Waiting for the next level 1"):
            case.action_remind()
        with freeze_time(DAY + days(14)):
            notice = self.env["dunning.notice"].browse(case.action_remind()["res_id"])
        self.assertEqual((notice.level_id, notice.line_ids.move_id), (self.second, invoice))

    def test_remind_without_anything_open(self):
        with self.assertRaisesRegex(UserError, "no open item"):
            self.debtor.action_dunning_remind()

    def test_run_for_a_contact_is_refused(self):
        contact = self.env["res.partner"].create({"name": "Joe", "parent_id": self.debtor.id})
        with self.assertRaisesRegex(ValidationError, "choose Azure Interior"):
            self.env["dunning.run"].create({"partner_ids": [Command.set(contact.ids)]})
