# isort: skip_file
"""What stops dunning: holds with their reasons, and invoices marked as not to be followed up."""

# in the order in which Odoo has to know them
from . import (
    reason,
    hold,
    no_followup,
    partial,
)
