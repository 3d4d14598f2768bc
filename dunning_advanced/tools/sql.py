"""Pieces of SQL that need no database to be put together."""

from odoo.tools import SQL


def values(columns, rows):
    """Return a small table that is given in the statement itself, as a query.

    Without rows it is an empty one, with the same columns.

    :param columns: dict of name to SQL type
    :param rows: list of tuples, one value for each column
    """
    selected = SQL(", ").join(
        SQL("%s::%s AS %s", SQL.identifier("given", f"c{n}"), SQL(kind), SQL.identifier(name))
        for n, (name, kind) in enumerate(columns.items())
    )
    given = SQL(", ").join(SQL("%s", row) for row in rows or [(None,) * len(columns)])
    aliases = SQL(", ").join(SQL.identifier(f"c{n}") for n in range(len(columns)))
    return SQL(
        "SELECT %s FROM (VALUES %s) given(%s) WHERE %s", selected, given, aliases, bool(rows)
    )
