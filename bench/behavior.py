"""Seconds to judge how all debtors pay, next to the bare aggregate over the same rows.

Four of five items of the ledger are paid first, each by one payment, up to 60 days late.
The bare aggregate reads items, their payments and their debtors, sums days and amounts by
debtor, and writes nothing.
"""

import time

from odoo.tools import SQL

from devtools.session import odoo_env

from .ledger import DAY
from .measure import ROUNDS, vacuum


def measure_behavior(dbname):
    """Measure on a database, which is changed.

    :return: dict of figures
    """
    with odoo_env(dbname) as env:
        _pay(env)
    vacuum(dbname)
    judged, bare = [], []
    with odoo_env(dbname) as env:
        for _round in range(ROUNDS):
            judged.append(_timed(env, lambda: env["dunning.behavior"]._refresh(env.company, DAY)))
            bare.append(_timed(env, lambda: env.cr.execute(_bare_sql(env))))
        return {
            "behavior_seconds": round(min(judged), 3),
            "behavior_floor_seconds": round(min(bare), 3),
            "behavior_ratio": round(min(judged) / min(bare), 2),
        }


def tell(figures):
    """Return a line that tells the figures."""
    return (
        "{items:,} items, 4 of 5 paid: payment behavior of all debtors in {behavior_seconds} s,"
        " {behavior_ratio} times the bare aggregate".format(**figures)
    )


def _timed(env, work):
    """Time some work, and roll it back."""
    start = time.perf_counter()
    with env["dunning.engine"]._planned(_everybody(env)):
        work()
    seconds = time.perf_counter() - start
    env.cr.rollback()
    env.invalidate_all()
    return seconds


def _everybody(env):
    return env["dunning.run"].new({"company_id": env.company.id, "date": DAY})._scope()


def _pay(env):
    """Pay four of five items, written by SQL: what is measured only reads."""
    bank = env["account.journal"].search([("type", "=", "bank")], limit=1)
    env.cr.execute(
        """
        SELECT column_name FROM information_schema.columns
         WHERE table_schema = current_schema AND table_name = 'account_move_line'
           AND column_name NOT IN ('id', 'journal_id', 'date', 'date_maturity', 'debit',
               'credit', 'balance', 'amount_currency', 'amount_residual',
               'amount_residual_currency', 'reconciled', 'matching_number')
        """
    )
    columns = SQL(", ").join(SQL.identifier(name) for [name] in env.cr.fetchall())
    env.cr.execute(
        SQL(
            """
            WITH paid AS (
                SELECT l.*, nextval('account_move_line_id_seq') AS payment_id_,
                       l.date_maturity + (l.id * 7 %% 60)::int - 10 AS paid_on
                  FROM account_move_line l
                 WHERE l.account_id IN %(accounts)s AND l.amount_currency > 0
                   AND l.parent_state = 'posted' AND l.id %% 5 > 0
            ), payments AS (
                INSERT INTO account_move_line (
                    id, journal_id, date, date_maturity, debit, credit, balance,
                    amount_currency, amount_residual, amount_residual_currency, reconciled,
                    %(columns)s)
                SELECT payment_id_, %(bank)s, paid_on, paid_on, 0, balance, -balance,
                       -amount_currency, 0, 0, TRUE, %(columns)s
                  FROM paid
            ), partials AS (
                INSERT INTO account_partial_reconcile (
                    debit_move_id, credit_move_id, amount, debit_amount_currency,
                    credit_amount_currency, debit_currency_id, credit_currency_id, company_id,
                    max_date)
                SELECT id, payment_id_, balance, amount_currency, amount_currency, currency_id,
                       currency_id, company_id, paid_on
                  FROM paid
            )
            UPDATE account_move_line l
               SET reconciled = TRUE, amount_residual = 0, amount_residual_currency = 0
              FROM paid WHERE paid.id = l.id
            """,
            accounts=_receivables(env),
            columns=columns,
            bank=bank.id,
        )
    )


def _bare_sql(env):
    return SQL(
        """
        SELECT p.commercial_partner_id, COUNT(*), SUM(r.amount),
               SUM(r.amount * GREATEST(0, r.max_date - l.date_maturity))
          FROM account_move_line l
          JOIN res_partner p ON p.id = l.partner_id
          LEFT JOIN account_partial_reconcile r ON r.debit_move_id = l.id
          LEFT JOIN account_move_line c ON c.id = r.credit_move_id
         WHERE l.account_id IN %s AND l.parent_state = 'posted' AND l.company_id = %s
           AND l.date <= %s
         GROUP BY p.commercial_partner_id
        """,
        _receivables(env),
        env.company.id,
        DAY,
    )


def _receivables(env):
    return tuple(env["dunning.engine.item"]._receivables().ids)
