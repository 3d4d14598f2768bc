"""The decision of a dunning run in plain Python, one item after the other.

Slow and simple on purpose, and written from the description of the engine, not
from its SQL: the tests let both decide the same ledgers. It knows nothing of
Odoo.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from .oracle_ledger import (  # noqa: F401 - the whole ledger, for who decides by it
    BankLine,
    Contact,
    Debtor,
    Item,
    Ledger,
    Level,
    Past,
    Policy,
    Rule,
    Transfer,
)

# The item gates in their order; what stands first is the decision.
BEFORE_CREDITS = (
    "pending",
    "no_level",
    "not_due",
    "waiting",
    "fresh",
    "exhausted",
    "undelivered",
    "excluded",
    "held",
    "paying",
)


@dataclass
class Rung:
    number: int
    level: int  # place among all levels of the policy, by days
    days: int
    wait: int
    fresh: int
    again: int = 0  # which repetition


@dataclass
class Answer:
    """What is decided for an item."""

    decision: str | None = None
    holds: set = field(default_factory=set)
    policy: int | None = None
    rung: int | None = None
    step: int = 0
    net: Decimal = Decimal(0)
    held: Decimal = Decimal(0)  # of the net amount of an item that is not held as a whole
    notice: tuple | None = None


@dataclass
class Notice:
    level: int
    rung: int
    channel: str
    contacts: list  # places; the first one first
    items: list
    open: Decimal
    held: Decimal
    net: Decimal
    review: bool  # whatever the level says


def ladder(policy):
    """The rungs of a policy by number; 1 is the first that is not before the due date."""
    everything = sorted(policy.levels, key=lambda level: level.days)
    levels = [(place, level) for place, level in enumerate(everything) if level.active]
    number = 1 - sum(level.days < 0 for _place, level in levels)
    rungs = []
    for place, level in levels:
        distance = level.days - rungs[-1].days if rungs else 0
        wait = level.min_interval or distance
        rungs.append(Rung(number + len(rungs), place, level.days, wait, level.fresh))
    for again in range(1, policy.repeat_max + 1 if rungs else 1):
        last, every = rungs[-1], policy.repeat_every
        rungs.append(Rung(last.number + 1, last.level, last.days + every, every, last.fresh, again))
    return {rung.number: rung for rung in rungs}


def decide(ledger):
    """Decide every debit of a ledger.

    :return: dict of item number to Answer, dict of (debtor, currency, policy) to Notice
    """
    answers = {
        number: place(ledger, item) for number, item in enumerate(ledger.items) if item.open > 0
    }
    for invoice, amount in ledger.disputes:
        hold_part(ledger, answers, invoice, amount)
    for number, answer in answers.items():
        gate(ledger, ledger.items[number], answer)
    for debtor in range(len(ledger.debtors)):
        clear(ledger, answers, debtor)
    return answers, gather(ledger, answers)


# Items


def policy_of(ledger, item):
    debtor = ledger.debtors[item.debtor]
    rule = rule_of(ledger, item.debtor)
    begun = item.past and item.past.sent[-1] and item.past.sent[-1][0]
    for choice in (item.policy, debtor.policy, rule and rule.policy):
        if choice is not None and (ledger.policies[choice].active or choice == begun):
            return choice
    return 0


def rule_of(ledger, debtor):
    """The first rule of which all conditions hold."""
    overdue, days = balance(ledger, debtor)
    grade = ledger.debtors[debtor].grade
    for rule in ledger.rules:
        if (
            debtor in rule.members
            and within(overdue, rule.amount)
            and within(days, rule.days)
            and (rule.grades is None or (grade is not None and grade in rule.grades))
            and rule.new in (None, grade is None)
        ):
            return rule
    return None


def within(value, limits):
    low, high = limits
    return (low is None or value >= low) and (high is None or value <= high)


def balance(ledger, debtor):
    """What is overdue in company currency, and for how many days at most. Credits lower it
    in their own currency, where anything is overdue, but not below zero.
    """
    mine = [item for item in ledger.items if item.debtor == debtor]
    late = [item for item in mine if item.open > 0 and item.due < ledger.day]
    total = sum(
        max(
            sum(
                item.open_company
                for item in mine
                if item.currency == currency and (item.open < 0 or item in late)
            ),
            0,
        )
        for currency in {item.currency for item in late}
    )
    return total, max(((ledger.day - item.due).days for item in late), default=0)


def place(ledger, item):
    """The next rung of an item, and all that holds it back by itself."""
    policy = policy_of(ledger, item)
    rungs = ladder(ledger.policies[policy])
    past = item.past
    answer = Answer(policy=policy, step=past.step + 1 if past else 1, net=item.open)
    if rungs:
        rung = rungs.get(next_rung(ledger, item, rungs))
        answer.rung = rung and rung.number
        answer.holds = calendar(ledger, item, rung, answer.step)
        if rung and answer.step == 1 and item.known is not None and item.known < rung.fresh:
            answer.holds.add("fresh")
    else:
        answer.holds.add("no_level")
    if item.pending:
        answer.holds.add("pending")
    if past and not past.delivered and not past.by_hand:
        answer.holds.add("undelivered")
    if item.excluded:
        answer.holds.add("excluded")
    if item.held or ledger.debtors[item.debtor].held:
        answer.holds.add("held")
    return answer


def hold_part(ledger, answers, invoice, amount):
    """Take a disputed amount off the installments of an invoice, the latest first."""
    mine = [n for n in answers if ledger.items[n].invoice == invoice]
    for number in sorted(mine, key=lambda n: (ledger.items[n].due, n), reverse=True):
        part = min(amount, ledger.items[number].open)
        amount -= part
        if part == ledger.items[number].open:
            answers[number].holds.add("held")
        else:
            answers[number].held = part
            answers[number].net -= part


def gate(ledger, item, answer):
    """The first of the gates of an item that holds."""
    if pays_item(ledger, item, answer):
        answer.holds.add("paying")
    answer.decision = next((gate for gate in BEFORE_CREDITS if gate in answer.holds), None)


def next_rung(ledger, item, rungs):
    """The first after the level that was last sent which was not sent yet; early rungs are
    left out once the item is due, and a policy that catches up goes to the rung of the item's
    age.
    """
    sent = item.past.counted if item.past else ()
    policy = policy_of(ledger, item)
    number = min(rungs)
    if sent and sent[-1]:
        number = max(number, passed(ledger, policy, rungs, sent[-1]) + 1)
    if item.due <= ledger.day:
        number = max(number, 1)
    if ledger.policies[policy_of(ledger, item)].catch_up:
        age = (ledger.day - item.due).days
        number = max([number, *(n for n, rung in rungs.items() if rung.days <= age)])
    for possible in sorted(rungs):
        rung = rungs[possible]
        if possible >= number and rung.again >= sent.count((policy, rung.level)):
            return possible
    return None


def passed(ledger, policy, rungs, level):
    """The rung of a level that was sent, or by its days the last one before the next."""
    home, place = level
    own = [n for n, rung in rungs.items() if home == policy and rung.level == place]
    if own:
        return min(own)
    days = days_of(ledger, level)
    return max((n for n, rung in rungs.items() if rung.days <= days), default=min(rungs) - 1)


def calendar(ledger, item, rung, step):
    if not rung:
        return {"exhausted"}
    start = item.due + timedelta(days=rung.days)
    if item.past:
        last = ledger.day - timedelta(days=item.past.days_ago)
        start = max(start, last + timedelta(days=rung.wait))
    if start <= ledger.day:
        return set()
    return {"not_due"} if step == 1 else {"waiting"}


# Money on its way


def pays_item(ledger, item, answer):
    """Whether transfers cover what is asked for of the invoice, or a bank line has
    exactly the open amount, with what is disputed or without.
    """
    for amount in (item.open, item.open - answer.held):
        exact = (item.debtor, item.currency, amount)
        if exact in [(line.debtor, line.currency, line.amount) for line in at_bank(ledger)]:
            return True
    covered = sum(
        Fraction(transfer.amount) / Fraction(owed(ledger, transfer.invoices, item.currency))
        for transfer in ledger.transfers
        if item.invoice in transfer.invoices and transfer.currency == item.currency
        if (transfer.kind, transfer.state)
        in (("transaction", "pending"), ("transaction", "authorized"), ("payment", "in_process"))
        if asked(ledger, item.invoice, item.currency) > 0
    )
    return covered >= 1


def owed(ledger, invoices, currency):
    """What is asked for of invoices in a currency; a transfer of several pays each its
    share.
    """
    return sum(max(asked(ledger, invoice, currency), 0) for invoice in set(invoices))


def asked(ledger, invoice, currency):
    """What is open of an invoice but for what is disputed."""
    disputed = sum(amount for number, amount in ledger.disputes if number == invoice)
    mine = [item for item in ledger.items if item.invoice == invoice and item.currency == currency]
    return sum(abs(item.open) for item in mine) - disputed


def at_bank(ledger):
    return [line for line in ledger.bank if line.days_ago >= 0 and line.amount > 0]


def pays_notice(ledger, debtor, currency, net):
    """Whether all that came from the debtor in the currency is enough for a notice."""
    amounts = [
        line.amount
        for line in at_bank(ledger)
        if (line.debtor, line.currency) == (debtor, currency)
    ]
    return bool(amounts) and net <= sum(amounts)


# Credits


def clear(ledger, answers, debtor):
    """Lower what is left to remind a debtor of by the debtor's open credits."""
    mine = [number for number, item in enumerate(ledger.items) if item.debtor == debtor]
    going = [n for n in mine if n in answers and answers[n].decision is None]
    going.sort(key=lambda n: (-answers[n].rung, ledger.items[n].due, n))
    spare = Fraction(0)
    for currency in {ledger.items[n].currency for n in mine}:
        spare += clear_currency(
            ledger,
            answers,
            [n for n in mine if ledger.items[n].currency == currency],
            [n for n in going if ledger.items[n].currency == currency],
        )
    left = sum(
        Fraction(answers[n].net)
        * Fraction(ledger.items[n].open_company)
        / Fraction(ledger.items[n].open)
        for n in going
    )
    for number in going:
        if answers[number].net <= 0 or (spare > 0 and left <= spare):
            answers[number].decision = "covered"


def clear_currency(ledger, answers, mine, going):
    """:return: what is spare, in company currency as it stands in the books"""
    items = ledger.items
    credits = [n for n in mine if items[n].open < 0]
    if not credits:
        return Fraction(0)
    total = -sum(items[n].open for n in credits)
    free = total
    for invoice in {items[n].corrects for n in credits} - {None}:
        linked = -sum(items[n].open for n in credits if items[n].corrects == invoice)
        owed = sum(items[n].open for n in mine if items[n].invoice == invoice and items[n].open > 0)
        bound = min(linked, owed)
        free -= bound
        take(answers, [n for n in going if items[n].invoice == invoice], bound)
    spare = free - take(answers, going, free)
    company = -sum(items[n].open_company for n in credits)
    return Fraction(spare) * Fraction(company) / Fraction(total)


def take(answers, numbers, credit):
    """Clear items one after the other.

    :return: how much of the credit was used
    """
    left = credit
    for number in numbers:
        part = min(left, answers[number].net)
        answers[number].net -= part
        left -= part
    return credit - left


# Notices


def gather(ledger, answers):
    groups = {}
    for number, answer in answers.items():
        if answer.decision is None:
            item = ledger.items[number]
            key = (item.debtor, item.currency, answer.policy, answer.rung < 1)
            groups.setdefault(key, []).append(number)
    notices = {}
    # what is overdue first: the early reminders of a debtor wait for it
    overdue = {item.debtor for item in ledger.items if reminded_today(ledger, item)}
    for key, numbers in sorted(groups.items(), key=lambda group: group[0][3]):
        debtor, *_rest, early = key
        decision, notice = write(ledger, answers, key, numbers)
        if not decision and early and debtor in overdue:
            decision, notice = "overdue_first", None
        for number in numbers:
            answers[number].decision = decision or "dun"
            answers[number].notice = key if notice else None
        if notice:
            notices[key] = notice
            if not early:
                overdue.add(debtor)
    return notices


def reminded_today(ledger, item):
    """Whether a reminder of the item, as overdue, waits for review or went out today."""
    past = item.past
    return item.pending or (
        past
        and past.days_ago == 0
        and any(days_of(ledger, level) >= 0 for level in past.sent[: past.step])
    )


def days_of(ledger, level):
    policy, place = level
    return sorted(level.days for level in ledger.policies[policy].levels)[place]


def write(ledger, answers, key, numbers):
    """The notice of a group, or the decision that stops it."""
    debtor, currency, policy, _early = key
    if pays_notice(ledger, debtor, currency, sum(answers[n].net for n in numbers)):
        return "paying", None
    rungs = ladder(ledger.policies[policy])
    top = max(answers[n].rung for n in numbers)
    aligned = set(numbers) if ledger.policies[policy].align else set()
    number, missing = kept_rung(ledger, answers, key, numbers, top, aligned)
    if missing:
        return "no_rate", None
    if number is None:
        return "minimum", None
    level = sorted(ledger.policies[policy].levels, key=lambda lv: lv.days)[rungs[number].level]
    rule = rule_of(ledger, debtor)
    preferred = ledger.debtors[debtor].preferred or (rule and rule.channel)
    owners = owners_of([ledger.items[n] for n in numbers])
    every = ledger.policies[policy].every_contact
    channel, contacts = reach(ledger.debtors[debtor], preferred, level, owners, every)
    if channel is None:
        return "unreachable", None
    if capped(ledger, ledger.debtors[debtor]):
        return "capped", None
    for n in numbers:
        if n in aligned or (number < top and answers[n].rung == top):
            answers[n].rung = number
    opened = sum(ledger.items[n].open for n in numbers)
    held = sum(answers[n].held for n in numbers)
    net = sum(answers[n].net for n in numbers)
    review = bool(rule and rule.approval)
    return None, Notice(
        rungs[number].level, number, channel, contacts, numbers, opened, held, net, review
    )


def kept_rung(ledger, answers, key, numbers, top, aligned):
    """The highest rung, or one below, where the amount reaches the minimum.

    :return: rung, None when neither is reached; whether a rate is missing
    """
    for number in (top, top - 1):
        if number != top and (number < 1 or number not in ladder(ledger.policies[key[2]])):
            break
        amount = sum(answers[n].net for n in numbers if answers[n].rung >= number or n in aligned)
        minimum = minimum_of(ledger, key, number)
        if minimum is None:
            return None, True
        if amount >= minimum:
            return number, False
    return None, False


def minimum_of(ledger, key, number):
    """The minimum of a rung in a currency; None when it takes a missing rate."""
    debtor, currency, number_of_policy, _early = key
    policy = ledger.policies[number_of_policy]
    place = ladder(policy)[number].level
    level = sorted(policy.levels, key=lambda lv: lv.days)[place]
    amount = dict(level.minimums).get(currency)
    if amount is None:
        amount = convert(ledger, level.minimum, policy.currency, currency)
        if amount is None:
            return None
    balance = sum(
        item.open
        for item in ledger.items
        if item.debtor == debtor and item.currency == currency and item.open > 0
    )
    return max(Decimal(amount), balance * level.share / 100)


def convert(ledger, amount, source, target):
    if not amount or source == target:
        return amount
    if source not in ledger.rates or target not in ledger.rates:
        return None
    value = Decimal(amount) * ledger.rates[target] / ledger.rates[source]
    return value.quantize(Decimal(1).scaleb(-ledger.digits[target]), ROUND_HALF_UP)


def owners_of(items):
    """To whom the invoices are made out; who has the one that was due first comes first."""
    return list(dict.fromkeys(item.owner for item in sorted(items, key=lambda i: (i.due, i.owner))))


def reach(debtor, preferred, level, owners, every):
    """The first preferred way by which anybody can be reached, and all who are written to."""
    for channel in filter(None, (preferred, level.channel, level.fallback)):
        contacts = [
            place
            for place, contact in enumerate(debtor.contacts)
            if (contact.email if channel == "email" else contact.address)
        ]
        kinds = {place: debtor.contacts[place].kind for place in contacts}
        named = [place for place in owners if place and place in contacts]
        meant = [p for p in dict.fromkeys([*named, *contacts]) if kinds[p] == "dunning"]
        usual = [p for p in contacts if kinds[p] == "invoice" and p not in named]
        usual = usual or [place for place in contacts if place == 0]
        if every and 0 in owners:
            named += usual
        found = meant or named or usual
        if found:
            return channel, found if meant or every else found[:1]
    return None, None


def capped(ledger, debtor):
    """Whether a cap is reached by earlier days; one channel on one day is one contact."""
    contacts = {
        (days_ago, channel)
        for days_ago, channel, state in debtor.contacted
        if days_ago > 0 and state in ("queued", "done")
    }
    return any(
        sum(days_ago < days for days_ago, _channel in contacts) >= maximum
        for maximum, days in ledger.caps
    )
