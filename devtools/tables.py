"""Aligned text for results on stdout."""

import unicodedata


def table(titles, rows):
    """Return the lines of a table; a title that begins with > is aligned to the right."""
    right = [title.startswith(">") for title in titles]
    cells = [[title.lstrip(">") for title in titles], *[[str(v) for v in row] for row in rows]]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(_pad(*cell) for cell in zip(row, widths, right, strict=True)).rstrip()
        for row in cells
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _pad(text, width, right):
    fill = " " * (width - _width(text))
    return fill + text if right else text + fill


def _width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
