"""What has to come from the operating system: a browser, the libraries for PDFs, fonts."""

import ctypes.util
import os
import shutil
from pathlib import Path

from .console import DevError, say, timed
from .processes import check

# the names Odoo's test browser looks for
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
}
# says which characters the fonts have
LISTS_FONTS, LISTS_FONTS_PACKAGE = "fc-list", "fontconfig"
# the letters are set in it: every other font breaks their lines elsewhere
FONT = {"fonts-liberation": "LiberationSans-Regular.*"}
# for names and addresses in other scripts, as the tests have them
SCRIPT_FONTS = {
    "fonts-noto-core": "NotoSansArabic-Regular.*",
    "fonts-noto-cjk": "NotoSansCJK-Regular.*",
    "fonts-thai-tlwg": "Loma.*",
    "fonts-noto-color-emoji": "NotoColorEmoji.*",
}
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", Path.home() / ".local/share/fonts")


def missing(browser=True, scripts=True):
    """Return the Debian packages of the parts that are not there."""
    packages = [p for lib, p in LIBRARIES.items() if not ctypes.util.find_library(lib)]
    if not shutil.which(LISTS_FONTS):
        packages.append(LISTS_FONTS_PACKAGE)
    wanted = {**FONT, **(SCRIPT_FONTS if scripts else {})}
    packages += [package for package, file in wanted.items() if not _found(file)]
    if browser and not any(map(shutil.which, BROWSERS)):
        packages.append("chromium")
    return packages


def _found(file):
    return any(next(Path(folder).rglob(file), None) for folder in FOLDERS)


def ensure(browser=True, required=True, scripts=True):
    """Install the missing parts as root; else say which packages to install."""
    packages = missing(browser, scripts)
    if not packages:
        return
    text = f"system parts are missing: sudo apt-get install {' '.join(packages)}"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _install(packages)
    elif required:
        raise DevError(text)
    else:
        say(f"    ({text}; PDFs and browser tests need them)")


def _install(packages):
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    names = " ".join(packages)
    failure = f"apt-get install {names} failed"
    with timed(f"Installing {names} by apt-get"):
        check(["apt-get", "update", "-q"], failure, env=env)
        check(["apt-get", "install", "-qy", "--no-install-recommends", *packages], failure, env=env)
