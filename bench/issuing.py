"""E-mail reminders confirmed and issued a second, by one and by two workers, and how long
it takes to take them all back.

An e-mail is issued with all that belongs to it: gates asked again, number, frozen text,
outgoing mail, delivery. Workers are processes of their own that share the queue, as the
scheduled actions of several servers do. CPU is that of Odoo and of its connections to
PostgreSQL; it tells more than the clock on a machine that does other work, too.
"""

import sys
from contextlib import ExitStack

from odoo import fields

from devtools.paths import ADDON_DIR
from devtools.session import odoo_env

from .customers import propose
from .measure import vacuum

# what the tests of crashes use; they are a package inside of Odoo only
sys.path.insert(0, str(ADDON_DIR / "tests"))
from process import Process

NOTICES, ALL_NOTICES = 2_000, 10_000


def make_run(dbname, notices):
    """Propose a run of so many notices in a database; return its id."""
    with odoo_env(dbname) as env:
        run_id = propose(env, notices, fields.Date.today()).id
    vacuum(dbname)
    return run_id


def measure_issuing(dbname, run_id, workers):
    """Confirm a run, have so many workers issue it, and take it back.

    :return: dict of seconds
    """
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(dbname)) for _number in range(workers)]
        for process in processes:
            process.answer()  # ready
        confirmed = processes[0].call("time_confirm", run_id)
        for process in processes:
            process.start("issue")
        issued = [process.answer() for process in processes]
        undone = processes[0].call("time_undo", run_id)
    return {
        "wall": confirmed["wall"] + max(each["wall"] for each in issued),
        "cpu": confirmed["cpu"] + sum(each["cpu"] for each in issued),
        "undo_wall": undone["wall"],
        "undo_cpu": undone["cpu"],
    }


def tell(notices, one, two):
    """Return lines that tell the figures of one and of two workers."""
    rate = "{} worker{} confirmed and issued {:,} e-mails: {:.0f} a second, {:.0f} a second of CPU"
    return [
        rate.format(label, plural, notices, notices / figures["wall"], notices / figures["cpu"])
        for label, plural, figures in (("one", "", one), ("two", "s", two))
    ] + [
        f"two workers are {one['wall'] / two['wall']:.2f} times as fast as one",
        "taking the run of {:,} back: {:.1f} s, {:.1f} s of CPU".format(
            notices, one["undo_wall"], one["undo_cpu"]
        ),
    ]
