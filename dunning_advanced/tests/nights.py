"""The scheduled work of the addon, called by what it does, at any hour."""

from odoo import SUPERUSER_ID, api

from odoo.addons.dunning_advanced.models.run.night import Step

STEPS = {
    "plans": ("dunning.payment.plan", "_night_follow"),
    "judge": ("dunning.promise", "_night_judge"),
    "disputes": ("dunning.dispute", "_night_settle"),
    "behavior": ("dunning.behavior", "_night_refresh"),
    "propose": ("dunning.run", "_night_propose"),
    "close": ("dunning.case", "_night_close"),
    "credit_holds": ("dunning.credit.hold", "_night_propose_lift"),
    "handovers": ("dunning.handover", "_night_watch"),
    "review_holds": ("dunning.hold", "_night_review"),
    "review_blocked": ("dunning.hold", "_night_review_blocked"),
    "rates": ("dunning.law.check", "_night_remind"),
}
# Scheduled actions beside the night work.
CRONS = {"plans": "ir_cron_book", "issue": "ir_cron_issue"}


def work(case, *names):
    """Do parts of the night work in all companies, on the day that it is there.

    :param case: test case with an environment
    :param names: keys of STEPS and CRONS
    """
    for name in names:
        with case.enter_registry_test_mode():
            if name in STEPS:
                _take(case, *STEPS[name])
            if name in CRONS:
                case.env.ref(f"dunning_advanced.{CRONS[name]}").method_direct_trigger()
    case.env.invalidate_all()


def _take(case, model, method):
    case.env.flush_all()
    with case.registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        for company in env["res.company"].search([("parent_id", "=", False)]):
            env["dunning.night"]._do(Step(model, method), company, company._dunning_today())
