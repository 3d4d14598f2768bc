"""How many more queries the steps of accounting take with the addon.

The same steps are counted in a database with the addon and in one without it, so that
nothing that the addon causes can be missed. With it the customer has been reminded
before, which is when it has most to do.

    python -m devtools.query_cost DATABASE_WITHOUT DATABASE_WITH
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context

from .console import say
from .session import odoo_env
from .tables import table

ALLOWED = 3
DAY = date(2025, 6, 2)


def main(without, with_addon):
    """Print the queries of each step; return 1 where one takes more than allowed."""
    # each database needs a process of its own
    before, after = (_isolated(count, dbname) for dbname in (without, with_addon))
    rows = [[step, before[step], after[step], after[step] - before[step]] for step in before]
    print("\n".join(table(["queries to", ">without", ">with", ">more"], rows)))
    too_many = [step for step, *_counts, more in rows if more > ALLOWED]
    for step in too_many:
        say(f"more than {ALLOWED} more queries with the addon: {step}")
    return int(bool(too_many))


def _isolated(function, *args):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def count(dbname):
    """Return the queries of each step in a database; nothing stays in it."""
    with odoo_env(dbname) as env:
        _prepare(env)
        _steps(env)  # the first time fills caches
        counts = _steps(env)
        env.cr.rollback()
    return counts


def _prepare(env):
    if not env.company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", env.company, install_demo=False)
    env.flush_all()


def _steps(env):
    """Post an invoice and pay it, for a customer with other open invoices."""
    debtor = env["res.partner"].create({"name": "Customer", "email": "customer@example.com"})
    old = _invoices(env, debtor, 3)
    old.action_post()
    if "dunning.run" in env:
        _remind(env)
    one, many = _invoices(env, debtor, 1), _invoices(env, debtor, 10)
    return {
        "post an invoice": _queries(env, one.action_post),
        "post ten invoices": _queries(env, many.action_post),
        "register a payment of a reminded invoice": _queries(env, lambda: _pay(env, old[:1])),
        "register a payment of ten invoices": _queries(env, lambda: _pay(env, many)),
        "reset an invoice to draft": _queries(env, one.button_draft),
    }


def _invoices(env, debtor, number):
    values = {
        "move_type": "out_invoice",
        "partner_id": debtor.id,
        "invoice_date": DAY - timedelta(days=60),
        "invoice_date_due": DAY - timedelta(days=30),
        "invoice_line_ids": [(0, 0, {"name": "Work", "price_unit": 100, "tax_ids": False})],
    }
    return env["account.move"].create([values] * number)


def _remind(env):
    run = env["dunning.run"].create({"company_id": env.company.id, "date": DAY})
    run._propose()
    run.notice_ids.state = "confirmed"
    run.notice_ids._issue(DAY)
    if not run.notice_ids.filtered(lambda notice: notice.state == "issued"):
        raise AssertionError("no reminder was issued: there is nothing to measure")


def _pay(env, moves):
    wizard = env["account.payment.register"].with_context(
        active_model="account.move", active_ids=moves.ids
    )
    wizard.create({"payment_date": DAY, "group_payment": True}).action_create_payments()


def _queries(env, work):
    """Count the queries of some work as if it were a transaction of its own."""
    _end(env)
    env.invalidate_all()
    env.cr.cache.clear()
    before = env.cr.sql_log_count
    work()
    _end(env)
    return env.cr.sql_log_count - before


def _end(env):
    """Do what a commit would do before it, which also empties what lives until then."""
    env.flush_all()
    env.cr.precommit.run()
    env.flush_all()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
