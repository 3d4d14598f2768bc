"""Payment plans: a total in installments, and the money that came in for them.

Amounts are Decimal in multiples of ``unit``, the smallest amount of the currency. No
models, no clock.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import accumulate

from dateutil.relativedelta import relativedelta

from . import interest
from .rounding import CENT

ZERO = Decimal(0)
# Ten years of weeks. Who types an amount without its thousands gets an answer, not a million rows.
MOST = 520

FREQUENCIES = {
    "week": relativedelta(weeks=1),
    "fortnight": relativedelta(weeks=2),
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
}


class PlanError(ValueError):
    """A plan that cannot be: ``code`` says why, ``facts`` which figures it is about."""

    def __init__(self, code, **facts):
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True)
class Terms:
    """How a total is split.

    :param first: date of the first installment
    :param frequency: a key of :data:`FREQUENCIES`
    :param number: how many installments, the down payment not counted
    :param amount: or how much each, the last one what is left
    :param unit: smallest amount of the currency
    :param step: installments are multiples of it, such as 1 for whole amounts; the last one
        takes the rest
    :param down_payment: paid before, on ``down_date``
    """

    first: date
    frequency: str = "month"
    number: int = 0
    amount: Decimal = ZERO
    unit: Decimal = CENT
    step: Decimal = ZERO
    down_payment: Decimal = ZERO
    down_date: date | None = None


@dataclass(frozen=True)
class Installment:
    """What is to be paid on a day, and what became of it.

    ``amount`` is what was agreed, ``credited`` and ``paid`` what credit notes and payments
    took off it; ``paid_on`` the day of value that settled it.
    """

    date: date
    amount: Decimal
    credited: Decimal = ZERO
    paid: Decimal = ZERO
    paid_on: date | None = None

    @property
    def open(self):
        """What is still to be paid."""
        return self.amount - self.credited - self.paid


def schedule(total, terms):
    """Split a total into installments that sum to it.

    Each is rounded down to ``step``, the last one takes the rest, so that none is zero and
    the last is never the smallest when their number is given.

    :param total: Decimal, a multiple of the unit
    :return: tuple of :class:`Installment` with rising dates
    :raises PlanError: ``nothing`` to pay, ``none`` when there is no installment, ``negative``
        amounts, ``too_many`` of them or ``too_small`` ones (fact ``most``: how many), a
        ``down_payment`` of everything or more, a ``down_date`` that is not before the first
        installment

    >>> rows = schedule(Decimal(100), Terms(date(2024, 1, 31), number=3))
    >>> [(str(row.date), str(row.amount)) for row in rows]
    [('2024-01-31', '33.33'), ('2024-02-29', '33.33'), ('2024-03-31', '33.34')]
    """
    _check(total, terms)
    rest = total - terms.down_payment
    step = max(terms.step, terms.unit)
    amounts = _by_amount(rest, terms) if terms.amount else _by_number(rest, terms.number, step)
    rows = [
        Installment(due(terms.first, terms.frequency, position), amount)
        for position, amount in enumerate(amounts)
    ]
    if terms.down_payment:
        rows.insert(0, Installment(terms.down_date, terms.down_payment))
    return tuple(rows)


def due(first, frequency, position):
    """Return the date of an installment, reckoned from the first so that it never drifts.

    A month that is too short gives its last day (BGB 192, Regulation 1182/71 art. 3 (2) (c)).

    >>> [due(date(2025, 1, 31), "month", n).day for n in range(4)]
    [31, 28, 31, 30]
    """
    return first + FREQUENCIES[frequency] * position


def _check(total, terms):
    if terms.number < 0 or min(terms.amount, terms.down_payment, terms.step) < 0:
        raise PlanError("negative")
    if total <= 0:
        raise PlanError("nothing")
    if not terms.amount and not terms.number:
        raise PlanError("none")
    if terms.down_payment >= total:
        raise PlanError("down_payment", most=total - terms.unit)
    if terms.down_payment and not (terms.down_date and terms.down_date < terms.first):
        raise PlanError("down_date")


def _by_number(rest, number, step):
    if number > MOST:
        raise PlanError("too_many", most=min(MOST, int(rest / step)))
    each = (rest / number / step).to_integral_value(ROUND_FLOOR) * step
    if not each:
        raise PlanError("too_many", most=int(rest / step))
    return [each] * (number - 1) + [rest - each * (number - 1)]


def _by_amount(rest, terms):
    number = int((rest / terms.amount).to_integral_value(ROUND_CEILING))
    if number > MOST:
        raise PlanError("too_small", most=MOST)
    return [terms.amount] * (number - 1) + [rest - terms.amount * (number - 1)]


# Interest


def falling_interest(interest_terms, rows, start):
    """Return the interest on what is open from day to day if every installment comes on its day.

    One sum, rounded once: BGB 488 (2), interest on the debt as it falls. Payments are taken
    for the debt alone, so that no interest bears interest (BGB 248 (1), 289).

    :param interest_terms: :class:`tools.interest.Terms`
    :param rows: of :func:`schedule`, without interest
    :param start: day of the agreement; interest begins on the day after

    >>> from .rates import constant
    >>> rows = schedule(Decimal(1200), Terms(date(2025, 2, 1), number=2))
    >>> falling_interest(interest.Terms(constant(Decimal(12))), rows, date(2025, 1, 1))
    Decimal('17.75')
    """
    total = sum(row.amount for row in rows)
    principal_first = replace(interest_terms, order="principal_first")
    end = max(start, rows[-1].date)
    payments = [(row.date, row.amount) for row in rows]
    return interest.statement(principal_first, total, start, end, payments).interest


def with_interest(total, terms, interest_terms, start, gross=lambda net: net):
    """Add the interest of the plan to the total and split both evenly.

    It is reckoned on the plan without interest (:func:`falling_interest`).

    :param gross: what is to be paid for an interest, where tax comes on top
    :return: (tuple of :class:`Installment`, interest, what is to be paid for it)
    :raises PlanError: as :func:`schedule`
    """
    net = falling_interest(interest_terms, schedule(total, terms), start)
    added = gross(net)
    return schedule(total + added, terms), net, added


def share_after(rows, start, day):
    """Return the part of the interest on a falling debt that belongs to the days after one.

    At one rate the interest of an installment grows with its amount and its days.

    :return: Decimal from 0 to 1

    >>> rows = [Installment(date(2025, 1, day), Decimal(100)) for day in (11, 31)]
    >>> share_after(rows, date(2025, 1, 1), date(2025, 1, 21))
    Decimal('0.25')
    """
    whole = sum(row.amount * max(0, (row.date - start).days) for row in rows)
    after = sum(row.amount * max(0, (row.date - max(day, start)).days) for row in rows)
    return Decimal(after) / whole if whole else ZERO


# Money that came in


def settle(rows, payments=(), credited=ZERO):
    """Return the state of installments after payments and credit notes.

    Payments pay the oldest installment first (BGB 366 (2)), whatever they were meant for;
    credit notes shorten the plan from its end. Only the sum of a day counts, so any split
    of the same money gives the same state.

    :param rows: :class:`Installment` in the order of their dates
    :param payments: (day of value, Decimal), in any order; negative for what was taken back
    :param credited: Decimal, what credit notes took off the items of the plan
    :return: (tuple of :class:`Installment`, what was paid beyond them)

    >>> rows = schedule(Decimal(90), Terms(date(2024, 1, 1), number=3))
    >>> rows, _excess = settle(rows, [(date(2024, 1, 2), Decimal(45))], Decimal(20))
    >>> [str(row.open) for row in rows]
    ['0', '15', '10']
    """
    lowered = _lower(rows, credited)
    days = sorted({day for day, _amount in payments})
    sums = accumulate(sum(amount for day, amount in payments if day == own) for own in days)
    # what was taken back later was never firm
    firm = [*accumulate(reversed([*sums]), min)][::-1]
    received = max(ZERO, firm[-1]) if firm else ZERO
    settled, before = [], ZERO
    for row in lowered:
        owed = row.amount - row.credited
        paid = min(owed, max(ZERO, received - before))
        before += owed
        full = owed and paid == owed
        day = (
            next(day for day, total in zip(days, firm, strict=True) if total >= before)
            if full
            else None
        )
        settled.append(replace(row, paid=paid, paid_on=day))
    return tuple(settled), max(ZERO, received - before)


def _lower(rows, credited):
    lowered = []
    for row in reversed(rows):
        taken = min(row.amount, credited)
        credited -= taken
        lowered.insert(0, replace(row, credited=taken, paid=ZERO, paid_on=None))
    return lowered


def arrears(rows, day, tolerance):
    """Return the first day on which the plan is in arrears, None when it is not.

    :param tolerance: days after its date on which an installment may still come
    """
    late = timedelta(days=tolerance + 1)
    return next((row.date + late for row in rows if row.open > 0 and row.date + late <= day), None)
