"""The Python environments: one for Odoo and the tests, one for the lint tools."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from .console import DevError, timed
from .paths import cache, digest, lock
from .processes import check, run

HERE = Path(__file__).parent
# .complete is written last: a folder without it is the rest of an interrupted setup
COMPLETE = ".complete"


def location(name):
    """Return the folder of an environment: by Python version and by its requirements."""
    requirements = (HERE / f"{name}.txt").read_bytes()
    version = "{}.{}".format(*sys.version_info[:2])
    return cache("envs", f"{name}-py{version}-{digest(requirements, sys.base_prefix)}")


def ensure(name="requirements"):
    """Create the environment `name` where it is missing; return its Python."""
    folder = location(name)
    python = folder / "bin" / "python"
    if not (folder / COMPLETE).exists():
        with lock(folder.name):
            if not (folder / COMPLETE).exists():
                _create(folder, python, HERE / f"{name}.txt")
    return python


def _create(folder, python, requirements):
    shutil.rmtree(folder, ignore_errors=True)
    with timed(f"Creating a Python environment in {folder}"):
        try:
            venv.create(folder, with_pip=True)
        except (subprocess.CalledProcessError, OSError) as error:
            raise DevError(
                "Python's venv does not work here: install it (apt-get install python3-venv)"
            ) from error
    with timed(f"Installing Python packages ({requirements.name})"):
        _install(python, requirements)
    (folder / COMPLETE).touch()


def _install(python, requirements):
    index = _index(python)
    uv = [python.parent / "uv", "pip", "install", "--python", python]
    uv += ["--default-index", index] if index else []
    uv += [] if sys.stderr.isatty() else ["--quiet"]
    try:
        check([python, "-m", "pip", "install", "-q", "uv"], "uv is not available")
        fast = run([*uv, "-r", requirements]) == 0
    except DevError:
        fast = False
    # pip is slower, but knows every setting that a company may have made for it
    if not fast and run([python, "-m", "pip", "install", "-r", requirements]):
        raise DevError(
            "the Python packages cannot be installed: check the network and pip's settings,"
            " then run ./dev setup again"
        )


def _index(python):
    """Return the package index that pip is set to use, for uv has settings of its own."""
    command = [python, "-m", "pip", "config", "get", "global.index-url"]
    found = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    return os.environ.get("PIP_INDEX_URL") or found.stdout.strip()


def importable_odoo():
    """Return where the `odoo` that this very interpreter can import lies, or None."""
    import importlib.util

    spec = importlib.util.find_spec("odoo")
    places = list(spec.submodule_search_locations or []) if spec else []
    return next((p for p in places if Path(p, "release.py").is_file()), None)
