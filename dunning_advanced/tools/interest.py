"""Interest on a late payment: segments, capitalization, part payments. No models, no clock.

Conventions: interest runs from the day after the due date to the day of payment, both
included (so ``until - due`` days). A part payment stops interest from the day after it.
Segments are summed unrounded; the sum is rounded once, half up, to the currency's unit.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from dateutil.relativedelta import relativedelta

from .allocation import COSTS, INTEREST, PRINCIPAL, allocate
from .day_count import ACT_365, days, fraction
from .rates import Rates
from .rounding import CENT, round_money

SIMPLE, YEARLY, MONTHLY = "simple", "yearly", "monthly"
DAY = timedelta(days=1)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Terms:
    """How interest is computed.

    :param rates: percent a year by date
    :param locked: the rate of the first day of delay holds throughout (UK, IE); otherwise
        the rate floats: every change of rate begins a segment
    :param capitalization: simple: no interest on interest. yearly: interest of a full year
        joins the base (NL BW 6:119 (2)). monthly: interest joins the base every month, at
        the rate of the day on which the month begins (IN MSMED Act 2006 s. 16)
    :param order: what a part payment pays first, a key of ``allocation.ORDERS``
    :param unit: smallest amount of the currency
    """

    rates: Rates
    locked: bool = False
    day_count: str = ACT_365
    capitalization: str = SIMPLE
    order: str = "costs_interest_principal"
    unit: Decimal = CENT


@dataclass(frozen=True)
class Segment:
    """Days with one rate and one base: ``amount`` is their interest, unrounded."""

    date_from: date
    date_to: date
    days: int
    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Statement:
    """What a debt has come to. Amounts are rounded, those of the segments are not.

    ``interest`` and ``costs`` are what has accrued, the ``*_open`` what payments have left
    of it; ``excess`` is what was paid beyond everything.
    """

    interest: Decimal
    interest_open: Decimal
    costs: Decimal
    costs_open: Decimal
    principal_open: Decimal
    total_open: Decimal
    excess: Decimal
    segments: tuple


def overdue(principal, due, payments=()):
    """Return what was open at the end of the due date, the amount that is late.

    >>> overdue(Decimal(100), date(2024, 1, 31), [(date(2024, 1, 31), Decimal(30))])
    Decimal('70')
    """
    return max(ZERO, principal - sum(amount for day, amount in payments if day <= due))


def statement(
    terms, principal, due, until, payments=(), costs=ZERO, since=None, pauses=(), frozen=()
):
    """Compute the interest of one debt and what payments have left of it.

    Simple interest is base x rate / 100 x part of a year, by segment. With monthly rests a
    month is a twelfth of a year, whatever its length, and a part of it counts by its days.

    :param principal: Decimal, not negative
    :param due: last day on which payment was in time
    :param until: last interest day, not before ``due``
    :param payments: (date, Decimal) in any order; those after ``until`` do not count,
        those up to ``due`` pay principal
    :param costs: Decimal, owed from the first day of delay on; they bear no interest
    :param since: interest up to this day was charged before: ``interest`` and ``segments``
        are of what came after it, so that charges made one after the other add up to one
        made at the end
    :param pauses: (first day, last day) without interest, as a breathing space gives
    :param frozen: (first day, last day, Decimal): so much of the debt bears none on these
        days, as while it is disputed
    :return: :class:`Statement`
    :raises ValueError: for ``until`` before ``due`` and negative amounts
    :raises RateMissingError: for a day with a debt and without a rate

    >>> from .rates import constant
    >>> uk = Terms(constant(Decimal("12.25")))
    >>> statement(uk, Decimal(5000), date(2025, 1, 1), date(2025, 4, 12)).interest
    Decimal('169.49')
    >>> half = [(date(2025, 1, 2), date(2025, 4, 12), Decimal(2500))]
    >>> statement(uk, Decimal(5000), date(2025, 1, 1), date(2025, 4, 12), frozen=half).interest
    Decimal('84.74')
    """
    _check(principal, due, until, payments, costs)
    parts = [*((first, last, None) for first, last in pauses), *frozen]
    ledger = _Ledger(terms, principal, costs, due, until, parts)
    for day, amount in payments:
        if day <= due:
            ledger.pay_early(amount)
    cuts = [day for day, _amount in payments]
    if since is not None:
        cuts.append(since)
    for start, end in pairwise(ledger.cuts(cuts)):
        ledger.accrue(start, end)
        for day, amount in payments:
            if day == end:
                ledger.pay(amount)
        ledger.close(end)
    return ledger.statement(since)


def _check(principal, due, until, payments, costs):
    if until < due:
        raise ValueError("the last interest day is before the due date")
    if principal < 0 or costs < 0 or any(amount < 0 for _day, amount in payments):
        raise ValueError("an amount is negative")


def _rests(capitalization, due, until):
    """The days on which interest joins the base, ``due`` first, the last not before ``until``.

    A period of months ends on the day of the same number, or the last of a shorter month:
    BGB 188 (2) and (3), Regulation 1182/71 art. 3 (2) (c).
    """
    months = {YEARLY: 12, MONTHLY: 1}.get(capitalization)
    if not months:
        return [due, until]
    rests = [due]
    while rests[-1] < until:
        rests.append(due + relativedelta(months=months * len(rests)))
    return rests


class _Ledger:
    """What is open of a debt while the days go by."""

    def __init__(self, terms, principal, costs, due, until, frozen):
        self.terms = terms
        self.frozen = frozen  # (first day, last day, amount), None for all of the debt
        self.due, self.until = due, until
        self.rests = _rests(terms.capitalization, due, until)
        self.principal = principal
        self.costs = self.costs_open = costs
        self.capitalized = self.accrued = self.interest_paid = self.excess = ZERO
        self.segments = []
        self.accrued_on = {due: ZERO}

    def cuts(self, more):
        """All days on which a segment ends, the due date first."""
        terms = self.terms
        cuts = {self.due, self.until, *more, *self.rests}
        for first, last, _amount in self.frozen:
            cuts |= {first - DAY, last}
        if not terms.locked and terms.capitalization != MONTHLY:
            cuts.update(terms.rates.changes(self.due, self.until))
        return sorted(day for day in cuts if self.due <= day <= self.until)

    def accrue(self, start, end):
        """Add the interest of the days after ``start`` up to ``end``."""
        base = self._base(start + DAY)
        if not base:
            return
        rate = self.terms.rates.at(self._rate_day(start))
        amount = base * rate / 100 * self._fraction(start, end)
        count = days(self.terms.day_count, start, end)
        self.segments.append(Segment(start + DAY, end, count, rate, base, amount))
        self.accrued += amount

    def _base(self, day):
        """What bears interest on a day."""
        frozen = [amount for first, last, amount in self.frozen if first <= day <= last]
        if None in frozen:
            return ZERO
        return max(ZERO, self.principal + self.capitalized - sum(frozen))

    def _rate_day(self, start):
        if self.terms.locked:
            return self.due + DAY
        if self.terms.capitalization == MONTHLY:
            return self._rest(start)[0] + DAY
        return start + DAY

    def _fraction(self, start, end):
        if self.terms.capitalization != MONTHLY:
            return fraction(self.terms.day_count, start, end)
        first, last = self._rest(start)
        return Decimal((end - start).days) / ((last - first).days * 12)

    def _rest(self, start):
        position = bisect_left(self.rests, start + DAY)
        return self.rests[position - 1], self.rests[position]

    def _interest_open(self):
        return max(ZERO, round_money(self.accrued, self.terms.unit) - self.interest_paid)

    def pay_early(self, amount):
        """Before the debt is late there is nothing but principal to pay."""
        paid = min(amount, self.principal)
        self.principal -= paid
        self.excess += amount - paid

    def pay(self, amount):
        """Spread a payment; the interest that was capitalized first is paid first."""
        owed = {
            COSTS: self.costs_open,
            INTEREST: self._interest_open(),
            PRINCIPAL: self.principal,
        }
        paid, excess = allocate(amount, owed, self.terms.order)
        self.costs_open -= paid[COSTS]
        self.principal -= paid[PRINCIPAL]
        self.interest_paid += paid[INTEREST]
        self.capitalized = max(ZERO, self.capitalized - paid[INTEREST])
        self.excess += excess

    def close(self, day):
        """End a day: at a rest, unpaid interest joins the base."""
        self.accrued_on[day] = self.accrued
        if self.terms.capitalization != SIMPLE and day in self.rests:
            self.capitalized = max(ZERO, self.accrued - self.interest_paid)

    def statement(self, since):
        """The result, without what was charged up to ``since``."""
        unit = self.terms.unit
        before = ZERO if since is None else self.accrued_on.get(since, self._accrued_by(since))
        interest_open = self._interest_open()
        return Statement(
            interest=round_money(self.accrued, unit) - round_money(before, unit),
            interest_open=interest_open,
            costs=self.costs,
            costs_open=self.costs_open,
            principal_open=self.principal,
            total_open=self.costs_open + interest_open + self.principal,
            excess=self.excess,
            segments=tuple(row for row in self.segments if not since or row.date_from > since),
        )

    def _accrued_by(self, since):
        return self.accrued if since > self.until else ZERO
