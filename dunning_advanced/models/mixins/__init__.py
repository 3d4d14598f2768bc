# isort: skip_file
"""What several models share: batches, fields changed by buttons only, reasons."""

# in the order in which Odoo has to know them
from . import (
    batch,
    company_day,
    guarded,
    labels,
    picked,
    unchecked,
    reason,
)
