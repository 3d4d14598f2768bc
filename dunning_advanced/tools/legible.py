"""Which characters of a text the fonts of a machine cannot show. No models, no clock."""

import unicodedata

# Formats that letters are set in; what fontconfig lists besides them is not used for PDFs.
FORMATS = ("TrueType", "CFF")
# Blanks, line breaks and marks that steer the layout have no shape of their own.
BLANK = ("Cc", "Cf", "Zl", "Zp", "Zs")
# "Default_Ignorable_Code_Point" of Unicode, as far as other categories have it.
SHAPELESS = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)
# Of Debian, by blocks of Unicode; ``OTHERS`` has nearly all else that is assigned.
PACKAGES = {
    "fonts-noto-cjk": (
        (0x1100, 0x11FF),
        (0x2E80, 0x9FFF),
        (0xA960, 0xA97F),
        (0xAC00, 0xD7FF),
        (0xF900, 0xFAFF),
        (0xFE30, 0xFE4F),
        (0xFF00, 0xFFEF),
    ),
    "fonts-hanazono": ((0x20000, 0x3FFFF),),
    "fonts-thai-tlwg": ((0x0E00, 0x0E7F),),
    "fonts-noto-color-emoji": ((0x1F1E6, 0x1F1FF), (0x1F300, 0x1FAFF)),
}
OTHERS = "fonts-noto-core"
# Whoever reads a message needs no more of them.
NAMED = 10


def covered(listed):
    """What fonts have.

    :param listed: lines of format and hexadecimal ranges, as printed by
        ``fc-list --format '%{fontformat}:%{charset}\\n'``
    :return: set of code points

    >>> sorted(map(chr, covered("TrueType:41-43 e9\\nPCF:78\\n")))
    ['A', 'B', 'C', 'é']
    """
    found = set()
    for line in set(listed.splitlines()):
        kind, _colon, ranges = line.partition(":")
        if kind not in FORMATS:
            continue
        for part in ranges.split():
            first, _dash, last = part.partition("-")
            found.update(range(int(first, 16), int(last or first, 16) + 1))
    return found


def missing(text, coverage):
    """The characters of a text that no font has, each once, in their order.

    A letter with an accent is there as well where its parts are: they are put together.

    :param coverage: set of code points, see :func:`covered`

    >>> missing("Café 東京 東", covered("TrueType:20-7e 301"))
    ['東', '京']
    """
    return [
        char
        for char in dict.fromkeys(unicodedata.normalize("NFC", text))
        if ord(char) not in coverage
        and not _shapeless(char)
        and not _composed(unicodedata.normalize("NFD", char), coverage)
    ]


def packages(chars):
    """The Debian packages of fonts that have these characters, sorted.

    Characters that are nobody's (unassigned, or for private use) are in none.

    >>> packages("บ東")
    ['fonts-noto-cjk', 'fonts-thai-tlwg']
    """
    return sorted(set(filter(None, map(_package, chars))))


def named(chars):
    """Characters and their code points, for people who cannot see them either.

    >>> named("é東")
    'é (U+00E9), 東 (U+6771)'
    """
    told = [f"{char} (U+{ord(char):04X})" for char in chars[:NAMED]]
    return ", ".join(told + (["…"] if len(chars) > NAMED else []))


def _composed(parts, coverage):
    return len(parts) > 1 and all(ord(part) in coverage for part in parts)


def _shapeless(char):
    return unicodedata.category(char) in BLANK or _within(char, SHAPELESS)


def _package(char):
    # First the blocks: they hold what is younger than the Unicode of this Python, too.
    for package, blocks in PACKAGES.items():
        if _within(char, blocks):
            return package
    return OTHERS if unicodedata.category(char) not in ("Cn", "Co") else None


def _within(char, blocks):
    return any(first <= ord(char) <= last for first, last in blocks)
