# isort: skip_file
"""Payment plans: terms, installments, arrears, changes, documents, the customer's page."""

# in the order in which Odoo has to know them
from . import (
    terms,
    plan,
    arrears,
    changes,
    check,
    export,
    installment,
    interest,
    item,
    life,
    mail,
    offer,
    portal,
    sending,
)
