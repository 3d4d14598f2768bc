from . import (
    base_partner_merge,
    dunning_answer,
    dunning_bulk,
    dunning_call_log,
    dunning_change,
    dunning_explain,
    dunning_interest_calculator,
    dunning_reason,
    dunning_rule_test,
    dunning_set_level,
    dunning_statement,
)
