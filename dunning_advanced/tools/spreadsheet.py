"""Tables in an XLSX workbook: typed cells, frozen header, filter. No models, no clock."""

from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import xlsxwriter

# Excel cannot hold more rows in a sheet; one is the header.
MAX_ROWS = 1_048_575
WIDTHS = {"text": 18, "date": 11, "int": 8, "amount": 14}
LONGEST_CELL = 32_767


@dataclass(frozen=True)
class Column:
    """One column: its title, and whether it holds text, date, int or amount."""

    title: str
    kind: str = "text"
    width: int = 0


@dataclass(frozen=True)
class Amount:
    """Money in a cell, shown with the decimals of its currency."""

    value: float
    digits: int = 2


class Sheet:
    """One worksheet; rows go in from top to bottom and cannot be changed again."""

    def __init__(self, book, name, columns):
        self.book = book
        self.page = book.file.add_worksheet(name)
        self.columns = columns
        self.row = 0
        for index, column in enumerate(columns):
            self.page.set_column(index, index, column.width or WIDTHS[column.kind])

    def header(self, columns=None):
        """Write the titles of the columns in bold."""
        for index, column in enumerate(columns or self.columns):
            self.page.write_string(self.row, index, column.title, self.book.bold)
        self.row += 1

    def add(self, values):
        """Write one row; None and empty text leave a cell empty."""
        for index, (column, value) in enumerate(zip(self.columns, values, strict=True)):
            if not (value is None or value is False or value == ""):
                getattr(self, f"_write_{column.kind}")(index, value)
        self.row += 1

    def skip(self):
        """Leave one row empty."""
        self.row += 1

    def table(self, rows):
        """Fill the sheet with one table that can be filtered, its header always in view."""
        self.header()
        for values in rows:
            self.add(values)
        self.page.freeze_panes(1, 0)
        self.page.autofilter(0, 0, max(self.row - 1, 1), len(self.columns) - 1)

    # A text that begins with = or @ must never become a formula: write_string.
    def _write_text(self, index, value):
        self.page.write_string(self.row, index, str(value)[:LONGEST_CELL])

    def _write_date(self, index, value):
        self.page.write_datetime(self.row, index, value, self.book.date)

    def _write_int(self, index, value):
        self.page.write_number(self.row, index, value)

    def _write_amount(self, index, money):
        value = round(money.value, money.digits)
        self.page.write_number(self.row, index, value, self.book.money(money.digits))


class Book:
    """The workbook; rows go to disk as they come, so its size costs no memory."""

    def __init__(self, output):
        options = {"constant_memory": True, "remove_timezone": True}
        self.file = xlsxwriter.Workbook(output, options)
        self.bold = self.file.add_format({"bold": True, "bottom": 1})
        # 14 is the short date as the reader's own computer writes it
        self.date = self.file.add_format({"num_format": 14, "align": "left"})
        self._money = {}

    def sheet(self, name, columns):
        """Begin a worksheet with these columns."""
        return Sheet(self, name, columns)

    def money(self, digits):
        """The number format of amounts with so many decimals."""
        if digits not in self._money:
            decimals = f".{'0' * digits}" if digits else ""
            self._money[digits] = self.file.add_format({"num_format": f"#,##0{decimals}"})
        return self._money[digits]


@contextmanager
def workbook():
    """Give a :class:`Book` and the buffer that holds the file afterwards."""
    output = BytesIO()
    book = Book(output)
    yield book, output
    book.file.close()
