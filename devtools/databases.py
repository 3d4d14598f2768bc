"""Databases: templates with what the addon depends on, and copies with the addon.

Installing `account` and its kind takes minutes, copying a database seconds. So the
addon's dependencies are installed once into a template; a change in the addon's sources
makes a new copy of it. What a database was made of is its comment, so it travels with it.
"""

import ast
import os
import re
import shutil
from contextlib import closing
from pathlib import Path

from . import odoo_source
from .console import DevError, say, timed
from .paths import ADDON, ADDON_DIR, PROJECT, checkout_key, digest, lock, work
from .runtime import cli, data

# Installed into every template in addition to what the manifest asks for.
ALWAYS = ("account", "account_payment", "portal", "web")
# Raise it when the way templates are made changes.
RECIPE = 2
# Odoo tries this, logs an error, and does without it: the embedded PostgreSQL has none.
HARMLESS = re.compile(r"CREATE EXTENSION|py\.warnings")
ERROR = re.compile(r" (?:ERROR|CRITICAL) ")
WARNING = re.compile(r" WARNING (?!.*py\.warnings)")
# what no database remembers: a change in it needs no new one
IGNORED = ("tests", "static", "readme", "README.rst", "__pycache__", ".git", "build")


def connect(dbname="postgres"):
    """Return a connection to a database.

    :raises DevError: when PostgreSQL does not answer
    """
    import psycopg2

    try:
        return psycopg2.connect(dbname=dbname, connect_timeout=10)
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise DevError(f"PostgreSQL does not answer ({reason}): check PGHOST, PGUSER") from error


def execute(statement, parameters=None):
    """Run one SQL statement outside a transaction; return its rows."""
    with closing(connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


def check_server():
    """Refuse a server that Odoo refuses, before half an hour is lost on it."""
    rows = execute(
        "SELECT current_user, rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    user, may_create = rows[0]
    if user == "postgres":
        raise DevError("Odoo refuses the database user postgres: set PGUSER to another one")
    if not may_create:
        raise DevError(f"{user} may not create databases: ALTER ROLE {user} CREATEDB")


def name(purpose):
    """Return the name of this checkout's database for a purpose (test, demo, ...)."""
    return f"dunning_{purpose}_{checkout_key()[:6]}"


def recipe_of(dbname):
    """Return the comment of a database: what it was made of; None if there is none."""
    rows = execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
        [dbname],
    )
    return (rows[0][0] or "") if rows else None


def drop(dbname):
    """Remove a database and its files."""
    execute(f'DROP DATABASE IF EXISTS "{dbname}" WITH (FORCE)')
    shutil.rmtree(_filestore(dbname), ignore_errors=True)


def _filestore(dbname):
    return data("filestore", dbname)


def _copy(source, target):
    drop(target)
    execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
    if _filestore(source).exists():
        _filestore(target).parent.mkdir(parents=True, exist_ok=True)
        # stored files never change, so both databases can share them
        shutil.copytree(_filestore(source), _filestore(target), copy_function=os.link)


def depends():
    """Return the modules that the addon's manifest asks for, and those always wanted."""
    manifest = ADDON_DIR / "__manifest__.py"
    if not manifest.exists():
        raise DevError(f"there is no addon in {ADDON_DIR}: the checkout is not complete")
    wanted = ast.literal_eval(manifest.read_text()).get("depends", [])
    return sorted({*wanted, *ALWAYS})


def sources(folder=ADDON_DIR):
    """Return a digest of an addon's files, but not of its tests."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    kept = [p for p in files if not set(p.relative_to(folder).parts) & set(IGNORED)]
    return digest(*(part for p in kept for part in (p.relative_to(folder), p.read_bytes())))


def _install(dbname, modules, demo, log, quiet=False):
    """Install modules, tell the warnings, and fail with the first error of the log."""
    log = Path(log)
    demo_option = "--with-demo" if demo else "--without-demo"
    options = ("--stop-after-init", "--no-http", "--max-cron-threads=0")
    with open(log, "w") as output:
        command = ("server", "-d", dbname, "-i", ",".join(modules), demo_option, *options)
        failed = cli(*command, stdout=output, stderr=output)
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if ERROR.search(line) and not HARMLESS.search(line)]
    if failed or errors:
        drop(dbname)
        reasons = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
        # the last error says where it happened, the one before often why
        reasons = list(dict.fromkeys(reasons))[-2:] or (errors or lines or ["no message"])[-1:]
        reason = " -> ".join(r.strip() for r in reasons)
        raise DevError(f"installing {modules[-1]} failed: {reason} (all of it: {log})")
    for line in () if quiet else filter(WARNING.search, lines):
        say("    " + WARNING.split(line)[1])


def template(demo=True, also=()):
    """Return a database with the addon's dependencies installed; make it where missing.

    :param also: further modules of Odoo to install
    :raises DevError: when one of these is not there
    """
    _refuse_missing(also)
    modules = sorted({*depends(), *also})
    key = digest(odoo_source.find(), *modules, demo, RECIPE)
    dbname = f"dunning_base_{key}"
    with lock(dbname):
        if recipe_of(dbname) != key:
            drop(dbname)
            with timed(f"Installing {', '.join(modules)} into a template database"):
                _install(dbname, modules, demo, work("install-template.log"), quiet=True)
            execute(f"COMMENT ON DATABASE \"{dbname}\" IS '{key}'")
    return dbname


def _refuse_missing(modules):
    """Odoo goes on without a module that it does not find; here that is an error."""
    source = odoo_source.find()
    folders = (source / "odoo" / "addons", source / "addons")
    found = {m for m in modules for folder in folders if (folder / m / "__manifest__.py").exists()}
    if missing := sorted(set(modules) - found):
        raise DevError(f"Odoo in {source} has no module {', '.join(missing)}")


def bare(purpose, also=()):
    """Return a fresh database of this checkout without the addon and demo data.

    :param also: further modules of Odoo to have in it
    """
    base, dbname = template(demo=False, also=also), name(purpose)
    with lock(base):
        _copy(base, dbname)
    return dbname


def ensure(purpose, demo=True, fresh=False, also=(), finish=None, recipe=()):
    """Return a database of this checkout with the addon as it is now, and if it is new.

    :param also: further modules to install, of this project or of the addons path
    :param finish: function of its name that completes a new database
    :param recipe: paths of what ``finish`` depends on
    """
    base = template(demo)
    ours = [sources(PROJECT / module) for module in also]
    dbname, key = name(purpose), digest(base, sources(), RECIPE, *also, *ours)
    key = digest(key, *(path.read_bytes() for path in recipe))
    if not fresh and recipe_of(dbname) == key:
        return dbname, False
    with timed(f"Installing {ADDON} into the database {dbname}"):
        with lock(base):  # a template that someone connects to cannot be copied
            _copy(base, dbname)
        _install(dbname, [ADDON, *also], demo, work(f"install-{purpose}.log"))
        if finish:
            finish(dbname)
        execute(f"COMMENT ON DATABASE \"{dbname}\" IS '{key}'")
    return dbname, True
