"""Seconds, queries and memory of a proposal, next to the floor."""

import resource
import time
from collections import namedtuple
from contextlib import closing

import psycopg2

from devtools.session import odoo_env

from .floor import strip, write_floor
from .ledger import DAY

ROUNDS = 3
TABLES = "dunning_line, dunning_notice, dunning_case, mail_activity"

Rows = namedtuple("Rows", "notices debtors reminded stopped")
Proposal = namedtuple("Proposal", "seconds queries rows")


def measure(dbname, items):
    """Measure the proposal and its floors on a database.

    Best of some rounds each, in turn; everything is rolled back, and the tables are
    vacuumed after every round, so that no round pays for the one before.

    :return: dict of figures
    """
    vacuum(dbname)
    proposals, floors, bare = [], [], []
    with odoo_env(dbname) as env:
        for _round in range(ROUNDS):
            proposals.append(_rolled_back(env, _propose))
            rows = proposals[-1].rows
            floors.append(_rolled_back(env, _time_floor, rows))
            bare.append(_rolled_back(env, _time_bare, rows))
        best = min(proposals)
        return {
            "items": items,
            "seconds": round(best.seconds, 3),
            "floor_seconds": round(min(floors), 3),
            "ratio": round(best.seconds / min(floors), 2),
            "bare_seconds": round(min(bare), 3),
            "bare_ratio": round(best.seconds / min(bare), 2),
            "prices": _prices(env, rows, min(bare)),
            "queries": proposals[-1].queries,
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            **rows._asdict(),
        }


def _rolled_back(env, work, *args):
    try:
        return work(env, _new_run(env), *args)
    finally:
        env.cr.rollback()
        env.invalidate_all()
        vacuum(env.cr.dbname, TABLES)


def _new_run(env):
    run = env["dunning.run"].create({"company_id": env.company.id, "date": DAY})
    env.flush_all()
    return run


def _propose(env, run):
    before = env.cr.sql_log_count
    start = time.perf_counter()
    run._propose()
    env.flush_all()
    seconds = time.perf_counter() - start
    return Proposal(seconds, env.cr.sql_log_count - before, count_rows(env, run))


def _time_floor(env, run, rows):
    start = time.perf_counter()
    write_floor(env, run, rows)
    seconds = time.perf_counter() - start
    written = count_rows(env, run)
    if (written.notices, written.reminded, written.stopped) != (
        rows.notices,
        rows.reminded,
        rows.stopped,
    ):
        raise AssertionError(f"the floor wrote {written}, the proposal {rows}")
    return seconds


def _time_bare(env, run, rows, added=None):
    """Seconds of the floor without foreign keys and indexes but for one.

    :param added: name of that one
    """
    again = strip(env)
    if added:
        env.cr.execute(again[added])
    return _time_floor(env, run, rows)


def _prices(env, rows, bare):
    """What each foreign key and index of a line adds to the bare floor.

    :return: dict of name to share of it
    """
    names = _rolled_back(env, lambda env, _run: list(strip(env)))
    costs = {name: _rolled_back(env, _time_bare, rows, name) for name in names}
    return {name: round(cost / bare - 1, 2) for name, cost in costs.items()}


def count_rows(env, run):
    """Return how many rows of each kind a run has written."""
    env.cr.execute(
        """
        SELECT (SELECT COUNT(*) FROM dunning_notice WHERE run_id = %(run)s),
               (SELECT COUNT(DISTINCT partner_id) FROM dunning_notice WHERE run_id = %(run)s),
               COUNT(notice_id), COUNT(*) - COUNT(notice_id)
          FROM dunning_line WHERE run_id = %(run)s
        """,
        {"run": run.id},
    )
    return Rows(*env.cr.fetchone())


def vacuum(dbname, tables=""):
    """Remove dead rows and refresh the planner's figures, of all tables or of some."""
    with closing(psycopg2.connect(dbname=dbname)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"VACUUM (ANALYZE) {tables}")
