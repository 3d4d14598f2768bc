# isort: skip_file
"""A dated execution for a company: what it proposes, what is confirmed, its workbook."""

# in the order in which Odoo has to know them
from . import (
    run,
    export,
    line,
    facts,
    night,
    overview,
)
