"""Where things are: the project, and the user's cache folder."""

import fcntl
import hashlib
import os
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ADDON = "dunning_advanced"
ADDON_DIR = PROJECT / ADDON


def digest(*parts):
    """Return a short stable name for these strings or bytes."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part if isinstance(part, bytes) else str(part).encode())
        sha.update(b"\0")
    return sha.hexdigest()[:10]


def cache(*parts):
    """Return a path in the user's cache folder; its parent folder exists."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base).absolute().joinpath("dunning_advanced", *parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def checkout_key():
    """Return the name of this checkout, so that several do not fight."""
    return digest(PROJECT)


def work(*parts):
    """Return a path in the part of the cache that belongs to this checkout."""
    return cache("work", checkout_key(), *parts)


@contextmanager
def lock(name):
    """Let one command at a time do this, over all checkouts of this user."""
    with open(cache("locks", name), "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
