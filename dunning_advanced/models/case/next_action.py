from collections import namedtuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..engine.engine import Scope

Task = namedtuple("Task", "code query")

# Types of activities that are tasks of a kind of their own.
OWN_ACTIVITIES = {
    "broken": ("mail_activity_promise",),
    "contact": ("mail_activity_contact", "mail_activity_phone"),
    "exhausted": ("mail_activity_decide",),
    "plan": ("mail_activity_plan",),
}

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
    """What is to be done for the customer of a case, found in what is written about it.

    A task is no record: it is there while its reason is. One that is due comes before one
    that is not; of those that are due the first of :meth:`_tasks` comes first.
    """

    _inherit = "dunning.case"

    @api.model
    def _search_next_date(self, operator, value):
        """Only tasks are found, not the day of the next level."""
        if operator not in ("<", "<=", ">", ">=", "in"):
            return NotImplemented
        today = fields.Date.context_today(self)
        self.env.flush_all()
        days = tuple(filter(None, value)) if operator == "in" else value
        return Domain(
            "id",
            "in",
            SQL(
                "(WITH %s SELECT case_id FROM tasks WHERE date %s %s)",
                self._tasks_sql(SQL("TRUE"), today),
                SQL(operator),
                days or (None,),
            ),
        )

    def _compute_next(self):
        today = fields.Date.context_today(self)
        rows = self._next_rows(today)
        records = self._next_records(rows.values())
        for case in self:
            code, date, about = rows.get(case._origin.id, (False, False, False))
            case.next_code, case.next_date = code, date
            case.next_action = code and getattr(case, f"_describe_{code}")(
                records.get((code, about), about)
            )

    # Business

    @api.model
    def _tasks(self, date):
        """What may be asked for, the most urgent first. Extension point.

        :param date: day as of which holds last and reminders have waited long enough
        :return: list of Task: a code, and SQL of a query with the columns case_id, date and
            res_id, which may read the stage ``cases`` of :meth:`_tasks_sql`
        """
        return [
            Task("activity", self._activities_sql()),
            Task("broken", self._activities_sql("broken")),
            Task("review", self._notices_sql(SQL("n.state = 'proposed' AND n.error IS NULL"))),
            Task("blocked", self._notices_sql(SQL("n.error IS NOT NULL"))),
            Task("contact", self._activities_sql("contact")),
            Task("failed", self._deliveries_sql(SQL("v.state = 'failed'"))),
            Task("print", self._deliveries_sql(SQL("v.state = 'queued' AND v.channel = 'letter'"))),
            Task("exhausted", self._activities_sql("exhausted")),
            Task("plan", self._activities_sql("plan")),
            Task("approve", self._of_debtor("dunning.payment.plan", "to_approve", "date_made")),
            Task("writeoff", self._of_debtor("dunning.writeoff", "proposed", "date_proposed")),
            Task("dispute", self._of_debtor("dunning.dispute", "open", "date_deadline")),
            Task("hold", self._held_sql(date)),
            Task("offer", self._of_debtor("dunning.payment.plan", "offered", "date_valid", 1)),
            Task("installment", self._installments_sql()),
            Task("promise", self._of_debtor("dunning.promise", "open", "date_end", 1)),
            Task("handover", self._of_debtor("dunning.handover", "handed", None)),
        ]

    @api.model
    def _tasks_sql(self, cases, date):
        """The task of each open case that has one.

        :param cases: SQL condition on the row ``c`` of dunning_case
        :return: SQL of the stages cases and tasks, for a WITH clause
        """
        found = SQL(" UNION ALL ").join(
            SQL("SELECT case_id, %s AS code, %s AS rank, date, res_id FROM (%s) t", *row)
            for row in (
                (task.code, rank, task.query) for rank, task in enumerate(self._tasks(date))
            )
        )
        return SQL(
            """
            cases AS MATERIALIZED (
                SELECT c.id, c.partner_id, c.company_id, c.date_open, %(stage)s AS stage
                  FROM dunning_case c WHERE c.state = 'open' AND %(cases)s),
            tasks AS (
                SELECT DISTINCT ON (case_id) case_id, code, date, res_id FROM (%(found)s) f
                 ORDER BY case_id, date > %(date)s,
                          CASE WHEN date <= %(date)s THEN rank END, date, rank, res_id)
            """,
            stage=self._stage_sql(SQL("c")),
            cases=cases,
            found=found,
            date=date,
        )

    def _activities_sql(self, code=None):
        """Activities of the case.

        :param code: of our own tasks, see OWN_ACTIVITIES; None: all other activities
        """
        names = OWN_ACTIVITIES[code] if code else sum(OWN_ACTIVITIES.values(), ())
        kinds = [
            self.env.ref(f"dunning_advanced.{name}", raise_if_not_found=False) for name in names
        ]
        return SQL(
            """
            SELECT c.id AS case_id, a.date_deadline AS date, a.id AS res_id
              FROM cases c
              JOIN mail_activity a ON a.res_model = 'dunning.case' AND a.res_id = c.id
                   AND a.active AND (COALESCE(a.activity_type_id, 0) IN %s) = %s
            """,
            tuple(kind.id for kind in kinds if kind) or (-1,),
            bool(code),
        )

    def _notices_sql(self, condition):
        """Reminders that wait for somebody."""
        return SQL(
            """
            SELECT c.id AS case_id, n.date, n.id AS res_id
              FROM cases c
              JOIN dunning_notice n ON n.partner_id = c.partner_id
                   AND n.company_id = c.company_id AND n.state IN ('proposed', 'confirmed')
             WHERE %s
            """,
            condition,
        )

    def _deliveries_sql(self, condition):
        """Reminders of which nothing has reached the customer."""
        return SQL(
            """
            SELECT c.id AS case_id, n.date, v.id AS res_id
              FROM cases c
              JOIN dunning_notice n ON n.partner_id = c.partner_id
                   AND n.company_id = c.company_id AND n.state = 'issued' AND NOT n.delivered
              JOIN dunning_delivery v ON v.notice_id = n.id AND v.correction IS NOT TRUE AND %s
            """,
            condition,
        )

    def _of_debtor(self, model, state, day, later=0):
        """Records in a state about the debtor of the case.

        :param day: field with the day; None: there is none
        :param later: so many days after it
        """
        return SQL(
            """
            SELECT c.id AS case_id, %s AS date, r.id AS res_id
              FROM cases c
              JOIN %s r ON r.partner_id = c.partner_id AND r.company_id = c.company_id
                   AND r.state = %s
            """,
            SQL("%s + %s", SQL.identifier("r", day), later) if day else SQL("NULL::date"),
            SQL.identifier(self.env[model]._table),
            state,
        )

    def _held_sql(self, date):
        """Holds that are reviewed or end; not those of agreements, which are told themselves."""
        agreements = ("dunning.promise", "dunning.dispute", "dunning.payment.plan")
        return SQL(
            """
            SELECT c.id AS case_id, h.date_next AS date, h.id AS res_id
              FROM cases c
              JOIN dunning_hold h ON h.partner_id = c.partner_id
                   AND h.company_id = c.company_id AND %s
             WHERE %s
            """,
            self.env["dunning.hold"]._lasting_sql(date),
            SQL(" AND ").join(
                SQL(
                    "NOT EXISTS (SELECT FROM %s a WHERE a.hold_id = h.id)",
                    SQL.identifier(self.env[model]._table),
                )
                for model in (*agreements, "dunning.handover")
            ),
        )

    def _installments_sql(self):
        """The next installment of running plans: it is missed the day after its tolerance."""
        return SQL(
            """
            SELECT c.id AS case_id, y.date_next + k.dunning_plan_tolerance + 1 AS date,
                   y.id AS res_id
              FROM cases c
              JOIN res_company k ON k.id = c.company_id
              JOIN dunning_payment_plan y ON y.partner_id = c.partner_id
                   AND y.company_id = c.company_id AND y.state = 'running'
            """
        )

    # The one next action of a case: its task, else its next level, else what stops it.

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
            found = cases._decisions(Scope(company, date, tuple(cases.partner_id.ids)))
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
    def _decisions(self, scope):
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
                      FROM decisions
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

    def _describe_activity(self, activity):
        return activity.summary or activity.activity_type_id.name or self.env._("Activity")

    def _describe_broken(self, activity):
        return self.env._("Call: %s", activity.summary)

    def _describe_contact(self, activity):
        return activity.summary

    def _describe_review(self, notice):
        return self.env._(
            "Review reminder: %(level)s, %(amount)s",
            level=notice.level_id.name,
            amount=notice.currency_id.format(notice.amount_total),
        )

    def _describe_blocked(self, notice):
        return self.env._("Reminder was not sent: %s", notice.error)

    def _describe_failed(self, delivery):
        return self.env._(
            "%(notice)s did not arrive: %(error)s",
            notice=delivery.notice_id.name or self.env._("Reminder"),
            error=delivery.error or self.env._("no reason given"),
        )

    def _describe_print(self, delivery):
        return self.env._("The letter %s is to be printed", delivery.notice_id.name)

    def _describe_exhausted(self, activity):
        return activity.summary

    def _describe_plan(self, activity):
        return activity.summary

    def _describe_approve(self, plan):
        return self.env._("Approve payment plan %s", plan.name)

    def _describe_offer(self, plan):
        return self.env._("Wait: payment plan %s is offered", plan.name)

    def _describe_installment(self, plan):
        return self.env._(
            "Wait: installment of %(amount)s by %(date)s",
            amount=plan.currency_id.format(plan.amount_next),
            date=format_date(self.env, plan.date_next),
        )

    def _describe_writeoff(self, writeoff):
        return self.env._("Approve: %s", writeoff.display_name)

    def _describe_dispute(self, dispute):
        return self.env._("Answer dispute: %s", dispute.display_name)

    def _describe_handover(self, handover):
        return self.env._("Handed over to %s", handover.agency_id.name)

    def _describe_hold(self, hold):
        if hold.date_review and hold.date_review == hold.date_next:
            return self.env._("Review hold: %s", hold.display_name)
        return self.env._("Hold ends: %s", hold.display_name)

    def _describe_promise(self, promise):
        return self.env._("Wait: promised %s", promise.display_name)

    def _describe_remind(self, level):
        return self.env._("Can be reminded: %s", level.name)

    def _describe_level(self, level):
        return self.env._("Next reminder: %s", level.name)

    def _describe_stopped(self, verdict):
        return dict(self.env["dunning.line"]._selection_decision())[verdict]

    def _describe_close(self, _record):
        return self.env._("Nothing is overdue: close the case")

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
