# isort: skip_file
"""The follow-up of a customer: what is owed, what comes next, how urgent, how the customer pays."""

# in the order in which Odoo has to know them
from . import (
    score_step,
    behavior,
    behavior_refresh,
    case,
    balance,
    call,
    lifecycle,
    next_action,
    priority,
    stage,
    stages,
    tasks,
)
