"""Odoo in processes of their own, for tests and measurements that need real ones.

As a script it is such a process: it opens a database, says "ready", and then carries out
one command a line from its input, answering each with one line of JSON.
"""

# pylint: disable=invalid-commit,print-used,method-required-super
# a process of its own has to commit, and talks to the test by its output
import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path


class Process:
    """A process with its own registry and connections, driven by commands.

    :param options: of Odoo's command line
    :param env: variables in addition to those of this process
    :param log: open file for what it logs, of the level error alone; as that of this process

    Use it as a context manager; it is killed at the end.
    """

    def __init__(self, dbname, options=(), env=None, log=None):
        self._popen = subprocess.Popen(
            [sys.executable, Path(__file__), dbname, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **(env or {})},
        )

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.kill()

    def start(self, command, *args):
        """Begin a command without waiting for it."""
        self._popen.stdin.write(json.dumps([command, *args]) + "\n")
        self._popen.stdin.flush()

    def answer(self):
        """Wait for the next answer.

        :raises RuntimeError: when the process has died
        """
        line = self._popen.stdout.readline()
        if not line:
            raise RuntimeError(f"the process ended with status {self._popen.wait()}")
        return json.loads(line)

    def call(self, command, *args):
        """Carry out a command and return its answer."""
        self.start(command, *args)
        return self.answer()

    def kill(self):
        """End the process at once, as a crash of the machine would (SIGKILL)."""
        if self._popen.stdin.closed:
            return
        self._popen.kill()
        self._popen.wait()
        self._popen.stdin.close()
        self._popen.stdout.close()


def prepare(env, count, items=1):
    """Make customers with overdue items and a run that proposes one notice each.

    :param count: number of customers
    :param items: items of each
    :return: id of the run
    """
    values = {"name": f"Processes {time.time_ns()}", "email": "office@example.com"}
    company = env["res.company"].create(values)
    env.user.company_ids |= company
    env = env(context={"allowed_company_ids": company.ids, "tracking_disable": True})
    books = make_books(env)
    for start in range(0, count, 500):
        make_items(env, range(start, min(count, start + 500)), items, books)
    run = env["dunning.run"].create({"company_id": company.id})
    run._propose()
    env.cr.commit()
    return run.id


def make_items(env, numbers, items, books):
    """Make customers, each with an e-mail and items of 100 in one journal entry."""
    from odoo import fields

    partners = env["res.partner"].create(
        [
            {"name": f"Customer {n}", "is_company": True, "email": f"customer{n}@example.com"}
            for n in numbers
        ]
    )
    journal, receivable, income = books
    due = fields.Date.context_today(partners) - timedelta(days=10)
    lines = [
        {
            "account_id": receivable.id,
            "partner_id": partner.id,
            "name": f"{partner.id}/{item}",
            "debit": 100,
            "no_followup": False,
            "date_maturity": due,
        }
        for partner in partners
        for item in range(items)
    ]
    lines.append({"account_id": income.id, "credit": 100 * len(lines)})
    entry = {"journal_id": journal.id, "date": due, "line_ids": [(0, 0, v) for v in lines]}
    env["account.move"].create(entry).action_post()


def make_books(env):
    """A general journal, a receivable and an income account: all that items need."""
    journal = env["account.journal"].create({"name": "Opening", "code": "OPEN", "type": "general"})
    receivable, income = env["account.account"].create(
        [
            {"name": "Customers", "code": "121000", "account_type": "asset_receivable"},
            {"name": "Sales", "code": "400000", "account_type": "income"},
        ]
    )
    return journal, receivable, income


class Commands:
    """What the process can be told to do."""

    def __init__(self, env):
        self.env = env

    def prepare(self, count, items=1):
        return prepare(self.env, count, items)

    def share_team(self):
        """Make a rule that gives all customers of all companies to a team of two.

        :return: ids of the members
        """
        group = self.env.ref("dunning_advanced.group_user")
        users = self.env["res.users"].create(
            [
                {"name": name, "login": f"{name}.{time.time_ns()}", "group_ids": group.ids}
                for name in ("ann", "bob")
            ]
        )
        team = self.env["dunning.team"].create({"name": "Shared", "member_ids": users.ids})
        policy = self.env.ref("dunning_advanced.policy_standard")
        self.env["dunning.rule"].create({"name": "All", "policy_id": policy.id, "team_id": team.id})
        self.env.cr.commit()
        return users.ids

    def press_propose(self, run_id):
        """Propose as the web client does, which begins again after a conflict."""
        from odoo.service.model import retrying

        run = self.env["dunning.run"].browse(run_id)
        retrying(lambda: run.copy()._propose(), self.env)

    def confirm(self, run_id):
        """Confirm a run as the button does; returns its state."""
        run = self.env["dunning.run"].browse(run_id)
        run.action_confirm()
        self.env.cr.commit()
        return run.state

    def press_confirm(self, run_id):
        """Confirm as the web client does, which begins again after a conflict.

        :return: the state of the run, or the error of the user
        """
        from odoo.exceptions import UserError
        from odoo.service.model import retrying

        run = self.env["dunning.run"].browse(run_id)
        try:
            retrying(run.action_confirm, self.env)
        except UserError as error:
            self.env.cr.rollback()
            return str(error)
        return run.state

    def issue(self):
        """Issue what waits, as the scheduled action does; returns seconds."""
        return self._time(self.env["dunning.notice"]._cron_issue)

    def send_mails(self, file, die=False):
        """Work off the queue of e-mails, with a mail server that writes their Message-IDs.

        :param file: path to which each that was accepted adds a line
        :param die: be killed right after the first was accepted
        """
        from unittest.mock import patch

        from odoo.addons.base.models.ir_mail_server import IrMail_Server

        def accept(_server, message, *_args, **_kwargs):
            with open(file, "a") as accepted:
                accepted.write(f"{message['Message-Id']}\n")
            if die:
                os.kill(os.getpid(), signal.SIGKILL)
            return message["Message-Id"]

        with (
            patch.object(IrMail_Server, "_connect__", lambda *_args, **_kwargs: None),
            patch.object(IrMail_Server, "send_email", accept),
        ):
            self.env["mail.mail"].process_email_queue()
        self.env.cr.commit()

    def ask_outcomes(self, minutes):
        """Ask so many minutes later what became of what is under way."""
        from freezegun import freeze_time

        with freeze_time(timedelta(minutes=minutes), tick=True):
            self.env["dunning.delivery"]._ask_outcomes()
        self.env.cr.commit()

    def check_chain(self, run_id):
        """Check the chain of the company of a run; returns its length and what does not fit."""
        company = self.env["dunning.run"].browse(run_id).company_id
        checked = self.env["dunning.chain.entry"]._check(company)
        return [checked.number, checked.waiting, checked.problems]

    def time_confirm(self, run_id):
        """Confirm a run; returns seconds."""
        return self._time(self.env["dunning.run"].browse(run_id).action_confirm)

    def time_undo(self, run_id):
        """Take a run back as the dialog does; returns seconds."""
        action = self.env["dunning.run"].browse(run_id).action_undo()
        wizard = self.env["dunning.reason"].with_context(**action["context"])
        return self._time(lambda: wizard.create({"reason": "Sent in error"}).action_apply())

    def _time(self, work):
        """Do some work and commit it.

        :return: dict of seconds: wall, and cpu of this process and its connection
        """
        wall, cpu = time.perf_counter(), self._cpu()
        work()
        self.env.cr.commit()
        return {"wall": time.perf_counter() - wall, "cpu": self._cpu() - cpu}

    def _cpu(self):
        """Seconds of CPU of this process, and of its connection where PostgreSQL
        runs on this machine.
        """
        self.env.cr.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{self.env.cr.fetchone()[0]}/stat")
        if not stat.exists():
            return time.process_time()
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def propose(self, run_id):
        """Propose without committing; returns the error of the user, if any."""
        from odoo.exceptions import UserError

        run = self.env["dunning.run"].browse(run_id)
        try:
            run.copy()._propose()
            self.env.flush_all()
        except UserError as error:
            self.env.cr.rollback()
            return str(error)
        return ""

    def commit(self):
        self.env.cr.commit()


def answer(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def serve(dbname, options):
    """Carry out the commands of the input on a database until it ends."""
    import odoo.init  # noqa: F401 - makes `from odoo import ...` work
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config([*options, "-d", dbname, "--log-level=error"], setup_logging=True)
    with Registry(dbname).cursor() as cr:
        commands = Commands(api.Environment(cr, SUPERUSER_ID, {}))
        answer("ready")
        for line in sys.stdin:
            name, *args = json.loads(line)
            answer(getattr(commands, name)(*args))


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
