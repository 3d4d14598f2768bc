"""The peer: OCA's account_credit_control, on the same items, server and day.

It is got by pip into a folder of its own and installed, as a module, into a copy of the
measured database. Its policy gets the same three levels by e-mail, and the reminders
that the ledger remembers are given to it as its own, so that it chooses between the same
levels. What is timed is what it takes to propose and to build the notices: its run
generates the lines, then its communications are made from them. No mail is rendered.
"""

import time

from devtools import oca, runtime
from devtools.console import DevError
from devtools.session import odoo_env

from .ledger import DAY

PACKAGE = "odoo-addon-account_credit_control==19.0.1.0.0.13"
MODULE = "account_credit_control"
LEVELS = (5, 19, 33)  # days after the due date, as our policy has them


def settings():
    """Let Odoo find the peer inside the block; get it where missing."""
    return oca.settings("peer", oca.get(PACKAGE))


def install(dbname):
    """Install the peer into a database."""
    options = ("--stop-after-init", "--no-http", "--log-level=error")
    if runtime.cli("server", "-d", dbname, "-i", MODULE, *options):
        raise DevError(f"{MODULE} cannot be installed into {dbname}")


def measure_peer(dbname):
    """Return the seconds that the peer takes, and how many lines and notices it wrote."""
    with odoo_env(dbname) as env:
        policy = _policy(env)
        _history(env, policy)
        run = env["credit.control.run"].create(
            {"date": DAY, "policy_ids": [(6, 0, policy.ids)], "company_id": env.company.id}
        )
        env.flush_all()
        start = time.perf_counter()
        run.generate_credit_lines()
        env["credit.control.communication"]._generate_comm_from_credit_lines(run.line_ids)
        env.flush_all()
        seconds = time.perf_counter() - start
        figures = {
            "peer_seconds": round(seconds, 1),
            "peer_lines": len(run.line_ids),
            "peer_notices": len(run.line_ids.communication_id),
        }
        env.cr.rollback()
        return figures


def _policy(env):
    accounts = env["account.account"].search([("account_type", "=", "asset_receivable")])
    template = env.ref(f"{MODULE}.email_template_credit_control_base")
    policy = env["credit.control.policy"].create(
        {
            "name": "Same levels",
            "account_ids": [(6, 0, accounts.ids)],
            "level_ids": [
                (
                    0,
                    0,
                    {
                        "name": f"Level {number}",
                        "level": number,
                        "computation_mode": "net_days",
                        "delay_days": days,
                        "email_template_id": template.id,
                        "channel": "email",
                        "custom_text": "Please pay.",
                        "custom_mail_text": "Please pay.",
                    },
                )
                for number, days in enumerate(LEVELS, start=1)
            ],
        }
    )
    env.company.credit_policy_id = policy
    return policy


def _history(env, policy):
    """Give it the reminders that went out before, from the first level on."""
    env.flush_all()
    env.cr.execute(
        """
        INSERT INTO credit_control_line (
            date, date_due, state, channel, invoice_id, partner_id, commercial_partner_id,
            amount_due, balance_due, move_line_id, account_id, currency_id, company_id,
            policy_level_id, policy_id, level)
        SELECT h.date, h.date_maturity, 'sent', 'email', l.move_id, l.partner_id, h.partner_id,
               h.amount_open, h.amount_open, l.id, l.account_id, l.currency_id, l.company_id,
               p.id, p.policy_id, p.level
          FROM dunning_line h
          JOIN account_move_line l ON l.id = h.move_line_id
          JOIN credit_control_policy_level p ON p.policy_id = %s AND p.level = h.rung
         WHERE h.state = 'issued'
         ORDER BY h.date
        """,
        [policy.id],
    )
    env.cr.execute("ANALYZE credit_control_line")
    env.invalidate_all()
