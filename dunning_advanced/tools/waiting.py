"""From which day a reminder may cost something, and how much at most.

Dates and facts come in as arguments. A country that is not named here has no rule for
businesses; its consumers get the first reminder free, as everywhere.
"""

from dataclasses import dataclass, field
from datetime import date as Date, timedelta
from decimal import Decimal

CONSUMER, BUSINESS = "consumer", "business"
WEEKEND = (5, 6)


@dataclass(frozen=True)
class Protection:
    """What protects one kind of debtor of a country.

    ``verified`` False: commonly known, to be checked again before it is relied on.
    """

    citation: str = ""
    verified: bool = False
    fees: bool = True  # False: reminders never cost anything
    free_reminders: int = 0  # the first ones cost nothing
    term: int = 0  # calendar days that the free reminder gives
    post_days: int = 1  # the term begins on this working day after posting
    announced: bool = False  # the free reminder must have named the exact cost
    interest_waits: bool = False  # no interest either before the free reminder
    days_after_due: int = 0  # no cost before so many days after the due date
    most: int = 0  # reminders with a fee, 0: no limit
    gap: int = 0  # days between two reminders with a fee
    limits: dict = field(default_factory=dict)  # currency to the most that a reminder costs


# Without a country: the house rule of this product, not a law.
EVERY_CONSUMER = Protection(free_reminders=1, citation="first reminder free for consumers")
NOBODY = Protection()

PROTECTIONS = {
    ("BE", CONSUMER): Protection(
        citation="Code of Economic Law XIX.2, XIX.4",
        verified=True,
        free_reminders=1,
        term=14,
        post_days=3,
        announced=True,
        interest_waits=True,
    ),
    ("NL", CONSUMER): Protection(
        # The law counts from the day after receipt; a letter is taken as received on the
        # second working day after posting, so its term begins on the third at the latest.
        citation="BW 6:96 (6)",
        verified=True,
        free_reminders=1,
        term=14,
        post_days=3,
        announced=True,
    ),
    ("FR", CONSUMER): Protection(
        citation="CPCE L111-8; Code civil 1231-6",
        fees=False,
        free_reminders=1,
        interest_waits=True,
    ),
    ("FI", CONSUMER): Protection(
        citation="Laki saatavien perinnästä 10, 10 a",
        free_reminders=1,
        days_after_due=14,
        limits={"EUR": Decimal(5)},
    ),
    ("FI", BUSINESS): Protection(citation="Laki saatavien perinnästä 10", days_after_due=14),
    ("NO", CONSUMER): Protection(
        citation="Inkassoforskriften 1-1", free_reminders=1, days_after_due=14
    ),
    ("NO", BUSINESS): Protection(citation="Inkassoforskriften 1-1", days_after_due=14),
    # 60 for a reminder, 180 for a demand: no single letter may cost more than the demand
    ("SE", CONSUMER): Protection(
        citation="Lag (1981:739) om ersättning för inkassokostnader",
        free_reminders=1,
        limits={"SEK": Decimal(180)},
    ),
    ("DK", CONSUMER): Protection(
        citation="Renteloven 9 b",
        free_reminders=1,
        most=3,
        gap=10,
        limits={"DKK": Decimal(100)},
    ),
    ("DK", BUSINESS): Protection(
        citation="Renteloven 9 b", most=3, gap=10, limits={"DKK": Decimal(100)}
    ),
}


@dataclass(frozen=True)
class Reminder:
    """One reminder after the due date that has reached the debtor."""

    sent: Date
    by_post: bool = False
    named: bool = False  # whether it named the cost


def protection(country, party):
    """Return what protects a debtor.

    :param country: ISO code, or nothing
    :param party: :data:`CONSUMER` or :data:`BUSINESS`
    """
    other = EVERY_CONSUMER if party == CONSUMER else NOBODY
    return PROTECTIONS.get((country, party), other)


def working_day(day, count, holidays=()):
    """Return the so-many-th working day after a day; Saturdays are none, to be safe.

    :param holidays: dates, or whatever else says ``in`` which days are none either

    >>> working_day(Date(2026, 3, 6), 1)
    datetime.date(2026, 3, 9)
    """
    while count:
        day += timedelta(days=1)
        count -= day.weekday() not in WEEKEND and day not in holidays
    return day


def costs_from(rule, reminder, holidays=()):
    """Return the first day on which costs may be asked after a free reminder.

    The term begins on the day after an e-mail, or on a working day after posting, and
    costs are due on the day after its last one.

    >>> monday = Reminder(Date(2026, 3, 2))
    >>> costs_from(PROTECTIONS["BE", CONSUMER], monday)
    datetime.date(2026, 3, 17)
    """
    if reminder.by_post:
        begins = working_day(reminder.sent, rule.post_days, holidays)
    else:
        begins = reminder.sent + timedelta(days=1)
    return begins + timedelta(days=rule.term)


def fee_from(rule, due, reminders, holidays=()):
    """Return the first day on which a reminder may cost something.

    :param due: due date of the item
    :param reminders: those after the due date so far, oldest first
    :return: a date, or None while a free reminder has to go first
    """
    if not rule.fees:
        return None
    earliest = due + timedelta(days=rule.days_after_due)
    if not rule.free_reminders:
        return earliest
    free = [one for one in reminders if one.named or not rule.announced]
    if len(free) < rule.free_reminders:
        return None
    return max(earliest, costs_from(rule, free[rule.free_reminders - 1], holidays))


def interest_start(rule, due, reminders, holidays=()):
    """Return the day after which interest runs, and the first on which it may be asked.

    Where interest waits for the free reminder, it runs from that reminder.

    :return: (date, date), or (None, None) while a free reminder has to go first
    """
    if not rule.interest_waits:
        return due, due
    if len(reminders) < max(rule.free_reminders, 1):
        return None, None
    free = reminders[max(rule.free_reminders, 1) - 1]
    return max(due, free.sent), costs_from(rule, free, holidays)


def may_repeat(rule, charged, day):
    """Tell whether another reminder may cost a fee.

    :param charged: dates of the reminders that did
    """
    if rule.most and len(charged) >= rule.most:
        return False
    return not charged or day >= max(charged) + timedelta(days=rule.gap)
