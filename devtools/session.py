"""For scripts that work with Odoo's models: devtools/demo.py, ledger.py, bench/main.py.

They run in the environment's interpreter with Odoo configured, PostgreSQL running:

    from devtools.session import database, odoo_env

    with odoo_env(database()) as env:
        env["res.partner"].search_count([])
"""

import os
from contextlib import contextmanager

DATABASE = "DUNNING_DEV_DATABASE"
FRESH = "DUNNING_DEV_FRESH"


def database():
    """Return the database that ./dev demo made for the script."""
    return os.environ[DATABASE]


def is_fresh():
    """Tell whether that database is new, or was used by a script before."""
    return os.environ.get(FRESH) == "1"


def create_database(purpose, demo=False):
    """Make a fresh database with the addon, named after its purpose; return its name."""
    from . import databases

    return databases.ensure(purpose, demo=demo, fresh=True)[0]


@contextmanager
def odoo_env(dbname, log_level="warn"):
    """Give an environment of the superuser on a database; commit when all went well.

    A script may commit in between (env.cr.commit()), for example after each day.
    """
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    options = ["--no-http", "--max-cron-threads=0", f"--log-level={log_level}"]
    config.parse_config(["-d", dbname, *options], setup_logging=True)
    with Registry(dbname).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})
        cr.commit()
