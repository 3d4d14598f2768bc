"""Decimal amounts, rounded as money is. No models, no clock."""

from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, pairwise

CENT = Decimal("0.01")
HAIR = Decimal("1e-12")


def decimal(number):
    """Return the number as it is written, not as the computer stores it.

    >>> decimal(0.1)
    Decimal('0.1')
    """
    return number if isinstance(number, Decimal) else Decimal(str(number))


def round_money(amount, unit=CENT):
    """Round half up to a multiple of unit, the smallest amount of the currency.

    Sums of quotients miss an exact half by a hair: 12 decimals are looked at, no more.

    >>> round_money(Decimal("65.005")), round_money(Decimal("12.5"), Decimal(1))
    (Decimal('65.01'), Decimal('13'))
    >>> round_money(Decimal("0.12"), Decimal("0.05"))
    Decimal('0.10')
    """
    units = (amount / unit).quantize(HAIR)
    return units.quantize(Decimal(1), ROUND_HALF_UP) * unit


def shares(amount, weights, unit=CENT):
    """Split an amount by weights into multiples of unit that add up to it.

    Cumulative rounding: what the first shares come to together is rounded half up, and each
    share is what it adds to those before it. So all of them come to the amount, rounded to
    the unit; the first ones to what they are worth together, rounded; and none is a unit or
    more away from its exact part. Shares of a negative amount are those of the positive one,
    with the sign turned. Weights that come to nothing share evenly.

    :param amount: Decimal
    :param weights: numbers, as a rule of one sign
    :param unit: smallest amount of the currency
    :return: list of Decimal, one for each weight, in their order
    :raises ValueError: when there is an amount and nothing that could have it

    >>> [str(share) for share in shares(Decimal(10), [1, 1, 1])]
    ['3.33', '3.34', '3.33']
    >>> [str(share) for share in shares(Decimal(-7), [3, 0, 1], unit=Decimal(1))]
    ['-5', '0', '-2']
    """
    weights = [*weights]
    if not weights and amount:
        raise ValueError(f"nothing to split {amount} over")
    whole = sum(weights)
    if not whole:
        weights, whole = [1] * len(weights), len(weights)
    totals = [round_money(amount * part / whole, unit) for part in accumulate(weights)]
    return [total - before for before, total in pairwise([Decimal(0), *totals])]
