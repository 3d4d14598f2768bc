"""Debts by age: one set of buckets for every list, document and workbook.

An item is as old as the days since its due date. Not due is what has none of them, up to
the due date itself; the other buckets begin on days 1, 31, 61, 91 and 121. No models, no clock.
"""

from bisect import bisect

# First day overdue of each bucket after the first one, which holds what is not due.
STARTS = (1, 31, 61, 91, 121)
COUNT = len(STARTS) + 1


def bucket(days):
    """Return which bucket an item belongs to: 0 for what is not due, 5 for the oldest.

    PostgreSQL has the same as ``width_bucket(days, STARTS)``.

    :param days: since the due date, negative before it

    >>> [bucket(days) for days in (-3, 0, 1, 30, 31, 120, 121)]
    [0, 0, 1, 1, 2, 4, 5]
    """
    return bisect(STARTS, days)


def sums(items):
    """Add up amounts by bucket.

    :param items: pairs of days since the due date, and amount
    :return: list of :data:`COUNT` sums, what is not due first

    >>> sums([(0, 5), (45, 10), (31, 1)])
    [5, 0, 11, 0, 0, 0]
    """
    amounts = [0] * COUNT
    for days, amount in items:
        amounts[bucket(days)] += amount
    return amounts
