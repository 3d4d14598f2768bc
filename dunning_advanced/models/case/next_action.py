from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.parts import distinct
from ..engine.engine import Scope
from .tasks import OTHERS, TASKS


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
        self.env.flush_all()
        days = tuple(filter(None, value)) if operator == "in" else value
        return Domain(
            "id",
            "in",
            SQL(
                "(WITH %s SELECT case_id FROM tasks WHERE date %s %s)",
                self._tasks_sql(SQL("TRUE")),
                SQL(operator),
                days or (None,),
            ),
        )

    def _compute_next(self):
        rows = self._next_rows()
        records, steps = self._next_records(rows.values()), self._steps()
        for case in self:
            code, date, about = rows.get(case._origin.id, (False, False, False))
            case.next_code, case.next_date = code, date
            case.next_button = code and steps[code].button
            case.next_action = code and steps[code].describe(
                case, records.get((code, about), about)
            )

    # Business

    @api.model
    def _tasks(self):
        """What may be asked for, the most urgent first. Extension point.

        :return: list of Task
        """
        return list(TASKS)

    @api.model
    def _steps(self):
        """All that can be next.

        :return: dict of code to Step
        """
        return {step.code: step for step in (*self._tasks(), *OTHERS)}

    @api.model
    def _check_steps(self):
        """Refuse steps that could not be told apart.

        :raises IncompleteError: when there are any
        """
        distinct((*self._tasks(), *OTHERS))

    @api.model
    def _tasks_sql(self, cases):
        """The task of each open case that has one, today in its company.

        :param cases: SQL condition on the row ``kase`` of dunning_case
        :return: SQL of the stages cases and tasks, for a WITH clause
        """
        today = self.env["res.company"]._dunning_today_sql(SQL("kase.company_id"))
        found = SQL(" UNION ALL ").join(
            SQL("SELECT case_id, %s AS code, %s AS rank, date, res_id FROM (%s) task", *row)
            for row in (
                (task.code, rank, task.query(self.env, today))
                for rank, task in enumerate(self._tasks())
            )
        )
        return SQL(
            """
            cases AS MATERIALIZED (
                SELECT kase.id, kase.partner_id, kase.company_id, kase.date_open, %(stage)s AS stage
                  FROM dunning_case kase WHERE kase.state = 'open' AND %(cases)s),
            tasks AS (
                SELECT DISTINCT ON (case_id) case_id, code, date, res_id
                  FROM (%(found)s) found JOIN cases kase ON kase.id = case_id
                 ORDER BY case_id, date > %(today)s,
                          CASE WHEN date <= %(today)s THEN rank END, date, rank, res_id)
            """,
            stage=self._stage_sql(SQL("kase")),
            cases=cases,
            found=found,
            today=today,
        )

    # The one next action of a case: its task, else its next level, else what stops it.

    def _next_rows(self):
        """What is next for each open case among these.

        :return: dict of case id to (code, date, id of the record that it is about)
        """
        cases = self._origin.filtered(lambda case: case.state == "open")
        rows = cases._task_rows()
        rest = cases.filtered(lambda case: case.id not in rows)
        rows.update(rest._level_rows())
        for case in rest.filtered(lambda case: not case.item_count):
            rows[case.id] = ("close", case._today(), False)
        return rows

    def _task_rows(self):
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "WITH %s SELECT * FROM tasks",
                self._tasks_sql(SQL("kase.id IN %s", self._ids)),
            )
        )
        return {case_id: tuple(row) for case_id, *row in rows}

    def _level_rows(self):
        """When the next level applies, or what stops it: asked of the engine by one
        statement a company.
        """
        rows, awaiting = {}, self.env["dunning.engine"]._awaiting_level()
        for company, cases in self.grouped("company_id").items():
            today = company._dunning_today()
            found = cases._decisions(Scope(company, today, tuple(cases.partner_id.ids)))
            for case in cases.filtered(lambda case, found=found: case.partner_id.id in found):
                decision, start, level_id = found[case.partner_id.id]
                if decision == "dun":
                    rows[case.id] = ("remind", today, level_id)
                elif decision in awaiting:
                    rows[case.id] = ("level", start, level_id)
                else:
                    rows[case.id] = ("stopped", False, decision)
        return rows

    @api.model
    def _decisions(self, scope):
        """The decision that matters most for each debtor of a scope.

        :return: dict of debtor id to (decision, day from which the level applies, level id)
        """
        engine = self.env["dunning.engine"].sudo()
        self.env.flush_all()
        with engine._planned(scope):
            rows = self.env.execute_query(
                SQL(
                    """
                    %s SELECT DISTINCT ON (debtor_id) debtor_id, decision, start, level_id
                      FROM decisions
                     ORDER BY debtor_id, decision = 'dun' DESC, decision IN %s DESC, start, id
                    """,
                    engine._with(scope),
                    ("dun", *engine._awaiting_level()),
                )
            )
        return {debtor: tuple(row) for debtor, *row in rows}

    def _next_records(self, rows):
        """The records that rows are about, those of a model read together.

        :param rows: (code, date, record id)
        :return: dict of (code, record id) to record
        """
        models = {code: step.model for code, step in self._steps().items() if step.model}
        pairs = {(code, about) for code, _date, about in rows if code in models}
        prefetch = {}
        for code, about in pairs:
            prefetch.setdefault(models[code], set()).add(about)
        return {
            (code, about): self.env[models[code]]
            .sudo()
            .browse(about)
            .with_prefetch(prefetch[models[code]])
            for code, about in pairs
        }

    def _open(self, record=None):
        """Show a record, this case by default."""
        record = record or self
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
