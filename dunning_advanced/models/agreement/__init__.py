# isort: skip_file
"""What a customer says: promises to pay and disputes."""

# in the order in which Odoo has to know them
from . import (
    agreement,
    promise,
    dispute,
    dispute_reason,
    dispute_settlement,
)
