"""The ledger that is measured: a small seed, multiplied by Odoo's own populate.

The seed is 25 customers with 250 open items. 22 of them have something to be reminded of,
one cannot be reached, one is covered by credits, one owes nothing that is due. Two earlier
runs have sent reminders, so that all levels are met. Some invoices are in euro, some
customers have an invoice contact, a postal address only, or credit notes.
"""

import logging
from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.tools import populate

DAY = date(2025, 6, 2)
EARLIER = (31, 17, 6)  # days before DAY on which reminders went out
DEBTORS = 25
ITEMS = 250
SIZES = (20_000, 200_000, 1_000_000)
# Days since the due date of the items of a customer; negative: not due yet.
OVERDUE = (-45, -20, -2, 3, 8, 17, 24, 38, 62, 95)
UNREACHABLE, COVERED, NOT_DUE = 22, 23, 24


def seed(env):
    """Write the seed into an empty database and commit it."""
    prepare_company(env)
    euro = _euro(env)
    debtors = [_debtor(env, number) for number in range(DEBTORS)]
    values = [_invoice(n, debtor, i, euro) for n, debtor in enumerate(debtors) for i in range(10)]
    moves = env["account.move"].create(values)
    _bind_credit_notes(moves)
    moves.action_post()
    # Their customers have had them for long, though they were posted just now.
    for move in moves:
        move.dunning_date_known = move.invoice_date
    for days in EARLIER:
        _remind(env, DAY - timedelta(days=days))
    env.cr.commit()


def prepare_company(env):
    """Give the company the accounts that invoices need."""
    if not env.company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", env.company, install_demo=False)


def _euro(env):
    euro = env.ref("base.EUR")
    euro.active = True
    env["res.currency.rate"].create(
        {"currency_id": euro.id, "name": DAY - timedelta(days=400), "rate": 0.9}
    )
    return euro


def _debtor(env, number):
    reach = {"email": f"customer{number}@example.com"}
    if number == UNREACHABLE:
        reach = {}
    elif number % 8 == 5:
        reach = {"street": "1 Main Street", "zip": "1000", "city": "Brussels"}
    debtor = env["res.partner"].create(
        {"name": f"Customer {number}", "is_company": True, "lang": "en_US", **reach}
    )
    if number % 5 == 0:
        email = f"invoices{number}@example.com"
        contact = {"name": "Invoices", "parent_id": debtor.id, "type": "invoice", "email": email}
        env["res.partner"].create(contact)
    return debtor


def _invoice(number, debtor, i, euro):
    """Return the values of the i-th of ten items of a customer."""
    overdue = OVERDUE[i] - (150 if number == NOT_DUE else number % 4)
    due = DAY - timedelta(days=overdue)
    credit = (number % 7 == 3 and i == 9) or (number == COVERED and i == 0)
    amount = 10_000 if number == COVERED and credit else 40 + 7 * number + 31 * i
    return {
        "move_type": "out_refund" if credit else "out_invoice",
        "partner_id": debtor.id,
        "invoice_date": due - timedelta(days=150),
        "invoice_date_due": due,
        **({"currency_id": euro.id} if number % 6 == 1 and i % 2 else {}),
        "invoice_line_ids": [
            Command.create({"name": "Work", "price_unit": amount, "tax_ids": False})
        ],
    }


def _bind_credit_notes(moves):
    """Let every second credit note correct an invoice, the others stay free."""
    for credit in moves.filtered(lambda move: move.move_type == "out_refund")[::2]:
        credit.reversed_entry_id = moves.filtered(
            lambda move, own=credit: (
                move.partner_id == own.partner_id
                and move.currency_id == own.currency_id
                and move.move_type == "out_invoice"
            )
        )[-1:]


def _remind(env, day):
    """Propose a day and say that all of it was sent and arrived.

    Written by SQL: what is measured reads the lines and notices, not the mails.
    """
    run = env["dunning.run"].create({"company_id": env.company.id, "date": day})
    run._propose()
    env.flush_all()
    env.cr.execute(
        "UPDATE dunning_line SET state = 'issued' WHERE run_id = %s AND state = 'proposed'",
        [run.id],
    )
    env.cr.execute(
        "UPDATE dunning_notice SET state = 'issued', delivered = TRUE, name = 'SEED/' || id"
        " WHERE run_id = %s",
        [run.id],
    )
    env.cr.execute("UPDATE dunning_run SET state = 'done' WHERE id = %s", [run.id])
    env.invalidate_all()


def multiply(env, items):
    """Copy the seed until there are so many open items, and commit."""
    copy(env, items // ITEMS - 1, "res.partner", "account.move", "dunning.notice", "dunning.line")
    _check(env, items)
    env.cr.commit()


def copy(env, times, *models):
    """Copy all records of some models with Odoo's populate.

    It spreads dates over the last years; here the copies keep their due dates, so that
    every size has the same share of every decision.
    """
    logging.getLogger(populate.__name__).setLevel(logging.ERROR)  # notes on fields it copies
    factors = {env[model].with_context(active_test=False): times for model in models}
    with patch.object(populate, "MIN_DATETIME", populate.MAX_DATETIME):
        populate.populate_models(factors, ord("_"))
    env.invalidate_all()


def _check(env, items):
    """Fail when the copies do not hang together: then no figure would mean anything."""
    env.cr.execute(
        """
        SELECT COUNT(*),
               COUNT(*) FILTER (WHERE l.partner_id <> m.partner_id),
               COUNT(*) FILTER (WHERE p.commercial_partner_id <> m.commercial_partner_id),
               COUNT(DISTINCT p.commercial_partner_id),
               (SELECT COUNT(*) FROM dunning_line h
                  JOIN account_move_line o ON o.id = h.move_line_id
                  JOIN dunning_notice n ON n.id = h.notice_id
                 WHERE h.partner_id <> o.partner_id OR n.partner_id <> h.partner_id)
          FROM account_move_line l
          JOIN account_account a ON a.id = l.account_id AND a.account_type = 'asset_receivable'
          JOIN account_move m ON m.id = l.move_id
          JOIN res_partner p ON p.id = l.partner_id
         WHERE l.reconciled IS NOT TRUE AND l.parent_state = 'posted'
        """
    )
    found = env.cr.fetchone()
    expected = (items, 0, 0, items // ITEMS * DEBTORS, 0)
    if found != expected:
        raise AssertionError(f"populate made {found} instead of {expected}")
