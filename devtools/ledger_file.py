"""Reading a ledger of real receivables from a CSV file. Pure: no Odoo, no clock."""

import csv
from dataclasses import dataclass
from datetime import date as Date, datetime
from decimal import Decimal, InvalidOperation

COLUMNS = (
    "customerID",
    "invoiceNumber",
    "InvoiceDate",
    "DueDate",
    "InvoiceAmount",
    "Disputed",
    "SettledDate",
    "PaperlessBill",
)
SHOWN = 20


class LedgerError(Exception):
    """The file cannot be taken; each line of the text says where and why."""


@dataclass(frozen=True)
class Invoice:
    """One line of the ledger."""

    line: int
    customer: str
    number: str
    date: Date
    due: Date
    amount: Decimal
    disputed: bool
    settled: Date | None
    paperless: bool


def read(path):
    """Return the invoices of a ledger, in the order of their dates.

    :raises LedgerError: with every line that is wrong, up to a readable number
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return parse(file)
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LedgerError(f"{path} is not UTF-8 text: save it as CSV UTF-8") from error


def parse(lines):
    """Return the invoices of the lines of a CSV file, see :func:`read`."""
    reader = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise LedgerError(f"line 1: missing columns: {', '.join(missing)}")
    invoices, problems, seen = [], [], {}
    try:
        for row in reader:
            invoice = _invoice(row, reader.line_num, problems)
            first = seen.setdefault(row["invoiceNumber"], reader.line_num)
            if first != reader.line_num:
                problems.append(
                    f"line {reader.line_num}: invoiceNumber {row['invoiceNumber']} "
                    f"is on line {first} already"
                )
            invoices.append(invoice)
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    if not invoices and not problems:
        problems.append("line 2: there is no invoice in the file")
    _raise(problems)
    return sorted(invoices, key=lambda invoice: (invoice.date, invoice.line))


def _raise(problems):
    if problems:
        rest = len(problems) - SHOWN
        more = [f"and {rest} more problems"] if rest > 0 else []
        raise LedgerError("\n".join([*problems[:SHOWN], *more]))


def _invoice(row, line, problems):
    """The invoice of a row, or None; what is wrong is added to the problems."""
    before = len(problems)

    def value(name, convert, *rest):
        text = (row[name] or "").strip()
        try:
            return convert(text, *rest)
        except ValueError as error:
            problems.append(f"line {line}: {name} {error}")
            return None

    if None in row or None in row.values():
        problems.append(f"line {line}: {'more' if None in row else 'fewer'} values than columns")
        return None
    invoice = Invoice(
        line=line,
        customer=value("customerID", _filled),
        number=value("invoiceNumber", _filled),
        date=value("InvoiceDate", _date),
        due=value("DueDate", _date),
        amount=value("InvoiceAmount", _amount),
        disputed=value("Disputed", _choice, "No", "Yes"),
        settled=value("SettledDate", lambda text: _date(text) if text else None),
        paperless=value("PaperlessBill", _choice, "Paper", "Electronic"),
    )
    if len(problems) == before:
        for name, day in (("DueDate", invoice.due), ("SettledDate", invoice.settled)):
            if day and day < invoice.date:
                problems.append(f"line {line}: {name} {row[name]} is before the InvoiceDate")
    return invoice


def _filled(text):
    if not text:
        raise ValueError("is empty")
    return text


def _date(text):
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007
    except ValueError:
        raise ValueError(f"“{text}” is not a date like 12/31/2013 (month/day/year)") from None


def _amount(text):
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"“{text}” is not an amount like 1234.50") from None
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"“{text}” is not an amount above zero")
    if amount != round(amount, 2):
        raise ValueError(f"“{text}” has more than two decimals")
    return amount


def _choice(text, no, yes):
    if text not in (no, yes):
        raise ValueError(f"“{text}” is neither {no} nor {yes}")
    return text == yes
