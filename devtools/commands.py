"""What the subcommands do once their environment stands."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import (
    databases,
    install_test,
    odoo_suites,
    postgres,
    processes,
    queue_job,
    runtime,
    session,
    system,
)
from .console import DevError, say, step
from .paths import ADDON_DIR, PROJECT, work

DEFAULT_PORT = 8069
START_TIMEOUT = 120
# all tests: on every core, each with a database of its own; the tests of a class stay together
EVERYTHING = ("--numprocesses=logical", "--maxprocesses=4", "--dist=loadscope")


def run(args):
    """Run a subcommand and return its exit code."""
    return COMMANDS[args.command](args)


def setup(args):
    """Install everything, so that the other commands start at once."""
    system.ensure(required=False)
    runtime.prepare()
    with postgres.server():
        databases.check_server()
        for demo in (True, False):
            databases.template(demo)
    step("Ready: ./dev demo, ./dev test")
    return 0


def test(args):
    """Run pytest on the addon, with a database that has it installed."""
    system.ensure()
    runtime.prepare()
    with postgres.server():
        databases.check_server()
        if queue_job.OPTION in args.rest:
            return queue_job.run(args.rest, _pytest)
        if odoo_suites.OPTION in args.rest:
            return odoo_suites.run(args.rest, _port)
        if install_test.OPTION in args.rest:
            return install_test.run(args.rest)
        # without demo data: a test makes what it needs
        prepared = ADDON_DIR / "tests" / "prepared.py"
        dbname, _new = databases.ensure("test", demo=False, finish=_prepare, recipe=[prepared])
        return _pytest(dbname, args.rest or EVERYTHING)


def _prepare(dbname):
    """Keep the accounting set-up that the test classes share in the database."""
    os.environ[session.DATABASE] = dbname
    if runtime.python("-m", "devtools.prepare_tests"):
        raise DevError(f"the database {dbname} could not be prepared for tests")


def _pytest(dbname, arguments):
    # the browser's server on a port of its own: another checkout may be testing, too
    config = work("test.conf")
    settings = Path(os.environ["ODOO_RC"]).read_text()
    config.write_text(f"{settings}http_port = {_port(0)}\n")
    if not postgres.external():
        # Statistics gathered while a test's one transaction still fills the tables ruin plans.
        os.environ["PGOPTIONS"] = "-c track_counts=off"
    # each worker copies the database with PostgreSQL's createdb
    os.environ["PATH"] = f"{postgres.binaries()}{os.pathsep}{os.environ['PATH']}"
    options = ("--odoo-http", f"--odoo-database={dbname}", f"--odoo-config={config}")
    options += ("-p", "devtools.workers")
    return runtime.python("-m", "pytest", *options, *arguments, cwd=PROJECT)


def odoo(args):
    """Run Odoo's own command line."""
    runtime.prepare()
    with postgres.server():
        return runtime.cli(*args.rest)


def bench(args):
    """Run the measurements."""
    _script("bench/main.py")
    runtime.prepare()
    with postgres.server():
        databases.check_server()
        return runtime.python("-m", "bench.main", *args.rest)


def demo(args):
    """Run the demo, or replay a ledger, and serve the web client on the result."""
    purpose = "ledger" if args.ledger else "demo"
    script = _script(f"devtools/{purpose}.py")
    port = None if args.no_serve else _port(args.port)
    arguments = [_existing(args.ledger)] if args.ledger else []
    system.ensure(browser=False, required=False, scripts=False)
    runtime.prepare()
    with postgres.server():
        databases.check_server()
        # a ledger is replayed from its first day, among no other invoices
        fresh = bool(args.ledger or args.reset)
        dbname, new = databases.ensure(purpose, demo=not args.ledger, fresh=fresh)
        os.environ.update({session.DATABASE: dbname, session.FRESH: str(int(new))})
        failed = runtime.python("-m", f"devtools.{script.stem}", *arguments)
        return failed if failed or args.no_serve else _serve(dbname, port)


def _script(name):
    script = PROJECT / name
    if not script.exists():
        raise DevError(f"{name} is missing: the checkout is not complete (git status)")
    return script


def _existing(file):
    path = Path(file).absolute()
    if not path.is_file():
        raise DevError(f"there is no file {file}: name the ledger as a CSV file")
    return path


def _port(wanted):
    """Return the wanted port, any free one for 0, the usual or a free one for None."""
    for port in (DEFAULT_PORT, 0) if wanted is None else (wanted,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise DevError(f"port {wanted} is taken: name another one, or none for a free one")


def _serve(dbname, port):
    log = work("server.log")
    log.unlink(missing_ok=True)
    step("Starting the web client")
    options = (f"--http-port={port}", f"--logfile={log}", f"--db-filter=^{dbname}$")
    server = subprocess.Popen([sys.executable, "-m", "odoo", "server", "-d", dbname, *options])
    try:
        _wait_until_ready(server, port, log)
        say(f"    http://127.0.0.1:{port}/odoo  login: admin  password: admin  (log: {log})")
        say("    Ctrl-C ends it")
    except BaseException:
        server.terminate()
        raise
    finally:
        code = processes.wait(server)
    return code


def _wait_until_ready(server, port, log):
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/web/login", timeout=30):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise DevError(f"the web client does not start: see {log}")


COMMANDS = {"setup": setup, "test": test, "odoo": odoo, "bench": bench, "demo": demo}
