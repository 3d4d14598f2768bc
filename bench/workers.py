"""Measures how many e-mail reminders one and two workers issue in a second.

    ./dev setup, then: python bench/workers.py DATABASE [NOTICES] [options of odoo]

The database must have the addon installed; it is filled and not cleaned up, so give a copy.
Workers are processes of their own that share one queue, as several servers would.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "dunning_advanced" / "tests"))

from process import Process

ITEMS = 3  # of each customer


def measure(workers, count):
    """Seconds that these workers need for so many notices."""
    run_id = workers[0].call("prepare", count, ITEMS)
    workers[0].call("confirm", run_id)
    start = time.perf_counter()
    for worker in workers:
        worker.start("issue")
    for worker in workers:
        worker.answer()
    return time.perf_counter() - start


def main(dbname, count="2000", *options):
    count = int(count)
    with Process(dbname, options) as first, Process(dbname, options) as second:
        first.answer()
        second.answer()
        for worker in (first, second):
            measure([worker], 30)  # warm caches
        one = measure([first], count)
        print(f"one worker:  {count} notices in {one:.1f} s, {count / one:.0f} a second")
        two = measure([first, second], count)
        print(f"two workers: {count} notices in {two:.1f} s, {count / two:.0f} a second")
        print(f"two workers are {one / two:.2f} times as fast as one")


if __name__ == "__main__":
    main(*sys.argv[1:])
