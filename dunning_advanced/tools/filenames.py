"""Names of files that every system takes and people can read. No models, no clock."""

import re
import unicodedata

# Not allowed on Windows, or with a meaning of its own somewhere.
FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
LONGEST = 100


def safe(name, extension=""):
    """Return a file name: nothing that is a path, no control characters, not too long.

    >>> safe("INV/2024/0001", "pdf")
    'INV-2024-0001.pdf'
    >>> safe("../../etc/passwd")
    '-..-etc-passwd'
    """
    name = unicodedata.normalize("NFC", name or "")
    name = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in name)
    name = " ".join(FORBIDDEN.sub("-", name).split()).strip(". ")[:LONGEST].strip(". ")
    return f"{name or '-'}.{extension}" if extension else name or "-"


def unique(name, taken):
    """Return the name, with a number where it is taken, whatever its case.

    >>> unique("a.pdf", {"a.pdf", "a (2).pdf"})
    'a (3).pdf'
    """
    stem, dot, extension = name.rpartition(".")
    stem, extension = (stem, dot + extension) if stem else (name, "")
    known = {one.casefold() for one in taken}
    number, candidate = 1, name
    while candidate.casefold() in known:
        number += 1
        candidate = f"{stem} ({number}){extension}"
    return candidate
