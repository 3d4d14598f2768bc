import shutil
import time
from contextlib import closing
from tempfile import NamedTemporaryFile, TemporaryFile

import psycopg2
from psycopg2 import sql

from odoo import sql_db
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config

from ..process import Process

NOTICES = 200


@tagged("post_install", "-at_install", "dunning_processes")
class TestCrash(BaseCase):
    """Workers in processes of their own, on a copy of the database that is dropped at the end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dbname = f"{get_db_name()}_processes"
        cls.addClassCleanup(cls.drop)
        cls.drop()
        cls.make_copy()
        cls.connection = cls.connect(cls.dbname)
        cls.addClassCleanup(cls.connection.close)
        cls.log = cls.enterClassContext(TemporaryFile("w+"))
        cls.workers = cls.processes(2)

    def setUp(self):
        super().setUp()
        self.log.truncate(0)
        self.addCleanup(self.check_quiet)

    def check_quiet(self):
        """That another worker was faster is no error."""
        self.log.seek(0)
        self.assertFalse(self.log.read().strip("\0").splitlines())

    @staticmethod
    def connect(dbname):
        connection = psycopg2.connect(**sql_db.connection_info_for(dbname)[1])
        connection.autocommit = True
        return connection

    @classmethod
    def maintain(cls, statement):
        with closing(cls.connect("postgres")) as connection, connection.cursor() as cr:
            cr.execute(statement)

    @classmethod
    def make_copy(cls):
        """Copy the database: for that, nobody may be connected to it."""
        sql_db.close_db(get_db_name())
        names = map(sql.Identifier, (cls.dbname, get_db_name()))
        cls.maintain(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))

    @classmethod
    def drop(cls):
        name = sql.Identifier(cls.dbname)
        cls.maintain(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        shutil.rmtree(config.filestore(cls.dbname), ignore_errors=True)

    @classmethod
    def process(cls):
        """A process with the configuration of this one, ready for commands."""
        paths = ",".join(map(str, config["addons_path"]))
        options = [f"--addons-path={paths}", f"--data-dir={config['data_dir']}"]
        names = ("host", "port", "user", "password")
        env = {f"PG{name.upper()}": str(config[f"db_{name}"] or "") for name in names}
        process = Process(cls.dbname, options, {k: v for k, v in env.items() if v}, cls.log)
        cls.addClassCleanup(process.kill)
        return process

    @classmethod
    def processes(cls, count):
        """Some processes, started at the same time."""
        found = [cls.process() for _number in range(count)]
        for process in found:
            process.answer()  # ready
        return found

    def query(self, statement, *args):
        with self.connection.cursor() as cr:
            cr.execute(statement, args)
            return cr.fetchall()

    def wait_for_batch(self, run_id):
        """Wait until one batch is committed and the next is in work."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            states = dict(self.states(run_id))
            if "issued" in states and self.free(run_id) < states.get("confirmed", 0):
                return
            time.sleep(0.005)
        self.fail("no batch was seen in work")

    def free(self, run_id):
        """How many confirmed notices no worker has in hand."""
        return len(
            self.query(
                "SELECT id FROM dunning_notice WHERE run_id = %s AND state = 'confirmed'"
                " FOR UPDATE SKIP LOCKED",
                run_id,
            )
        )

    def states(self, run_id):
        return self.query(
            "SELECT state, COUNT(*) FROM dunning_notice WHERE run_id = %s GROUP BY state", run_id
        )

    def check_whole(self, run_id, issued):
        """So many notices are issued, each with one number, mail and delivery, and each
        of their items counts once; nothing else has left a trace.
        """
        [found] = self.query(
            """
            SELECT COUNT(*), COUNT(DISTINCT n.name), COUNT(DISTINCT n.partner_id),
                   SUM((SELECT COUNT(*) FROM dunning_delivery WHERE notice_id = n.id)),
                   SUM((SELECT COUNT(DISTINCT mail_id) FROM dunning_delivery
                         WHERE notice_id = n.id))
              FROM dunning_notice n
             WHERE n.run_id = %s AND n.state = 'issued' AND n.error IS NULL
            """,
            run_id,
        )
        self.assertEqual(found, (issued,) * 5)
        lines = self.query(
            """
            SELECT COUNT(*), COUNT(DISTINCT l.move_line_id)
              FROM dunning_line l JOIN dunning_notice n ON n.id = l.notice_id
             WHERE l.run_id = %s AND l.state = 'issued' AND n.state = 'issued'
            """,
            run_id,
        )
        self.assertEqual(lines, [(issued, issued)])
        mails = self.query("SELECT COUNT(*) FROM mail_mail WHERE id > %s", self.last_mail)
        self.assertEqual(mails, [(issued,)])

    def check_chain(self, run_id, count):
        """Each notice has its place in one whole chain, whoever issued it."""
        self.workers[1].call("commit")  # sees what was committed meanwhile
        self.assertEqual(self.workers[1].call("check_chain", run_id), [count, 0, []])
        self.workers[1].call("commit")

    def make_run(self, process):
        """A confirmed run with notices enough to be queued."""
        run_id = process.call("prepare", NOTICES)
        self.assertEqual(process.call("confirm", run_id), "confirmed")
        [[self.last_mail]] = self.query("SELECT COALESCE(MAX(id), 0) FROM mail_mail")
        return run_id

    def test_killed_worker_repeats_and_forgets_nothing(self):
        [victim] = self.processes(1)
        run_id = self.make_run(victim)
        victim.start("issue")
        self.wait_for_batch(run_id)
        victim.kill()
        self.check_whole(run_id, NOTICES // 2)
        self.workers[0].call("issue")
        self.check_whole(run_id, NOTICES)
        self.check_chain(run_id, NOTICES)
        self.assertEqual(self.run_state(run_id), "done")

    def test_killed_while_it_hands_over_a_mail(self):
        """It leaves once: of that one mail nobody knows, all others leave."""
        worker, other = self.workers
        self.query("UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing' RETURNING id")
        worker.call("commit")
        run_id = worker.call("prepare", 3)
        worker.call("press_confirm", run_id)
        with NamedTemporaryFile("r") as accepted:
            [victim] = self.processes(1)
            victim.start("send_mails", accepted.name, True)
            with self.assertRaises(RuntimeError):
                victim.answer()
            [lost] = accepted.read().split()
            other.call("commit")  # sees what was committed meanwhile
            other.call("send_mails", accepted.name)
            self.assertEqual(len(accepted.read().split()), 2)
        other.call("ask_outcomes", 20)
        states = self.query(
            "SELECT state, COUNT(*), MAX(email_message_id) FROM dunning_delivery"
            " WHERE notice_id IN (SELECT id FROM dunning_notice WHERE run_id = %s)"
            " GROUP BY state ORDER BY state",
            run_id,
        )
        self.assertEqual([row[:2] for row in states], [("done", 2), ("unknown", 1)])
        self.assertEqual(states[1][2], lost)

    def run_state(self, run_id):
        [[state]] = self.query("SELECT state FROM dunning_run WHERE id = %s", run_id)
        return state

    def test_two_workers_share_the_work(self):
        run_id = self.make_run(self.workers[0])
        for worker in self.workers:
            worker.start("issue")
        for worker in self.workers:
            worker.answer()
        self.check_whole(run_id, NOTICES)
        self.check_chain(run_id, NOTICES)
        self.assertEqual(self.run_state(run_id), "done")

    def test_second_proposal_is_told_to_wait(self):
        first, second = self.workers
        run_id = first.call("prepare", 1)
        self.assertEqual(first.call("propose", run_id), "")
        self.assertIn("is being proposed right now", second.call("propose", run_id))
        first.call("commit")
        self.assertEqual(second.call("propose", run_id), "")

    def test_two_companies_give_cases_to_one_team_at_once(self):
        """The one that comes second counts what the first has given."""
        first, second = self.workers
        members = first.call("share_team")
        runs = [first.call("prepare", 3) for _company in range(2)]
        mine = "team_id = (SELECT MAX(id) FROM dunning_team)"
        self.query(f"UPDATE dunning_case SET user_id = NULL WHERE {mine} RETURNING id")  # noqa: S608
        second.call("commit")  # sees what was committed meanwhile
        self.assertEqual(first.call("propose", runs[0]), "")
        second.start("press_propose", runs[1])
        time.sleep(1)
        first.call("commit")
        second.answer()
        given = self.query(
            f"SELECT user_id, COUNT(*) FROM dunning_case WHERE {mine}"  # noqa: S608
            " GROUP BY user_id ORDER BY user_id"
        )
        self.assertEqual(given, [(user, 3) for user in members])

    def test_two_workers_begin_a_year_of_numbers(self):
        run_id = self.make_run(self.workers[0])
        self.query("DELETE FROM ir_sequence_date_range RETURNING id")
        for worker in self.workers:
            worker.start("issue")
        for worker in self.workers:
            worker.answer()
        self.check_whole(run_id, NOTICES)

    def test_confirmed_twice_at_once(self):
        run_id = self.workers[0].call("prepare", 15)
        [[self.last_mail]] = self.query("SELECT COALESCE(MAX(id), 0) FROM mail_mail")
        for worker in self.workers:
            worker.start("press_confirm", run_id)
        answers = sorted(worker.answer() for worker in self.workers)
        self.assertEqual(answers, ["Propose the run before you confirm it.", "done"])
        self.check_whole(run_id, 15)
