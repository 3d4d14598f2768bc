"""What may be next for a case, each kind a class with all that is asked of it."""

from odoo.tools import SQL, format_date

from ...tools.parts import Complete
from ..reach.delivery import STUCK

# The buttons of the worklist.
BUTTONS = ("call", "do", "review", "correct", "look", "decide", "close", "open", "remind")


class Step(Complete):
    """What can be next for a case.

    ``model`` is that of the record that it is about; None where it is about none. ``button`` is
    the one in the worklist that does it; None where there is nothing to do.
    """

    PARTS = {
        "code": "what is stored in exports and filters",
        "describe": "a method that gives its sentence",
    }
    CHOICES = {"button": (None, *BUTTONS)}
    code = model = describe = None
    button = "open"

    # def describe(self, case, record): the sentence; record is of ``model``.

    def act(self, case, record):
        """Do it, or open what it is about.

        :return: action
        """
        return case._open(record)


class Task(Step):
    """A step that is found in what is written about the customer. No record: it is there while
    its reason is.
    """

    PARTS = {**Step.PARTS, "model": "the model of its records", "query": "a method that gives SQL"}
    query = None

    # def query(self, env, date): SQL with the columns case_id, date and res_id, which may read
    #     the stage ``cases``: open cases with id, partner_id, company_id, date_open and stage.
    #     date: SQL of the day as of which holds last, today in the company of ``kase``.


class OwnActivity(Task):
    """Activities of the case of types that are a task of a kind of its own.

    ``types`` are their XML ids.
    """

    PARTS = {**Task.PARTS, "types": "the XML ids of its types of activities"}
    types, model = None, "mail.activity"

    def query(self, env, date):
        return _activities(env, self.types)

    def describe(self, case, record):
        return record.summary


def _activities(env, types, own=True):
    """Query of the activities of cases.

    :param types: XML ids of the types that are asked for; of all others unless ``own``
    """
    kinds = [env.ref(xmlid, raise_if_not_found=False) for xmlid in types]
    return SQL(
        """
        SELECT kase.id AS case_id, activity.date_deadline AS date, activity.id AS res_id
          FROM cases kase
          JOIN mail_activity activity ON activity.res_model = 'dunning.case'
               AND activity.res_id = kase.id
               AND activity.active AND (COALESCE(activity.activity_type_id, 0) IN %s) = %s
        """,
        tuple(kind.id for kind in kinds if kind) or (-1,),
        own,
    )


class Activity(Task):
    """All activities of the case that are not tasks of a kind of their own."""

    code, model, button = "activity", "mail.activity", "do"

    def query(self, env, date):
        tasks = env["dunning.case"]._tasks()
        own = [task.types for task in tasks if isinstance(task, OwnActivity)]
        return _activities(env, sum(own, ()), own=False)

    def describe(self, case, record):
        return record.summary or record.activity_type_id.name or case.env._("Activity")

    def act(self, case, record):
        if record.activity_type_id.category == "phonecall":
            return case.action_log_call()
        return case._open()


class Broken(OwnActivity):
    code, button = "broken", "call"
    types = ("dunning_advanced.mail_activity_promise",)

    def describe(self, case, record):
        return case.env._("Call: %s", record.summary)

    def act(self, case, record):
        return case.action_log_call()


class Contact(OwnActivity):
    code, button = "contact", "correct"
    types = ("dunning_advanced.mail_activity_contact", "dunning_advanced.mail_activity_phone")

    def act(self, case, record):
        return (case.call_contact_id or case.partner_id).action_dunning_fix()


class Exhausted(OwnActivity):
    code, button = "exhausted", "decide"
    types = ("dunning_advanced.mail_activity_decide",)

    def act(self, case, record):
        return case.action_escalate()


class PlanInArrears(OwnActivity):
    code, button = "plan", "look"
    types = ("dunning_advanced.mail_activity_plan",)

    def act(self, case, record):
        plans = case.env["dunning.payment.plan"].search(
            [*case._debtor_domain(), ("state", "=", "running")]
        )
        return case._open(plans.sorted("date_arrears")[-1:])


class _Reminder(Task):
    """Reminders that wait for somebody."""

    model = "dunning.notice"
    where = SQL("TRUE")

    def query(self, env, date):
        return SQL(
            """
            SELECT kase.id AS case_id, notice.date, notice.id AS res_id
              FROM cases kase
              JOIN dunning_notice notice ON notice.partner_id = kase.partner_id
                   AND notice.company_id = kase.company_id
                   AND notice.state IN ('proposed', 'confirmed')
             WHERE %s
            """,
            self.where,
        )


class Review(_Reminder):
    code, button = "review", "review"
    where = SQL("notice.state = 'proposed' AND notice.error IS NULL")

    def describe(self, case, record):
        return case.env._(
            "Review reminder: %(level)s, %(amount)s",
            level=record.level_id.name,
            amount=record.currency_id.format(record.amount_total),
        )


class Blocked(_Reminder):
    code, button = "blocked", "review"
    where = SQL("notice.error IS NOT NULL")

    def describe(self, case, record):
        return case.env._("Reminder was not sent: %s", record.error)


class _Delivery(Task):
    """Reminders of which nothing has reached the customer."""

    model = "dunning.delivery"

    def where(self, env):
        """SQL on the row ``delivery`` of dunning_delivery."""
        raise NotImplementedError

    def query(self, env, date):
        return SQL(
            """
            SELECT kase.id AS case_id, notice.date, delivery.id AS res_id
              FROM cases kase
              JOIN dunning_notice notice ON notice.partner_id = kase.partner_id
                   AND notice.company_id = kase.company_id AND notice.state = 'issued'
                   AND NOT notice.delivered
              JOIN dunning_delivery delivery ON delivery.notice_id = notice.id
                   AND delivery.correction IS NOT TRUE AND %s
            """,
            self.where(env),
        )

    def act(self, case, record):
        return case._open(record.notice_id)


class Failed(_Delivery):
    code, button = "failed", "look"

    def where(self, env):
        return SQL("delivery.state IN %s", STUCK)

    def describe(self, case, record):
        return case.env._(
            "%(notice)s did not arrive: %(error)s",
            notice=record.notice_id.name or case.env._("Reminder"),
            error=record.error or case.env._("no reason given"),
        )


class Print(_Delivery):
    code, button = "print", "look"

    def where(self, env):
        printed = env["dunning.channel"]._printed()
        return SQL("delivery.state = 'queued' AND delivery.channel IN %s", printed or (None,))

    def describe(self, case, record):
        return case.env._("The letter %s is to be printed", record.notice_id.name)


class _OfDebtor(Task):
    """Records in a state about the customer of the case.

    ``day`` is the field with the day, None where there is none, and ``later`` so many days
    after it.
    """

    state, day, later = None, None, 0

    def query(self, env, date):
        day = SQL("%s + %s", SQL.identifier("record", self.day), self.later) if self.day else None
        return SQL(
            """
            SELECT kase.id AS case_id, %s AS date, record.id AS res_id
              FROM cases kase
              JOIN %s record ON record.partner_id = kase.partner_id
                   AND record.company_id = kase.company_id
                   AND record.state = %s
            """,
            day or SQL("NULL::date"),
            SQL.identifier(env[self.model]._table),
            self.state,
        )


class ApprovePlan(_OfDebtor):
    code, model, state, day = "approve", "dunning.payment.plan", "to_approve", "date_made"
    button = "review"

    def describe(self, case, record):
        return case.env._("Approve payment plan %s", record.name)


class ApproveWriteoff(_OfDebtor):
    code, model, state, day = "writeoff", "dunning.writeoff", "proposed", "date_proposed"
    button = "review"

    def describe(self, case, record):
        return case.env._("Approve: %s", record.display_name)


class AnswerDispute(_OfDebtor):
    code, model, state, day = "dispute", "dunning.dispute", "open", "date_deadline"
    button = "look"

    def describe(self, case, record):
        return case.env._("Answer dispute: %s", record.display_name)


class ReviewHold(Task):
    """Holds that are reviewed or end; not those of agreements, which are told themselves."""

    code, model, button = "hold", "dunning.hold", "look"

    def query(self, env, date):
        owners = (
            "dunning.promise",
            "dunning.dispute",
            "dunning.payment.plan",
            "dunning.handover",
        )
        return SQL(
            """
            SELECT kase.id AS case_id, hold.date_next AS date, hold.id AS res_id
              FROM cases kase
              JOIN dunning_hold hold ON hold.partner_id = kase.partner_id
                   AND hold.company_id = kase.company_id AND %s
             WHERE %s
            """,
            env["dunning.hold"]._lasting_sql(date),
            SQL(" AND ").join(
                SQL(
                    "NOT EXISTS (SELECT FROM %s owner WHERE owner.hold_id = hold.id)",
                    SQL.identifier(env[model]._table),
                )
                for model in owners
            ),
        )

    def describe(self, case, record):
        if record.date_review and record.date_review == record.date_next:
            return case.env._("Review hold: %s", record.display_name)
        return case.env._("Hold ends: %s", record.display_name)


class PlanOffered(_OfDebtor):
    code, model, state, day, later = "offer", "dunning.payment.plan", "offered", "date_valid", 1

    def describe(self, case, record):
        return case.env._("Wait: payment plan %s is offered", record.name)


class Installment(Task):
    """The next installment of running plans: it is missed the day after its tolerance."""

    code, model = "installment", "dunning.payment.plan"

    def query(self, env, date):
        return SQL(
            """
            SELECT kase.id AS case_id, plan.date_next + company.dunning_plan_tolerance + 1 AS date,
                   plan.id AS res_id
              FROM cases kase
              JOIN res_company company ON company.id = kase.company_id
              JOIN dunning_payment_plan plan ON plan.partner_id = kase.partner_id
                   AND plan.company_id = kase.company_id AND plan.state = 'running'
            """
        )

    def describe(self, case, record):
        return case.env._(
            "Wait: installment of %(amount)s by %(date)s",
            amount=record.currency_id.format(record.amount_next),
            date=format_date(case.env, record.date_next),
        )


class Promised(_OfDebtor):
    code, model, state, day, later = "promise", "dunning.promise", "open", "date_end", 1

    def describe(self, case, record):
        return case.env._("Wait: promised %s", record.display_name)


class HandedOver(_OfDebtor):
    code, model, state = "handover", "dunning.handover", "handed"

    def describe(self, case, record):
        return case.env._("Handed over to %s", record.agency_id.name)


# The most urgent first.
TASKS = tuple(
    task()
    for task in (
        Activity,
        Broken,
        Review,
        Blocked,
        Contact,
        Failed,
        Print,
        Exhausted,
        PlanInArrears,
        ApprovePlan,
        ApproveWriteoff,
        AnswerDispute,
        ReviewHold,
        PlanOffered,
        Installment,
        Promised,
        HandedOver,
    )
)


class Remind(Step):
    code, model, button = "remind", "dunning.level", "remind"

    def describe(self, case, record):
        return case.env._("Can be reminded: %s", record.name)

    def act(self, case, record):
        return case.action_remind()


class NextLevel(Step):
    code, model, button = "level", "dunning.level", None

    def describe(self, case, record):
        return case.env._("Next reminder: %s", record.name)


class Stopped(Step):
    """It is about the decision that stops the customer."""

    code, button = "stopped", None

    def describe(self, case, record):
        return dict(case.env["dunning.line"]._selection_decision())[record]

    def act(self, case, record):
        return case._open()


class Close(Step):
    code, button = "close", "close"

    def describe(self, case, record):
        return case.env._("Nothing is overdue: close the case")

    def act(self, case, record):
        return case.action_close()


# Where there is no task.
OTHERS = (Remind(), NextLevel(), Stopped(), Close())
