"""Decimal amounts, rounded as money is. No models, no clock."""

from decimal import ROUND_HALF_UP, Decimal

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
