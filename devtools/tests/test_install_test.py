"""What counts as left after an uninstallation, and as an error of a log."""

import pytest

from devtools.install_test import errors_of
from devtools.snapshot import Snapshot, differences

SCHEMA = {
    ("table", "res_partner"): "",
    ("column", "res_partner.name"): "character varying",
    ("index", "res_partner.res_partner_pkey"): "CREATE UNIQUE INDEX",
}


def snapshot(schema=SCHEMA, strange=(), said=()):
    return Snapshot(dict(schema), {}, frozenset(strange), dict(said))


def test_same_is_no_difference():
    assert differences(snapshot(), snapshot(), {}) == []


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({("column", "res_partner.dunning_channel"): "text"},
         "left: column res_partner.dunning_channel"),
        ({("sequence", "ir_sequence_042"): ""}, "left: sequence ir_sequence_042"),
        ({("function", "dunning_day(integer)"): "x"}, "left: function dunning_day(integer)"),
    ],
)  # fmt: skip
def test_left_and_gone_parts(more, line):
    assert differences(snapshot(), snapshot({**SCHEMA, **more}), {}) == [line]
    gone = line.replace("left", "gone")
    assert differences(snapshot({**SCHEMA, **more}), snapshot(), {}) == [gone]


def test_a_table_is_told_without_its_parts():
    own = {("table", "dunning_run"): "", ("column", "dunning_run.date"): "date"}
    after = snapshot({**SCHEMA, **own})
    assert differences(snapshot(), after, {}) == ["left: table dunning_run"]


def test_changed_part():
    after = snapshot({**SCHEMA, ("column", "res_partner.name"): "character varying NOT NULL"})
    [line] = differences(snapshot(), after, {})
    assert line == (
        "changed: column res_partner.name: character varying -> character varying NOT NULL"
    )


@pytest.mark.parametrize(
    ("gone", "new", "kept", "lines"),
    [
        (0, 6, (), ["left: 6 rows of ir_model_data"]),
        (0, 6, ("ir_model_data",), []),
        (2, 0, ("ir_model_data",), ["gone: 2 rows of ir_model_data"]),
        (2, 6, (), ["gone: 2 rows of ir_model_data", "left: 6 rows of ir_model_data"]),
    ],
)
def test_rows(gone, new, kept, lines):
    changes = {"ir_model_data": (gone, new)}
    assert differences(snapshot(), snapshot(), changes, kept=kept) == lines


def test_value_of_a_selection_without_a_choice():
    old = snapshot(strange=[("res_partner.type", "private")])
    new = snapshot(strange=[("res_partner.type", "private"), ("res_partner.type", "dunning")])
    assert differences(old, new, {}) == [
        "left: res_partner.type has the value dunning, which nobody can choose"
    ]


@pytest.mark.parametrize(
    ("count", "talk", "lines"),
    [
        (1, (), []),
        (3, (), ["left: 2 texts in ir_filters.model_id, for example dunning.notice"]),
        (3, ("ir_filters.model_id",), []),
    ],
)
def test_texts_that_name_it(count, talk, lines):
    old = snapshot(said={"ir_filters.model_id": (1, "dunning.notice")})
    new = snapshot(said={"ir_filters.model_id": (count, "dunning.notice")})
    assert differences(old, new, {}, talk=talk) == lines


def test_errors_of_a_log():
    log = """\
2025-06-02 01:00:00,1 7 INFO db odoo.modules.loading: loading
2025-06-02 01:00:00,2 7 ERROR db odoo.sql_db: bad query: b'DELETE FROM "dunning_level"'
ERROR: update or delete on table "dunning_level" violates foreign key constraint
2025-06-02 01:00:00,3 7 ERROR ? odoo.sql_db: bad query: b'CREATE EXTENSION IF NOT EXISTS pg_trgm'
ERROR: extension "pg_trgm" is not available
2025-06-02 01:00:00,4 7 CRITICAL db odoo.service.server: Failed to initialize"""
    refused, stopped = errors_of(log.splitlines())
    assert refused == (
        "ERROR db odoo.sql_db: bad query: b'DELETE FROM \"dunning_level\"' "
        'ERROR: update or delete on table "dunning_level" violates foreign key constraint'
    )
    assert stopped == "CRITICAL db odoo.service.server: Failed to initialize"


def test_empty_log_has_no_errors():
    assert errors_of([]) == []
