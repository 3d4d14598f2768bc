"""Letters rendered and kept a second, on one core: one process does it all."""

import time

from devtools.session import odoo_env

from .customers import propose

CUSTOMERS = 100


def measure_letters(dbname):
    """Return letters a second; the first ones, which fill caches, count too."""
    with odoo_env(dbname) as env:
        notices = propose(env, CUSTOMERS).notice_ids
        env.flush_all()
        start = time.perf_counter()
        notices._freeze_letters()
        env.flush_all()
        seconds = time.perf_counter() - start
        env.cr.rollback()
    return {"letters_per_second": round(CUSTOMERS / seconds, 1)}
