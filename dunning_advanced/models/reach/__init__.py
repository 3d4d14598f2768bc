# isort: skip_file
"""How a reminder reaches the customer: channels, deliveries, caps on contacts."""

# in the order in which Odoo has to know them
from . import (
    contract,
    email,
    letter,
    channel,
    addressees,
    delivery,
    contact_cap,
)
