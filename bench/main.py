"""Measures the proposal against the bare SQL floor and against OCA's account_credit_control.

    ./dev bench [--full] [--peer] [--json FILE] [--keep]

The ledger is a small seed that Odoo's populate multiplies to 20,000 and 200,000 open
items, with --full to 1,000,000 too (see ledger.py); the floor is defined in floor.py, the
comparison with the peer in peer.py.
"""

import argparse
import json
import math
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from devtools import databases
from devtools.console import say, step, timed
from devtools.session import create_database, odoo_env

from .ledger import SIZES, multiply, seed
from .measure import measure

COLUMNS = ("items", "debtors", "notices", "seconds", "floor_seconds", "ratio", "queries", "peak_mb")


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measure a proposal.")
    parser.add_argument("--full", action="store_true", help="measure 1,000,000 items too")
    parser.add_argument("--peer", action="store_true", help="compare with account_credit_control")
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file")
    parser.add_argument("--keep", action="store_true", help="keep the databases")
    return parser.parse_args()


def main():
    args = parse()
    with timed("Making the seed ledger"):
        source = create_database("bench")
        isolated(make_seed, source)
    results = []
    for items in SIZES if args.full else SIZES[:-1]:
        results.append(measure_size(source, items, args.keep))
    print_table(results)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(results, file, indent=2)


def isolated(function, *args):
    """Call a function in a process of its own: its memory is its own, its caches are cold."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def make_seed(dbname):
    with odoo_env(dbname) as env:
        seed(env)


def make_size(dbname, items):
    with odoo_env(dbname) as env:
        multiply(env, items)


def measure_size(source, items, keep):
    dbname = databases.name(f"bench_{items}")
    databases.drop(dbname)
    databases.execute(f'CREATE DATABASE "{dbname}" TEMPLATE "{source}"')
    try:
        with timed(f"Measuring {items:,} items"):
            isolated(make_size, dbname, items)
            return isolated(measure, dbname, items)
    finally:
        if not keep:
            databases.drop(dbname)


def print_table(results):
    rows = [COLUMNS, *([f"{result[c]:,}" for c in COLUMNS] for result in results)]
    for row in rows:
        print("".join(f"{cell:>15}" for cell in row))


if __name__ == "__main__":
    main()
