"""What the user sees: steps, progress, and failures that say what to do."""

import os
import sys
import time
from contextlib import contextmanager


class DevError(Exception):
    """A failure told in one line that says what to do."""


class Stopped(BaseException):
    """Someone asked this command to end (SIGTERM, SIGHUP)."""


def say(text):
    """Print one line to the user, on stderr: stdout belongs to the results."""
    print(text, file=sys.stderr, flush=True)


def step(text):
    """Announce what is being done now."""
    say(f"==> {text}")


@contextmanager
def timed(text):
    """Announce a step and, when it took a while, how long it took."""
    step(text)
    start = time.monotonic()
    yield
    seconds = time.monotonic() - start
    if seconds >= 1:
        say(f"    done in {seconds:.0f} s")


class Progress:
    """Percent of a download: a moving line on a terminal, quarters elsewhere."""

    def __init__(self, name, total):
        self.name, self.total, self.done, self.shown = name, total, 0, 0
        self.live = sys.stderr.isatty()

    def advance(self, count):
        """Count `count` more bytes."""
        self.done += count
        percent = int(100 * self.done / self.total) if self.total else 0
        if not self.live:  # in a log: quarters of what is large, else only the end
            percent -= percent % (25 if self.total > 2e7 else 100)
        if percent != self.shown:
            self.shown = percent
            self._print(percent)

    def _print(self, percent):
        end = "\r" if self.live and percent < 100 else "\n"
        size = f"{self.total / 1e6:.1f} MB"
        print(f"    {self.name}: {percent:3d} % of {size}", end=end, file=sys.stderr, flush=True)


def debugging():
    """Tell whether the user wants tracebacks (DEV_DEBUG=1)."""
    return os.environ.get("DEV_DEBUG", "") not in ("", "0")
