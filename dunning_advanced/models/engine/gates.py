"""The reasons not to dun, each a class with all that is asked of it."""

from datetime import timedelta

from markupsafe import Markup

from odoo.fields import Date
from odoo.tools import SQL, LazyTranslate

from ...tools.parts import Complete

_lt = LazyTranslate(__name__)

# Counts of a run: of items that get no line.
COUNTS = ("not_due", "waiting", "pending")


class Gate(Complete):
    """One named reason not to dun; the first that holds is the decision about an item.

    ``code`` is what is stored, ``label`` its name in lists. ``scope`` is the stage that asks,
    over whose rows the condition is SQL. Two are about items, their rows are ``item``: ``item``
    asks ``stepped``, ``credit`` ``netted``. Two are about reminders to be, their rows are
    ``draft``: ``debtor`` asks ``chosen``, ``early`` ``decided``.
    """

    PARTS = {
        "code": "what is stored",
        "scope": "the stage that asks",
        "label": "its name in lists, by _lt()",
        "condition": "a method that gives SQL",
        "describe": "a method that gives its sentence for Why?",
    }
    CHOICES = {
        "scope": ("item", "credit", "debtor", "early"),
        "counted_as": (None, *COUNTS),
    }
    code = scope = label = condition = describe = None

    # It only says "not yet": the count of a run in which its items are, without a line, or every
    # night would bury the table under the whole ledger.
    counted_as = None
    # It only waits for the day of the next level, which is then what is next for the customer.
    awaits_level = False
    # An item that it stops is owed and overdue, so its customer has a case.
    is_overdue = True

    # It says that nothing is owed now: asked again right before an issued reminder leaves.
    asked_again = False

    # def condition(self, env, scope): SQL on a row of the stage; true where it stops.

    # def describe(self, why, facts, stops): one sentence; empty where there is nothing to say.
    #     why: dunning.explain, whose item, company and day are asked about
    #     facts: what dunning.engine.explain knows of the item
    #     stops: whether the gate holds

    def start(self, row, scope):
        """The first day on which it lets the item pass, where it stops.

        :param row: alias of a row of the stage that asks, as SQL
        :return: SQL of a date; None where no day is known
        """


class Pending(Gate):
    code, scope, label = "pending", "item", _lt("Already on an open reminder")
    counted_as, is_overdue = "pending", False

    def condition(self, env, scope):
        return SQL("item.pending_notice_id IS NOT NULL")

    def describe(self, why, facts, stops):
        if not stops:
            return why.env._("it is on no other open reminder")
        return Markup("%s: %s") % (
            why.env._("it is on a reminder that waits for review or for being sent"),
            why._link(why._browse("dunning.notice", facts["pending_notice_id"])),
        )


class NoLevel(Gate):
    code, scope, label = "no_level", "item", _lt("No policy with levels")

    def condition(self, env, scope):
        return SQL("item.first_rung IS NULL")

    def describe(self, why, facts, stops):
        policy = why._browse("dunning.policy", facts["policy_id"])
        if not policy:
            return why.env._("no dunning policy applies: choose a default one in the settings")
        if stops:
            return Markup("%s: %s") % (why.env._("its policy has no levels"), why._link(policy))
        sentence = Markup("%s: %s") % (why.env._("its policy"), why._link(policy))
        rule = why._browse("dunning.rule", facts["rule_id"]).sudo()
        own = why.move_line_id.partner_id.commercial_partner_id.with_company(why.company_id)
        if rule and not own.dunning_policy_id:
            sentence += Markup(" (%s)") % why.env._("follow-up rule %s", why._link(rule))
        return sentence


class _NotYet(Gate):
    scope, awaits_level, is_overdue = "item", True, False

    def start(self, row, scope):
        return SQL("%s.start", row)


class NotDue(_NotYet):
    code, label, counted_as = "not_due", _lt("Not due yet"), "not_due"

    def condition(self, env, scope):
        return SQL("item.start > %s AND item.step = 1", scope.date)

    def describe(self, why, facts, stops):
        if not facts["start"] or facts["last_date"]:
            return ""
        return why.env._(
            "the first level for it, “%(level)s”, applies from %(start)s",
            level=why._browse("dunning.level", facts["level_id"]).name,
            start=why._day(facts["start"]),
        )


class Waiting(_NotYet):
    code, label, counted_as = "waiting", _lt("Waiting for the next level"), "waiting"

    def condition(self, env, scope):
        return SQL("item.start > %s", scope.date)

    def describe(self, why, facts, stops):
        if not facts["last_date"]:
            return ""
        last = why._browse("dunning.notice", facts["last_notice_id"])
        sentence = why.env._(
            "last reminder on %(date)s, %(days)s days ago",
            date=why._day(facts["last_date"]),
            days=(why.date - facts["last_date"]).days,
        )
        if facts["start"]:
            sentence += "; " + why.env._(
                "“%(level)s” may follow from %(start)s",
                level=why._browse("dunning.level", facts["level_id"]).name,
                start=why._day(facts["start"]),
            )
        return Markup("%s %s") % (sentence, why._link(last)) if last else sentence


class Fresh(Gate):
    """Who has had the invoice for a few days only may well be about to pay."""

    code, scope, label = "fresh", "item", _lt("Only just with the customer")
    awaits_level = True

    def condition(self, env, scope):
        return SQL("item.step = 1 AND item.known + item.fresh > %s", scope.date)

    def start(self, row, scope):
        return SQL("%(item)s.known + %(item)s.fresh", item=row)

    def describe(self, why, facts, stops):
        if not stops:
            return ""
        words = (
            why.env._("the invoice was sent on %(day)s: it may be reminded from %(start)s")
            if why._browse("account.move", facts["move_id"]).is_move_sent
            else why.env._(
                "the invoice was posted on %(day)s, nobody knows of it being sent: it may be "
                "reminded from %(start)s"
            )
        )
        days = timedelta(days=facts["fresh"])
        return words % {
            "day": why._day(facts["known"]),
            "start": why._day(facts["known"] + days),
        }


class Exhausted(Gate):
    code, scope, label = "exhausted", "item", _lt("All levels sent")

    def condition(self, env, scope):
        return SQL("item.rung IS NULL")

    def describe(self, why, facts, stops):
        if stops and facts["first_rung"] is not None:
            return why.env._("all levels of its policy were sent: a person has to decide now")
        return ""


class Undelivered(Gate):
    code, scope, label = "undelivered", "item", _lt("Last reminder not delivered")

    def condition(self, env, scope):
        return SQL("item.last_delivered IS FALSE")

    def describe(self, why, facts, stops):
        if not facts["last_notice_id"]:
            return ""
        if stops:
            return why.env._(
                "the last reminder has not reached the customer: send it again, or say that "
                "it was delivered"
            )
        return why.env._("the last reminder was delivered")


class Excluded(Gate):
    code, scope, label = "excluded", "item", _lt("Excluded from follow-up")
    is_overdue, asked_again = False, True

    def condition(self, env, scope):
        return SQL("item.no_followup IS TRUE")

    def describe(self, why, facts, stops):
        if not stops:
            return why.env._("it is not excluded from follow-up")
        if why.move_line_id.journal_id.type == "general":
            return why.env._(
                "excluded from follow-up, as every entry of a general journal is; switch "
                "“No Follow-Up” off on it to remind"
            )
        return why.env._("somebody marked it as not to be followed up (“No Follow-Up”)")


class Held(Gate):
    code, scope, label = "held", "item", _lt("On hold")
    asked_again = True

    def condition(self, env, scope):
        return SQL("item.hold_id IS NOT NULL")

    def describe(self, why, facts, stops):
        if not stops:
            return self._describe_part(why, facts)
        hold = why._browse("dunning.hold", facts["hold_id"])
        return Markup("%s %s (%s)") % (
            why.env._("on hold until %s:", why._day(facts["hold_until"]))
            if facts["hold_until"]
            else why.env._("on hold, to be reviewed on %s:", why._day(hold.date_review)),
            why._link(hold),
            why.env._("set by %s", hold.user_id.name),
        )

    def _describe_part(self, why, facts):
        if not facts["held"]:
            return why.env._("nothing holds it")
        return Markup("%s %s") % (
            why.env._("%s of it is disputed and not asked for:", why._amount(facts["held"])),
            why._link(why._browse("dunning.hold", facts["part_hold_id"])),
        )

    def start(self, row, scope):
        return SQL("%s.hold_until + 1", row)


class _Paying(Gate):
    code, label = "paying", _lt("Money is on its way")
    asked_again = True

    def describe(self, why, facts, stops):
        if not (facts.get("item_paying") or facts.get("debtor_paying")):
            return why.env._("no money is on its way")
        if stops:
            return why.env._(
                "money is on its way: an online payment, or a bank line that waits for "
                "reconciliation, covers it"
            )
        return ""


class PayingItem(_Paying):
    scope = "item"

    def condition(self, env, scope):
        return env["dunning.engine.incoming"]._covers_item()


class PayingDebtor(_Paying):
    scope = "debtor"

    def condition(self, env, scope):
        return env["dunning.engine.incoming"]._covers_notice()


class Covered(Gate):
    code, scope, label = "covered", "credit", _lt("Covered by credits")
    is_overdue, asked_again = False, True

    def condition(self, env, scope):
        return SQL("item.net <= 0 OR item.debtor_id IN (SELECT debtor_id FROM covered_elsewhere)")

    def describe(self, why, facts, stops):
        if stops:
            return why.env._("open payments or credit notes of the customer cover it")
        used = facts["open"] - facts["held"] - facts["net"]
        if used:
            return why.env._(
                "credits take %(used)s of it; %(left)s are left",
                used=why._amount(used),
                left=why._amount(facts["net"]),
            )
        return why.env._("no open credits cover it")


class Deferred(Gate):
    code, scope, label = "riding", "credit", _lt("Deferred charges")
    counted_as, is_overdue = "waiting", False

    def condition(self, env, scope):
        return SQL("item.id IN (SELECT id FROM deferred)")

    def describe(self, why, facts, stops):
        return stops and why.env._(
            "it books deferred charges, which go with the next overdue invoices"
        )

    def start(self, row, scope):
        return SQL("%s", Date.add(scope.date, days=1))


class NoRate(Gate):
    code, scope, label = "no_rate", "debtor", _lt("Currency without a rate")

    def condition(self, env, scope):
        return SQL("draft.rate_missing")

    def describe(self, why, facts, stops):
        return stops and why.env._(
            "%s has no exchange rate, so the minimum amount cannot be compared: add a rate",
            why.move_line_id.currency_id.name,
        )


class Minimum(Gate):
    code, scope, label = "minimum", "debtor", _lt("Below the minimum")

    def condition(self, env, scope):
        return SQL("draft.shift IS NULL")

    def describe(self, why, facts, stops):
        amount = why._amount(facts["net_top"])
        if stops:
            return why.env._("%s at its level is below the minimum", amount)
        if facts["shift"]:
            return why.env._("below the minimum of its level, so one level down is taken")
        return why.env._("%s at its level is not below the minimum", amount)


class Unreachable(Gate):
    code, scope, label = "unreachable", "debtor", _lt("No usable contact data")

    def condition(self, env, scope):
        return SQL("draft.channel IS NULL")

    def describe(self, why, facts, stops):
        if stops:
            return why.env._("no usable e-mail or postal address: complete the contact data")
        contacts = [why._browse("res.partner", id_) for id_ in facts["contact_ids"] or ()]
        links = Markup(", ").join(why._link(contact) for contact in contacts)
        return Markup("%s %s") % (why.env._("it can be sent to"), links)


class Capped(Gate):
    code, scope, label = "capped", "debtor", _lt("Contacted often enough")

    def condition(self, env, scope):
        return SQL("draft.free_from IS NOT NULL")

    def describe(self, why, facts, stops):
        if stops:
            return why.env._(
                "the customer was contacted as often as allowed; the next day is %s",
                why._day(facts["free_from"]),
            )
        return why.env._("the customer was not contacted too often")

    def start(self, row, scope):
        return SQL("%s.free_from", row)


class OverdueFirst(Gate):
    code, scope, label = "overdue_first", "early", _lt("Overdue items are reminded first")

    def condition(self, env, scope):
        return env["dunning.engine.group"]._waits(scope)

    def describe(self, why, facts, stops):
        return stops and why.env._("on that day the customer is reminded of overdue invoices")

    def start(self, row, scope):
        return SQL("%s", Date.add(scope.date, days=1))


# In the order in which they are asked.
GATES = tuple(
    gate()
    for gate in (
        Pending,
        NoLevel,
        NotDue,
        Waiting,
        Fresh,
        Exhausted,
        Undelivered,
        Excluded,
        Held,
        PayingItem,
        Covered,
        Deferred,
        PayingDebtor,
        NoRate,
        Minimum,
        Unreachable,
        Capped,
        OverdueFirst,
    )
)
