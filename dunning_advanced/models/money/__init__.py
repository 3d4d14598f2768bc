# isort: skip_file
"""Interest, fees and charges, the law they follow, and their booking."""

# in the order in which Odoo has to know them
from . import (
    citation,
    bracket,
    charge,
    booking,
    charging,
    charging_facts,
    charging_interest,
    fee,
    fee_charge,
    interest_rule,
    interest_quote,
    interest_tier,
    law_check,
    reference,
)
