"""The level numbers of a policy, one after the other. No models, no clock."""


def rows(levels, repeat_every=0, repeat_max=0):
    """Return the level numbers that an item goes through, repetitions included.

    The wait for a level is its own, else the days between it and the level before. The last
    level is repeated under numbers of their own.

    :param levels: tuples of number, level, days after the due date and days that must lie
        between it and the reminder before (0: none said), by days
    :param repeat_every: days between repetitions of the last level
    :param repeat_max: how many of them
    :return: list of tuples of number, level, days after the due date, days to wait, and which
        repetition of the level it is (0: the first time)

    >>> rows([(1, "soft", 10, 0), (2, "firm", 30, 0)], repeat_every=14, repeat_max=1)
    [(1, 'soft', 10, 0, 0), (2, 'firm', 30, 20, 0), (3, 'firm', 44, 14, 1)]
    """
    ladder = []
    for number, level, days, least in levels:
        distance = days - ladder[-1][2] if ladder else 0
        ladder.append((number, level, days, least or distance, 0))
    for repetition in range(1, repeat_max + 1 if ladder else 1):
        number, level, days, *_rest = ladder[-1]
        ladder.append((number + 1, level, days + repeat_every, repeat_every, repetition))
    return ladder
