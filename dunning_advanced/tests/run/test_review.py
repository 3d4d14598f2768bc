from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError

from ..common import DAY, DunningCommon

ADDRESS = {"street": "Main Street 7", "city": "Ghent", "zip": "9000"}


class TestBulk(DunningCommon):
    """Any number of reminders at once, in a number of queries that does not grow."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marc = cls.env["res.users"].create(
            {"name": "Marc", "login": "marc.review", "group_ids": cls.env.user.group_ids.ids}
        )

    def propose(self, count):
        """A run with notices at the second level for so many customers."""
        debtors = self.env["res.partner"].create(
            [
                {"name": f"Customer {n}", "is_company": True, "email": f"c{n}@example.com"}
                | ADDRESS
                for n in range(count)
            ]
        )
        moves = self.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": debtor.id,
                    "invoice_date": DAY - timedelta(days=30),
                    "invoice_date_due": DAY - timedelta(days=20),
                    "invoice_line_ids": [
                        Command.create({"name": "work", "price_unit": 100, "tax_ids": []})
                    ],
                }
                for debtor in debtors
            ]
        )
        moves.action_post()
        items = moves.line_ids.filtered("date_maturity")
        self.env["dunning.line"]._set_level(items, self.first, DAY - timedelta(days=15), "test")
        notices = self.run_at(partner_ids=[Command.set(debtors.ids)]).notice_ids
        self.assertEqual((len(notices), notices.level_id), (count, self.second))
        return notices

    def count(self, notices, work):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        work(notices.browse(notices.ids))  # as a list of the web client does
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_queries_do_not_grow_with_the_notices(self):
        few, many = self.propose(50), self.propose(200)
        works = {
            "channel": lambda notices: notices._change_channel("letter"),
            "assign": lambda notices: notices._assign(self.marc),
            "lower": lambda notices: notices.action_lower_level(),
            "drop": lambda notices: notices._leave_out("agreed"),
        }
        for work in works.values():  # fills the caches
            work(self.propose(2))
        for name, work in works.items():
            with self.subTest(name):
                fifty, two_hundred = self.count(few, work), self.count(many, work)
                self.assertLessEqual(two_hundred, fifty + 3, "one more for each full batch at most")
        for notices in (few, many):
            self.assertEqual(set(notices.mapped("channel")), {"letter"})
            self.assertEqual(notices.user_id, self.marc)
            self.assertEqual(notices.level_id, self.first)
            self.assertEqual(set(notices.mapped("reason")), {"agreed"})
            self.assertEqual(notices.run_id.state, "done")

    def test_change_channel_finds_the_contact_and_tells_who_is_not_reached(self):
        notices = self.propose(3)
        lost, first, _second = notices
        lost.partner_id.street = False
        invoicing = self.env["res.partner"].create(
            {"name": "Books", "type": "invoice", "parent_id": first.partner_id.id, **ADDRESS}
        )
        action = notices.action_change_channel()
        wizard = self.env["dunning.change"].with_context(**action["context"])
        told = wizard.create({"channel": "letter"}).action_apply()
        self.assertIn(lost.partner_id.name, told["params"]["message"])
        self.assertEqual((lost.channel, lost.contact_id), ("email", lost.partner_id))
        self.assertEqual((first.channel, first.contact_id), ("letter", invoicing))

    def test_assigned_is_asked_once_to_review(self):
        notices = self.propose(3)
        messages = len(notices.message_ids)
        action = notices.action_assign()
        wizard = self.env["dunning.change"].with_context(**action["context"])
        wizard.create({"user_id": self.marc.id}).action_apply()
        self.assertEqual(notices.user_id, self.marc)
        review = notices.run_id.activity_ids
        self.assertEqual((review.user_id, review.summary), (self.marc, "Review 3 reminders"))
        self.assertEqual(len(notices.message_ids), messages)

    def test_one_reason_for_all(self):
        notices = self.propose(5)
        action = notices.action_drop()
        wizard = self.env["dunning.reason"].with_context(**action["context"])
        wizard = wizard.create({"reason": "Fair in town"})
        self.assertIn("5 reminders (", wizard.label)
        wizard.action_apply()
        self.assertEqual(set(notices.mapped("state")), {"dropped"})
        self.assertIn("Fair in town", notices.run_id.message_ids[0].body)

    def test_lower_leaves_the_lowest_and_tells(self):
        notices = self.propose(2)
        notices[0].action_lower_level()
        told = notices.action_lower_level()
        self.assertIn(notices[0].partner_id.name, told["params"]["message"])
        self.assertEqual(notices.level_id, self.first)
        with self.assertRaisesRegex(UserError, "at the lowest level already"):
            notices.action_lower_level()

    def test_issued_ones_are_refused(self):
        notices = self.propose(2)
        notices[0].state = "confirmed"
        notices[0]._issue(DAY)
        for action in (notices.action_change_channel, notices.action_assign, notices.action_drop):
            with self.assertRaisesRegex(UserError, "not issued yet"):
                action()


class TestComparison(DunningCommon):
    """What is new since the last reminder of the customer, and since the last run."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deco = cls.make_debtor("Deco Addict")
        cls.gemini = cls.make_debtor("Gemini Furniture")
        cls.ready = cls.make_debtor("Ready Mat")

    def compared(self, run):
        return {n.partner_id: (n.comparison, n.amount_change) for n in run.notice_ids}

    def test_against_the_last_reminder_of_each(self):
        self.invoice(5)
        deco = self.invoice(5, debtor=self.deco)
        self.remind()
        later = DAY + timedelta(days=14)
        self.pay(self.deco, 100, invoices=deco)
        self.invoice(-9, 30, debtor=self.deco)
        self.invoice(-9, debtor=self.gemini)
        run = self.run_at(later)
        self.assertEqual(
            self.compared(run),
            {self.debtor: ("higher", 0), self.deco: ("same", -70), self.gemini: ("new", 0)},
        )
        notice = run.notice_ids.filtered(lambda n: n.partner_id == self.debtor)
        self.assertEqual((notice.last_date, notice.last_rung, notice.last_total), (DAY, 1, 100))
        notice.action_lower_level()
        self.assertEqual(notice.comparison, "same", "it follows the review")
        self.assertEqual(run.comparison_summary, "1 new, 2 at the same level")
        found = self.env["dunning.notice"].search(
            [("run_id", "=", run.id), ("comparison", "=", "new")]
        )
        self.assertEqual(found.partner_id, self.gemini)

    def test_cancelled_and_foreign_reminders_do_not_count(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        self.invoice(5, currency=euro)
        self.invoice(5, debtor=self.deco)
        run = self.remind()
        run.notice_ids.filtered(lambda n: n.partner_id == self.deco)._cancel("wrong")
        self.invoice(-9)
        again = self.run_at(DAY + timedelta(days=14))
        self.assertEqual(
            {(n.partner_id, n.currency_id): n.comparison for n in again.notice_ids},
            {
                (self.debtor, euro): "higher",
                (self.debtor, self.company.currency_id): "new",
                (self.deco, self.company.currency_id): "new",
            },
        )

    def test_who_is_gone_since_the_last_run(self):
        self.invoice(5)
        paid = self.invoice(5, debtor=self.deco)
        self.invoice(5, debtor=self.gemini)
        last = self.remind()
        self.pay(self.deco, 100, invoices=paid)
        later = DAY + timedelta(days=14)
        self.env["dunning.hold"].create(
            {
                "name": "Talks",
                "company_id": self.company.id,
                "partner_id": self.gemini.id,
                "date_from": later,
                "date_to": later,
            }
        )
        run = self.run_at(later)
        self.assertEqual(run.last_run_id, last)
        self.assertEqual(run.since_label, "Since the run of 06/03/2024")
        self.assertEqual(run.since_summary, "customers paid: 1, not reminded now: 1")
        action = run.action_view_gone()
        gone = self.env["dunning.notice"].search(action["domain"])
        self.assertEqual(gone.partner_id, self.deco | self.gemini)
        self.assertFalse(last.last_run_id)
        self.assertFalse(last.since_summary)


class TestWarnings(DunningCommon):
    """What deserves a second look is flagged, counted on the run, and opens its records."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.dunning_high_amount = 5000
        cls.deco = cls.make_debtor("Deco Addict")

    def warned(self, code, run):
        notices = self.env["dunning.notice"].search(
            [("run_id", "=", run.id), ("warning", "=", code)]
        )
        self.assertEqual(run[f"{code}_count"], len(notices))
        return notices.partner_id

    def test_nothing_to_warn_of(self):
        self.invoice(5)
        run = self.run_at()
        self.assertFalse(run.has_warnings)
        self.assertFalse(run.notice_ids.warning)
        quiet = [("run_id", "=", run.id), ("warning", "=", False)]
        self.assertEqual(self.env["dunning.notice"].search(quiet), run.notice_ids)

    def test_high_first_reminder(self):
        self.invoice(5, 5000)
        self.invoice(5, 4999, debtor=self.deco)
        run = self.run_at()
        self.assertEqual(self.warned("high", run), self.debtor)
        notice = run.notice_ids.filtered("warning")
        self.assertEqual(notice.partner_id, self.debtor)
        self.assertEqual(notice.warning, "High first reminder")
        self.assertIn("first reminder in this currency", notice.warning_text)
        self.assertTrue(run.has_warnings)
        run.action_cancel()
        self.remind()
        self.assertFalse(self.warned("high", self.run_at(DAY + timedelta(days=14))))

    def test_high_amount_is_in_company_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        self.invoice(5, 9000, currency=euro)
        self.invoice(5, 10000, currency=euro, debtor=self.deco)
        self.assertEqual(self.warned("high", self.run_at()), self.deco)

    def test_key_customers(self):
        key, part = self.env["res.partner.category"].create([{"name": "Key"}, {"name": "Gold"}])
        part.parent_id = key
        self.company.dunning_key_category_id = key
        self.deco.category_id = part
        self.invoice(5)
        self.invoice(5, debtor=self.deco)
        run = self.run_at()
        self.assertEqual(self.warned("key", run), self.deco)
        self.assertEqual(run.notice_ids.filtered("warning").warning, "Key customer")

    def test_open_credits(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        elsewhere = self.make_debtor("Gemini Furniture")
        for debtor in (self.debtor, self.deco, elsewhere):
            self.invoice(5, debtor=debtor)
        self.pay(self.deco, 30)
        self.invoice(5, 20, kind="out_refund", currency=euro, debtor=elsewhere)
        run = self.run_at()
        self.assertEqual(self.warned("credit", run), self.deco | elsewhere)

    def test_bad_addresses(self):
        bounced = self.make_debtor("Gemini Furniture")
        for debtor in (self.debtor, self.deco, bounced):
            self.invoice(5, debtor=debtor)
        bounced.message_bounce = 1
        self.env["mail.blacklist"]._add(self.deco.email)
        run = self.run_at()
        self.assertEqual(self.warned("contact", run), self.deco | bounced)
        sent = run.notice_ids.filtered("warning")[0]
        sent.state = "confirmed"
        sent._issue(DAY)
        run.invalidate_recordset()
        self.assertEqual(run.contact_count, 1, "what has gone out needs no second look")

    def test_bank_lines_to_reconcile_first(self):
        self.invoice(5)
        lines = self.env["account.bank.statement.line"].create(
            [
                {
                    "payment_ref": "transfer",
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "date": DAY - timedelta(days=days),
                    "amount": amount,
                }
                for days, amount in ((7, 10), (8, 10), (20, 10), (30, -10))
            ]
        )
        run = self.run_at()
        self.assertEqual((run.bank_count, run.bank_since), (2, DAY - timedelta(days=20)))
        action = run.action_view_bank_lines()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found, lines[1:3].sorted())
        self.company.dunning_bank_days = 0
        self.company.dunning_bank_age = 0
        run.invalidate_recordset()
        self.assertEqual((run.bank_count, run.has_warnings), (0, False))
