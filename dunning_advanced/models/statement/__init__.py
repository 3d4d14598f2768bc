# isort: skip_file
"""Statements of account at any date, as PDF, workbook and e-mail."""

# in the order in which Odoo has to know them
from . import (
    accounts,
    statement,
    email,
    export,
)
