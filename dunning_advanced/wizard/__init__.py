from . import (
    account_move_reversal,
    base_partner_merge,
    dunning_bulk,
    dunning_call_log,
    dunning_change,
    dunning_dispute_answer,
    dunning_explain,
    dunning_interest_calculator,
    dunning_reason,
    dunning_set_level,
    dunning_statement,
)
