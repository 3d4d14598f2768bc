"""Which index serves which work: the plans of the queries that matter, at 200,000 items.

    ./dev bench --plans

Each piece of work is done as the program does it. Every statement of it that names a table
of dunning runs under EXPLAIN (ANALYZE, BUFFERS) first, which tells the indexes it reads and
what it costs. Then each of these indexes is dropped, and the work is done again: the
difference is what the index is for. All is rolled back.

The last piece are foreign keys: what PostgreSQL asks each table when a row is deleted that
it may point to.
"""

from collections import namedtuple
from contextlib import contextmanager
from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tools import SQL

from devtools.console import say
from devtools.session import odoo_env
from devtools.tables import table

from .ledger import DAY
from .measure import vacuum

ITEMS = 200_000
Cost = namedtuple("Cost", "milliseconds pages indexes")
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
OURS = ("account_move_dunning", "dunning_")


def measure_plans(dbname):
    """Return rows of: index, pages, work that reads it, milliseconds and pages with and without."""
    vacuum(dbname)
    with odoo_env(dbname) as env:
        indexes = _indexes(env)
        works = _works(env)
        costs = {name: _cost(env, work) for name, work in works.items()}
        rows = []
        for index, pages in indexes.items():
            users = [name for name in works if index in costs[name].indexes]
            for name in users:
                say(f"    {name} without {index}")
                without = _cost(env, works[name], drop=index)
                rows.append((index, pages, name, costs[name], without))
            if not users:
                rows.append((index, pages, None, None, None))
        env.cr.rollback()
    return costs, rows


def report(costs, rows):
    """Print what each piece of work costs, and what each index saves."""
    print("\n".join(table(["work", ">ms", ">pages"], _totals(costs))))
    titles = ["index", ">pages", "read for", ">ms", ">without", ">pages", ">without"]
    print("\n".join(table(titles, [_row(*row) for row in rows])))


def _totals(costs):
    return [[name, f"{c.milliseconds:.1f}", f"{c.pages:,}"] for name, c in costs.items()]


def _row(index, pages, name, before, after):
    if not name:
        return [index, f"{pages:,}", "- (no work here reads it)", "", "", "", ""]
    figures = (f"{before.milliseconds:.1f}", f"{after.milliseconds:.1f}", before.pages, after.pages)
    return [index, f"{pages:,}", name, *figures]


# Measuring


def _indexes(env):
    """Return the indexes of dunning tables and their pages, primary keys left out."""
    env.cr.execute(
        """
        SELECT c.relname, c.relpages
          FROM pg_index i
          JOIN pg_class c ON c.oid = i.indexrelid
          JOIN pg_class t ON t.oid = i.indrelid
         WHERE t.relname LIKE 'dunning\\_%' AND NOT i.indisprimary
            OR c.relname LIKE '%dunning%' AND NOT i.indisprimary
         ORDER BY t.relname, c.relname
        """
    )
    return dict(env.cr.fetchall())


def _cost(env, work, drop=None):
    """Do some work, explain its statements, and roll it back.

    :param drop: index to do without
    """
    plans = []
    with env.cr.savepoint() as savepoint:
        if drop:
            env.cr.execute(SQL("DROP INDEX %s", SQL.identifier(drop)))
        env.invalidate_all()
        with _explained(plans):
            work()
            env.flush_all()
        savepoint.rollback()
    env.invalidate_all()
    tops = [plan["Plan"] for plan in plans]
    return Cost(
        sum(plan["Execution Time"] for plan in plans),
        sum(top["Shared Hit Blocks"] + top["Shared Read Blocks"] for top in tops),
        set().union(*map(_names, tops)),
    )


@contextmanager
def _explained(plans):
    """Explain each statement about dunning before it is carried out."""
    execute = Cursor.execute

    def explained(cursor, query, params=None, log_exceptions=True):
        text = cursor.mogrify(query, params).decode() if params else None
        if isinstance(query, SQL):
            text = cursor.mogrify(query.code, query.params).decode()
        text = text or str(query)
        if "dunning_" in text and not text.lstrip().startswith(("SET", "SAVEPOINT", "DROP")):
            execute(cursor, "SAVEPOINT explained")
            execute(cursor, EXPLAIN + text.replace("%", "%%"), ())
            plans.extend(cursor.fetchone()[0])
            execute(cursor, "ROLLBACK TO SAVEPOINT explained")
        return execute(cursor, query, params, log_exceptions)

    with patch.object(Cursor, "execute", explained):
        yield


def _names(plan):
    """Return the indexes that a plan reads."""
    names = {plan["Index Name"]} if "Index Name" in plan else set()
    return names.union(*map(_names, plan.get("Plans", ())))


# Work


def _works(env):
    """Return what people and crons do, by name."""
    some = _Sample(env)
    return {
        "propose for everybody": some.propose,
        "propose for one customer": lambda: some.propose(partner_ids=some.debtors[:1].ids),
        "propose again": some.propose_again,
        "re-check a batch of 100": lambda: some.waiting._recheck(env.company, DAY),
        "take the next batch": lambda: env["dunning.notice"].search(
            env["dunning.notice"]._waiting_domain(), order="id", limit=100
        ),
        "review: 80 reminders of a run": lambda: some.run.notice_ids.search(
            [("run_id", "=", some.run.id)], limit=80
        ).read(["line_ids", "delivery_ids"]),
        "why: stopped items of a run": lambda: env["dunning.line"]._read_group(
            [("run_id", "=", some.run.id), ("state", "=", "stopped")], ["verdict"], ["__count"]
        ),
        "undo 100 reminders": lambda: some.issued._cancel("mistake"),
        "worklist of 80 cases": some.worklist,
        "close settled cases": lambda: env["dunning.case"]._night_close(env.company, DAY),
        "levels of 80 items": lambda: some.items.read(["dunning_level_id", "dunning_step"]),
        "levels of 80 customers": lambda: some.debtors.read(["dunning_level_id"]),
        "items at a level": lambda: some.items.search_count(
            [("dunning_level_id", "in", some.issued.level_id.ids)]
        ),
        "explain an item": some.explain,
        "number of a reminder": lambda: env["dunning.notice"].search(
            [("name", "=", some.issued[0].name)]
        ),
        "undelivered reminders": lambda: env["dunning.notice"].search(
            [("state", "=", "issued"), ("delivered", "=", False)]
        ),
        "result of 100 e-mails": lambda: env["dunning.delivery"].search(
            [("mail_id", "in", some.mails)]
        ),
        "letters to print": lambda: env["dunning.delivery"].search(
            [("state", "=", "queued"), ("channel", "=", "letter")]
        ),
        "delete old stopped lines": some.forget,
        "foreign keys": lambda: _foreign_keys(env),
    }


class _Sample:
    """A proposal, and some of what the ledger remembers."""

    def __init__(self, env):
        self.env = env
        env.cr.execute("UPDATE dunning_notice SET delivered = TRUE WHERE state = 'issued'")
        self.run = self.propose()
        notices = env["dunning.notice"]
        self.waiting = self.run.notice_ids[:100]
        self.waiting.write({"state": "confirmed"})
        self.issued = notices.browse(self._last_issued(100))
        self.debtors = self.run.notice_ids.partner_id[:80]
        self.items = self.run.notice_ids[:40].line_ids.move_line_id[:80]
        self.mails = self._deliver()
        env.flush_all()
        for name in ("dunning_line", "dunning_notice", "dunning_case", "dunning_delivery"):
            env.cr.execute(SQL("ANALYZE %s", SQL.identifier(name)))

    def propose(self, **values):
        run = self.env["dunning.run"].create(
            {"company_id": self.env.company.id, "date": DAY, **values}
        )
        run._propose()
        return run

    def propose_again(self):
        self.waiting.write({"state": "proposed"})
        self.run._propose()

    def _last_issued(self, limit):
        """Return reminders after which none of the same items followed."""
        self.env.cr.execute(
            """
            SELECT n.id FROM dunning_notice n
             WHERE n.state = 'issued' AND NOT EXISTS (
                   SELECT FROM dunning_line own
                     JOIN dunning_line later ON later.move_line_id = own.move_line_id
                          AND later.step > own.step AND later.state IN ('proposed', 'issued')
                    WHERE own.notice_id = n.id AND own.state = 'issued')
             LIMIT %s
            """,
            [limit],
        )
        return [id_ for [id_] in self.env.cr.fetchall()]

    def _deliver(self):
        """Give every issued reminder a delivery by e-mail; return some mails."""
        env = self.env
        mails = env["mail.mail"].create([{"subject": "Reminder"}] * 100)
        env.flush_all()
        env.cr.execute(
            """
            INSERT INTO dunning_delivery (
                notice_id, company_id, partner_id, channel, state, mail_id)
            SELECT id, company_id, partner_id, 'email', 'done',
                   CASE WHEN row_number() OVER () <= 100 THEN %s + row_number() OVER () - 1 END
              FROM dunning_notice WHERE state = 'issued'
            """,
            [mails[0].id],
        )
        return mails.ids

    def worklist(self):
        case = self.env["dunning.case"]
        cases = case.search([("state", "=", "open")], order="priority desc", limit=80)
        cases.read(["priority", "amount_overdue", "level_id", "grade", "stage", "next_action"])

    def explain(self):
        answers = self.env["dunning.engine.explain"]._answers(
            self.env["dunning.run"]
            .new({"company_id": self.env.company.id, "date": DAY, "partner_ids": self.debtors[:1]})
            ._scope(),
            self.items[0],
        )
        if not answers:
            raise AssertionError("the item is not open")

    def forget(self):
        self.env.company.dunning_retention = 1
        self.env["dunning.line"]._gc_stopped()


def _foreign_keys(env):
    """Ask each table for what points to a row, as the deletion of the row does."""
    env.cr.execute(
        """
        SELECT t.relname, a.attname
          FROM pg_constraint c
          JOIN pg_class t ON t.oid = c.conrelid
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         WHERE c.contype = 'f' AND t.relname LIKE 'dunning\\_%' AND t.reltuples > 0
        """
    )
    for name, column in env.cr.fetchall():
        env.cr.execute(
            SQL(
                "SELECT 1 FROM ONLY %s x WHERE %s = 1 FOR KEY SHARE OF x",
                SQL.identifier(name),
                SQL.identifier(column),
            )
        )
