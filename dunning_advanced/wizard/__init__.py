# isort: skip_file
# in the order in which Odoo has to know them
from . import (
    explanation_mixin,
    notice_change,
    reason,
    account_move_reversal,
    base_partner_merge,
    call_log,
    chain_check,
    dispute_answer,
    escalate,
    explain,
    interest_calculator,
    plan,
    rule_test,
    set_level,
    statement,
)
