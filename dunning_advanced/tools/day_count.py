"""Days and parts of a year between two dates, as contracts and laws count them.

A period runs from the day after ``start`` to ``end``, both as dates: BGB 187 (1) and 188,
Regulation (EEC, Euratom) 1182/71 art. 3. So it has ``end - start`` days, and adjoining
periods add up. No models, no clock.
"""

from datetime import date
from decimal import Decimal

ACT_365 = "act_365"
ACT_360 = "act_360"
ACT_ACT = "act_act"
THIRTY_360 = "30_360"


def days(basis, start, end):
    """Return the number of interest days of a period.

    30/360 is the European method (30E/360, ISDA 2006 section 4.16 (g)): every month has
    30 days, the 31st counts as the 30th.

    >>> days(ACT_365, date(2024, 11, 30), date(2025, 3, 31))
    121
    >>> days(THIRTY_360, date(2024, 11, 30), date(2025, 3, 31))
    120
    """
    if basis == THIRTY_360:
        return _day_360(end) - _day_360(start)
    return (end - start).days


def fraction(basis, start, end):
    """Return the period as a part of a year.

    act/365: days / 365 (ISDA 2006 section 4.16 (d)). act/360: days / 360 (4.16 (e)).
    act/act: the days of each calendar year by its own length, 365 or 366 (4.16 (b)).
    30/360: days / 360.

    >>> fraction(ACT_ACT, date(2023, 12, 31), date(2024, 12, 31))
    Decimal('1')
    """
    if basis == ACT_ACT:
        return _fraction_actual(start, end)
    length = 365 if basis == ACT_365 else 360
    return Decimal(days(basis, start, end)) / length


def half_year(day):
    """Return the first and the last day of the half-year of a day.

    >>> half_year(date(2024, 7, 1))
    (datetime.date(2024, 7, 1), datetime.date(2024, 12, 31))
    """
    if day.month < 7:
        return date(day.year, 1, 1), date(day.year, 6, 30)
    return date(day.year, 7, 1), date(day.year, 12, 31)


def next_half_year(day):
    """Return the first and the last day of the half-year after that of a day.

    >>> next_half_year(date(2024, 7, 1))
    (datetime.date(2025, 1, 1), datetime.date(2025, 6, 30))
    """
    if day.month < 7:
        return half_year(date(day.year, 7, 1))
    return half_year(date(day.year + 1, 1, 1))


def _day_360(day):
    return day.year * 360 + day.month * 30 + min(day.day, 30)


def _fraction_actual(start, end):
    total = Decimal(0)
    for year in range(start.year, end.year + 1):
        first, last = date(year - 1, 12, 31), date(year, 12, 31)
        part = (min(end, last) - max(start, first)).days
        total += Decimal(part) / (last - first).days
    return total
