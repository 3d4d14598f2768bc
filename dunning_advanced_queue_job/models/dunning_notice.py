from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import ConcurrencyError

from odoo.addons.dunning_advanced.models.mixins.batch import BATCH
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import identity_exact


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    def _queue(self):
        """One job for each batch, and a last one that closes the runs.

        The scheduled action stays: it picks up what a lost job leaves behind.
        """
        # As the scheduled action: a job outlives the rights of who confirmed.
        notices = self.with_user(SUPERUSER_ID)
        batches = notices.delayable(identity_key=identity_exact)._job_issue().split(BATCH)
        batches.on_done(notices.run_id.delayable()._refresh_state())
        batches.delay()

    def _job_issue(self):
        """Issue reminders"""
        try:
            self.exists()._issue(fields.Date.context_today(self))
        except ConcurrencyError as error:
            raise RetryableJobError(str(error), seconds=5) from error
