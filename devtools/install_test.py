"""The addon comes, works, is updated, goes and comes again, among many other modules.

    ./dev test --install

On a database with MODULES and the French chart of accounts the addon is installed as the
Apps menu does it, works for a while (install_data.py), is updated and uninstalled. After
that the database has to be what it was before, but for invoices, payments and the like:
same tables, columns, constraints and indexes, no row more in what is not anybody's work,
nothing that names the addon. The books go on (install_books.py), and the addon works
again after it was installed again. An ERROR in any log fails.
"""

import argparse
import os
import re
import time
from contextlib import closing, contextmanager
from itertools import pairwise

from . import databases, runtime, session, snapshot
from .console import DevError, timed
from .paths import ADDON, PROJECT, work
from .tables import table

OPTION = "--install"
MODULES = (
    "account_debit_note",
    "account_edi_ubl_cii",
    "crm",
    "hr_expense",
    "l10n_fr_account",
    "loyalty",
    "point_of_sale",
    "purchase",
    "sale_management",
    "sms",
    "snailmail_account",
    "stock",
    "website",
    "website_sale",
)
# What belongs to the addon names one of its models, fields or external ids.
OURS = r"\mdunning[._]"
# Rows that came with invoices, payments, customers and talk about them, and stay with them.
WORK = {
    "account_bank_statement_line",
    "account_full_reconcile",
    "account_move",
    "account_move__account_payment",
    "account_move_line",
    "account_move_reversal",
    "account_move_reversal_move",
    "account_move_reversal_new_move",
    "account_partial_reconcile",
    "account_payment",
    "account_payment_term",
    "account_payment_term_line",
    "bus_bus",
    "ir_attachment",
    "ir_cron_trigger",
    "mail_activity",
    "mail_followers",
    "mail_followers_mail_message_subtype_rel",
    "mail_mail",
    "mail_mail_res_partner_rel",
    "mail_message",
    "mail_message_res_partner_rel",
    "mail_notification",
    "mail_tracking_value",
    "message_attachment_rel",
    "orm_signaling_registry",
    "product_product",
    "product_template",
    "product_value",
    "res_currency_rate",
    "res_partner",
    "res_partner_category",
    "res_partner_res_partner_category_rel",
}
# What was written about an invoice stays as it was written; the bus names the database.
TALK = {
    "account_move_line.extra_tax_data",
    "bus_bus.channel",
    "bus_bus.message",
    "mail_mail.body_html",
    "mail_message.body",
    "mail_tracking_value.field_info",
}
STAMP = re.compile(r"^\S+ \S+ \d+ ")
LONGEST = 300


def run(arguments):
    """Go through all steps, print what was done and each finding; return the exit code."""
    _parse(arguments)
    dbname = databases.bare("install", also=MODULES)
    os.environ[session.DATABASE] = dbname
    steps = Steps(dbname)
    try:
        steps.take_all()
    finally:
        print("\n".join(table(["Step", "Result", ">Seconds", ">Findings"], steps.rows)))
        for finding in steps.findings:
            print(f"FAIL: {finding}")
    return int(bool(steps.findings))


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev test", usage=f"./dev test {OPTION}")
    parser.add_argument(OPTION, action="store_true", help="install, update, uninstall, again")
    return parser.parse_args(arguments)


class Steps:
    """The steps on a database; what each did and found."""

    def __init__(self, dbname):
        self.dbname, self.rows, self.findings = dbname, [], []

    def take_all(self):
        """Take the steps in their order.

        :raises DevError: when one does not come to its end
        """
        self._script("Prepare", "install_data", "prepare")
        with self._cursor() as cr:
            before = snapshot.take(cr, OURS)
        self._module("Install", "install")
        self._script("Work", "install_data", "work")
        self._module("Update", "upgrade")
        self._module("Uninstall", "uninstall")
        self._compare(before)
        self._script("Books go on", "install_books")
        self._module("Install again", "install")
        self._script("Work again", "install_data", "again")

    def _module(self, title, action):
        self._take(title, "odoo", "module", action, "-d", self.dbname, ADDON)

    def _script(self, title, name, *arguments):
        self._take(title, f"devtools.{name}", *arguments)

    def _take(self, title, *command):
        """Take a step in a process of its own, as a server that was started again would."""
        name = title.lower().replace(" ", "-")
        log, output = work(f"install-test-{name}.log"), work(f"install-test-{name}.out")
        start = time.monotonic()
        with timed(title), open(log, "w") as errors, open(output, "w") as result:
            failed = runtime.python("-m", *command, cwd=PROJECT, stdout=result, stderr=errors)
        lines = log.read_text(errors="replace").splitlines()
        told = (output.read_text().splitlines() or ["done"])[-1]
        self._keep(title, "failed" if failed else told, start, errors_of(lines))
        if failed:
            last = next((line for line in reversed(lines) if line.strip()), "no message")
            raise DevError(f"{title} did not come to its end: {last} (all of it: {log})")

    def _compare(self, before):
        """Compare the database after the uninstallation with what it was before."""
        start = time.monotonic()
        with timed("Compare"), self._cursor() as cr:
            after = snapshot.take(cr, OURS)
            changes = snapshot.gone_and_new(cr, before)
        found = snapshot.differences(before, after, changes, kept=WORK, talk=TALK)
        told = f"{len(after.schema)} parts of the schema, {len(after.rows)} tables"
        self._keep("Compare", told, start, found)

    def _keep(self, title, told, start, found):
        self.findings += [f"{title}: {line}" for line in found]
        self.rows.append([title, told, round(time.monotonic() - start), len(found)])

    @contextmanager
    def _cursor(self):
        with closing(databases.connect(self.dbname)) as connection, connection.cursor() as cr:
            yield cr


def errors_of(lines):
    """Return the errors of a log, one line each, with the reason that PostgreSQL gives.

    :param lines: the lines of a log of Odoo
    """
    found = []
    for line, following in pairwise([*lines, ""]):
        if databases.ERROR.search(line) and not databases.HARMLESS.search(line):
            reason = f" {following}" if following.startswith("ERROR: ") else ""
            found.append(f"{STAMP.sub('', line)[:LONGEST]}{reason}")
    return found
