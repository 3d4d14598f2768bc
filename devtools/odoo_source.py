"""Where Odoo 19 comes from."""

import os
import re
import shutil
from pathlib import Path

from . import debian
from .console import DevError, step, timed
from .paths import cache, digest, lock
from .processes import run

SERIES = "19.0"
REPOSITORY = "https://github.com/odoo/odoo"
IN_PACKAGE = "usr/lib/python3/dist-packages"
# The package links to these libraries and fonts instead of bringing its own copies.
# Font Awesome 4.7 is what Odoo uses; unstable is further.
WANTED = {
    "unstable": (
        "odoo-19",
        "libjs-jquery",
        "libjs-jquery-form",
        "libjs-underscore",
        "fonts-inconsolata",
        "fonts-montserrat",
        "fonts-roboto-unhinted",
    ),
    "bookworm": ("fonts-font-awesome",),
}
# Debian leaves out this library (it blurs the camera's background in calls), but not the
# line that puts it into the web client, which then reports an error on every page.
LEFT_OUT = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
# what ./dev hands to itself when it goes on in its own environment
IMPORTABLE = "DUNNING_DEV_IMPORTABLE_ODOO"


def series(folder):
    """Return the series ("19.0") of the Odoo whose package `odoo` is in `folder`."""
    try:
        text = Path(folder, "odoo", "release.py").read_text()
    except OSError:
        return None
    found = re.search(r"^version_info = \((\d+), (\d+)", text, re.MULTILINE)
    return "{}.{}".format(*found.groups()) if found else None


def find():
    """Return the folder to put on PYTHONPATH so that `import odoo` is Odoo 19."""
    return _from_home() or _from_import() or _from_cache() or _download()


def _from_home():
    home = os.environ.get("ODOO_HOME")
    if not home:
        return None
    for folder in (Path(home), Path(home, IN_PACKAGE)):
        if series(folder) == SERIES:
            return folder.resolve()
    raise DevError(f"ODOO_HOME ({home}) has no Odoo {SERIES}: correct it or unset it")


def _from_import():
    """Give the importable Odoo a folder of its own: its neighbors are not ours."""
    package = os.environ.get(IMPORTABLE)
    if not package or series(Path(package).parent) != SERIES:
        return None
    links = cache("odoo", f"links-{digest(package)}")
    links.mkdir(exist_ok=True)
    if not (links / "odoo").exists():
        (links / "odoo").unlink(missing_ok=True)
        (links / "odoo").symlink_to(package)
    return links


def _cached():
    yield cache("odoo", "debian") / IN_PACKAGE
    yield cache("odoo", "git")


def _from_cache():
    return next((f for f in _cached() if series(f) == SERIES), None)


def _download():
    with lock("odoo"):
        if folder := _from_cache():  # another command was quicker
            return folder
        if not _from_debian() and not _from_git():
            raise DevError(
                f"Odoo {SERIES} cannot be downloaded, neither from Debian nor by git:"
                " check the network, or set ODOO_HOME to a copy of it"
            )
    return _from_cache()


def _fresh(name):
    folder = cache("odoo", name)
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _from_debian():
    target, draft = cache("odoo", "debian"), _fresh("debian.part")
    with timed(f"Getting Odoo {SERIES} from Debian's package odoo-19"):
        if not debian.install(draft, WANTED):
            return False
    if broken := dangling(draft / IN_PACKAGE / "odoo/addons/web"):
        raise DevError(f"the package odoo-19 links to {broken[0]}, which is missing: set ODOO_HOME")
    _fill_in(draft / IN_PACKAGE / LEFT_OUT)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    return True


def _fill_in(file):
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("/* left out by Debian; not needed here */\n")


def dangling(folder):
    """Return the links below `folder` whose target is missing."""
    return [p for p in Path(folder).rglob("*") if p.is_symlink() and not p.exists()]


def _from_git():
    if not shutil.which("git"):
        return False
    draft = _fresh("git.part")
    step(f"Cloning Odoo {SERIES} (some 500 MB)")
    if run(["git", "clone", "--progress", "--depth=1", f"--branch={SERIES}", REPOSITORY, draft]):
        return False
    draft.rename(cache("odoo", "git"))
    return True
