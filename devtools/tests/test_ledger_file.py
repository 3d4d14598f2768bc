"""Bad ledgers are refused with the lines that are wrong."""

from datetime import date
from decimal import Decimal

import pytest

from devtools.ledger_file import LedgerError, parse, read

TITLES = (
    "countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,"
    "Disputed,SettledDate,PaperlessBill,DaysToSettle,DaysLate"
)
GOOD = "391,A-1,4/6/2013,0001,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0"


def row(**changes):
    """A good row with some values changed."""
    values = dict(zip(TITLES.split(","), GOOD.split(","), strict=True), **changes)
    return ",".join(values.values())


def test_good_rows_come_by_date():
    later = row(
        invoiceNumber="0002",
        InvoiceDate="1/3/2013",
        PaperlessBill="Electronic",
        Disputed="Yes",
        SettledDate="",
    )
    second, first = parse([TITLES, later, GOOD])[::-1]
    assert (first.number, first.line, first.customer) == ("0001", 3, "A-1")
    assert (first.date, first.due) == (date(2013, 1, 2), date(2013, 2, 1))
    assert first.amount == Decimal("55.94")
    assert first.settled == date(2013, 1, 15)
    assert not first.disputed and not first.paperless
    assert second.disputed and second.paperless and second.settled is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"InvoiceDate": "13/2/2013"}, "line 2: InvoiceDate “13/2/2013” is not a date"),
        ({"InvoiceDate": ""}, "line 2: InvoiceDate “” is not a date"),
        ({"DueDate": "2013-02-01"}, "line 2: DueDate “2013-02-01” is not a date"),
        ({"DueDate": "1/1/2013"}, "line 2: DueDate 1/1/2013 is before the InvoiceDate"),
        ({"SettledDate": "soon"}, "line 2: SettledDate “soon” is not a date"),
        ({"SettledDate": "1/1/2013"}, "line 2: SettledDate 1/1/2013 is before"),
        ({"InvoiceAmount": "12x"}, "line 2: InvoiceAmount “12x” is not an amount"),
        ({"InvoiceAmount": "-5"}, "line 2: InvoiceAmount “-5” is not an amount above zero"),
        ({"InvoiceAmount": "NaN"}, "line 2: InvoiceAmount “NaN” is not an amount above zero"),
        ({"InvoiceAmount": "1.005"}, "line 2: InvoiceAmount “1.005” has more than two decimals"),
        ({"customerID": " "}, "line 2: customerID is empty"),
        ({"invoiceNumber": ""}, "line 2: invoiceNumber is empty"),
        ({"Disputed": "maybe"}, "line 2: Disputed “maybe” is neither No nor Yes"),
        ({"PaperlessBill": "Fax"}, "line 2: PaperlessBill “Fax” is neither Paper nor Electronic"),
        ({"DaysLate": "0,7"}, "line 2: more values than columns"),
    ],
)
def test_a_bad_value_is_told_with_its_line(changes, told):
    with pytest.raises(LedgerError) as error:
        parse([TITLES, row(**changes)])
    assert told in str(error.value)


def test_missing_columns_are_named():
    with pytest.raises(LedgerError, match="line 1: missing columns: DueDate, Disputed"):
        parse([TITLES.replace(",DueDate", "").replace(",Disputed", ""), GOOD])


def test_a_short_row_is_told():
    with pytest.raises(LedgerError, match="line 3: fewer values than columns"):
        parse([TITLES, GOOD, "391,A-2"])


def test_a_number_twice_is_told_with_both_lines():
    with pytest.raises(LedgerError, match="line 3: invoiceNumber 0001 is on line 2 already"):
        parse([TITLES, GOOD, row(customerID="B-2")])


def test_all_problems_are_told_but_not_endlessly():
    rows = [row(invoiceNumber=str(n), InvoiceAmount="x") for n in range(50)]
    with pytest.raises(LedgerError) as error:
        parse([TITLES, *rows])
    lines = str(error.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 30 more problems"


def test_an_empty_file_is_told():
    with pytest.raises(LedgerError, match="missing columns"):
        parse([])
    with pytest.raises(LedgerError, match="no invoice"):
        parse([TITLES])


def test_a_file_in_another_encoding_is_told(tmp_path):
    file = tmp_path / "ledger.csv"
    file.write_bytes(f"{TITLES}\n{row(customerID='Ärger')}".encode("latin-1"))
    with pytest.raises(LedgerError, match="not UTF-8"):
        read(file)
    with pytest.raises(LedgerError, match="cannot be read"):
        read(tmp_path / "none.csv")
