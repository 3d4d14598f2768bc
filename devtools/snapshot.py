"""What a database consists of, to compare it before an addon and after it.

A snapshot is plain data: names of the parts of the schema with their definitions, the
number of rows of each table and the highest id among them, and the values of selections
that no choice stands for any more.
"""

from dataclasses import dataclass

from psycopg2 import sql

# what PostgreSQL keeps of a schema: kind, name, definition
SCHEMA = """
    SELECT CASE cls.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view'
                            WHEN 'S' THEN 'sequence' ELSE 'relation' END,
           cls.relname::text, ''
      FROM pg_class cls
     WHERE cls.relnamespace = current_schema::regnamespace AND cls.relkind IN ('r', 'v', 'm', 'S')
 UNION ALL
    SELECT 'column', cls.relname || '.' || att.attname,
           concat_ws(' ', format_type(att.atttypid, att.atttypmod),
                     CASE WHEN att.attnotnull THEN 'NOT NULL' END,
                     pg_get_expr(def.adbin, def.adrelid))
      FROM pg_attribute att
      JOIN pg_class cls ON cls.oid = att.attrelid
      LEFT JOIN pg_attrdef def ON def.adrelid = att.attrelid AND def.adnum = att.attnum
     WHERE cls.relnamespace = current_schema::regnamespace AND cls.relkind = 'r'
       AND att.attnum > 0 AND NOT att.attisdropped
 UNION ALL
    SELECT 'constraint', cls.relname || '.' || con.conname, pg_get_constraintdef(con.oid)
      FROM pg_constraint con
      JOIN pg_class cls ON cls.oid = con.conrelid
     WHERE con.connamespace = current_schema::regnamespace AND con.contype <> 'n'
 UNION ALL
    SELECT 'index', tablename || '.' || indexname, indexdef
      FROM pg_indexes WHERE schemaname = current_schema
 UNION ALL
    SELECT 'function', proc.oid::regprocedure::text, md5(proc.prosrc)
      FROM pg_proc proc WHERE proc.pronamespace = current_schema::regnamespace
 UNION ALL
    SELECT 'trigger', cls.relname || '.' || trg.tgname, pg_get_triggerdef(trg.oid)
      FROM pg_trigger trg JOIN pg_class cls ON cls.oid = trg.tgrelid
     WHERE cls.relnamespace = current_schema::regnamespace AND NOT trg.tgisinternal
 UNION ALL
    SELECT 'extension', extname::text, extversion FROM pg_extension
"""
TABLES = """
    SELECT cls.relname::text, bool_or(att.attname = 'id'),
           array_agg(att.attname::text ORDER BY att.attnum) FILTER (
               WHERE att.atttypid::regtype::text
                  IN ('text', 'character varying', 'character', 'json', 'jsonb'))
      FROM pg_class cls
      JOIN pg_attribute att ON att.attrelid = cls.oid AND att.attnum > 0 AND NOT att.attisdropped
     WHERE cls.relnamespace = current_schema::regnamespace AND cls.relkind = 'r'
  GROUP BY cls.relname
"""
SELECTIONS = """
    SELECT replace(field.model, '.', '_'), field.name, array_agg(choice.value)
      FROM ir_model_fields field
      JOIN ir_model_fields_selection choice ON choice.field_id = field.id
     WHERE field.ttype = 'selection' AND field.store AND NOT field.company_dependent
  GROUP BY field.model, field.name
"""


@dataclass(frozen=True)
class Snapshot:
    """What a database consisted of at a moment.

    :param schema: dict of (kind, name) to definition; parts of a table are named table.part
    :param rows: dict of table to (highest id or None, number of rows)
    :param strange: set of (column, value): values of selections without a choice
    :param said: dict of column to (number of texts with the pattern, one of them)
    """

    schema: dict
    rows: dict
    strange: frozenset
    said: dict


def take(cr, pattern):
    """Return the snapshot of the database of a cursor.

    :param pattern: regular expression of PostgreSQL, looked for in all texts
    """
    cr.execute(SCHEMA)
    schema = {(kind, name): definition for kind, name, definition in cr.fetchall()}
    cr.execute(TABLES)
    tables = cr.fetchall()
    rows = {table: _count(cr, table, has_id) for table, has_id, _texts in tables}
    strange = frozenset(_strange_values(cr, schema))
    return Snapshot(schema, rows, strange, dict(_mentions(cr, tables, pattern)))


def _count(cr, table, has_id):
    text = "SELECT {highest}, count(*) FROM {table}"
    cr.execute(
        sql.SQL(text).format(
            highest=sql.SQL("max(id)" if has_id else "NULL"), table=sql.Identifier(table)
        )
    )
    return cr.fetchone()


def _query(text, **names):
    """Put the names of tables and columns into a query, quoted."""
    return sql.SQL(text).format(**{word: sql.Identifier(name) for word, name in names.items()})


def _strange_values(cr, schema):
    cr.execute(SELECTIONS)
    for table, column, choices in cr.fetchall():
        if ("column", f"{table}.{column}") in schema:
            text = "SELECT DISTINCT {column} FROM {table} WHERE NOT {column}::text = ANY(%s)"
            cr.execute(_query(text, table=table, column=column), [choices])
            yield from ((f"{table}.{column}", value) for [value] in cr.fetchall())


def _mentions(cr, tables, pattern):
    for table, _has_id, columns in tables:
        for column in columns or ():
            text = "SELECT count(*), min({column}::text) FROM {table} WHERE {column}::text ~ %s"
            cr.execute(_query(text, table=table, column=column), [pattern])
            count, value = cr.fetchone()
            if count:
                yield f"{table}.{column}", (count, value)


def gone_and_new(cr, before):
    """Count the rows that went and that came since a snapshot.

    :return: dict of table to (gone, new), where one of them is not 0
    """
    cr.execute(TABLES)
    there = {table for table, _has_id, _texts in cr.fetchall()}
    changes = {}
    for table in sorted(before.rows.keys() & there):
        gone, new = _moved(cr, table, *before.rows[table])
        if gone or new:
            changes[table] = (gone, new)
    return changes


def _moved(cr, table, highest, count):
    if highest is None:  # without ids, or without rows: only the number tells
        cr.execute(_query("SELECT count(*) FROM {table}", table=table))
        [now] = cr.fetchone()
        return max(count - now, 0), max(now - count, 0)
    text = "SELECT count(*) FILTER (WHERE id <= %s), count(*) FILTER (WHERE id > %s) FROM {table}"
    cr.execute(_query(text, table=table), [highest, highest])
    kept, new = cr.fetchone()
    return count - kept, new


def differences(before, after, changes, kept=(), talk=()):
    """Say what an uninstallation left, took and changed, one line each.

    :param changes: dict of table to (gone, new) rows, see :func:`gone_and_new`
    :param kept: tables in which new rows are right
    :param talk: columns in which people may go on naming what is gone
    """
    return [
        *_schema_differences(before.schema, after.schema),
        *(
            f"left: {column} has the value {value}, which nobody can choose"
            for column, value in sorted(after.strange - before.strange)
        ),
        *_row_differences(changes, kept),
        *_said_differences(before.said, after.said, talk),
    ]


def _schema_differences(old, new):
    left, gone = new.keys() - old.keys(), old.keys() - new.keys()
    for word, parts in (("left", left), ("gone", gone)):
        for kind, name in sorted(parts):
            if "." not in name or ("table", name.split(".")[0]) not in parts:
                yield f"{word}: {kind} {name}"
    for kind, name in sorted(old.keys() & new.keys()):
        was, is_now = old[kind, name], new[kind, name]
        if was != is_now:
            yield f"changed: {kind} {name}: {was or 'nothing'} -> {is_now or 'nothing'}"


def _row_differences(changes, kept):
    for table, (gone, new) in sorted(changes.items()):
        if gone:
            yield f"gone: {gone} rows of {table}"
        if new and table not in kept:
            yield f"left: {new} rows of {table}"


def _said_differences(old, new, talk):
    for column, (count, value) in sorted(new.items()):
        more = count - old.get(column, (0, ""))[0]
        if more > 0 and column not in talk:
            yield f"left: {more} texts in {column}, for example {value[:80]}"
