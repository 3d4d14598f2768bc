"""The shape of XML files: well-formed, four spaces a level, one newline at the end.

Only the place of a tag that begins its line is judged, never what is inside a text.
"""

from pathlib import Path
from xml.parsers import expat

INDENT = 4


class _Reader:
    """Walks through one file and collects the lines whose indentation is wrong."""

    def __init__(self, lines):
        self.lines, self.found = lines, []
        self.open = []  # per open element: its indentation, None inside of a line
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, _name, _attributes):
        indent = self._indent()
        parent = self.open[-1] if self.open else None
        wanted = 0 if not self.open else None if parent is None else parent + INDENT
        if None not in (indent, wanted) and indent != wanted:
            self._tell(f"indent is {indent}, should be {wanted}")
        self.open.append(indent)

    def _end(self, _name):
        indent, wanted = self._indent(), self.open.pop()
        if None not in (indent, wanted) and indent != wanted:
            self._tell(f"the closing tag's indent is {indent}, should be {wanted}")

    def _indent(self):
        """Return the indentation of the tag here, None if it does not begin its line."""
        line = self.lines[self.parser.CurrentLineNumber - 1]
        column = len(line.encode()[: self.parser.CurrentColumnNumber].decode(errors="ignore"))
        return None if line[:column].strip() else column

    def _tell(self, text):
        self.found.append((self.parser.CurrentLineNumber, text))


def problems(file):
    """Return what is wrong with a file, as lines "file:line: what"."""
    data = Path(file).read_bytes()
    lines = data.decode(errors="replace").split("\n")
    reader = _Reader(lines)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        return [f"{file}:{error.lineno}: not well-formed: {expat.ErrorString(error.code)}"]
    found = reader.found
    found += [(n, "a tab") for n, line in enumerate(lines, 1) if "\t" in line]
    found += [(n, "spaces at the end") for n, line in enumerate(lines, 1) if line != line.rstrip()]
    if not data.endswith(b"\n") or data.endswith(b"\n\n"):
        found.append((len(lines), "the file should end with one newline"))
    return [f"{file}:{number}: {text}" for number, text in sorted(found)]
