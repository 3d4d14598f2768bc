"""Where a case can stand, each stage a class with all that is asked of it."""

from odoo.tools import SQL

from ...tools.parts import Complete


class Stage(Complete):
    """Where a case can stand, told by facts: nothing to set, nothing to drag.

    ``models`` are those whose tables the condition reads.
    """

    PARTS = {
        "code": "what is searched for",
        "label": "its name on screen",
        "condition": "a method that gives SQL",
        "models": "the models whose tables it reads",
    }
    code = label = condition = models = None

    # def condition(self, env, case, date): SQL that is true where the row with the alias
    #     ``case`` of dunning_case stands here on the date, which is SQL too.

    @staticmethod
    def _about(table, case, condition):
        """Whether there is a record about the customer of the case.

        :param condition: SQL on its row ``about``
        """
        return SQL(
            """
            EXISTS (SELECT FROM %(table)s about
                     WHERE about.partner_id = %(case)s.partner_id AND %(condition)s
                       AND about.company_id = %(case)s.company_id)
            """,
            table=SQL.identifier(table),
            case=case,
            condition=condition,
        )


class Closed(Stage):
    code, label, models = "closed", "Closed", ("dunning.case",)

    def condition(self, env, case, date):
        return SQL("%s.state = 'closed'", case)


class Legal(Stage):
    code, label, models = "legal", "Legal", ("dunning.handover",)

    def condition(self, env, case, date):
        return self._about("dunning_handover", case, SQL("about.state = 'handed'"))


class Disputed(Stage):
    code, label, models = "disputed", "Disputed", ("dunning.dispute",)

    def condition(self, env, case, date):
        return self._about("dunning_dispute", case, SQL("about.state = 'open'"))


class Planned(Stage):
    code, label, models = "plan", "Payment plan", ("dunning.payment.plan",)

    def condition(self, env, case, date):
        running = SQL("about.state IN ('offered', 'running')")
        return self._about("dunning_payment_plan", case, running)


class Promised(Stage):
    """A promise says more than the hold that it brings."""

    code, label, models = "promised", "Promised", ("dunning.promise",)

    def condition(self, env, case, date):
        return self._about("dunning_promise", case, SQL("about.state = 'open'"))


class OnHold(Stage):
    code, label, models = "hold", "On hold", ("dunning.hold",)

    def condition(self, env, case, date):
        return SQL(
            """
            EXISTS (SELECT FROM dunning_hold hold
                     WHERE hold.partner_id = %(case)s.partner_id AND hold.scope = 'debtor'
                       AND hold.company_id = %(case)s.company_id AND %(lasting)s)
            """,
            case=case,
            lasting=env["dunning.hold"]._lasting_sql(date),
        )


class ToDo(Stage):
    """An activity is due; and where nothing else can be said."""

    code, label, models = "todo", "To do", ("mail.activity",)

    def condition(self, env, case, date):
        return SQL(
            """
            EXISTS (SELECT FROM mail_activity task
                     WHERE task.res_model = 'dunning.case' AND task.res_id = %s.id
                       AND task.active AND task.date_deadline <= %s)
            """,
            case,
            date,
        )


class Contacted(Stage):
    """Whoever was contacted stays so until an activity of the case is due."""

    code, label, models = "contacted", "Contacted", ("dunning.call", "dunning.notice")

    def condition(self, env, case, date):
        return SQL(
            """
            (EXISTS (SELECT FROM dunning_call call
                      WHERE call.case_id = %(case)s.id AND call.conversation) OR %(reminded)s)
            """,
            case=case,
            reminded=self._about(
                "dunning_notice",
                case,
                SQL("about.state = 'issued' AND about.date >= %s.date_open", case),
            ),
        )


# In the order in which they are asked: the first that holds is the stage.
STAGES = tuple(
    stage() for stage in (Closed, Legal, Disputed, Planned, Promised, OnHold, ToDo, Contacted)
)
# From left to right.
SHOWN = (ToDo, Contacted, Promised, Planned, Disputed, OnHold, Legal, Closed)
