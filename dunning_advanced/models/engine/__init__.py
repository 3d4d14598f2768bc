# isort: skip_file
"""Decides every open item at a date by one statement of named stages."""

# in the order in which Odoo has to know them
from . import (
    engine,
    credits,
    explanation,
    gates,
    items,
    notices,
    payments,
    policies,
    proposal,
)
