# isort: skip_file
"""Interest, fees and charges, the law they follow, and their booking."""

# in the order in which Odoo has to know them
from . import (
    citation,
    bracket,
    kinds,
    charge,
    booking,
    charging,
    fee,
    interest_rule,
    interest_quote,
    law_check,
    reference,
)
