# isort: skip_file
"""Who is reminded when: policies and their levels, follow-up rules, teams."""

# in the order in which Odoo has to know them
from . import (
    policy,
    level,
    rule,
    rule_conditions,
    team,
)
