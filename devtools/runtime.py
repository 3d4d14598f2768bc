"""Odoo's settings and command line in this environment."""

import os
import shutil
import sys
from pathlib import Path

from . import odoo_source, postgres
from .paths import PROJECT, cache, checkout_key, digest, work
from .processes import run

# Mail of a test or demo must never leave the machine: nothing listens on port 1.
# Limits meant for production would kill long runs (limit_*).
CONFIG = """[options]
addons_path = {project}
data_dir = {data}
http_interface = 127.0.0.1
list_db = False
smtp_server = 127.0.0.1
smtp_port = 1
screenshots = {project}/.dev
limit_memory_soft = 0
limit_memory_hard = 0
limit_time_cpu = 3600
limit_time_real = 3600
limit_time_real_cron = 3600
"""


DATA = "DUNNING_DEV_DATA"
# a socket's path has at most 107 bytes, and Chromium makes one of 40 below this folder
LONGEST_TEMPORARY = 60


def _temporary():
    """Return this command's folder for temporary files."""
    return cache("tmp", f"{checkout_key()[:6]}-{os.getpid()}")


def remove_temporary(everything=False):
    """Remove the temporary files of this command, or of all of this checkout's."""
    pattern = f"{checkout_key()[:6]}-*" if everything else _temporary().name
    for folder in _temporary().parent.glob(pattern):
        shutil.rmtree(folder, ignore_errors=True)


def _keep_inside():
    """Keep what Odoo and Chromium write out of the user's other folders."""
    os.environ["XDG_CONFIG_HOME"] = str(cache("config"))
    os.environ["PYTHONWARNINGS"] = "ignore::DeprecationWarning"  # of Odoo's libraries
    if len(str(_temporary())) <= LONGEST_TEMPORARY:
        _temporary().mkdir(exist_ok=True)
        os.environ["TMPDIR"] = str(_temporary())


def _choose_data():
    """Give each PostgreSQL server its data folder: databases of two may have one name.

    The choice is told to the children, for they see PG* name the embedded server, too.
    """
    server = [os.environ.get(name, "") for name in postgres.NAMES_A_SERVER]
    name = digest(*server) if postgres.external() else "embedded"
    os.environ.setdefault(DATA, str(cache("data", name)))
    data().mkdir(exist_ok=True)


def data(*parts):
    """Return a path in Odoo's data folder."""
    return Path(os.environ[DATA]).joinpath(*parts)


def prepare():
    """Write Odoo's settings and let this process and its children find Odoo."""
    source = odoo_source.find()
    _choose_data()
    config = work("odoo.conf")
    config.write_text(CONFIG.format(project=PROJECT, data=data()))
    inherited = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    ours = [str(source), str(PROJECT)]
    os.environ["PYTHONPATH"] = os.pathsep.join(ours + [p for p in inherited if p not in ours])
    os.environ["ODOO_RC"] = str(config)
    _keep_inside()


def python(*arguments, **options):
    """Run the environment's Python in the foreground and return its exit code."""
    return run([sys.executable, *arguments], **options)


def cli(*arguments, **options):
    """Run Odoo's own command line in the foreground and return its exit code."""
    return python("-m", "odoo", *arguments, **options)
