"""One scheduled action does the night work of each company; those of its parts go."""

from odoo import SUPERUSER_ID, api

PARTS = (
    "behavior",
    "close",
    "credit_holds",
    "disputes",
    "handovers",
    "judge",
    "plans",
    "propose",
    "rates",
    "review_blocked",
    "review_holds",
)


def migrate(cr, version):
    """Delete the scheduled actions that the night work took over."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for part in PARTS:
        cron = env.ref(f"dunning_advanced.ir_cron_{part}", raise_if_not_found=False)
        if cron:
            cron.unlink()
