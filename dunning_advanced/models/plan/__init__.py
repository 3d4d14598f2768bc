# isort: skip_file
"""Payment plans: terms, installments, arrears, changes, documents, the customer's page."""

# in the order in which Odoo has to know them
from . import (
    terms,
    plan,
    arrears,
    changes,
    checks,
    export,
    hold,
    installment,
    interest,
    item,
    portal,
    sending,
)
