import hashlib
import json
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.cli.command import find_command
from odoo.exceptions import AccessError, UserError
from odoo.modules import load_script
from odoo.tools import SQL, config

from ..common import DAY, DunningCommon
from ..mail import MailCommon

MIGRATION = Path(__file__).parents[2] / "migrations/19.0.1.1.0/post-chain.py"


def sha(text):
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


class ChainCommon(DunningCommon):
    """A customer who gets e-mails, and letters where the level says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor.write({"street": "12 rue de la Paix", "city": "Paris", "zip": "75002"})
        cls.entries = cls.env["dunning.chain.entry"]

    def content(self, notice, kind="issued"):
        [entry] = notice.chain_ids.filtered(lambda entry: entry.kind == kind)
        return json.loads(entry.content)

    def problems(self):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.entries._check(self.company).problems

    @contextmanager
    def tampered(self, statement, *args):
        """Do something to the database, past all rules; afterwards it is as before."""
        self.env.flush_all()
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(statement, args)
            self.assertEqual(self.env.cr.rowcount, 1, statement)
            yield
            savepoint.rollback()
        self.env.invalidate_all()


@freeze_time(DAY)
class TestChain(ChainCommon):
    def three(self):
        """Reminders of three customers, the second of them cancelled."""
        debtors = [self.debtor, self.make_debtor("Deco"), self.make_debtor("Gemini")]
        for debtor in debtors:
            self.invoice(10, debtor=debtor)
            self.invoice(-20, debtor=debtor)
        notices = self.remind().notice_ids.sorted("name")
        notices[1]._cancel("Sent in error")
        self.entries._link()
        return notices

    def test_what_went_out_is_recorded(self):
        self.first.extra_channel = "letter"
        invoice = self.invoice(10, 720)
        notice = self.remind().notice_ids
        content = self.content(notice)
        self.assertEqual(content["company"], {"id": self.company.id, "name": self.company.name})
        self.assertEqual(content["reminder"]["number"], notice.name)
        self.assertEqual(content["reminder"]["date"], "2024-06-03")
        self.assertEqual(content["reminder"]["issued"], "2024-06-03T00:00:00Z")
        self.assertEqual(content["reminder"]["subject"], notice.own_subject)
        self.assertEqual(content["reminder"]["body"], notice.own_body)
        self.assertEqual(content["amounts"]["to_pay"], "720.00")
        self.assertEqual(
            content["lines"],
            [
                {
                    "invoice": invoice.name,
                    "due": "2024-05-24",
                    "open": "720.00",
                    "disputed": "0.00",
                    "to_pay": "720.00",
                }
            ],
        )
        self.assertEqual(content["letter"], sha(notice.attachment_id.raw))
        mailed, printed = content["deliveries"]
        self.assertEqual((mailed["channel"], mailed["address"]), ("email", self.debtor.email))
        message = notice.delivery_ids.message_id
        self.assertEqual((mailed["subject"], mailed["email"]), (message.subject, sha(message.body)))
        self.assertEqual(printed["channel"], "letter")
        self.assertIn("12 rue de la Paix", printed["address"])
        self.assertEqual(content["told"]["customer"], "Azure Interior")

    def test_attachments_are_recorded(self):
        self.first.attach_letter = True
        self.invoice(10)
        notice = self.remind().notice_ids
        [file] = self.content(notice)["told"]["attachments"]
        self.assertEqual(
            file, {"name": notice.attachment_id.name, "sha256": sha(notice.attachment_id.raw)}
        )

    def test_the_hashes_are_those_that_anybody_can_repeat(self):
        self.three()
        entries = self.entries.search([("company_id", "=", self.company.id)], order="number")
        self.assertEqual(entries.mapped("number"), [1, 2, 3, 4])
        self.assertEqual(entries.mapped("kind"), ["issued"] * 3 + ["cancelled"])
        previous = "0" * 64
        for entry in entries:
            self.assertEqual(entry.previous, previous)
            previous = sha(f"{previous}:{entry.number}:{sha(entry.content)}")
            self.assertEqual(entry.hash, previous)

    def test_each_company_has_a_chain_of_its_own(self):
        other = self.setup_other_company()["company"]
        self.invoice(10)
        notice = self.remind().notice_ids
        elsewhere = self.entries._record("merged", [(other, self.env["dunning.notice"], {})])
        self.entries._link()
        self.assertEqual(notice.chain_ids.number, 1)
        self.assertEqual((elsewhere.number, elsewhere.previous), (1, "0" * 64))
        self.assertFalse(self.entries._waiting_count())

    def test_a_reminder_waits_a_moment_for_its_place(self):
        self.invoice(10)
        notice = self.remind().notice_ids
        self.assertFalse(notice.chain_ids.hash)
        checked = self.entries._check(self.company)
        self.assertEqual((checked.count, checked.waiting, checked.problems), (1, 1, []))
        cron = self.env.ref("dunning_advanced.ir_cron_issue").sudo()
        self.assertIn(cron, self.env["ir.cron.trigger"].sudo().search([]).cron_id)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(notice.chain_ids.number, 1)

    def test_cancelling_and_correcting_are_entries_too(self):
        self.invoice(10)
        notice = self.remind().notice_ids
        notice._cancel("Sent in error")
        cancelled = self.content(notice, "cancelled")["cancelled"]
        self.assertEqual((cancelled["number"], cancelled["reason"]), (notice.name, "Sent in error"))
        self.assertEqual(cancelled["cancelled_by"], self.env.uid)
        notice.action_correct()
        [correction] = self.content(notice, "corrected")["deliveries"]
        delivery = notice.delivery_ids.filtered("correction")
        self.assertEqual(correction["id"], delivery.id)
        self.assertEqual(correction["email"], sha(delivery.message_id.body))
        self.assertEqual(self.problems(), [])

    def test_telling_somebody_in_another_way_is_an_entry(self):
        self.invoice(10)
        notice = self.remind().notice_ids
        notice._cancel("Sent in error")
        notice.action_mark_corrected()
        [correction] = self.content(notice, "corrected")["deliveries"]
        self.assertIn(self.env.user.name, correction["address"])
        self.assertEqual(self.problems(), [])

    def test_another_try_to_another_address_is_an_entry(self):
        self.invoice(10)
        notice = self.remind().notice_ids
        delivery = notice.delivery_ids
        delivery._fail("mailbox full")
        self.debtor.email = "other@example.com"
        delivery.action_retry()
        [again] = self.content(notice, "resent")["deliveries"]
        self.assertEqual((again["id"], again["address"]), (delivery.id, "other@example.com"))
        self.assertEqual(self.content(notice)["deliveries"][0]["address"], "azure@example.com")
        self.assertEqual(self.problems(), [])

    def test_merged_customers_do_not_break_the_chain(self):
        self.invoice(10)
        notice = self.remind().notice_ids
        other = self.make_debtor("Azure Ltd")
        third = self.make_debtor("Azure Holding")
        for source, target in ((self.debtor, other), (other, third)):
            merge = self.env["base.partner.merge.automatic.wizard"].create(
                {"dst_partner_id": target.id, "partner_ids": [Command.set((source | target).ids)]}
            )
            merge._merge((source | target).ids, target)
        self.assertEqual(notice.partner_id, third)
        self.assertEqual(self.problems(), [])

    def test_later_facts_do_not_break_the_chain(self):
        """Printed, delivered, failed, paid, waived: what comes after is no part of the hash."""
        self.first.channel = "letter"
        invoice = self.invoice(10)
        notice = self.remind().notice_ids
        notice.run_id.notice_ids.delivery_ids.write({"state": "queued"})
        notice.action_print_letters()
        self.assertEqual(notice.delivery_ids.printed_by_id, self.env.user)
        notice.delivery_ids._fail("returned by the post office")
        self.pay(self.debtor, 100, invoices=invoice)
        self.debtor.name = "Azure Exterior"
        self.first.name = "Something else"
        self.company.name = "Brandt AG"
        self.entries._link()
        self.assertEqual(self.problems(), [])

    def test_whatever_is_changed_is_found(self):
        self.first.extra_channel = "letter"
        self.policy.inform = True
        fee = {"name": "Fee", "kind": "fixed", "amount": 5}
        fee["currency_id"] = self.company.currency_id.id
        self.first.fee_ids = self.env["dunning.fee"].create(fee)
        first, second, third = self.three()
        self.assertEqual(self.problems(), [])
        entry, later = first.chain_ids, (third, third.charge_ids)
        cases = [
            ("dunning_notice", "own_subject = 'Other'", first, "reminder subject"),
            ("dunning_notice", "own_body = own_body || ' '", third, "reminder body"),
            ("dunning_notice", "amount_total = amount_total + 0.01", first, "amounts to_pay"),
            ("dunning_notice", "name = 'DUN/2024/99999'", first, "reminder number"),
            ("dunning_notice", "date = date - 1", first, "reminder date"),
            ("dunning_notice", "rung = 3", first, "reminder level"),
            ("dunning_notice", f"partner_id = {third.partner_id.id}", first, "reminder customer"),
            ("dunning_notice", "state = 'cancelled'", first, "state"),
            ("dunning_notice", "state = 'issued'", second, "state"),
            ("dunning_notice", "reason = 'Never sent'", second, "cancelled reason"),
            ("dunning_line", "amount_open = 1", first.line_ids, "lines 1 open"),
            ("dunning_line", "date_maturity = date_maturity - 9", first.line_ids, "lines 1 due"),
            ("dunning_line", "amount_open = 1", first.info_ids, "information 1 open"),
            ("dunning_line", "verdict = 'held'", first.line_ids, "lines"),
            ("dunning_charge", "amount = 50", first.charge_ids, "charges 1 amount"),
            ("dunning_charge", "announced = TRUE", third.charge_ids, "charges 1 announced"),
            ("dunning_delivery", "address = 'x@y.z'", first.delivery_ids[-1], "delivery address"),
            ("dunning_delivery", "channel = 'fax'", first.delivery_ids[-1], "delivery channel"),
            ("mail_message", "body = body || '.'", first.delivery_ids.message_id, "delivery email"),
            ("mail_message", "subject = ''", first.delivery_ids.message_id, "delivery subject"),
            ("dunning_chain_entry", "content = replace(content, '2024', '2023')", entry, "content"),
            ("dunning_chain_entry", "kind = 'resent'", entry, "kind"),
            ("dunning_chain_entry", "date = date - INTERVAL '1 day'", entry, "recorded"),
            ("dunning_chain_entry", f"notice_id = {third.id}", entry, "reminder id"),
            ("dunning_chain_entry", "notice_id = NULL", entry, "reminder"),
            ("dunning_chain_entry", "hash = previous", entry, "hash"),
            ("dunning_chain_entry", "number = 77", entry, "deleted"),
        ]
        for table, change, record, where in cases:
            statement = f"UPDATE {table} SET {change} WHERE id = %s"  # noqa: S608 - of above
            with self.subTest(statement), self.tampered(statement, record.id):
                problems = self.problems()
                self.assertTrue(problems)
                self.assertIn(where, problems[0])
                if record._name != "dunning.chain.entry":
                    named = second if record == second else third if record in later else first
                    self.assertIn(named.name, problems[0])
        self.assertEqual(self.problems(), [])

    def test_what_is_deleted_or_put_in_is_found(self):
        first, second, third = self.three()
        entry = second.chain_ids.filtered(lambda entry: entry.kind == "issued")
        with self.tampered("DELETE FROM dunning_chain_entry WHERE id = %s", entry.id):
            problems = self.problems()
            self.assertIn("Entry 3", problems[0])
            self.assertIn("deleted", problems[0])
            self.assertIn(f"{second.name}: it has no entry", problems[-1])
        with self.tampered("DELETE FROM dunning_line WHERE id = %s", first.line_ids.id):
            self.assertIn(f"Entry 1 ({first.name}, Issued)", self.problems()[0])
        with self.tampered("DELETE FROM dunning_delivery WHERE id = %s", third.delivery_ids.id):
            self.assertIn(third.name, self.problems()[0])
        with self.tampered(
            "INSERT INTO dunning_notice (name, run_id, company_id, partner_id, currency_id,"
            " policy_id, level_id, date, state) SELECT 'DUN/2024/00077', run_id, company_id,"
            " partner_id, currency_id, policy_id, level_id, date, 'issued'"
            " FROM dunning_notice WHERE id = %s",
            first.id,
        ):
            self.assertEqual(self.problems(), ["DUN/2024/00077: it has no entry in the chain."])
        with self.tampered(
            "INSERT INTO dunning_delivery (notice_id, company_id, channel, address, state)"
            " SELECT notice_id, company_id, 'letter', 'Main street', 'done'"
            " FROM dunning_delivery WHERE id = %s",
            first.delivery_ids.id,
        ):
            self.assertIn("delivery", self.problems()[0])
        with self.tampered(
            "INSERT INTO dunning_chain_entry (company_id, number, kind, date, content, digest,"
            " previous, hash) SELECT company_id, 5, kind, date, content, digest, previous, hash"
            " FROM dunning_chain_entry WHERE id = %s",
            first.chain_ids.id,
        ):
            self.assertIn("Entry 5", self.problems()[0])

    def test_swapped_entries_are_found(self):
        first, _second, third = self.three()
        one, other = first.chain_ids, third.chain_ids
        self.assertEqual((one.number, other.number), (1, 3))
        self.env.cr.execute(SQL("UPDATE dunning_chain_entry SET number = -1 WHERE id = %s", one.id))
        for id_, number in ((other.id, 1), (one.id, 3)):
            self.env.cr.execute(
                SQL("UPDATE dunning_chain_entry SET number = %s WHERE id = %s", number, id_)
            )
        self.assertIn("Entry 1", self.problems()[0])

    def test_a_letter_that_was_replaced_is_found(self):
        self.first.channel = "letter"
        self.invoice(10)
        notice = self.remind().notice_ids
        self.assertEqual(self.problems(), [])
        notice.attachment_id.raw = b"%PDF-1.4 another one"
        self.assertIn("letter", self.problems()[0])

    def test_entries_do_not_change(self):
        self.invoice(10)
        entry = self.remind().notice_ids.chain_ids
        for user in (self.env.user, self.env.ref("base.user_root")):
            own = entry.with_user(user).sudo()
            with self.assertRaises(UserError):
                own.write({"content": "{}"})
            with self.assertRaises(UserError):
                own.unlink()
        dunner = self.make_user("dunner.chain", "dunning_advanced.group_user")
        self.assertTrue(entry.with_user(dunner).read(["content"]))
        for work in (
            lambda own: own.create({"company_id": self.company.id}),
            lambda own: own.write({"content": "{}"}),
            lambda own: own.unlink(),
        ):
            with self.assertRaises(UserError):
                work(entry.with_user(dunner))

    def test_reminders_of_before_the_chain_are_told_apart(self):
        """By the script of the update, on reminders as they were before it."""
        notices = self.three()
        self.env.cr.execute("DELETE FROM dunning_chain_entry")
        self.env.invalidate_all()
        self.assertEqual(len(self.problems()), 3)
        load_script(str(MIGRATION), "dunning_chain_migration").migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        checked = self.entries._check(self.company)
        self.assertEqual((checked.number, checked.found, checked.problems), (4, 3, []))
        self.assertIn(
            "3 reminders were issued before the chain", self.entries._describe(checked)[1]
        )
        self.env.cr.execute(
            SQL("UPDATE dunning_notice SET own_body = '' WHERE id = %s", notices[0].id)
        )
        self.assertIn("Recorded later", self.problems()[0])

    def test_what_fails_is_not_recorded(self):
        self.invoice(10)
        run = self.run_at()
        self.first.mail_template_id = False
        run.action_confirm()
        self.assertTrue(run.notice_ids.error)
        self.assertFalse(run.notice_ids.chain_ids)

    def test_recording_costs_the_same_queries_for_any_number(self):
        def queries(count):
            for number in range(count):
                self.invoice(10, debtor=self.make_debtor(f"Debtor{number}"))
            ids = self.remind().notice_ids.ids
            notices = self.env["dunning.notice"].with_context(dunning_links_later=True).browse(ids)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            notices._record_issued()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(1)  # fills the caches
        few = queries(2)
        self.assertLess(few, 20)
        self.assertEqual(queries(12), few)

    def test_a_manager_checks_the_chain(self):
        first = self.three()[0]
        boss = self.make_user("boss.chain", "dunning_advanced.group_manager")
        check = self.env["dunning.chain.check"].with_user(boss).create({})
        self.assertTrue(check.is_whole)
        last = self.entries.search([("company_id", "=", self.company.id)], limit=1)
        self.assertIn(last.hash, check.answer)
        self.env.cr.execute(
            SQL("UPDATE dunning_notice SET own_subject = 'x' WHERE id = %s", first.id)
        )
        check = check.create({})
        self.assertFalse(check.is_whole)
        self.assertIn(first.name, check.first)
        dunner = self.make_user("dunner.chain", "dunning_advanced.group_user")
        with self.assertRaises(AccessError):
            check.with_user(dunner).create({})

    def test_the_command_names_the_first_that_does_not_fit(self):
        first = self.three()[0]
        command = find_command("dunning_chain")()

        def run(*args):
            with (
                self.enter_registry_test_mode(),
                patch.object(config, "parse_config"),
                patch("sys.stdout", new_callable=StringIO) as output,
                self.assertRaises(SystemExit) as ended,
            ):
                command.run(["-d", self.env.cr.dbname, *args])
            return ended.exception.code, output.getvalue()

        code, output = run("--company", self.company.name)
        self.assertEqual(code, 0)
        self.assertIn(f"{self.company.name}: whole\n  4 entries", output)
        self.env.cr.execute(
            SQL("UPDATE dunning_notice SET own_subject = 'x' WHERE id = %s", first.id)
        )
        code, output = run()
        self.assertEqual(code, 1)
        self.assertIn(f"{self.company.name}: BROKEN\n  Entry 1 ({first.name}", output)
        code, _output = run("--company", "Nobody")
        self.assertIn("no company", code)


@freeze_time(DAY)
class TestMailEvidence(MailCommon):
    def test_what_the_mail_server_answers_is_kept(self):
        self.invoice(10)
        notices = self.issue()
        self.send(notices)
        delivery = notices.delivery_ids
        self.assertEqual((delivery.state, delivery.server_answer), ("done", "250 OK"))
        self.assertEqual(self.env["dunning.chain.entry"]._check(self.company).problems, [])
