from collections import namedtuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

Task = namedtuple("Task", "code query")
OWN_ACTIVITIES = ("mail_activity_promise", "mail_activity_contact", "mail_activity_phone")


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
            Task("broken", self._activities_sql("mail_activity_promise")),
            Task("review", self._notices_sql(SQL("n.state = 'proposed' AND n.error IS NULL"))),
            Task(
                "blocked",
                self._notices_sql(
                    SQL("n.state IN ('proposed', 'confirmed') AND n.error IS NOT NULL")
                ),
            ),
            Task("contact", self._activities_sql("mail_activity_contact", "mail_activity_phone")),
            Task("failed", self._failed_sql()),
            Task("exhausted", self._exhausted_sql(date)),
            Task("hold", self._held_sql(date)),
            Task("promise", self._promised_sql()),
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

    def _activities_sql(self, *kinds):
        """Activities of the case.

        :param kinds: names of our own types; none: all but those that are tasks of their own
        """
        own = [
            kind.id
            for name in (kinds or OWN_ACTIVITIES)
            if (kind := self.env.ref(f"dunning_advanced.{name}", raise_if_not_found=False))
        ]
        return SQL(
            """
            SELECT c.id AS case_id, a.date_deadline AS date, a.id AS res_id
              FROM cases c
              JOIN mail_activity a ON a.res_model = 'dunning.case' AND a.res_id = c.id
                   AND a.active AND (COALESCE(a.activity_type_id, 0) IN %s) = %s
            """,
            tuple(own) or (-1,),
            bool(kinds),
        )

    def _notices_sql(self, condition):
        """Reminders that wait for somebody."""
        return SQL(
            """
            SELECT c.id AS case_id, n.date, n.id AS res_id
              FROM cases c
              JOIN dunning_notice n
                   ON n.partner_id = c.partner_id AND n.company_id = c.company_id
             WHERE %s
            """,
            condition,
        )

    def _failed_sql(self):
        """Reminders of which nothing has reached the customer."""
        return SQL(
            """
            SELECT c.id AS case_id, n.date, v.id AS res_id
              FROM cases c
              JOIN dunning_notice n ON n.partner_id = c.partner_id
                   AND n.company_id = c.company_id AND n.state = 'issued' AND NOT n.delivered
              JOIN dunning_delivery v ON v.notice_id = n.id AND v.state = 'failed'
                   AND v.correction IS NOT TRUE
            """
        )

    def _exhausted_sql(self, date):
        """Items whose ladder is finished; the customer had the days of the last reminder."""
        every = [("active", "in", (True, False))]
        policies = self.env["dunning.policy"].sudo().search(every)
        tops = [ladder[-1][:2] for policy in policies if (ladder := policy._ladder())]
        columns = {"policy_id": "int", "rung": "int"}
        return SQL(
            """
            SELECT c.id AS case_id, r.date + COALESCE(v.pay_within, 0) AS date, r.id AS res_id
              FROM cases c
              JOIN dunning_line r ON r.partner_id = c.partner_id AND r.company_id = c.company_id
                   AND r.state IN ('issued', 'moved')
              JOIN (%(tops)s) top ON top.policy_id = r.policy_id AND r.rung >= top.rung
              JOIN account_move_line l ON l.id = r.move_line_id
                   AND l.reconciled IS NOT TRUE AND l.parent_state = 'posted'
              LEFT JOIN dunning_level v ON v.id = r.level_id
              LEFT JOIN dunning_notice n ON n.id = r.notice_id
             WHERE n.delivered IS NOT FALSE
               AND NOT EXISTS (SELECT FROM dunning_line later
                                WHERE later.move_line_id = r.move_line_id
                                  AND later.state IN ('issued', 'moved')
                                  AND (later.step, later.id) > (r.step, r.id))
               AND NOT EXISTS (SELECT FROM dunning_hold h
                                WHERE h.partner_id = c.partner_id AND %(lasting)s
                                  AND (h.scope = 'debtor' OR h.move_id = l.move_id OR EXISTS (
                                       SELECT FROM dunning_hold_item_rel i
                                        WHERE i.dunning_hold_id = h.id
                                          AND i.account_move_line_id = l.id)))
            """,
            tops=self.env["dunning.engine"]._values(columns, tops),
            lasting=self.env["dunning.hold"]._lasting_sql(date),
        )

    def _held_sql(self, date):
        """Holds that are reviewed or end; not those of a promise, which is told itself."""
        return SQL(
            """
            SELECT c.id AS case_id, h.date_next AS date, h.id AS res_id
              FROM cases c
              JOIN dunning_hold h ON h.partner_id = c.partner_id
                   AND h.company_id = c.company_id AND %s
             WHERE NOT EXISTS (SELECT FROM dunning_promise p
                                WHERE p.hold_id = h.id AND p.state = 'open')
            """,
            self.env["dunning.hold"]._lasting_sql(date),
        )

    def _promised_sql(self):
        """Promises that are waited for: the day after their tolerance they are judged."""
        return SQL(
            """
            SELECT c.id AS case_id, p.date_end + 1 AS date, p.id AS res_id
              FROM cases c
              JOIN dunning_promise p ON p.partner_id = c.partner_id
                   AND p.company_id = c.company_id AND p.state = 'open'
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
