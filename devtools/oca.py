"""Addons of the Odoo Community Association, got from PyPI without what they depend on:
that is Odoo, which is here already.
"""

import os
import shutil
import sys
from contextlib import contextmanager
from unittest.mock import patch

from . import processes
from .paths import PROJECT, cache, digest, lock, work


def get(*packages):
    """Return the folder with these packages (NAME==VERSION); get them where missing."""
    folder = cache("oca", digest(*packages))
    with lock(f"oca-{folder.name}"):
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder]
            processes.check([*pip, *packages], f"{packages[0]} cannot be installed")
            (folder / ".complete").touch()
    return folder


@contextmanager
def settings(purpose, folder):
    """Let Odoo find the addons of a folder, and Python the rest of it, inside the block."""
    config = work(f"odoo-{purpose}.conf")
    with open(os.environ["ODOO_RC"]) as ours:
        lines = [line for line in ours if not line.startswith("addons_path")]
    config.write_text("".join([*lines, f"addons_path = {PROJECT},{folder / 'odoo/addons'}\n"]))
    path = f"{os.environ['PYTHONPATH']}{os.pathsep}{folder}"
    with patch.dict(os.environ, ODOO_RC=str(config), PYTHONPATH=path):
        yield
