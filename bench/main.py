"""Measures a proposal against the least that PostgreSQL has to do for it, and more.

    ./dev bench [--full] [--peer] [--json FILE] [--keep]
    ./dev bench --plans [--keep]

The ledger is a small seed that Odoo's own populate multiplies to 20,000 and 200,000 open
items, with --full to 1,000,000 too (ledger.py). Each size is measured in a process of its
own: the proposal, and the floors for the same rows (floor.py). --peer compares the proposal
over 20,000 items with OCA's account_credit_control (peer.py). Letters are counted
(letters.py), and e-mails that one and two workers issue and take back (issuing.py). --plans
tells instead which index serves which work (plans.py).
"""

import argparse
import json
import math
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from devtools import databases
from devtools.console import timed
from devtools.session import create_database, odoo_env

from . import behavior, issuing, peer, plans
from .ledger import SIZES, multiply, seed
from .letters import measure_letters
from .measure import measure

COLUMNS = (
    *("items", "debtors", "notices", "seconds", "floor_seconds", "ratio"),
    *("bare_seconds", "bare_ratio", "queries", "peak_mb"),
)
GOALS = (
    "Goals: ratio below 4, bare ratio below 2.5 at 1,000,000 items; exponent about 1 (linear);"
    " the same queries at every size; peak below 500 MB; peer_ratio 60 or more; 10 letters and"
    " 100 e-mails a second; undo of 10,000 below 30 s."
)


def parse():
    """Return the arguments."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measure a proposal.")
    parser.add_argument("--full", action="store_true", help="measure 1,000,000 items too")
    parser.add_argument("--peer", action="store_true", help="compare with account_credit_control")
    parser.add_argument("--plans", action="store_true", help="only show what indexes are for")
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file")
    parser.add_argument("--keep", action="store_true", help="keep the databases")
    return parser.parse_args()


def main():
    """Measure, print the tables and write the figures."""
    args = parse()
    empty = create_database("bench")
    try:
        if args.plans:
            show_plans(empty, args)
            return
        results, lines = measure_all(empty, args)
    finally:
        if not args.keep:
            databases.drop(empty)
    report(results, lines)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(results, file, indent=2)


def measure_all(empty, args):
    """Return the figures of each size, and lines that tell those of letters and e-mails."""
    with copied(empty, "bench_letters", args.keep) as dbname, timed("Measuring letters"):
        lines = [isolated(measure_letters, dbname)]
    lines += measure_emails(empty, args)
    with timed("Writing the seed"):
        isolated(make_seed, empty)
    results = []
    for items in SIZES if args.full else SIZES[:-1]:
        with copied(empty, f"bench_{items}", args.keep) as dbname:
            with timed(f"Multiplying the seed to {items:,} items"):
                isolated(make_size, dbname, items)
            with timed(f"Measuring {items:,} items"):
                results.append(isolated(measure, dbname, items))
            if args.peer and items == SIZES[0]:
                with copied(dbname, "bench_peer", args.keep) as copy, timed("Measuring the peer"):
                    results[0].update(compare(copy, results[0]["seconds"]))
            with timed(f"Measuring payment behavior over {items:,} items"):
                results[-1].update(isolated(behavior.measure_behavior, dbname))
    return results, lines


def measure_emails(empty, args):
    """Return lines that tell what one and two workers issue."""
    notices = issuing.ALL_NOTICES if args.full else issuing.NOTICES
    figures = []
    with copied(empty, "bench_issuing", args.keep) as source:
        with timed(f"Proposing {notices:,} e-mails"):
            run_id = isolated(issuing.make_run, source, notices)
        for workers in (1, 2):
            with (
                copied(source, f"bench_workers_{workers}", args.keep) as dbname,
                timed(f"Issuing {notices:,} e-mails by {workers}, and taking them back"),
            ):
                figures.append(isolated(issuing.measure_issuing, dbname, run_id, workers))
    return issuing.tell(notices, *figures)


def show_plans(empty, args):
    """Print which index serves which work."""
    with timed("Writing the seed"):
        isolated(make_seed, empty)
    with copied(empty, "bench_plans", args.keep) as dbname:
        with timed(f"Multiplying the seed to {plans.ITEMS:,} items"):
            isolated(make_size, dbname, plans.ITEMS)
        with timed("Explaining with each index and without it"):
            plans.report(*isolated(plans.measure_plans, dbname))


def compare(dbname, seconds):
    """Return the figures of the peer next to our seconds."""
    with peer.settings():
        peer.install(dbname)
        figures = isolated(peer.measure_peer, dbname)
    return {**figures, "peer_ratio": round(figures["peer_seconds"] / seconds, 1)}


@contextmanager
def copied(source, purpose, keep):
    """Give the name of a copy of a database, which is dropped after the block."""
    dbname = databases.name(purpose)
    databases.drop(dbname)
    databases.execute(f'CREATE DATABASE "{dbname}" TEMPLATE "{source}"')
    try:
        yield dbname
    finally:
        if not keep:
            databases.drop(dbname)


def isolated(function, *args):
    """Call a function in a process of its own: its memory and its caches are its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def make_seed(dbname):
    """Write the seed into a database."""
    with odoo_env(dbname) as env:
        seed(env)


def make_size(dbname, items):
    """Multiply the seed in a database."""
    with odoo_env(dbname) as env:
        multiply(env, items)


def report(results, lines):
    """Print the figures and how to get them again."""
    for row in [COLUMNS, *([f"{result[name]:,}" for name in COLUMNS] for result in results)]:
        print("".join(f"{cell:>15}" for cell in row))
    print(f"exponent of growth: {exponent(results):.2f}")
    print("What foreign keys and indexes of a line add to the bare floor, in percent of it:")
    for name, share in sorted(results[-1]["prices"].items(), key=lambda pair: -pair[1]):
        print(f"{share:>8.0%}  {name}")
    for result in results:
        if "peer_seconds" in result:
            print(
                "{peer_lines:,} lines and {peer_notices:,} notices of the peer"
                " over {items:,} items: {peer_seconds} s, {peer_ratio} times ours".format(**result)
            )
    print(*map(behavior.tell, results), *lines, GOALS, sep="\n")
    print("Again: ./dev bench --full --peer (half an hour on two cores; nothing else should run)")


def exponent(results):
    """Return the slope from the smallest to the largest size on double logarithmic paper:
    1 is linear, 2 quadratic.
    """
    first, last = results[0], results[-1]
    return math.log(last["seconds"] / first["seconds"]) / math.log(last["items"] / first["items"])


if __name__ == "__main__":
    main()
