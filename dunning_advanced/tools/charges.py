"""What a reminder costs the debts that it is about. No models, no clock.

A :class:`Letter` goes out on a day, at a level. Each :class:`Debt` is one invoice that it
reminds of, with all that happened to it before: reminders, what they asked (:class:`Asked`),
payments, days without interest. A :class:`Level` has fees, and a :class:`Fee` knows its price.

:func:`costs` gives the fees and fixed sums, debt by debt: what protects the debtor
(:mod:`.waiting`) decides whether a fee may be asked, has to be named in advance, or neither;
then all are lowered to what the law allows. :func:`interest` gives the interest of one debt
since it was last charged. Amounts are Decimal, in one currency.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from datetime import date as Date, timedelta
from decimal import Decimal

from . import waiting
from .fees import capped
from .interest import Statement
from .rounding import CENT, shares

DAY = timedelta(days=1)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Fee:
    """A fee or a fixed sum.

    :param key: what tells it from others
    :param price: function of the amount that is late, gives the fee rounded to the unit
    :param once: a debt owes it once only, not again at every level
    :param per_item: asked for each debt, else once for all that a letter is about
    """

    key: int
    price: Callable
    once: bool = False
    per_item: bool = False


@dataclass(frozen=True)
class Level:
    """A level of dunning, with the fees that it asks."""

    key: int
    fees: tuple = ()


@dataclass(frozen=True)
class Asked:
    """What an earlier reminder asked for a debt.

    :param state: open, waived, or named: told in advance and not owed
    :param kind: fee, fixed or interest
    :param notice: key of the reminder
    :param level: key of the level at which it was asked
    :param fee: key of the fee, None for interest
    :param until: last day of the interest
    """

    state: str
    kind: str
    notice: int
    level: int
    date: Date
    amount: Decimal
    fee: int | None = None
    until: Date | None = None


@dataclass(frozen=True)
class Debt:
    """One invoice, or one installment of it, that is late.

    :param key: what tells it from others
    :param due: last day on which payment was in time
    :param amount: what is asked for: open, less what credits cover and what is disputed
    :param level: :class:`Level` that it has come to
    :param held: what is open and disputed: not asked for, though it may bear interest
    :param asked: :class:`Asked` of earlier reminders
    :param reminders: (key of the reminder, :class:`.waiting.Reminder`), oldest first
    :param payments: (date, Decimal) that came in for it, oldest first
    :param pauses: (first day, last day) without interest
    :param frozen: (first day, last day, Decimal): so much of it bears none on these days
    """

    key: int
    due: Date
    amount: Decimal
    level: Level | None = None
    held: Decimal = ZERO
    asked: tuple = ()
    reminders: tuple = ()
    payments: tuple = ()
    pauses: tuple = ()
    frozen: tuple = ()

    def was_asked(self, fee, *states):
        """What earlier reminders asked of a fee, in one of these states."""
        return [row for row in self.asked if row.fee == fee.key and row.state in states]


@dataclass(frozen=True)
class Letter:
    """One reminder, and what protects the debtor who gets it.

    :param level: :class:`Level` of the letter; what is asked once for a letter is asked at it
    :param following: :class:`Level` after it, whose fees some laws want named in advance
    :param protection: :class:`.waiting.Protection`
    :param holidays: days on which the post does not come
    :param unit: smallest amount of the currency
    :param currency: its code, for limits that a law states in a currency
    :param cap: function of the amount that is late, gives the most that all costs of these
        debts may ever come to; None where no law says so
    """

    date: Date
    level: Level | None = None
    following: Level | None = None
    protection: waiting.Protection = waiting.NOBODY
    holidays: Container = ()
    unit: Decimal = CENT
    currency: str = ""
    cap: Callable | None = None


@dataclass(frozen=True)
class Cost:
    """What a letter asks for one debt: its part of a fee.

    :param level: key of the level at which it is asked
    :param principal: the amount that the fee was reckoned on, of all debts that share it
    :param named: told in advance and not owed yet
    :param lowered: whether the law took something off
    """

    debt: Debt
    level: int
    fee: Fee
    principal: Decimal
    amount: Decimal
    named: bool = False
    lowered: bool = False


@dataclass(frozen=True)
class Interest:
    """Interest of one debt from a day to the day of the letter.

    :param principal: what of the debt bears interest on that day
    :param statement: :class:`.interest.Statement`
    """

    date_from: Date
    principal: Decimal
    statement: Statement


# Fees and fixed sums


def costs(debts, letter):
    """Return the fees and fixed sums that a letter asks, or has to name, debt by debt.

    :param debts: :class:`Debt` with their levels
    :param letter: :class:`Letter`
    :return: list of :class:`Cost`; together no more than the law allows
    """
    rows = []
    for level, own in _by_level(debts).items():
        for fee in level.fees:
            if fee.per_item or level.key == letter.level.key:
                rows += _of_fee(fee, level, own, letter)
    if letter.protection.announced and letter.following:
        rows += _ahead(rows, debts, letter)
    return _lowered(rows, debts, letter)


def _by_level(debts):
    found = {}
    for debt in debts:
        found.setdefault(debt.level, []).append(debt)
    return found


def _of_fee(fee, level, debts, letter):
    """One fee: charged where it may be, else named where that is the law."""
    fresh = [debt for debt in debts if not _had(fee, level, debt)]
    ripe = [debt for debt in fresh if _may_charge(fee, debt, letter)]
    rows = _split(fee, level, ripe, letter)
    if not letter.protection.announced:
        return rows
    early = [debt for debt in fresh if debt not in ripe and not debt.was_asked(fee, "named")]
    return [*map(_as_named, rows), *_split(fee, level, early, letter, named=True)]


def _ahead(rows, debts, letter):
    """What the level after the letter will cost, for customers who must be told before."""
    told, ahead = {row.fee.key for row in rows}, []
    for fee in letter.following.fees:
        if fee.key not in told:
            unnamed = [debt for debt in debts if not debt.was_asked(fee, "named")]
            ahead += _split(fee, letter.following, unnamed, letter, named=True)
    return ahead


def _had(fee, level, debt):
    """Whether a debt has had a fee, be it waived: at this level, a fixed sum ever."""
    return any(
        row.kind == "fixed" or row.level == level.key
        for row in debt.was_asked(fee, "open", "waived")
    )


def _may_charge(fee, debt, letter):
    """Whether the free reminders went before, and the last fee is long enough ago."""
    named = {row.notice for row in debt.was_asked(fee, "named")}
    reminders = [replace(one, named=notice in named) for notice, one in debt.reminders]
    first = waiting.fee_from(letter.protection, debt.due, reminders, letter.holidays)
    charged = {row.date for row in debt.asked if row.kind == "fee" and row.state == "open"}
    return (
        first is not None
        and first <= letter.date
        and waiting.may_repeat(letter.protection, charged, letter.date)
    )


def _split(fee, level, debts, letter, named=False):
    """A fee of some debts: each has its own, or its part of a common one, so that none can
    have it twice.
    """
    groups = [[debt] for debt in debts] if fee.per_item else [debts] if debts else []
    rows = []
    for group in groups:
        weights = [debt.amount for debt in group]
        principal = sum(weights)
        price = fee.price(principal)
        if price:
            rows += [
                Cost(debt, level.key, fee, principal, share, named)
                for debt, share in zip(group, shares(price, weights, letter.unit), strict=True)
            ]
    return rows


def _as_named(row):
    """No more than what the customer was told before."""
    most = max(asked.amount for asked in row.debt.was_asked(row.fee, "named"))
    return replace(row, amount=min(row.amount, most))


def _lowered(rows, debts, letter):
    """Lower costs to what the law allows a letter, and the debts, to cost in all."""
    amounts = [row.amount for row in rows]
    for limit, before in _limits(debts, letter) if rows else ():
        owed = [not row.named for row in rows]
        amounts = capped(zip(amounts, owed, strict=True), limit, before)
    return [
        replace(row, amount=amount, lowered=True) if amount < row.amount else row
        for row, amount in zip(rows, amounts, strict=True)
    ]


def _limits(debts, letter):
    """The most that may be asked, each with what counts already.

    :return: list of (limit, amount)
    """
    limits = []
    if (most := letter.protection.limits.get(letter.currency)) is not None:
        limits.append((most, ZERO))
    if letter.cap:
        rows = [row for debt in debts for row in debt.asked]
        before = sum(row.amount for row in rows if row.kind != "interest" and row.state == "open")
        limits.append((letter.cap(sum(debt.amount for debt in debts)), before))
    return limits


# Interest


def interest(debt, letter, compute):
    """Return the interest of a debt since it was last charged, None where it owes none.

    What came in on the way lowered the debt on its day; credits that are not allocated count
    from the beginning. Days on which a hold froze interest bear none; where it froze an
    amount, that amount bears none.

    :param compute: as :func:`.interest.statement` without its terms, asked only where
        interest may be charged; gives None where nothing was agreed
    :return: :class:`Interest`
    """
    start, first = waiting.interest_start(
        letter.protection, debt.due, [one for _notice, one in debt.reminders], letter.holidays
    )
    charged = [row.until for row in debt.asked if row.kind == "interest"]
    if start is None or letter.date < max(first, start + DAY, *(day + DAY for day in charged)):
        return None
    begin = max([start, *charged])
    principal = debt.amount + debt.held + sum(amount for _day, amount in debt.payments)
    statement = compute(
        principal,
        start,
        letter.date,
        debt.payments,
        since=begin,
        pauses=debt.pauses,
        frozen=debt.frozen,
    )
    if not statement or statement.interest <= 0:
        return None
    return Interest(begin + DAY, _bearing(debt, letter.date), statement)


def _bearing(debt, day):
    """What of a debt bears interest on a day: what is disputed too, unless its hold freezes
    charges.
    """
    frozen = sum(amount for first, last, amount in debt.frozen if first <= day <= last)
    return debt.amount + max(ZERO, debt.held - frozen)
