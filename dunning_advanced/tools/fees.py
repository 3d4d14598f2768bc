"""What a reminder costs: fixed, percent, brackets, and the scales of laws.

Decimal in, unrounded Decimal out, all in one currency. No models, no clock.
"""

from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


class BracketGapError(ValueError):
    """The brackets leave some amounts without a fee."""

    def __init__(self, above):
        super().__init__(f"no bracket above {above}")
        self.above = above


@dataclass(frozen=True)
class Bracket:
    """One row of a table: amounts up to a limit cost a fixed sum and a percentage.

    ``limit`` None: all amounts above the brackets before. ``inclusive``: an amount that
    is exactly the limit belongs to this bracket, else to the next one.
    """

    limit: Decimal | None
    fixed: Decimal = ZERO
    percent: Decimal = ZERO
    inclusive: bool = True

    def holds(self, amount):
        """Tell whether the amount is not above this bracket."""
        if self.limit is None:
            return True
        return amount <= self.limit if self.inclusive else amount < self.limit


def percent_of(amount, percent):
    """Return a percentage of an amount.

    >>> percent_of(Decimal(250), Decimal(10))
    Decimal('25')
    """
    return amount * percent / 100


def single(amount, brackets):
    """Return the fee of the one bracket that holds the amount: fixed + percent of all of it.

    This is how the fixed sums by tiers are written: UK Late Payment of Commercial Debts
    (Interest) Act 1998 s. 5A, IE SI 580/2012 reg. 9.

    :raises BracketGapError: when no bracket holds the amount

    >>> tiers = [Bracket(Decimal(1000), Decimal(40), inclusive=False), Bracket(None, Decimal(70))]
    >>> [round(single(Decimal(debt), tiers)) for debt in ("999.99", "1000")]
    [40, 70]
    """
    check_brackets(brackets)
    [bracket] = [row for row in brackets if row.holds(amount)][:1]
    return bracket.fixed + percent_of(amount, bracket.percent)


def accumulated(amount, brackets):
    """Return the sum over the brackets that the amount reaches: fixed + percent of its slice.

    :raises BracketGapError: when no bracket holds the amount

    >>> table = [Bracket(Decimal(100), percent=Decimal(10)), Bracket(None, percent=Decimal(1))]
    >>> accumulated(Decimal(300), table)
    Decimal('12')
    """
    check_brackets(brackets)
    total, floor = ZERO, ZERO
    for bracket in brackets:
        ceiling = amount if bracket.holds(amount) else bracket.limit
        total += bracket.fixed + percent_of(ceiling - floor, bracket.percent)
        if bracket.holds(amount):
            break
        floor = bracket.limit
    return total


def check_brackets(brackets):
    """Refuse brackets that leave out amounts: the last one, and only it, has no limit.

    :raises BracketGapError: saying above which amount there is no fee
    """
    last = ZERO
    for position, bracket in enumerate(brackets, 1):
        if bracket.limit is None and position == len(brackets):
            return
        if bracket.limit is None or bracket.limit <= last:
            break
        last = bracket.limit
    raise BracketGapError(last)


def bounded(fee, minimum=None, maximum=None):
    """Keep a fee between a minimum and a maximum; None is no bound.

    >>> bounded(Decimal("7.5"), Decimal(40), Decimal(6775))
    Decimal('40')
    """
    if minimum is not None:
        fee = max(fee, minimum)
    if maximum is not None:
        fee = min(fee, maximum)
    return fee


def capped(costs, limit, before=ZERO):
    """Return costs lowered so that they come to no more than a limit, the first ones first.

    What is only named in advance, and not owed yet, takes no room from the others.

    :param costs: pairs of Decimal amount, and whether it is owed now
    :param limit: Decimal, the most that all may come to
    :param before: what was asked before and counts too
    :return: list of Decimal, one for each of the costs, none negative

    >>> capped([(Decimal(30), True), (Decimal(30), True)], Decimal(50), before=Decimal(5))
    [Decimal('30'), Decimal('15')]
    """
    room, kept = limit - before, []
    for amount, owed in costs:
        kept.append(max(ZERO, min(amount, room)))
        if owed:
            room -= kept[-1]
    return kept


NL_WIK = (
    Bracket(Decimal(2500), percent=Decimal(15)),
    Bracket(Decimal(5000), percent=Decimal(10)),
    Bracket(Decimal(10000), percent=Decimal(5)),
    Bracket(Decimal(200000), percent=Decimal(1)),
    Bracket(None, percent=Decimal("0.5")),
)


def nl_wik(principal):
    """Return the Dutch collection costs in EUR, without VAT.

    Besluit vergoeding voor buitengerechtelijke incassokosten, Stb. 2012, 141, art. 2:
    a percentage of each slice of the principal, at least 40, at most 6,775.

    >>> [round(nl_wik(Decimal(debt))) for debt in (50, 2500, 1000000)]
    [40, 375, 6775]
    """
    return bounded(accumulated(principal, NL_WIK), Decimal(40), Decimal(6775))


BE_CONSUMER = (
    Bracket(Decimal(150), fixed=Decimal(20)),
    Bracket(Decimal(500), fixed=Decimal(10), percent=Decimal(10)),
    Bracket(None, percent=Decimal(5)),
)


def be_consumer_cap(debt):
    """Return the most that a clause may ask of a Belgian consumer, in EUR.

    Code of Economic Law XIX.4: 20 up to 150; 30 and 10 % of what is above 150 up to 500;
    65 and 5 % of what is above 500; never more than 2,000. The slices of the law add up:
    20 + 10 = 30, and 30 + 10 % of 350 = 65.

    >>> [be_consumer_cap(Decimal(debt)) for debt in (150, 500, 39200)]
    [Decimal('20'), Decimal('65'), Decimal('2000')]
    """
    return bounded(accumulated(debt, BE_CONSUMER), maximum=Decimal(2000))
