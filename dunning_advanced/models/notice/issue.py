from functools import partial

from odoo import api, fields, models
from odoo.service.model import retrying

from ..mixins.batch import AT_ONCE


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    def _confirm(self):
        """Queue notices for being issued; a small number is issued right away."""
        waiting = self.filtered(lambda notice: notice.state in ("proposed", "confirmed"))
        if len(waiting) <= AT_ONCE:
            waiting.write({"state": "confirmed"})
            waiting._issue(fields.Date.context_today(self))
        else:
            # One note on the run instead of one on each of thousands.
            waiting.with_context(mail_notrack=True).write({"state": "confirmed"})
            for run, notices in waiting.grouped("run_id").items():
                run._message_log(body=self.env._("%s reminders confirmed.", len(notices)))
            waiting._queue()
        waiting.run_id._refresh_state()

    def _queue(self):
        """Have confirmed notices issued soon after this transaction. Extension point."""
        self._wake_cron()

    def _wake_cron(self):
        """Wake all scheduled actions that issue: Odoo runs each of them on one worker
        at a time, so every copy of the first adds a worker.
        """
        model = self.env["ir.model"]._get_id("dunning.notice")
        crons = self.env["ir.cron"].sudo().search([("model_id", "=", model)])
        for cron in crons.filtered(lambda cron: "_cron_issue" in cron.code):
            cron._trigger()

    def action_retry(self):
        """Try again to issue notices that failed."""
        failed = self.filtered(lambda notice: notice.state == "confirmed")
        failed.error = False
        failed._confirm()

    @api.model
    def _cron_issue(self):
        """Issue what is confirmed and send the corrections of what was cancelled,
        batch by batch. Any number of workers may do this at the same time: none
        waits for another, nothing is sent twice.
        """
        corrections = self.env["dunning.delivery"]
        progress = self.env["ir.cron"]._commit_progress
        progress(
            remaining=self.search_count(self._waiting_domain())
            + corrections.search_count(corrections._waiting_domain())
        )
        issue = partial(self._issue_next, fields.Date.context_today(self))
        for work in (issue, corrections._correct_next):
            while count := retrying(work, self.env):
                if not progress(count):
                    return  # time is up: Odoo calls again, as something remains
        retrying(self._refresh_runs, self.env)
        # What is left now, if anything, is in the hands of another worker.
        progress(remaining=0)

    @api.model
    def _waiting_domain(self):
        return [("state", "=", "confirmed"), ("error", "=", False)]

    @api.model
    def _issue_next(self, date):
        """Issue the next batch of what nobody else is working on.

        :return: number of notices that were tried
        """
        batch = self._take_next(self._waiting_domain())
        batch._issue(date)
        self.env.flush_all()
        return len(batch)

    @api.model
    def _refresh_runs(self):
        """Close the runs of which nothing waits any more.

        Only a transaction that begins after the last batch can tell: of two
        workers that finish together, neither sees the notices of the other.
        """
        self.env["dunning.run"].search([("state", "=", "confirmed")])._refresh_state()
        self.env.flush_all()

    def _issue(self, date):
        """Re-check, freeze and deliver confirmed notices. What fails stays
        confirmed, shows why, and does not stop the others. What another
        transaction is working on is left to it.

        :param date: date of the notices
        """
        mine = self.try_lock_for_update().filtered(lambda notice: notice.state == "confirmed")
        mine._all_or_each(lambda notices: notices._issue_all(date))

    def _issue_all(self, date):
        for company, notices in self.grouped("company_id").items():
            notices._recheck(company, date)
            left = notices.filtered(lambda notice: notice.state == "confirmed")
            if left:
                left._address()
                left._charge(date)
                left._freeze(date)
                left._deliver()
