from datetime import date, timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from odoo.addons.dunning_advanced.models.statement.statement import Period

from ..common import DAY
from .common import StatementCommon


class TestStatement(StatementCommon):
    def test_open_items_and_credits(self):
        old = self.invoice(40, 500)
        new = self.invoice(-10, 70)
        paid = self.invoice(20, 90)
        self.pay(self.debtor, 120, invoices=old)
        self.pay(self.debtor, 90, invoices=paid)
        self.pay(self.debtor, 30, days=3)
        refund = self.invoice(5, 10, kind="out_refund")
        account = self.account()
        rows = [(item.name, item.kind, item.amount, item.open) for item in account.debits]
        self.assertEqual(rows, [(old.name, "invoice", 500, 380), (new.name, "invoice", 70, 70)])
        self.assertEqual([item.days_overdue(DAY) for item in account.debits], [40, 0])
        self.assertEqual(account.debits[0].due, DAY - timedelta(days=40))
        self.assertEqual(account.debits[0].date, DAY - timedelta(days=70))
        credits = {item.kind: (item.name, item.open) for item in account.credits}
        self.assertEqual(credits["credit_note"], (refund.name, -10))
        self.assertEqual(credits["payment"][1], -30)
        self.assertEqual((account.amount_debit, account.amount_credit), (450, -40))
        self.assertEqual((account.balance, account.amount_overdue), (410, 380))

    def test_ageing_ends_where_its_buckets_end(self):
        for days in (-1, 0, 1, 30, 31, 60, 61, 90, 91, 120, 121, 400):
            self.invoice(days, 2 ** (days % 7))
        self.pay(self.debtor, 5)

        def expected(first, last):
            days = (-1, 0, 1, 30, 31, 60, 61, 90, 91, 120, 121, 400)
            return sum(2 ** (day % 7) for day in days if first <= day <= last)

        bounds = [(-9, 0), (1, 30), (31, 60), (61, 90), (91, 120), (121, 999)]
        account = self.account()
        self.assertEqual(account.ageing(), [expected(*bound) for bound in bounds])
        self.assertEqual(sum(account.ageing()) + account.amount_credit, account.balance)

    def test_the_account_as_it_was_at_the_end_of_a_day(self):
        invoice = self.invoice(20, 100)  # of 50 days ago
        self.pay(self.debtor, 40, days=10, invoices=invoice)
        self.pay(self.debtor, 60, days=2, invoices=invoice)
        for days, still in ((51, None), (50, 100), (11, 100), (10, 60), (3, 60), (2, None)):
            with self.subTest(days=days):
                accounts = self.accounts(DAY - timedelta(days=days))
                self.assertEqual([account.balance for account in accounts], [still] * bool(still))

    def test_movements_run_from_the_opening_to_the_closing_balance(self):
        self.invoice(60, 100)  # of 90 days ago
        invoice = self.invoice(20, 50)  # of 50 days ago
        payment = self.pay(self.debtor, 30, days=15, invoices=invoice)
        self.invoice(-30, 7)  # of today
        self.pay(self.debtor, 2, days=-1)  # tomorrow
        account = self.account(date_from=DAY - timedelta(days=50))
        self.assertEqual(account.opening, 100)
        rows = [(move.kind, move.amount, balance) for move, balance in account.running()]
        self.assertEqual(rows, [("invoice", 50, 150), ("payment", -30, 120), ("invoice", 7, 127)])
        self.assertEqual(account.movements[1].name, payment.move_id.name)
        self.assertEqual((account.closing, account.balance), (127, 127))

    def test_an_opening_entry_is_an_entry(self):
        receivable = self.company_data["default_account_receivable"]
        sales = self.company_data["default_account_revenue"]
        entry = self.env["account.move"].create(
            {
                "date": DAY - timedelta(days=5),
                "line_ids": [
                    Command.create(
                        {"account_id": account.id, "partner_id": self.debtor.id, "balance": balance}
                    )
                    for account, balance in ((receivable, 80), (sales, -80))
                ],
            }
        )
        entry.action_post()
        account = self.account(date_from=DAY - timedelta(days=9))
        self.assertEqual([(m.kind, m.amount) for m in account.movements], [("entry", 80)])
        self.assertEqual(account.balance, 80)

    def test_currencies_are_never_mixed(self):
        self.invoice(20, 100)
        self.invoice(20, 15000, currency=self.yen)
        yen, own = self.accounts(date_from=DAY - timedelta(days=99))
        self.assertEqual((yen.currency_id, yen.balance, yen.digits), (self.yen.id, 15000, 0))
        self.assertEqual((own.currency_id, own.balance), (self.company.currency_id.id, 100))

    def test_paid_in_another_currency(self):
        """The yen are settled by dollars: both leave their account."""
        invoice = self.invoice(20, 15000, currency=self.yen)
        self.pay(self.debtor, 60, days=3, invoices=invoice)
        accounts = self.accounts(date_from=DAY - timedelta(days=99))
        closing = {account.currency_id: account.closing for account in accounts}
        self.assertEqual(closing, {self.yen.id: 6000, self.company.currency_id.id: 0})
        for account in accounts:
            self.assertEqual(account.closing, account.balance)
            self.assertIn("settlement", [move.kind for move in account.movements])

    def test_paid_by_somebody_else(self):
        invoice = self.invoice(20, 100)
        payer = self.make_debtor("Payer")
        self.pay(payer, 100, days=3, invoices=invoice)
        for debtor, moves in ((self.debtor, [100, -100]), (payer, [-100, 100])):
            account = self.account(date_from=DAY - timedelta(days=99), debtor=debtor)
            self.assertEqual([move.amount for move in account.movements], moves)
            self.assertEqual((account.closing, account.balance), (0, 0))

    def test_closing_is_the_sum_of_open_items_on_every_day(self):
        """A ledger with all that can happen, looked at on many days."""
        payer = self.make_debtor("Payer")
        invoices = [self.invoice(days, 100 + days) for days in (5, 15, 25, 35)]
        foreign = self.invoice(30, 30000, currency=self.yen)
        self.pay(self.debtor, 50, days=30, invoices=invoices[3])
        self.pay(self.debtor, 80, days=20, invoices=foreign)
        self.pay(payer, 40, days=12, invoices=invoices[2])
        self.invoice(-20, 33, kind="out_refund")
        seen = set()
        for days in range(0, 60, 5):
            day = DAY - timedelta(days=days)
            for debtor in (self.debtor, payer):
                for account in self.accounts(day, DAY - timedelta(days=60), debtor):
                    self.assertEqual(account.closing, account.balance, (day, debtor.name))
                    seen.add(account.closing)
        self.assertGreater(len(seen), 6)

    def test_branches_belong_to_their_company(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self.cr.precommit.run()  # loads the chart of accounts of the branch
        self.invoice(20, 100)
        self.assertEqual(self.invoice_of(branch, 40).company_id, branch)
        self.assertEqual(self.account(date_from=date(2023, 1, 1)).closing, 140)
        [account] = self.debtor._dunning_accounts(Period(branch, DAY))[self.debtor.id]
        self.assertEqual(account.balance, 40)

    def test_contacts_stand_for_their_customer(self):
        child = self.env["res.partner"].create({"name": "Desk", "parent_id": self.debtor.id})
        self.invoice(20, 100, debtor=child)
        self.assertEqual(
            (child | self.debtor)._dunning_statement_debtors(self.period()), self.debtor
        )
        self.assertEqual(self.account().balance, 100)

    def test_drafts_and_cancelled_do_not_count(self):
        self.invoice(20, 100).button_draft()
        self.assertEqual(self.accounts(date_from=DAY - timedelta(days=90)), [])

    def test_those_with_nothing_are_left_out_of_many(self):
        quiet = self.make_debtor("Quiet")
        self.invoice(20)
        both = quiet | self.debtor
        self.assertEqual(both._dunning_statement_debtors(self.period()), self.debtor)
        self.assertEqual(quiet._dunning_statement_debtors(self.period()), quiet)
        with self.assertRaisesRegex(UserError, "nothing to state"):
            (quiet | self.make_debtor("Silent"))._dunning_statement_debtors(self.period())

    def test_too_many_at_once(self):
        self.invoice(20)
        other = self.make_debtor("Other")
        self.invoice(20, debtor=other)
        with self.assertRaisesRegex(UserError, "2 statements are too many"):
            (self.debtor | other)._dunning_statement_debtors(self.period(), most=1)

    def test_dates_in_the_wrong_order(self):
        with self.assertRaisesRegex(UserError, "begins after its end"):
            self.accounts(DAY, DAY + timedelta(days=1))

    def test_query_count_does_not_depend_on_the_items(self):
        def queries():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            accounts = self.accounts(date_from=date(2024, 1, 1))
            return self.env.cr.sql_log_count - before, len(accounts[0].movements)

        self.invoice(20)
        queries()  # fills the caches
        few, one = queries()
        for days in range(30):
            self.invoice(days)
        many, all_ = queries()
        self.assertEqual((one, all_), (1, 31))
        self.assertLessEqual(many, few + 2)


class TestStatementRights(StatementCommon):
    def test_who_may_ask(self):
        self.invoice(20)
        elsewhere = self.setup_other_company()["company"]
        users = {
            name: new_test_user(
                self.env,
                f"{name}.statement",
                groups,
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            )
            for name, groups, company in (
                ("dunner", "dunning_advanced.group_user", self.company),
                ("biller", "account.group_account_invoice", self.company),
                ("stranger", "dunning_advanced.group_manager", elsewhere),
            )
        }
        asked = {
            name: (self.debtor.with_user(user), Period(self.company.with_user(user), DAY))
            for name, user in users.items()
        }
        debtor, period = asked["dunner"]
        self.assertTrue(debtor._dunning_accounts(period))
        self.assertTrue(debtor._dunning_statement_pdf(period))
        for name in ("biller", "stranger"):
            debtor, period = asked[name]
            for ask in ("accounts", "statements", "statement_pdf", "statement_xlsx"):
                with self.subTest(user=name, ask=ask), self.assertRaises(AccessError):
                    getattr(debtor, f"_dunning_{ask}")(period)
            with self.assertRaises(AccessError):
                debtor._dunning_send_statements(period)
        # Its own company it may ask for: there this customer owes nothing.
        debtor = self.debtor.with_user(users["stranger"])
        self.assertEqual(debtor._dunning_accounts(Period(elsewhere, DAY)), {})

    def test_wizard_and_files_belong_to_their_user(self):
        self.invoice(20)
        first, second = (
            new_test_user(
                self.env,
                login,
                "dunning_advanced.group_user",
                company_id=self.company.id,
                company_ids=[Command.set(self.company.ids)],
            )
            for login in ("first.statement", "second.statement")
        )
        wizard = (
            self.wizard()
            .with_user(first)
            .create({"partner_ids": [Command.set(self.debtor.ids)], "date": DAY})
        )
        action = wizard.action_pdf()
        attachment_id = int(action["url"].split("/")[3].split("?")[0])
        attachment = self.env["ir.attachment"].browse(attachment_id)
        self.assertTrue(attachment.with_user(first).raw.startswith(b"%PDF"))
        for record in (wizard, attachment):
            with self.assertRaises(AccessError):
                record.with_user(second).read(["display_name"])

    def test_another_company_cannot_be_chosen(self):
        elsewhere = self.setup_other_company()["company"]
        user = new_test_user(
            self.env,
            "local.statement",
            "dunning_advanced.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self.env["dunning.statement"].with_user(user).create(
                {
                    "partner_ids": [Command.set(self.debtor.ids)],
                    "company_id": elsewhere.id,
                    "date": DAY,
                }
            )

    def test_the_menu_of_customers_offers_it_to_dunning_users(self):
        action = self.env.ref("dunning_advanced.action_dunning_statement")
        for groups, offered in (
            ("dunning_advanced.group_user", True),
            ("account.group_account_invoice", False),
        ):
            user = new_test_user(self.env, groups.split(".")[0], groups)
            bindings = self.env["ir.actions.actions"].with_user(user).get_bindings("res.partner")
            self.assertEqual(action.id in [b["id"] for b in bindings["action"]], offered)

    def test_dialog_opens_for_the_customers_that_were_chosen(self):
        chosen = self.debtor | self.make_debtor("Deco Addict")
        with freeze_time(DAY):
            form = Form(self.env["dunning.statement"].with_context(default_partner_ids=chosen.ids))
        self.assertEqual(form.partner_ids.ids, chosen.ids)
        self.assertEqual((form.date, form.date_from), (DAY, False))
        self.assertEqual(form.company_id, self.company)
