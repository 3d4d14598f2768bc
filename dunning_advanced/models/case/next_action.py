from collections import namedtuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

Task = namedtuple("Task", "code query")
# Types of activities that are tasks of a kind of their own.
OWN_ACTIVITIES = {
    "broken": ("mail_activity_promise",),
    "contact": ("mail_activity_contact", "mail_activity_phone"),
    "exhausted": ("mail_activity_decide",),
    "plan": ("mail_activity_plan",),
}


class DunningCase(models.Model):
    """What is to be done for the customer of a case, found in what is written about it.

    A task is no record: it is there while its reason is. One that is due comes before one
    that is not; of those that are due the first of :meth:`_tasks` comes first.
    """

    _inherit = "dunning.case"

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

    # Tasks

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

    # Finding the cases for which something is due

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
