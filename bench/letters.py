"""Letters rendered and kept a second, on one core: one process does it all."""

import time

from devtools.session import odoo_env

from .customers import propose

CUSTOMERS = 100


def measure_letters(dbname):
    """Return a line that tells letters a second; the first, which fill caches, count too."""
    with odoo_env(dbname) as env:
        notices = propose(env, CUSTOMERS).notice_ids
        env.flush_all()
        start = time.perf_counter()
        notices._freeze_letters()
        env.flush_all()
        seconds = time.perf_counter() - start
        env.cr.rollback()
    return f"letters a second: {CUSTOMERS / seconds:.1f}"
