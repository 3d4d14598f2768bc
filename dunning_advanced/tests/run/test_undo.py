from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tools import html2plaintext, mute_logger

from odoo.addons.dunning_advanced.models.mixins import batch
from odoo.addons.dunning_advanced.models.notice import cancel as notice_cancel

from ..common import DAY
from ..mail import MailCommon


class TestUndo(MailCommon):
    """Reminders that had left when they were taken back are told apart, and corrected."""

    def debtors(self, count, **values):
        """So many customers with an overdue invoice each."""
        found = [self.make_debtor(f"Customer{number}", **values) for number in range(count)]
        for debtor in found:
            self.invoice(20, debtor=debtor)
        return found

    def ask(self, action):
        """The dialog that an action opens."""
        return self.env["dunning.reason"].with_context(**action["context"]).create({"reason": "No"})

    def letter_debtor(self):
        return self.make_debtor(
            "Deco Addict", email=False, street="Main Street 1", city="Springfield"
        )

    def corrections(self, notices):
        return notices.delivery_ids.filtered("correction")

    def test_run_tells_what_had_left(self):
        self.debtors(3)
        notices = self.issue()
        run = notices.run_id
        sent = notices[:2]
        self.send(sent)
        wizard = self.ask(run.action_undo())
        self.assertEqual((wizard.notice_count, wizard.left_count), (3, 2))
        wizard.action_apply()
        self.assertEqual(run.departure_summary, "E-mail: 2 already sent, 1 stopped before sending.")
        self.assertEqual((run.cancelled_count, run.to_correct_count), (3, 2))
        self.assertEqual(set(sent.mapped("departure_summary")), {"E-mail: 1 already sent."})
        self.assertEqual((notices - sent).departure_summary, "E-mail: 1 stopped before sending.")
        self.assertEqual(notices.search([("to_correct", "=", True)]), sent.sorted())
        self.assertEqual(notices.filtered("to_correct"), sent)
        self.assertEqual(set(sent.delivery_ids.mapped("state")), {"done"})
        stopped = (notices - sent).delivery_ids
        self.assertEqual((stopped.state, stopped.mail_id.state), ("withdrawn", "cancel"))
        self.assertEqual(stopped.message_id.notification_ids.notification_status, "canceled")
        self.sink.envelopes.clear()
        self.assertFalse(self.send(notices), "what was stopped never leaves")

    def test_nothing_is_told_of_what_was_not_cancelled(self):
        self.debtors(1)
        notice = self.issue()
        self.send(notice)
        self.assertFalse(notice.departure_summary)
        self.assertFalse(notice.to_correct)
        self.assertFalse(notice.run_id.departure_summary)
        with self.assertRaisesRegex(UserError, "Nobody has to be notified"):
            notice.action_correct()

    def test_letters_that_were_printed(self):
        self.invoice(20, debtor=self.letter_debtor())
        self.debtors(1)
        notices = self.issue()
        letter = notices.filtered(lambda notice: notice.channel == "letter")
        letter.action_print_letters()
        notices._cancel("Wrong")
        self.assertEqual(letter.departure_summary, "Letter: 1 already sent.")
        self.assertEqual(
            notices.run_id.departure_summary,
            "E-mail: 1 stopped before sending. Letter: 1 already sent.",
        )
        with self.assertRaisesRegex(UserError, "call or write to Deco Addict"):
            letter.action_correct()
        self.assertTrue(letter.to_correct, "it stays in the list of those who do not know")
        letter.action_mark_corrected()
        letter.action_mark_corrected()
        self.assertFalse(letter.to_correct)
        self.assertEqual(self.corrections(letter).address, f"Notified by {self.env.user.name}")

    def test_a_letter_is_corrected_by_email_where_there_is_one(self):
        debtor = self.letter_debtor()
        self.invoice(20, debtor=debtor)
        notice = self.issue()
        notice.action_print_letters()
        debtor.email = "deco@example.com"
        notice._cancel("Wrong")
        notice.action_correct()
        self.send(notice)
        self.assertEqual(self.sink.envelopes[-1].rcpt_tos, ["deco@example.com"])
        with self.assertRaisesRegex(UserError, "no letter to print"):
            self.corrections(notice).action_print()

    def test_a_correction_that_arrives_delivers_no_reminder(self):
        self.debtors(1)
        notice = self.issue()
        self.send(notice)
        wizard = self.ask(notice.run_id.action_undo())
        wizard.correct = True
        wizard.action_apply()
        notice.delivered = False  # its e-mail has come back since
        self.send(notice)
        self.assertEqual(self.corrections(notice).state, "done")
        self.assertFalse(notice.delivered)

    def test_correction_goes_to_those_who_have_it(self):
        told, untold = self.debtors(2)
        notices = self.issue()
        has_it = notices.filtered(lambda notice: notice.partner_id == told)
        self.send(has_it)
        self.sink.envelopes.clear()
        wizard = self.ask(notices.run_id.action_undo())
        wizard.correct = True
        wizard.action_apply()
        [message] = self.send(notices)
        self.assertEqual(self.sink.envelopes[0].rcpt_tos, [told.email])
        self.assertEqual(message["Subject"], "Brandt Ltd: Please disregard our reminder")
        text = self.text(message)
        self.assertIn(has_it.name, text)
        self.assertIn("You do not have to do anything".lower(), text.lower())
        self.assertIn("Marie Keller", text)
        for demand in ("Total to pay", "See and pay", "How to pay"):
            self.assertNotIn(demand, text)
        correction = self.corrections(has_it)
        self.assertEqual((correction.state, correction.address), ("done", told.email))
        self.assertFalse(self.corrections(notices - has_it))
        self.assertEqual(notices.run_id.to_correct_count, 0)
        self.assertIn("Payment reminder", has_it.delivery_ids[-1].message_id.subject)
        self.assertIn("Total to pay", has_it.preview, "the reminder stays as it left")
        self.assertFalse(untold.email in str(self.sink.envelopes[0].rcpt_tos))

    def test_never_twice(self):
        self.debtors(1)
        notice = self.issue()
        self.send(notice)
        notice._cancel("Wrong")
        notice.action_correct()
        with self.assertRaisesRegex(UserError, "Nobody has to be notified"):
            notice.action_correct()
        self.assertFalse(notice._correct())
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.corrections(notice).copy()

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.env.ref("dunning_advanced.mail_template_correction")
        template.with_context(lang="fr_FR").subject = "Rappel sans objet"
        self.debtors(1, lang="fr_FR")
        notice = self.issue()
        self.send(notice)
        notice._cancel("Wrong")
        notice.action_correct()
        self.assertEqual(self.send(notice)[-1]["Subject"], "Rappel sans objet")

    def test_many_corrections_are_queued(self):
        self.debtors(3)
        notices = self.issue()
        self.send(notices)
        notices._cancel("Wrong")
        with (
            patch.object(notice_cancel, "AT_ONCE", 2),
            patch.object(batch, "BATCH", 2),
        ):
            notices.run_id.action_correct()
            corrections = self.corrections(notices)
            self.assertFalse(corrections.mail_id)
            self.assertEqual(set(corrections.mapped("state")), {"queued"})
            with self.enter_registry_test_mode():
                self.env.ref("dunning_advanced.ir_cron_issue").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(len(corrections.mail_id), 3)
        self.send(notices)
        self.assertEqual(set(corrections.mapped("state")), {"done"})

    @mute_logger("odoo.addons.dunning_advanced.models.mixins.batch")
    def test_a_correction_that_fails_does_not_stop_the_others(self):
        first, second = self.debtors(2)
        notices = self.issue()
        self.send(notices)
        notices._cancel("Wrong")
        render = type(notices)._render_email

        def fail_for_first(notice, *args, **kwargs):
            if notice.partner_id == first:
                raise ValueError("broken")
            return render(notice, *args, **kwargs)

        with patch.object(type(notices), "_render_email", fail_for_first):
            notices.action_correct()
        states = {c.partner_id: (c.state, c.error or "") for c in self.corrections(notices)}
        self.assertEqual(states[second], ("queued", ""))
        self.assertEqual(states[first][0], "failed")
        self.assertIn("broken", states[first][1])
        self.corrections(notices).action_retry()
        self.send(notices)
        self.assertEqual(set(self.corrections(notices).mapped("state")), {"done"})
        self.assertEqual(len(self.corrections(notices)), 2)

    @mute_logger("odoo.addons.mail.models.mail_mail", "odoo.addons.base.models.ir_mail_server")
    def test_failed_correction_leaves_the_reminder_delivered(self):
        self.debtors(1)
        notice = self.issue()
        self.send(notice)
        notice._cancel("Wrong")
        self.mail_server.smtp_port = 1
        notice.action_correct()
        self.send(notice)
        correction = self.corrections(notice)
        self.assertEqual(correction.state, "failed")
        self.assertIn("Connection failed", correction.error)
        self.assertTrue(notice.delivered)
        self.assertFalse(notice.to_correct, "it is tried again, not sent anew")

    def test_deleted_template_is_told(self):
        self.debtors(1)
        notice = self.issue()
        self.send(notice)
        notice._cancel("Wrong")
        self.env.ref("dunning_advanced.mail_template_correction").unlink()
        notice.action_correct()
        self.assertIn("“Dunning: correction” was deleted", self.corrections(notice).error)

    def test_refused_run_names_the_later_reminder(self):
        """One customer of the run was reminded again: none of the run is taken back."""
        one, _other = self.debtors(2)
        run = self.remind(DAY)
        later = self.env["dunning.run"].create({"date": "2024-06-17", "partner_ids": one.ids})
        later._propose()
        later.notice_ids.state = "confirmed"
        later.notice_ids._issue(later.date)
        wizard = self.ask(run.action_undo())
        with self.assertRaisesRegex(UserError, later.notice_ids.name):
            wizard.action_apply()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})
        later.notice_ids._cancel("Wrong, too")
        wizard.action_apply()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"cancelled"})

    def test_big_undo_leaves_one_note_on_the_run(self):
        self.debtors(3)
        notices = self.issue()
        before = notices.message_ids
        with patch.object(notice_cancel, "AT_ONCE", 2):
            notices._cancel("Wrong list")
            self.env.flush_all()
            self.cr.precommit.run()
        self.assertEqual(
            html2plaintext(notices.run_id.message_ids[0].body), "3 reminders cancelled: Wrong list"
        )
        self.assertEqual(notices.message_ids, before)
        self.assertEqual(set(notices.line_ids.mapped("state")), {"void"})

    def test_queries_of_an_undo_do_not_grow(self):
        def undo(count):
            for index in range(count):
                self.invoice(20, debtor=self.make_debtor(f"Debtor{count}x{index}"))
            notices = self.issue()
            self.env.flush_all()
            self.env.invalidate_all()
            notices = notices.browse(notices.ids)
            before = self.env.cr.sql_log_count
            notices._cancel("Wrong")
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        with patch.object(notice_cancel, "AT_ONCE", 2):
            undo(3)
            few, many = undo(4), undo(24)
        self.assertLessEqual(many, few + 3)
