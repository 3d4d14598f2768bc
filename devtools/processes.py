"""Programs that are started here, and how none of them is left behind.

Everything started carries a mark in its environment with the checkout and the process id
of the command that started it. So what is left of a killed command can be found.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

from .console import DevError, Stopped
from .paths import checkout_key

MARK = "DUNNING_DEV_RUN"


def own_mark():
    """Return the mark of this command."""
    return f"{checkout_key()}:{os.getpid()}"


def unmarked(env=None):
    """Return the environment without the mark, for what outlives this command."""
    return {k: v for k, v in (env or os.environ).items() if k != MARK}


def _mark_of(pid):
    try:
        data = Path("/proc", pid, "environ").read_bytes()
    except OSError:
        return ""
    for entry in data.split(b"\0"):
        if entry.startswith(MARK.encode() + b"="):
            return entry.decode(errors="replace").partition("=")[2]
    return ""


def marked(prefix):
    """Return the ids of the processes whose mark starts with `prefix`, not this one."""
    if not os.path.isdir("/proc/self"):
        return []
    pids = (name for name in os.listdir("/proc") if name.isdigit())
    return [int(p) for p in pids if int(p) != os.getpid() and _mark_of(p).startswith(prefix)]


def _signal(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:  # it ended meanwhile
            continue


def sweep(prefix, patience=10):
    """End the processes marked `prefix`: ask, wait up to `patience` seconds, kill."""
    found = marked(prefix)
    _signal(found, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while marked(prefix) and time.monotonic() < deadline:
        time.sleep(0.1)
    _signal(marked(prefix), signal.SIGKILL)
    return len(found)


def raise_on_signals():
    """Make SIGTERM and SIGHUP end this command the way Ctrl-C does: tidily."""

    def stop(number, frame):
        raise Stopped(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)


def wait(child):
    """Wait for a child; pass on the wish to end. Returns its exit code."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        # the terminal told the child too: give it time to close what it holds
        _finish(child, ask=False)
        raise
    except BaseException:
        _finish(child, ask=True)
        raise


def _finish(child, ask):
    if ask:
        child.terminate()
    try:
        child.wait(15)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()


def run(command, **options):
    """Run a program in the foreground and return its exit code."""
    try:
        child = subprocess.Popen([str(c) for c in command], **options)
    except OSError as error:
        raise DevError(f"{command[0]} cannot be started: {error.strerror}") from error
    return wait(child)


def check(command, failure, **options):
    """Run a program; a failure is told as `failure`, with the end of what it printed."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.STDOUT)
    try:
        child = subprocess.Popen([str(c) for c in command], text=True, **options)
    except OSError as error:
        raise DevError(f"{failure}: {command[0]}: {error.strerror}") from error
    try:
        output = child.communicate()[0] or ""
    except BaseException:
        _finish(child, ask=True)
        raise
    if child.returncode:
        last = [line for line in output.splitlines() if line.strip()][-1:] or ["no message"]
        raise DevError(f"{failure}: {last[0].strip()}")
    return output
