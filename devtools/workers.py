"""For pytest's workers: each has a copy of the database, and here its own copy of the files.

The tests of a class end with the removal of files that their database does not know, which
would be those of the other workers. A plugin of pytest: ``-p devtools.workers``.
"""

import os
import shutil
from pathlib import Path
from unittest import mock

import pytest

WORKER = "PYTEST_XDIST_WORKER"


@pytest.fixture(scope="session", autouse=True)
def own_filestore(load_registry):
    """Give a worker a filestore of its own; load_registry has given it a database."""
    if WORKER not in os.environ:
        yield
        return
    import odoo

    shared = Path(odoo.tools.config.filestore(odoo.tools.config["db_name"]))
    own = shared.with_name(f"{shared.name}-{os.environ[WORKER]}")
    shutil.rmtree(own, ignore_errors=True)
    if shared.exists():
        shutil.copytree(shared, own, copy_function=os.link)  # stored files never change
    with mock.patch.object(odoo.tools.config, "filestore", return_value=str(own)):
        yield
    shutil.rmtree(own, ignore_errors=True)
