"""Letters rendered and kept a second, on one core: one process does it all."""

import time

from devtools.session import odoo_env

from .customers import propose

CUSTOMERS = 100


def measure_letters(dbname):
    """Return a line that tells letters a second, by the clock and by CPU time.

    The first letters, which fill caches, count too. On a busy machine only the CPU time
    of the process tells; it leaves out what PostgreSQL's own process does.
    """
    with odoo_env(dbname) as env:
        notices = propose(env, CUSTOMERS).notice_ids
        env.flush_all()
        clock, cpu = time.perf_counter(), time.process_time()
        notices._freeze_letters()
        env.flush_all()
        clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
        env.cr.rollback()
    return f"letters a second: {CUSTOMERS / clock:.1f}, a CPU second: {CUSTOMERS / cpu:.1f}"
