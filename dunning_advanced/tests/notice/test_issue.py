import time
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.addons.dunning_advanced.models.mixins import batch

from ..common import DAY, DunningCommon


@freeze_time(DAY)
class TestIssue(DunningCommon):
    def confirmed(self, count):
        """A confirmed run with so many reminders that they are queued."""
        for number in range(count):
            self.invoice(10, debtor=self.make_debtor(f"Debtor{number}"))
        run = self.run_at()
        run.action_confirm()
        return run

    def test_large_confirmation_is_queued(self):
        run = self.confirmed(21)
        self.assertEqual(set(run.notice_ids.mapped("state")), {"confirmed"})
        self.assertIn("21 reminders confirmed.", run.message_ids[0].body)
        cron = self.env.ref("dunning_advanced.ir_cron_issue").sudo()
        self.assertTrue(self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", cron.id)]))
        self.env["dunning.notice"].sudo()._issue_next()
        self.env["dunning.notice"].sudo()._refresh_runs()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})
        self.assertEqual(len(run.notice_ids.delivery_ids.mail_id), 21)
        self.assertEqual(run.state, "done")

    def test_what_another_worker_has_in_hand_is_left_to_it(self):
        mine, theirs = self.confirmed(21).notice_ids[:2]
        notices = self.registry["dunning.notice"]
        with patch.object(notices, "try_lock_for_update", lambda self: self - theirs):
            (mine | theirs)._issue(DAY)
        self.assertEqual((mine.state, theirs.state), ("issued", "confirmed"))
        self.assertFalse(theirs.delivery_ids)

    def test_whoever_confirms_it_is_dated_by_the_company(self):
        """In the evening of the day before, at the place of the reviewer: what is due on the
        day of the run is still reminded.
        """
        self.company.dunning_tz = "Europe/Berlin"
        self.first.days = 0
        self.invoice(0)
        run = self.run_at()
        with freeze_time(f"{DAY} 01:30:00"):
            run.with_context(tz="America/New_York").action_confirm()
        notice = run.notice_ids
        self.assertEqual((notice.state, notice.date), ("issued", DAY))

    def test_never_dated_before_its_run(self):
        self.first.days = 0
        self.invoice(0)
        run = self.run_at()
        with freeze_time(DAY - timedelta(days=1)):
            run.action_confirm()
        self.assertEqual((run.notice_ids.state, run.notice_ids.date), ("issued", DAY))

    def test_every_copy_of_the_scheduled_action_is_woken(self):
        first = self.env.ref("dunning_advanced.ir_cron_issue").sudo()
        second = self.env.ref("dunning_advanced.ir_cron_issue_2").sudo()
        archived = second.copy({"active": False})
        third = second.copy({"active": True})
        self.confirmed(21)
        woken = self.env["ir.cron.trigger"].sudo().search([]).cron_id
        self.assertEqual(first | second | third, woken & (first | second | third | archived))
        self.assertNotIn(self.env.ref("dunning_advanced.ir_cron_night"), woken)

    def work(self, cron, seconds):
        """Do the work of a scheduled action that has so much time left.

        :return: how much is done and how much remains, as Odoo is told
        """
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            context = {"cron_id": cron.id, "cron_end_time": time.monotonic() + seconds}
            working, progress = cron.with_env(self.env(cr=cr, context=context))._add_progress()
            working.env["dunning.notice"]._cron_issue()
            told = progress.done, progress.remaining
        self.env.invalidate_all()
        return told

    def test_stops_at_the_time_limit_and_goes_on(self):
        """A batch is finished, what is left is told and done by the next call."""
        run = self.confirmed(25)
        cron = self.env.ref("dunning_advanced.ir_cron_issue")
        with patch.object(batch, "BATCH", 10), freeze_time(DAY, tick=True):
            self.assertEqual(self.work(cron, -1), (10, 15))
            issued = run.notice_ids.filtered(lambda notice: notice.state == "issued")
            self.assertEqual((len(issued), run.state), (10, "confirmed"))
            self.assertEqual(self.work(cron, -1), (10, 5))
            self.assertEqual(self.work(cron, 600), (5, 0))
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})
        self.assertEqual((len(run.notice_ids.delivery_ids), run.state), (25, "done"))

    def test_progress_counts_what_fails(self):
        """A notice that cannot be issued is told as done: it would be tried for ever."""
        run = self.confirmed(21)
        run.notice_ids[3].partner_id.email = False
        told = self.work(self.env.ref("dunning_advanced.ir_cron_issue"), 600)
        self.assertEqual(told, (21, 0))
        self.assertEqual(len(run.notice_ids.filtered("error")), 1)

    def test_items_of_confirmed_reminders_are_pending(self):
        self.confirmed(21)
        other = self.run_at()
        self.assertFalse(other.notice_ids)
        self.assertEqual(other.pending_count, 21)

    def test_confirming_again_is_harmless(self):
        self.invoice(10)
        run = self.run_at()
        run.action_confirm()
        run.notice_ids._confirm()
        self.assertEqual(run.notice_ids.state, "issued")
        self.assertEqual(len(run.notice_ids.delivery_ids), 1)

    def test_failure_stays_with_its_reminder(self):
        self.invoice(10)
        self.remind()
        self.second.mail_template_id = False
        with freeze_time("2024-06-17"):
            self.invoice(-1, debtor=self.make_debtor("Busy"))
            run = self.run_at("2024-06-17")
            run.action_confirm()
            failed, issued = run.notice_ids.sorted("state")
            self.assertEqual((failed.state, issued.state), ("confirmed", "issued"))
            self.assertEqual(failed.partner_id, self.debtor)
            self.assertIn("has no text", failed.error)
            self.assertEqual(run.state, "confirmed")
            waiting = failed.search(failed._waiting_domain())
            self.assertNotIn(failed, waiting)
            self.second.mail_template_id = self.first.mail_template_id
            failed.action_retry()
        self.assertEqual((failed.state, failed.error), ("issued", False))
        self.assertEqual(run.state, "done")

    def test_numbers_follow_the_date_of_the_reminder(self):
        self.invoice(10)
        self.invoice(10, debtor=self.make_debtor("Deco"))
        names = self.remind().notice_ids.sorted("id").mapped("name")
        self.assertEqual(len(set(names)), 2)
        for name in names:
            self.assertRegex(name, r"^DUN/2024/\d{5}$")

    def test_without_a_sequence_nothing_is_issued(self):
        self.env["ir.sequence"].search([("code", "=", "dunning.notice")]).unlink()
        self.invoice(10)
        run = self.run_at()
        run.action_confirm()
        self.assertEqual(run.notice_ids.state, "confirmed")
        self.assertIn("cannot be numbered", run.notice_ids.error)
