from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY


class DunningRun(models.Model):
    """The run of every night: proposes, lets go out what may, asks for the rest."""

    _inherit = "dunning.run"

    @api.model
    def _cron_propose(self):
        """Propose for every company, confirm what levels and rules let go out
        by themselves, and ask people to review the rest.
        """
        today = fields.Date.context_today(self)
        companies = self.env["res.company"].search(
            [("parent_id", "=", False), ("dunning_nightly", "=", True)]
        )
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            self.with_company(company)._propose_nightly(company, today)
            if not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _propose_nightly(self, company, date):
        """The run of one company and night; its failure stays its own.

        :return: dunning.run
        """
        run = self._nightly_run(company, date)
        if run.state != "draft":
            return run
        try:
            with self.env.cr.savepoint():
                run._propose()
                run.notice_ids.filtered(
                    lambda notice: notice.state == "proposed" and not notice.to_review
                )._confirm()
                run._ask_for_review()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:  # noqa: BLE001 - one company never stops the others
            if run.error != str(error):
                run.message_post(body=self.env._("The nightly run stopped: %s", error))
            run.error = str(error)
        return run

    @api.model
    def _nightly_run(self, company, date):
        """The run of a night: one that is there, also the one that failed the
        nights before, else a new one.
        """
        run = self.search(
            [
                ("company_id", "=", company.id),
                ("simulation", "=", False),
                ("partner_ids", "=", False),
                "|",
                ("date", "=", date),
                *("&", ("state", "=", "draft"), ("error", "!=", False)),
            ],
            order="date desc, id desc",
            limit=1,
        )
        if not run:
            return self.create({"company_id": company.id, "date": date})
        if run.state == "draft":
            run.date = date
        return run

    def _ask_for_review(self, responsible=None):
        """One activity for each responsible with notices to review.

        :param responsible: res.users, to ask this one only
        """
        for run in self:
            domain = [("run_id", "=", run.id), ("state", "=", "proposed")]
            if responsible:
                domain.append(("user_id", "=", responsible.id))
            groups = self.env["dunning.notice"]._read_group(domain, ["user_id"], ["__count"])
            for user, count in groups:
                run.activity_schedule(
                    "dunning_advanced.mail_activity_review",
                    date_deadline=run.date,
                    summary=self.env._("Review %s reminders", count),
                    user_id=run.company_id._dunning_responsible(user).id,
                )
