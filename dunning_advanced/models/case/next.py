from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..engine.engine import Scope
from .next_action import OWN_ACTIVITIES

# The model of the record that a task is about.
MODELS = {
    "activity": "mail.activity",
    **dict.fromkeys(OWN_ACTIVITIES, "mail.activity"),
    "review": "dunning.notice",
    "blocked": "dunning.notice",
    "failed": "dunning.delivery",
    "print": "dunning.delivery",
    "approve": "dunning.payment.plan",
    "offer": "dunning.payment.plan",
    "installment": "dunning.payment.plan",
    "writeoff": "dunning.writeoff",
    "dispute": "dunning.dispute",
    "handover": "dunning.handover",
    "hold": "dunning.hold",
    "promise": "dunning.promise",
    "level": "dunning.level",
    "remind": "dunning.level",
}
# Verdicts that pass by themselves on a day.
DATED = ("dun", "waiting", "not_due")


class DunningCase(models.Model):
    """The one next action of a case: its task, else its next level, else what stops it."""

    _inherit = "dunning.case"

    next_code = fields.Char(string="Kind of next action", compute="_compute_next")
    next_action = fields.Char(compute="_compute_next", help="What is to be done next, and why.")
    next_date = fields.Date(string="Next on", compute="_compute_next", search="_search_next_date")

    def _compute_next(self):
        today = fields.Date.context_today(self)
        rows = self._next_rows(today)
        records = self._next_records(rows.values())
        for case in self:
            code, date, about = rows.get(case._origin.id, (False, False, False))
            case.next_code, case.next_date = code, date
            case.next_action = code and getattr(case, f"_say_{code}")(
                records.get((code, about), about)
            )

    def _next_rows(self, date):
        """What is next for each open case among these.

        :return: dict of case id to (code, date, id of the record that it is about)
        """
        cases = self._origin.filtered(lambda case: case.state == "open")
        rows = cases._task_rows(date)
        rest = cases.filtered(lambda case: case.id not in rows)
        rows.update(rest._level_rows(date))
        for case in rest.filtered(lambda case: not case.item_count):
            rows[case.id] = ("close", date, False)
        return rows

    def _task_rows(self, date):
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL("WITH %s SELECT * FROM tasks", self._tasks_sql(SQL("c.id IN %s", self._ids), date))
        )
        return {case_id: tuple(row) for case_id, *row in rows}

    def _level_rows(self, date):
        """When the next level applies, or what stops it: asked of the engine by one
        statement a company.
        """
        rows = {}
        for company, cases in self.grouped("company_id").items():
            found = cases._asked(Scope(company, date, tuple(cases.partner_id.ids)))
            for case in cases.filtered(lambda case, found=found: case.partner_id.id in found):
                verdict, start, level_id = found[case.partner_id.id]
                if verdict == "dun":
                    rows[case.id] = ("remind", date, level_id)
                elif verdict in DATED:
                    rows[case.id] = ("level", start, level_id)
                else:
                    rows[case.id] = ("stopped", False, verdict)
        return rows

    @api.model
    def _asked(self, scope):
        """The verdict that matters most for each debtor of a scope.

        :return: dict of debtor id to (verdict, day from which the level applies, level id)
        """
        engine = self.env["dunning.engine"].sudo()
        self.env.flush_all()
        with engine._planned(scope):
            rows = self.env.execute_query(
                SQL(
                    """
                    %s SELECT DISTINCT ON (debtor_id) debtor_id, verdict, start, level_id
                      FROM verdicts
                     ORDER BY debtor_id, verdict = 'dun' DESC, verdict IN %s DESC, start, id
                    """,
                    engine._with(scope),
                    DATED,
                )
            )
        return {debtor: tuple(row) for debtor, *row in rows}

    def _next_records(self, rows):
        """The records that rows are about, those of a model read together.

        :param rows: (code, date, record id)
        :return: dict of (code, record id) to record
        """
        pairs = {(code, about) for code, _date, about in rows if code in MODELS}
        prefetch = {}
        for code, about in pairs:
            prefetch.setdefault(MODELS[code], set()).add(about)
        return {
            (code, about): self.env[MODELS[code]]
            .sudo()
            .browse(about)
            .with_prefetch(prefetch[MODELS[code]])
            for code, about in pairs
        }

    # Sentences: one method a code, called with the record that it is about

    def _say_activity(self, activity):
        return activity.summary or activity.activity_type_id.name or self.env._("Activity")

    def _say_broken(self, activity):
        return self.env._("Call: %s", activity.summary)

    def _say_contact(self, activity):
        return activity.summary

    def _say_review(self, notice):
        return self.env._(
            "Review reminder: %(level)s, %(amount)s",
            level=notice.level_id.name,
            amount=notice.currency_id.format(notice.amount_total),
        )

    def _say_blocked(self, notice):
        return self.env._("Reminder was not sent: %s", notice.error)

    def _say_failed(self, delivery):
        return self.env._(
            "%(notice)s did not arrive: %(error)s",
            notice=delivery.notice_id.name or self.env._("Reminder"),
            error=delivery.error or self.env._("no reason given"),
        )

    def _say_print(self, delivery):
        return self.env._("The letter %s is to be printed", delivery.notice_id.name)

    def _say_exhausted(self, activity):
        return activity.summary

    def _say_plan(self, activity):
        return activity.summary

    def _say_approve(self, plan):
        return self.env._("Approve payment plan %s", plan.name)

    def _say_offer(self, plan):
        return self.env._("Wait: payment plan %s is offered", plan.name)

    def _say_installment(self, plan):
        return self.env._(
            "Wait: installment of %(amount)s by %(date)s",
            amount=plan.currency_id.format(plan.amount_next),
            date=format_date(self.env, plan.date_next),
        )

    def _say_writeoff(self, writeoff):
        return self.env._("Approve: %s", writeoff.display_name)

    def _say_dispute(self, dispute):
        return self.env._("Answer dispute: %s", dispute.display_name)

    def _say_handover(self, handover):
        return self.env._("Handed over to %s", handover.agency_id.name)

    def _say_hold(self, hold):
        if hold.date_review and hold.date_review == hold.date_next:
            return self.env._("Review hold: %s", hold.display_name)
        return self.env._("Hold ends: %s", hold.display_name)

    def _say_promise(self, promise):
        return self.env._("Wait: promised %s", promise.display_name)

    def _say_remind(self, level):
        return self.env._("Can be reminded: %s", level.name)

    def _say_level(self, level):
        return self.env._("Next reminder: %s", level.name)

    def _say_stopped(self, verdict):
        return dict(self.env["dunning.line"]._selection_verdict())[verdict]

    def _say_close(self, _record):
        return self.env._("Nothing is overdue: close the case")

    # Actions

    def action_next(self):
        """Do the next action, or open what it is about."""
        self.ensure_one()
        rows = self._next_rows(fields.Date.context_today(self))
        code, _date, about = rows.get(self.id, (False, False, False))
        act = getattr(self, f"_act_{code}", self._open)
        return act(self._next_records(rows.values()).get((code, about)))

    def _open(self, record=None):
        """Show a record, this case by default."""
        record = record or self
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    def _act_activity(self, activity):
        if activity.activity_type_id.category == "phonecall":
            return self.action_log_call()
        return self._open()

    def _act_broken(self, _activity):
        return self.action_log_call()

    def _act_contact(self, _activity):
        return (self.call_contact_id or self.partner_id).action_dunning_fix()

    def _act_failed(self, delivery):
        return self._open(delivery.notice_id)

    def _act_print(self, delivery):
        return self._open(delivery.notice_id)

    def _act_exhausted(self, _activity):
        return self.action_escalate()

    def _act_plan(self, _activity):
        plans = self.env["dunning.payment.plan"].search(
            [*self._debtor_domain(), ("state", "=", "running")]
        )
        return self._open(plans.sorted("date_arrears")[-1:])

    def _act_remind(self, _level):
        return self.action_remind()

    def _act_close(self, _record):
        return self.action_close()
