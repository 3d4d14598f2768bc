# isort: skip_file
"""A reminder from its review to its cancellation: text, charges, e-mail, letter, chain."""

# in the order in which Odoo has to know them
from . import (
    notice,
    review,
    text,
    charges,
    issue,
    cancel,
    leaving,
    email,
    letter,
    chain,
    frozen,
    chain_check,
)
