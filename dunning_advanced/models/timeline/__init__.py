# isort: skip_file
"""All that happened with a customer, read from the tables of the other rooms."""

# in the order in which Odoo has to know them
from . import (
    timeline,
    contacts,
    disputes,
    escalation,
    money,
    notices,
    plans,
)
