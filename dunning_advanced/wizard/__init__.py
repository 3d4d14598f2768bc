from . import (
    base_partner_merge,
    dunning_bulk,
    dunning_call_log,
    dunning_change,
    dunning_explain,
    dunning_interest_calculator,
    dunning_plan,
    dunning_plan_accept,
    dunning_plan_amend,
    dunning_reason,
    dunning_set_level,
    dunning_statement,
)
