"""The work of the night, at the hour of each company."""

import logging
from dataclasses import dataclass

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...tools import zones

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """A part of the night work.

    ``method`` of ``model`` takes a company and its day. It may commit, and returns False when
    its time is up before all is done: then it is called again, and goes on.
    """

    model: str
    method: str
    monthly: bool = False

    @property
    def name(self):
        return f"{self.model}{self.method}"

    def is_done(self, last, today):
        """Tell whether it was done last in the time that the day belongs to."""
        since = today.replace(day=1) if self.monthly else today
        return bool(last) and last >= since


# What was agreed is looked at before reminders are proposed, what follows from them after.
STEPS = (
    Step("dunning.payment.plan", "_night_follow"),
    Step("dunning.promise", "_night_judge"),
    Step("dunning.dispute", "_night_settle"),
    Step("dunning.behavior", "_night_refresh"),
    Step("dunning.run", "_night_propose"),
    Step("dunning.case", "_night_close"),
    Step("dunning.credit.hold", "_night_propose_lift"),
    Step("dunning.handover", "_night_watch"),
    Step("dunning.hold", "_night_review"),
    Step("dunning.hold", "_night_review_blocked", monthly=True),
    Step("dunning.law.check", "_night_remind"),
)


class DunningNight(models.Model):
    """On which day of the company a step of its night work was done last.

    A company is one with its branches. Its night comes once on each of its days, also where
    the clocks are changed: when the day has reached the hour of the company and the step was
    not done on it yet.
    """

    _name = "dunning.night"
    _description = "Night Work"
    _rec_name = "step"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    step = fields.Char(required=True)
    date = fields.Date(required=True)

    _once = models.UniqueIndex(
        "(company_id, step)", "The night work of a company has each of its steps once."
    )

    @api.model
    def _steps(self):
        """The steps in their order. Extension point.

        :return: list of Step
        """
        return list(STEPS)

    @api.model
    def _cron_night(self):
        """Do the night work of each company whose hour has come. Odoo calls again at once
        when time was up, and in a quarter of an hour for the companies of other zones.
        """
        remaining = 0
        for company in self.env["res.company"].search([("parent_id", "=", False)]):
            if self._has_come(company) and not self._work(company):
                remaining = 1
                break
        self.env["ir.cron"]._commit_progress(remaining=remaining)

    @api.model
    def _has_come(self, company):
        """Tell whether it is night in a company; the first is the one that follows its
        beginning with the addon.
        """
        clock = company._dunning_clock()
        come = zones.hour_has_come(clock, company.dunning_hour)
        if not self.search_count([("company_id", "=", company.id)], limit=1):
            date = clock.date() if come else fields.Date.subtract(clock.date(), days=1)
            self.create(
                [
                    {"company_id": company.id, "step": step.name, "date": date}
                    for step in self._steps()
                ]
            )
        return come

    @api.model
    def _work(self, company):
        """Take the steps that a company has not taken on its day.

        :return: whether all is done
        """
        today = company._dunning_today()
        lasts = {mark.step: mark for mark in self.search([("company_id", "=", company.id)])}
        for step in self._steps():
            mark = lasts.get(step.name, self)
            if step.is_done(mark.date, today):
                continue
            if not self._take(step, company, today):
                return False
            if mark:
                mark.date = today
            else:
                self.create({"company_id": company.id, "step": step.name, "date": today})
            if not self.env["ir.cron"]._commit_progress(1, remaining=1):
                return False
        return True

    @api.model
    def _do(self, step, company, date):
        # What is noted at night is read by others in the morning.
        lang = company._dunning_reader_lang(self.env["res.users"])
        model = self.env[step.model].with_company(company).with_context(lang=lang)
        return getattr(model, step.method)(company, date)

    @api.model
    def _take(self, step, company, date):
        """Take one step; what fails in it leaves the other steps and companies alone.

        :return: whether it came to its end, or cannot
        """
        try:
            return self._do(step, company, date) is not False
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            self.env.cr.rollback()
            _logger.exception("The night work %s in %s failed", step.name, company.name)
            return True
