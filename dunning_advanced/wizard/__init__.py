from . import (
    base_partner_merge,
    dunning_explain,
    dunning_interest_calculator,
    dunning_reason,
    dunning_set_level,
    dunning_statement,
)
