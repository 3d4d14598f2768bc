"""Odoo's own tests with the addon and without it, compared.

    ./dev test --odoo-suites [TAGS]

Two databases are made, alike but for the addon. In each, Odoo's own runner runs the tests
of `account`, `account_payment` and `portal`, or those that TAGS selects (what Odoo's
--test-tags takes, for example /account:TestAccountMove). A test that fails only with the
addon is ours to repair, and so is a step of accounting that takes more queries with it
than allowed (query_cost.py).
"""

import argparse
import re
import subprocess
import sys
from collections import Counter

from . import databases, processes, runtime
from .console import DevError, say, timed
from .paths import PROJECT, work
from .tables import table

OPTION = "--odoo-suites"
TAGS = "/account,/account_payment,/portal"
SIDES = ("without", "with")
START = re.compile(r" INFO \S+ odoo\.addons\.(\S+?)\.tests\.(\S+): Starting (\S+) \.\.\.")
SKIP = re.compile(r" INFO \S+ odoo\.addons\.(\S+?)\.tests\.(\S+): skipped (\S+) : ")
FAIL = re.compile(
    r" ERROR \S+ odoo\.addons\.(\S+?)\.tests\.(\S+): (?:FAIL|ERROR): (?:Subtest )?(\S+)"
)
BROKEN = re.compile(r" ERROR \S+ \S+: ERROR: ((?:setUp|tearDown)(?:Class|Module)) \((\S+)\)")
END = re.compile(r"\d+ post-tests in ")


def run(arguments, port):
    """Run the suites in both databases and compare; return the exit code.

    :param port: function that returns a free port
    """
    args = _parse(arguments)
    named = {
        "without": databases.bare("suites_without"),
        "with": databases.ensure("suites_with", demo=False)[0],
    }
    for dbname in named.values():
        _plan_by_index(dbname)
    slower = runtime.python("-m", "devtools.query_cost", *named.values(), cwd=PROJECT)
    with timed(f"Running Odoo's tests {args.tags} with the addon and without it"):
        outcomes = _run_both(named, args.tags, port)
    return int(bool(report(outcomes) or slower))


def _plan_by_index(dbname):
    """Let PostgreSQL use indexes, however small it thinks the tables are.

    Tests roll back what they write, so autovacuum reports empty tables again and again;
    some queries of Odoo, planned for them, take minutes on the rows that are there.
    """
    databases.execute(f'ALTER DATABASE "{dbname}" SET enable_seqscan = off')


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev test", usage=f"./dev test {OPTION} [TAGS]")
    parser.add_argument(OPTION, action="store_true", help="run Odoo's own tests, and compare")
    parser.add_argument("tags", nargs="?", default=TAGS, help=f"default: {TAGS}")
    return parser.parse_args(arguments)


def _run_both(named, tags, port):
    """Return the outcome of each test by side; both run at once, one process each."""
    logs = {side: work(f"odoo-suites-{side}.log") for side in SIDES}
    running = {side: _start(named[side], tags, port(0), logs[side]) for side in SIDES}
    for child in running.values():
        processes.wait(child)
    return {side: outcome(logs[side]) for side in SIDES}


def _start(dbname, tags, port, log):
    options = (f"--test-tags={tags}", f"--http-port={port}", "--stop-after-init")
    command = [sys.executable, "-m", "devtools.odoo_suites", "server", "-d", dbname, *options]
    with open(log, "w") as output:
        return subprocess.Popen(command, cwd=PROJECT, stdout=output, stderr=output)


def outcome(log):
    """Return what became of each test by its name: passed, skipped or failed.

    :param log: path of the log of Odoo's runner
    :raises DevError: when the log does not reach the end of the tests
    """
    results, ended = {}, False
    with open(log, errors="replace") as lines:
        for line in lines:
            ended = ended or bool(END.search(line))
            if found := START.search(line):
                results.setdefault(_name(found), "passed")
            elif found := SKIP.search(line):
                results[_name(found)] = "skipped"
            elif found := FAIL.search(line) or BROKEN.search(line):
                results[_name(found)] = "failed"
    if not ended:
        raise DevError(f"Odoo's tests did not reach their end: see {log}")
    return results


def _name(found):
    """Return a test as TAGS can select it: /module/tests/file.py:Class.method."""
    if found.re is BROKEN:
        return f"{found[2]}.{found[1]}"
    module, file, test = found.groups()
    return f"/{module}/tests/{file.replace('.', '/')}.py:{test}"


def report(outcomes):
    """Print the counts and each test that ends differently; return those worse with us."""
    kinds = ("passed", "failed", "skipped")
    rows = []
    for side in SIDES:
        counts = Counter(outcomes[side].values())
        rows.append([side, len(outcomes[side]), *(counts[kind] for kind in kinds)])
    print("\n".join(table(["addon", *(f">{word}" for word in ("tests", *kinds))], rows)))
    before, after = (outcomes[side] for side in SIDES)
    for name in sorted(name for name in before if before[name] == after.get(name) == "failed"):
        print(f"fails without the addon too: {name}")
    different = sorted(
        name for name in before.keys() | after if before.get(name) != after.get(name)
    )
    for name in different:
        print(f"{before.get(name, 'not run')} without, {after.get(name, 'not run')} with: {name}")
    worse = [name for name in different if before.get(name) == "passed"]
    worse += [name for name in different if after.get(name) == "failed" and name not in worse]
    say(f"{len(worse)} tests are worse with the addon" if worse else "No test is worse")
    return worse


def _serve_tests():
    """Be Odoo's command line, with all tests run on the finished server.

    Odoo runs some tests while a module is loaded, before the modules that depend on it
    are there. Here they too have to see the addon.
    """
    import odoo.cli
    from odoo.tests import loader

    make_suite = loader.make_suite

    def at_the_end(modules, position="at_install"):
        late = position == "post_install"
        return make_suite(modules if late else [], "at_install,post_install")

    loader.make_suite = at_the_end
    odoo.cli.main()


if __name__ == "__main__":
    _serve_tests()
