# isort: skip_file
"""What follows the last level: credit hold, hand-over, write-off."""

# in the order in which Odoo has to know them
from . import (
    escalation,
    credit_hold,
    handover,
    handover_claim,
    handover_evidence,
    handover_file,
    handover_history,
    writeoff,
)
