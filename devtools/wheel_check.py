"""The addon can be packaged, and the package has every file that Odoo reads."""

import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from .console import DevError
from .paths import ADDON, ADDON_DIR, cache
from .processes import check

# they describe the package and are no part of it
LEFT_OUT = {"pyproject.toml"}


def problems():
    """Build the wheel; return what is wrong with it."""
    with tempfile.TemporaryDirectory(dir=cache("tmp").parent) as folder:
        # a copy, because the build tool packs what git knows, and new files may not be there
        source = Path(folder, "source", ADDON)
        shutil.copytree(ADDON_DIR, source, ignore=shutil.ignore_patterns("__pycache__"))
        # the build tool is in this environment already: no download for every check
        options = ("--no-deps", "--no-build-isolation", "-q", "-w", folder)
        command = [sys.executable, "-m", "pip", "wheel", *options, source]
        env = {**os.environ, "GIT_CEILING_DIRECTORIES": folder}
        try:
            check(command, f"{ADDON} cannot be packaged", env=env)
        except DevError as error:
            return [str(error)]
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            packed = set(archive.namelist())
    return [f"the wheel lacks {name}" for name in _files() if _inside(name) not in packed]


def _inside(name):
    return f"odoo/addons/{ADDON}/{name.as_posix()}"


def _files():
    files = (p.relative_to(ADDON_DIR) for p in sorted(ADDON_DIR.rglob("*")) if p.is_file())
    return [f for f in files if f.name not in LEFT_OUT and "__pycache__" not in f.parts]
