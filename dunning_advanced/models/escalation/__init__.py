# isort: skip_file
"""What follows the last level: credit hold, hand-over, write-off."""

# in the order in which Odoo has to know them
from . import (
    escalation,
    credit_hold,
    item,
    handover,
    handover_agreements,
    handover_claim,
    handover_file,
    handover_history,
    handover_life,
    writeoff,
    writeoff_life,
)
