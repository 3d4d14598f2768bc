"""Scoring: facts become points by steps, points become a class. Pure.

A scoring has terms. Each term looks at one fact and has steps: pairs of a threshold and
points. The fact gets the points of the highest step that it reaches, none below the first.

    >>> points(14.9, [(5, 10), (15, 20)])
    10
    >>> points(15, [(5, 10), (15, 20)])
    20
    >>> points(None, [(0, 10)])
    0
    >>> grade(31, {"A": 0, "B": 10, "C": 30})
    'C'
"""

# Of payment behavior, the best first.
CLASSES = "ABCDE"


def points(value, steps):
    """Return the points of a fact.

    :param value: number; None where there is nothing to score
    :param steps: (threshold, points) in any order
    """
    reached = [step for step in steps if value is not None and value >= step[0]]
    return max(reached)[1] if reached else 0


def grade(total, bounds):
    """Return the class of a sum of points.

    :param bounds: dict of class to the points from which it begins; classes sort as letters
    """
    return max((name for name, first in bounds.items() if total >= first), default=min(bounds))
