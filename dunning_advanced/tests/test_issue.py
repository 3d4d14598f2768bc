from freezegun import freeze_time

from .common import DAY, DunningCommon


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
        self.env["dunning.notice"].sudo()._issue_next(DAY)
        self.env["dunning.notice"].sudo()._refresh_runs()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})
        self.assertEqual(len(run.notice_ids.delivery_ids.mail_id), 21)
        self.assertEqual(run.state, "done")

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
