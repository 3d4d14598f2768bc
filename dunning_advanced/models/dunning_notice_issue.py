import logging
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, retrying
from odoo.tools import SQL, split_every

from .dunning_notice_charge import ChargesExceedDebtError

_logger = logging.getLogger(__name__)

BATCH = 100
# Up to so many notices are issued while the user waits; more are queued.
AT_ONCE = 20


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
        self.env.ref("dunning_advanced.ir_cron_issue")._trigger()

    def action_retry(self):
        """Try again to issue notices that failed."""
        failed = self.filtered(lambda notice: notice.state == "confirmed")
        failed.error = False
        failed._confirm()

    @api.model
    def _cron_issue(self):
        """Issue what is confirmed, batch by batch. Any number of workers may do
        this at the same time: none waits for another, no notice is issued twice.
        """
        today = fields.Date.context_today(self)
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=self.search_count(self._waiting_domain()))
        while count := retrying(partial(self._issue_next, today), self.env):
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
        query = self._search(self._waiting_domain(), order="id", limit=BATCH)
        free = self.env.execute_query(SQL("%s FOR UPDATE SKIP LOCKED", query.select()))
        batch = self.browse(id_ for [id_] in free)
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
        for batch in map(self.browse, split_every(BATCH, mine.ids)):
            if not batch._try_issue(date) and len(batch) > 1:
                for notice in batch:
                    notice._try_issue(date)

    def _try_issue(self, date):
        """Issue all of these notices or none.

        :return: whether it worked; the reason is on the notice if it was one
        :raises ConcurrencyError, psycopg2.Error: on a conflict with another
            transaction, whose work this one can only see by beginning again
        """
        try:
            with self.env.cr.savepoint():
                self._issue_all(date)
        except (ConcurrencyError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            if len(self) == 1:
                self.error = self._explain(error)
            return False
        return True

    def _explain(self, error):
        """The reason in the words of the user; what is no user error is logged."""
        self.charge_question = isinstance(error, ChargesExceedDebtError)
        if isinstance(error, UserError):
            return str(error)
        _logger.error("%s could not be issued", self, exc_info=error)
        return self.env._(
            "This reminder could not be issued: %(error)s. Try again; if it fails again, "
            "ask your administrator to look at the server log.",
            error=str(error) or type(error).__name__,
        )

    def _issue_all(self, date):
        for company, notices in self.grouped("company_id").items():
            notices._recheck(company, date)
            left = notices.filtered(lambda notice: notice.state == "confirmed")
            if left:
                left._address()
                left._charge(date)
                left._freeze(date)
                left._deliver()
