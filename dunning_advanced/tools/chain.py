"""What went out, hung together so that nothing of it can be changed unseen.

Each entry has a content, which is JSON, a number and two hashes. Whoever has the entries can
repeat all of it with the standard library of Python:

    content  the text as it is kept: objects in the order of their names, no spaces, UTF-8
             (RFC 8785, for there are no fractions in it: amounts are texts)
    digest   sha256(content)
    hash     sha256(f"{hash of the entry before}:{number}:{digest}"), 64 zeros before the first

Changing a content changes its digest, and with it this hash and all that follow.

Source: RFC 8785 (JSON Canonicalization Scheme), FIPS 180-4 (SHA-256).
"""

import hashlib
import json
from typing import NamedTuple

# What stands for the hash before the first entry.
BEGIN = "0" * 64


class Entry(NamedTuple):
    """An entry as it is kept."""

    number: int
    previous: str
    hash: str
    digest: str
    content: str


def canonical(content):
    """Return a content as the one text that stands for it.

    :param content: dict, list, text, whole number, bool or None
    :raises TypeError: for anything that JSON has several ways to write

    >>> canonical({"number": 1, "amount": "10.00", "customer": "Müller"})
    '{"amount":"10.00","customer":"Müller","number":1}'
    """
    _check(content)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _check(content):
    if isinstance(content, dict):
        for name, value in content.items():
            if not isinstance(name, str) or not name.isascii():
                raise TypeError(f"{name!r} is no name for an entry of the chain")
            _check(value)
    elif isinstance(content, list):
        for value in content:
            _check(value)
    elif content is not None and not isinstance(content, (str, int)):
        raise TypeError(f"{content!r} is written in several ways: give it as a text")


def digest(data):
    """Return the SHA-256 of a text (as UTF-8) or of bytes, in hexadecimal digits.

    >>> digest("abc")[:16]
    'ba7816bf8f01cfea'
    """
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def link(previous, number, content_digest):
    """Return the hash of an entry, which no other place in the chain gives it."""
    return digest(f"{previous}:{number}:{content_digest}")


def links(digests, number=0, previous=BEGIN):
    """Yield number, previous hash and hash of entries that are added to a chain.

    :param digests: of the new entries, in their order
    :param number: of the last entry that is there
    :param previous: its hash
    """
    for place, content_digest in enumerate(digests, start=number + 1):
        own = link(previous, place, content_digest)
        yield place, previous, own
        previous = own


def breaks(entries, number=0, previous=BEGIN):
    """Yield the entries that do not fit, each with why: ``content`` (it was changed), ``gap``
    (entries before it are gone), ``previous`` (it does not follow the one before it) or
    ``hash`` (its own is wrong). The first is where the chain is broken; what follows is
    looked at as if the entry were right.

    :param entries: Entry, in the order of their numbers
    :param number: of the entry before them
    :param previous: its hash
    """
    for entry in entries:
        if why := _why(entry, number, previous):
            yield entry, why
        number, previous = entry.number, entry.hash


def _why(entry, number, previous):
    if digest(entry.content) != entry.digest:
        return "content"
    if entry.number != number + 1:
        return "gap"
    if entry.previous != previous:
        return "previous"
    return "hash" if link(previous, entry.number, entry.digest) != entry.hash else None


def difference(frozen, now):
    """Return where something is not as it was frozen, in words, else None.

    What was frozen and is not in ``now`` cannot be asked of it, and is passed over.

    >>> difference({"lines": [{"open": "5.00"}], "by": "x"}, {"lines": [{"open": "6.00"}]})
    'lines 1 open'
    """
    if isinstance(now, dict) and isinstance(frozen, dict):
        parts = ((name, frozen.get(name), value) for name, value in now.items())
    elif isinstance(now, list) and isinstance(frozen, list) and len(now) == len(frozen):
        parts = zip(range(1, len(now) + 1), frozen, now, strict=True)
    else:
        return None if frozen == now else ""
    for name, old, new in parts:
        if (inner := difference(old, new)) is not None:
            return f"{name} {inner}".strip()
    return None
