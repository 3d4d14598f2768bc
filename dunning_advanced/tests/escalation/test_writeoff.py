from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form
from odoo.tools import mute_logger

from ..common import DAY
from .common import EscalationCommon


class WriteoffCommon(EscalationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bad_debts = cls.company_data["default_account_expense"].copy({"name": "Bad debts"})
        cls.journal = cls.company_data["default_journal_misc"]
        cls.company.write(
            {
                "dunning_writeoff_account_id": cls.bad_debts.id,
                "dunning_writeoff_journal_id": cls.journal.id,
                "dunning_writeoff_limit": 500,
            }
        )

    def propose(self, *invoices, user=None, **values):
        """A proposal over these invoices, or over what is suggested."""
        given = {"item_ids": [Command.set(self.items(*invoices).ids)]} if invoices else {}
        return (
            self.env["dunning.writeoff"]
            .with_user(user or self.dunner)
            .create({"partner_id": self.debtor.id, "reason": "Struck off", **given, **values})
        )

    def booked(self, writeoff):
        """Account, balance, amount and currency of the lines of the entries."""
        return sorted(
            (
                line.account_id.account_type,
                line.balance,
                line.amount_currency,
                line.currency_id.name,
            )
            for line in writeoff.entry_ids.line_ids
        )


class TestWriteoff(WriteoffCommon):
    def test_life_from_the_case(self):
        invoice = self.invoice(90, 300)
        self.exhaust(invoice)
        self.invoice(3, 50)
        case = self.open_case().with_user(self.dunner)
        self.assertTrue(case.activity_ids)
        action = case.action_escalate()
        wizard = self.env[action["res_model"]].with_user(self.dunner)
        wizard = wizard.with_context(**action["context"]).create({"step": "writeoff"})
        action = wizard.action_apply()
        writeoffs = self.env[action["res_model"]].with_user(self.dunner)
        with Form(writeoffs.with_context(**action["context"])) as form:
            self.assertEqual(form.item_ids.ids, self.items(invoice).ids)
            form.reason = "The company was struck off"
        writeoff = form.record
        self.assertEqual((writeoff.state, writeoff.user_id), ("proposed", self.dunner))
        self.assertEqual(writeoff.amount_company, 300)
        self.assertIn(writeoff.activity_ids.user_id, self.boss | self.env.user)
        self.assertFalse(case.activity_ids, "it is decided about elsewhere")
        self.assertIn("Proposed to write off", case.message_ids[0].body)
        self.assertFalse(writeoff.can_approve)
        with self.assertRaisesRegex(AccessError, "Only a dunning manager decides"):
            writeoff.action_approve()
        approved = writeoff.with_user(self.boss)
        self.assertTrue(approved.can_approve)
        approved.action_approve()
        self.assertEqual((writeoff.state, writeoff.decided_by_id), ("approved", self.boss))
        self.assertEqual(writeoff.date_decided, DAY)
        self.assertFalse(writeoff.activity_ids)
        self.assertEqual(
            self.booked(writeoff),
            [("asset_receivable", -300, -300, "USD"), ("expense", 300, 300, "USD")],
        )
        entry = writeoff.entry_ids
        self.assertEqual((entry.state, entry.date, entry.journal_id), ("posted", DAY, self.journal))
        self.assertEqual(entry.line_ids.partner_id, self.debtor)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertTrue(self.items(invoice).reconciled)
        self.assertIn("Written off", case.message_ids[0].body)

    def test_foreign_currency_leaves_no_cents(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        for day, rate in (("2020-01-01", 0.7), ("2024-05-01", 0.9)):
            self.env["res.currency.rate"].create(
                {"currency_id": euro.id, "company_rate": rate, "name": day}
            )
        yen = self.env.ref("base.JPY")
        yen.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": yen.id, "company_rate": 151.3, "name": "2020-01-01"}
        )
        invoices = (
            self.invoice(90, 333.33, currency=euro),
            self.invoice(80, 12345, currency=yen),
            self.invoice(70, 20),
        )
        values = [self.items(invoice).amount_residual for invoice in invoices]
        writeoff = self.propose(*invoices, user=self.boss)
        self.company.dunning_writeoff_limit = 5000
        writeoff.action_approve()
        for invoice, value in zip(invoices, values, strict=True):
            item = self.items(invoice)
            self.assertEqual((item.amount_residual, item.amount_residual_currency), (0, 0))
            self.assertTrue(item.reconciled)
            self.assertFalse(item.matched_credit_ids.exchange_move_id)
            self.assertIn(value, writeoff.entry_ids.line_ids.mapped("balance"))
        expense = writeoff.entry_ids.line_ids.filtered(lambda line: line.balance > 0)
        self.assertEqual(expense.account_id, self.bad_debts)
        self.assertEqual(
            self.company.currency_id.round(sum(expense.mapped("balance"))),
            self.company.currency_id.round(sum(values)),
        )

    def test_in_parts_in_a_foreign_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        for day, rate in (("2020-01-01", 0.7), ("2024-05-01", 0.9)):
            self.env["res.currency.rate"].create(
                {"currency_id": euro.id, "company_rate": rate, "name": day}
            )
        invoice = self.invoice(90, 100, currency=euro)
        item = self.items(invoice)
        value = item.amount_residual
        for amount, left in ((33.33, 66.67), (33.33, 33.34), (33.34, 0)):
            writeoff = self.propose(invoice, user=self.boss)
            writeoff.line_ids.amount = amount
            writeoff.action_approve()
            self.assertAlmostEqual(item.amount_residual_currency, left)
        self.assertEqual((item.amount_residual, item.reconciled), (0, True))
        lines = self.env["account.move.line"].search([("account_id", "=", self.bad_debts.id)])
        self.assertAlmostEqual(sum(lines.mapped("balance")), value)
        self.assertFalse(item.matched_credit_ids.exchange_move_id)

    def test_locked_books(self):
        self.company.fiscalyear_lock_date = DAY + timedelta(days=5)
        invoice = self.invoice_before_lock(90)
        writeoff = self.propose(invoice, user=self.boss)
        writeoff.action_approve()
        self.assertEqual(writeoff.entry_ids.date, DAY + timedelta(days=6))
        self.assertTrue(
            writeoff.message_ids.filtered(
                lambda message: "06/09/2024 instead of 06/03/2024" in message.body
            )
        )
        self.assertEqual(invoice.amount_residual, 0)

    def invoice_before_lock(self, days):
        lock, self.company.fiscalyear_lock_date = self.company.fiscalyear_lock_date, False
        invoice = self.invoice(days)
        self.company.fiscalyear_lock_date = lock
        return invoice

    def test_tax_lock_does_not_matter(self):
        invoice = self.invoice(90)
        self.company.tax_lock_date = DAY
        writeoff = self.propose(invoice, user=self.boss)
        writeoff.action_approve()
        self.assertEqual(writeoff.entry_ids.date, DAY)

    def test_undone_by_a_reversal(self):
        invoice = self.invoice(90)
        writeoff = self.propose(invoice, user=self.boss)
        writeoff.action_approve()
        action = writeoff.action_undo()
        wizard = self.env[action["res_model"]].with_user(self.boss)
        Form(wizard.with_context(**action["context"])).save().refund_moves()
        writeoff.invalidate_recordset()
        self.assertTrue(writeoff.is_reversed)
        self.assertEqual((invoice.amount_residual, writeoff.state), (100, "approved"))
        with self.assertRaisesRegex(UserError, "no entry of this write-off left"):
            writeoff.action_undo()
        again = self.propose(invoice, user=self.boss)
        again.action_approve()
        self.assertEqual(invoice.amount_residual, 0)

    def test_rejected_with_a_reason(self):
        invoice = self.invoice(90)
        case = self.open_case()
        writeoff = self.propose(invoice)
        with self.assertRaisesRegex(AccessError, "Only a dunning manager decides"):
            writeoff.action_reject()
        action = writeoff.with_user(self.boss).action_reject()
        wizard = self.env[action["res_model"]].with_user(self.boss)
        wizard.with_context(**action["context"]).create({"reason": "Try again"}).action_apply()
        self.assertEqual((writeoff.state, writeoff.decision), ("rejected", "Try again"))
        self.assertEqual((writeoff.decided_by_id, invoice.amount_residual), (self.boss, 100))
        self.assertIn("Try again", case.message_ids[0].body)
        with self.assertRaisesRegex(UserError, "was decided about already"):
            writeoff.with_user(self.boss).action_approve()
        self.propose(invoice)


class TestWriteoffApproval(WriteoffCommon):
    def test_above_the_limit_it_takes_two(self):
        small, large = self.invoice(90, 500), self.invoice(90, 500.01)
        self.propose(small, user=self.boss).action_approve()
        writeoff = self.propose(large, user=self.boss)
        self.assertFalse(writeoff.can_approve)
        self.assertIn("somebody else than Boss", writeoff.objection)
        with self.assertRaisesRegex(UserError, "Above .*500.00 somebody else than Boss"):
            writeoff.action_approve()
        self.assertNotEqual(writeoff.activity_ids.user_id, self.boss)
        other = self.make_user("second.writeoff", "dunning_advanced.group_manager")
        self.fresh(writeoff, other).action_approve()
        self.assertEqual((writeoff.state, writeoff.decided_by_id), ("approved", other))

    def test_no_way_around_the_limit(self):
        writeoff = self.propose(self.invoice(90, 900), user=self.boss)
        for values in (
            {"amount_company": 1},
            {"user_id": self.dunner.id},
            {"state": "approved"},
            {"line_ids": [Command.update(writeoff.line_ids.id, {"amount_company": 1})]},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                writeoff.write(values)
        with self.assertRaises(AccessError):
            self.propose(self.invoice(90), user_id=self.boss.id)

    def test_missing_account_and_journal(self):
        for field, words in (
            ("dunning_writeoff_account_id", "choose the account for bad debts in Dunning"),
            ("dunning_writeoff_journal_id", "choose the journal for write-offs in Dunning"),
        ):
            invoice = self.invoice(90)
            kept, self.company[field] = self.company[field], False
            writeoff = self.propose(invoice, user=self.boss)
            with self.assertRaisesRegex(UserError, words):
                writeoff.action_approve()
            self.assertEqual((writeoff.state, invoice.amount_residual), ("proposed", 100))
            self.company[field] = kept

    def test_amounts(self):
        invoice = self.invoice(90)
        writeoff = self.propose(invoice)
        for amount in (0, -1, 100.01):
            with self.assertRaisesRegex(ValidationError, "cannot be written off: .*100.00"):
                writeoff.line_ids.amount = amount
        writeoff.line_ids.amount = 80
        self.assertEqual(writeoff.amount_company, 80)
        self.pay(self.debtor, 30, invoices=invoice)
        with self.assertRaisesRegex(ValidationError, "cannot be written off: .*70.00"):
            writeoff.with_user(self.boss).action_approve()
        writeoff.line_ids.amount = 70
        writeoff.with_user(self.boss).action_approve()
        self.assertEqual(invoice.amount_residual, 0)

    def test_what_was_paid_is_not_written_off(self):
        invoice = self.invoice(90)
        writeoff = self.propose(invoice, user=self.boss)
        self.pay(self.debtor, 100, invoices=invoice)
        with self.assertRaisesRegex(UserError, f"Nothing is open on {invoice.name}"):
            writeoff.action_approve()

    def test_what_was_agreed_comes_first(self):
        invoice = self.invoice(90)
        writeoff = self.propose(invoice, user=self.boss)
        hold = self.env["dunning.hold"].create(
            {
                "partner_id": self.debtor.id,
                "move_id": invoice.id,
                "reason_id": self.env.ref("dunning_advanced.hold_reason_dispute").id,
            }
        )
        with self.assertRaisesRegex(UserError, "Dispute"):
            writeoff.action_approve()
        hold._lift("settled", DAY)
        handover = self.handover(invoice, user=self.boss)
        handover.action_hand_over_early()
        with self.assertRaisesRegex(UserError, "Close the hand-over first"):
            writeoff.action_approve()
        handover._end("closed", "Nothing to get", DAY, "unsuccessful")
        writeoff.action_approve()
        self.assertEqual(writeoff.state, "approved")

    def test_one_open_proposal_an_item(self):
        invoice = self.invoice(90)
        first = self.propose(invoice)
        with self.assertRaisesRegex(ValidationError, "is part of “Write-off Azure Interior"):
            self.propose(invoice)
        first.with_user(self.boss)._reject("no", DAY)
        self.propose(invoice)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.cr.execute(
                "UPDATE dunning_writeoff_item SET is_open = TRUE WHERE step_id = %s", [first.id]
            )

    def test_decided_is_decided(self):
        writeoff = self.propose(self.invoice(90), user=self.boss)
        writeoff.action_approve()
        with self.assertRaisesRegex(UserError, "cannot be changed any more"):
            writeoff.line_ids.amount = 1
        with self.assertRaisesRegex(UserError, "stays as the record of it"):
            writeoff.unlink()

    def test_nothing_to_write_off(self):
        with self.assertRaisesRegex(UserError, "Choose at least one open item of Azure"):
            self.propose()

    def test_two_companies(self):
        data = self.setup_other_company()
        elsewhere = data["company"]
        stranger = self.make_user("stranger.writeoff", "dunning_advanced.group_manager", elsewhere)
        mine = self.propose(self.invoice(90))
        for record in (mine, mine.line_ids):
            self.assertFalse(record.with_user(stranger).search([("id", "in", record.ids)]))
        with self.assertRaises(AccessError):
            self.fresh(mine, stranger).action_approve()
        theirs = self.invoice_of(elsewhere, 70)
        writeoff = self.propose(
            theirs, user=stranger, company_id=elsewhere.id, partner_id=self.debtor.id
        )
        with self.assertRaisesRegex(UserError, "choose the account for bad debts"):
            writeoff.action_approve()
        elsewhere.dunning_writeoff_account_id = data["default_account_expense"]
        elsewhere.dunning_writeoff_journal_id = data["default_journal_misc"]
        writeoff.action_approve()
        self.assertEqual(writeoff.entry_ids.company_id, elsewhere)
        self.assertEqual(theirs.amount_residual, 0)

    def test_branch(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self.boss.company_ids |= branch
        self.cr.precommit.run()  # loads the chart of accounts of the branch
        invoice = self.invoice_of(branch, 70)
        own = self.invoice(90)
        writeoff = self.propose(invoice, own, user=self.env.user)
        both = (self.company | branch).ids
        writeoff.with_user(self.boss).with_context(allowed_company_ids=both).action_approve()
        self.assertEqual(writeoff.entry_ids.company_id, branch | self.company)
        self.assertEqual((invoice.amount_residual, own.amount_residual), (0, 0))
