from . import (
    base_partner_merge,
    dunning_bulk,
    dunning_call_log,
    dunning_change,
    dunning_escalate,
    dunning_explain,
    dunning_interest_calculator,
    dunning_reason,
    dunning_reason_escalate,
    dunning_set_level,
    dunning_statement,
)
