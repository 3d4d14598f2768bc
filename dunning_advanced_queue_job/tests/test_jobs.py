from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.dunning_advanced.tests.common import DAY, DunningCommon
from odoo.addons.queue_job.job import Job, identity_exact
from odoo.addons.queue_job.tests.common import trap_jobs

BATCH = "odoo.addons.dunning_advanced_queue_job.models.dunning_notice.BATCH"


@freeze_time(DAY)
@tagged("post_install", "-at_install")
class TestJobs(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch(BATCH, 10))

    def proposed(self, count):
        """A proposed run with so many notices."""
        for number in range(count):
            self.invoice(10, debtor=self.make_debtor(f"Debtor{number}"))
        run = self.run_at()
        self.assertEqual(len(run.notice_ids), count)
        return run

    def test_large_run_is_issued_by_jobs(self):
        run = self.proposed(21)
        with trap_jobs() as trap:
            run.action_confirm()
            trap.assert_jobs_count(4)
            batch = run.notice_ids.sudo()[:10]
            issue = [call for call in trap.calls if call.method.__name__ == "_job_issue"]
            self.assertEqual(sorted(len(call.method.__self__) for call in issue), [1, 10, 10])
            self.assertEqual({call.properties["identity_key"] for call in issue}, {identity_exact})
            self.assertEqual(run.state, "confirmed")
            self.assertEqual(set(batch.mapped("state")), {"confirmed"})
            trap.perform_enqueued_jobs()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})
        self.assertEqual(len(run.notice_ids.delivery_ids.mail_id), 21)
        self.assertEqual(run.state, "done")

    def test_small_run_is_issued_at_once(self):
        run = self.proposed(2)
        with trap_jobs() as trap:
            run.action_confirm()
            trap.assert_jobs_count(0)
        self.assertFalse(run.notice_ids.filtered("error"), run.notice_ids.mapped("error"))
        self.assertEqual(run.state, "done")

    def jobs(self):
        return (
            self.env["queue.job"]
            .sudo()
            .search([("model_name", "in", ("dunning.notice", "dunning.run"))])
        )

    def test_the_same_batch_is_queued_once(self):
        run = self.proposed(21)
        run.action_confirm()
        queued = self.jobs()
        self.assertEqual(len(queued), 4)
        run.notice_ids._queue()
        self.assertEqual(self.jobs(), queued)

    def test_jobs_have_a_channel_of_their_own(self):
        self.proposed(21).action_confirm()
        self.assertEqual(set(self.jobs().mapped("channel")), {"root.dunning"})

    def test_a_job_can_run_again(self):
        run = self.proposed(21)
        run.action_confirm()
        for _time in range(2):
            for record in self.jobs().filtered(lambda job: job.method_name == "_job_issue"):
                Job.load(self.env, record.uuid).perform()
        self.assertEqual(len(run.notice_ids.delivery_ids), 21)

    def test_a_deleted_notice_does_not_stop_its_batch(self):
        run = self.proposed(21)
        run.action_confirm()
        run.notice_ids[0].unlink()
        for record in self.jobs().sorted("method_name"):  # the batches, then the run
            Job.load(self.env, record.uuid).perform()
        self.assertEqual(run.notice_ids.mapped("state"), ["issued"] * 20)
        self.assertEqual(run.state, "done")
