"""The floor: the least that PostgreSQL has to do for what a proposal leaves behind.

One bare statement reads the open receivable items of the company joined with their debtor,
and writes as many notices and as many lines, reminded and stopped, as the proposal did, into
the same tables with all their columns, indexes and foreign keys. It decides nothing: no
history, no ladder, no gates, no credits, no contacts, no channels, no minimum amounts.

The bare floor is the same without foreign keys and secondary indexes of these tables; what
each of them costs is told by adding it alone.
"""

from odoo.tools import SQL


def write_floor(env, run, rows):
    """Write the rows of a proposal without deciding anything.

    :param run: dunning.run that carries the rows
    :param rows: the `Rows` that a proposal wrote
    """
    level = env["dunning.level"].search([], limit=1)
    values = {
        "company": run.company_id.id,
        "date": run.date,
        "run": run.id,
        "policy": level.policy_id.id,
        "level": level.id,
        "uid": env.uid,
    }
    env.cr.execute(
        SQL(
            "WITH %s, written AS (%s) %s",
            _selected(values, rows),
            SQL(NOTICES, **values),
            SQL(LINES, **values),
        )
    )


def strip(env):
    """Drop the foreign keys and secondary indexes of what a proposal writes.

    :return: dict of the name of each of dunning_line to the statement that makes it again
    """
    again = {}
    for table in ("dunning_notice", "dunning_line"):
        keys, indexes = _keys(env, table), _indexes(env, table)
        for name in keys:
            env.cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT %s", *map(_name, (table, name))))
        for name in indexes:
            env.cr.execute(SQL("DROP INDEX %s", _name(name)))
        again = {**keys, **indexes}
    return again


def _name(name):
    return SQL.identifier(name)


def _keys(env, table):
    rows = env.execute_query(
        SQL(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid = %s::regclass ORDER BY 1",
            table,
        )
    )
    return {
        name: SQL(
            "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID", _name(table), _name(name), SQL(text)
        )
        for name, text in rows
    }


def _indexes(env, table):
    rows = env.execute_query(
        SQL(
            "SELECT relname, pg_get_indexdef(oid) FROM pg_index JOIN pg_class ON oid = indexrelid"
            " WHERE NOT indisprimary AND indrelid = %s::regclass ORDER BY 1",
            table,
        )
    )
    return {name: SQL(text) for name, text in rows}


def _selected(values, rows):
    """Return the stages that take as many rows as the proposal did, whichever they are."""
    return SQL(
        """
        items AS (
            SELECT l.id, l.move_name AS name, p.commercial_partner_id AS debtor_id,
                   l.currency_id, COALESCE(l.date_maturity, l.date) AS due,
                   l.amount_residual_currency AS open, l.amount_residual AS open_company
              FROM account_move_line l
              JOIN res_partner p ON p.id = l.partner_id
             WHERE l.account_id IN (
                       SELECT id FROM account_account WHERE account_type = 'asset_receivable')
               AND l.reconciled IS NOT TRUE
               AND l.parent_state = 'posted'
               AND l.company_id = %(company)s
               AND l.date <= %(date)s
        ), notices AS MATERIALIZED (
            SELECT g.*, nextval('dunning_notice_id_seq') AS id
              FROM (SELECT debtor_id, currency_id, COUNT(*) AS items, MIN(due) AS due,
                           SUM(open) AS open, SUM(open_company) AS open_company
                      FROM items GROUP BY 1, 2 ORDER BY 3 DESC LIMIT %(notices)s) g
        ), lines AS (
            (SELECT i.*, n.id AS notice_id
               FROM items i
               JOIN notices n ON n.debtor_id = i.debtor_id AND n.currency_id = i.currency_id
              LIMIT %(reminded)s)
             UNION ALL
            (SELECT i.*, NULL::bigint FROM items i LIMIT %(stopped)s)
        )
        """,
        company=values["company"],
        date=values["date"],
        notices=rows.notices,
        reminded=rows.reminded,
        stopped=rows.stopped,
    )


NOTICES = """
    INSERT INTO dunning_notice (
        id, run_id, company_id, partner_id, currency_id, policy_id, level_id, rung,
        state, date, user_id, to_review, channel, contact_id, item_count, date_oldest,
        amount_open, amount_held, amount_credit, amount_total, amount_total_company,
        delivered, create_uid, create_date, write_uid, write_date)
    SELECT id, %(run)s, %(company)s, debtor_id, currency_id, %(policy)s, %(level)s, 1,
           'proposed', %(date)s, NULL, TRUE, 'email', debtor_id, items, due,
           open, 0, 0, open, open_company, FALSE,
           %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
      FROM notices
"""

LINES = """
    INSERT INTO dunning_line (
        run_id, company_id, notice_id, partner_id, move_line_id, name, date,
        date_maturity, currency_id, amount_open, amount_open_company, amount_held, amount_net,
        policy_id, level_id, rung, step, date_next, hold_id, verdict, state,
        create_date, write_date)
    SELECT %(run)s, %(company)s, notice_id, debtor_id, id, name, %(date)s,
           due, currency_id, open, open_company, 0, open,
           %(policy)s, %(level)s, 1, 100, due, NULL::int, 'dun',
           CASE WHEN notice_id IS NULL THEN 'stopped' ELSE 'proposed' END,
           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM lines
"""
