"""Interest rates by date, in percent a year. No models, no clock."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal


class RateMissingError(LookupError):
    """There is no rate for a day. Rates are never carried on to days they were not set for."""

    def __init__(self, day):
        super().__init__(f"no rate on {day}")
        self.day = day


class RateTooHighError(ValueError):
    """A rate of 100 percent or more is a mistake of typing."""

    def __init__(self, rate):
        super().__init__(f"{rate} percent a year")
        self.rate = rate


@dataclass(frozen=True)
class Rate:
    """A rate from a day to a day, both included."""

    start: date
    end: date
    percent: Decimal


class Rates:
    """Rates of one reference; their periods do not overlap.

    >>> rates = Rates([Rate(date(2024, 1, 1), date(2024, 6, 30), Decimal("4.5"))])
    >>> rates.at(date(2024, 6, 30))
    Decimal('4.5')
    >>> rates.at(date(2024, 7, 1))
    Traceback (most recent call last):
    ...
    odoo.addons.dunning_advanced.tools.rates.RateMissingError: no rate on 2024-07-01
    """

    def __init__(self, rows):
        self.rows = sorted(rows, key=lambda row: row.start)

    def at(self, day):
        """Return the rate of a day.

        :raises RateMissingError: when no row covers the day
        """
        for row in self.rows:
            if row.start <= day <= row.end:
                return row.percent
        raise RateMissingError(day)

    def changes(self, start, end):
        """Return the last days of the rows within a period, where a new segment begins."""
        return [row.end for row in self.rows if start < row.end < end]

    def map(self, change):
        """Return the same periods with other rates."""
        return Rates([Rate(row.start, row.end, change(row.percent)) for row in self.rows])


def constant(percent):
    """Return one rate for all days: fixed by law or contract."""
    return Rates([Rate(date.min, date.max, percent)])


def statutory(reference, margin, multiplier=Decimal(1), step=Decimal(0)):
    """Return the rate of a rule: reference x multiplier + margin, rounded up.

    Margin: Directive 2011/7/EU art. 2 (6). Multiplier: India, MSMED Act 2006 s. 16 (three
    times the bank rate). Rounding up to the next half point: Belgium, Law of 2 August 2002
    art. 5; Finland, Korkolaki 12 § rounds the reference, which is the same for margins of
    whole or half points.

    :param reference: Decimal, percent a year
    :raises RateTooHighError: at 100 percent or more

    >>> statutory(Decimal("3.15"), Decimal(8), step=Decimal("0.5"))
    Decimal('11.5')
    >>> statutory(Decimal("5.5"), Decimal(0), multiplier=Decimal(3))
    Decimal('16.5')
    """
    return checked(round_up(reference * multiplier + margin, step))


def round_up(percent, step):
    """Round a rate up to a multiple of step; 0 leaves it as it is.

    >>> round_up(Decimal("10.01"), Decimal("0.5"))
    Decimal('10.5')
    """
    if not step:
        return percent
    return (percent / step).to_integral_value(ROUND_CEILING) * step


def checked(percent):
    """Return a rate, refused at 100 percent or more."""
    if percent >= 100:
        raise RateTooHighError(percent)
    return percent
