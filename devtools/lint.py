"""./dev lint: every check is run, the names of those that failed are told at the end."""

import os
import subprocess
import sys
from pathlib import Path

from . import wheel_check, xml_style
from .console import say, step
from .paths import ADDON_DIR, PROJECT
from .processes import run

BIN = Path(sys.executable).parent
PYTHON = ("dev", "devtools", "bench", "dunning_advanced", "dunning_advanced_queue_job")


def main(only=()):
    """Run the checks, or only those named; return 1 if one failed."""
    if unknown := set(only) - set(CHECKS):
        say(f"dev: no check {', '.join(sorted(unknown))}: there are {', '.join(CHECKS)}")
        return 2
    os.chdir(PROJECT)
    failed = []
    for name in only or CHECKS:
        step(name)
        if not CHECKS[name]():
            failed.append(name)
    say(f"dev: failed: {', '.join(failed)}" if failed else "==> all checks passed")
    return int(bool(failed))


def tracked(*patterns):
    """Return the project's files that match, without what git ignores."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns]
    found = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    names = found.stdout.splitlines()
    if found.returncode:  # not a git checkout
        names = [str(p.relative_to(PROJECT)) for glob in patterns for p in PROJECT.rglob(glob)]
    return sorted(name for name in names if Path(PROJECT, name).is_file())


def _tool(name, *arguments):
    return run([BIN / name, *arguments]) == 0


def _present(names):
    return [name for name in names if Path(PROJECT, name).exists()]


def _pylint():
    # a model has a second file where it speaks of another matter (mail, letter, export);
    # tests/whole/test_house.py sees to it that this has no fields
    spread = "consider-merging-classes-inherited"
    # pylint-odoo asks neither of tests, but takes for tests only what lies in tests/ itself
    only_outside_tests = "odoo-addons-relative-import,translation-required"
    others = [name for name in PYTHON[1:] if name != ADDON_DIR.name]
    return all(
        [
            # what knows Odoo looks at the addon only: a command line may print and commit
            _tool("pylint", f"--disable={spread}", "--ignore=tests", ADDON_DIR),
            _tool("pylint", f"--disable={spread},{only_outside_tests}", ADDON_DIR / "tests"),
            _tool("pylint", "--disable=all", "--enable=too-many-lines", *_present(others)),
        ]
    )


def _po():
    files = tracked("*.po", "*.pot")
    return not files or _tool("oca-checks-po", *files)


def _told(problems):
    for problem in problems:
        say(problem)
    return not problems


CHECKS = {
    "ruff": lambda: _tool("ruff", "check", *_present(PYTHON)),
    "format": lambda: _tool("ruff", "format", "--check", *_present(PYTHON)),
    "pylint": _pylint,
    "oca-module": lambda: _tool("oca-checks-odoo-module", ADDON_DIR),
    "oca-po": _po,
    "xml": lambda: _told([p for f in tracked("*.xml") for p in xml_style.problems(f)]),
    "wheel": lambda: _told(wheel_check.problems()),
}
