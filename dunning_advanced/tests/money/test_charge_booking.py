import re
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.sql_db import Cursor
from odoo.tools import SQL

from ..common import DAY
from .common import ChargeCommon

LATER = DAY + timedelta(days=14)


@freeze_time(DAY)
class TestBooking(ChargeCommon):
    """Charges in the ledger, checked against Odoo."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.charge_mode = "posted"
        cls.product = cls.env.ref("dunning_advanced.product_fee")

    def receivable(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def make_tax(self, name, amount, **values):
        return self.env["account.tax"].create(
            {
                "name": name,
                "amount": amount,
                "type_tax_use": "sale",
                "company_id": self.company.id,
                **values,
            }
        )

    def test_printed_only_leaves_the_ledger_alone(self):
        self.policy.charge_mode = "printed"
        self.invoice(10)
        self.assertFalse(self.notice_at().charge_move_id)

    def test_posted_invoice(self):
        self.invoice(10)
        notice = self.notice_at()
        move = notice.charge_move_id
        self.assertEqual((move.state, move.move_type), ("posted", "out_invoice"))
        self.assertEqual((move.invoice_date, move.date), (DAY, DAY))
        self.assertEqual(move.invoice_date_due, notice.date_pay)
        self.assertEqual(move.invoice_origin, notice.name)
        self.assertEqual((move.amount_untaxed, move.amount_tax), (5, 0))
        self.assertEqual(move.invoice_line_ids.product_id, self.product)
        self.assertEqual(move.invoice_line_ids.account_id, self.income)
        self.assertEqual(self.receivable(move).amount_residual, 5)
        self.assertEqual(move.dunning_charge_notice_ids, notice)

    def test_draft_invoice_counts_as_printed(self):
        self.policy.charge_mode = "draft"
        self.invoice(10)
        move = self.notice_at().charge_move_id
        self.assertEqual(move.state, "draft")
        self.assertEqual(self.notice_at(LATER).amount_charges_before, 5)

    def test_tax_by_the_fiscal_position_of_the_customer(self):
        domestic, export = self.make_tax("VAT 20", 20), self.make_tax("VAT 0", 0)
        self.product.taxes_id = domestic
        position = self.env["account.fiscal.position"].create(
            {"name": "Export", "company_id": self.company.id}
        )
        export.write(
            {
                "fiscal_position_ids": [Command.link(position.id)],
                "original_tax_ids": [Command.link(domestic.id)],
            }
        )
        other_income = self.income.copy({"code": "400999"})
        position.account_ids = [
            Command.create({"account_src_id": self.income.id, "account_dest_id": other_income.id})
        ]
        abroad = self.make_debtor("Abroad", property_account_position_id=position.id)
        self.invoice(10)
        self.invoice(10, debtor=abroad)
        notices = self.remind().notice_ids
        own = notices.filtered(lambda notice: notice.partner_id == self.debtor)
        other = notices - own
        self.assertEqual((own.charge_move_id.amount_tax, own.amount_due), (1, 106))
        self.assertEqual(own.charge_move_id.invoice_line_ids.tax_ids, domestic)
        self.assertEqual((other.charge_move_id.amount_tax, other.amount_due), (0, 105))
        self.assertEqual(other.charge_move_id.invoice_line_ids.tax_ids, export)
        self.assertEqual(other.charge_move_id.invoice_line_ids.account_id, other_income)
        # as the tax report reads it
        [tax_line] = own.charge_move_id.line_ids.filtered("tax_line_id")
        self.assertEqual((tax_line.balance, tax_line.tax_base_amount), (-1, -5))

    def test_estimate_and_printed_charges_show_the_same_tax(self):
        self.product.taxes_id = self.make_tax("VAT 20", 20)
        self.policy.charge_mode = "printed"
        self.invoice(10)
        run = self.run_at()
        self.assertEqual(run.notice_ids._charge_values()["total"], 106)
        run.action_confirm()
        self.assertEqual(run.notice_ids.amount_due, 106)

    def test_tax_included_in_the_fee(self):
        self.product.taxes_id = self.make_tax(
            "VAT 25 incl.", 25, price_include_override="tax_included"
        )
        self.invoice(10)
        notice = self.notice_at()
        self.assertEqual((notice.charge_move_id.amount_total, notice.amount_due), (5, 105))

    def test_product_and_journal_of_the_company(self):
        self.invoice(10)
        product = self.product.copy({"name": "Dunning"})
        journal = self.company_data["default_journal_sale"].copy(
            {"code": "DUN", "default_account_id": self.income.id}
        )
        self.company.write({"dunning_fee_product_id": product.id, "dunning_journal_id": journal.id})
        move = self.notice_at().charge_move_id
        self.assertEqual((move.invoice_line_ids.product_id, move.journal_id), (product, journal))

    def test_product_without_account_stops_its_reminder(self):
        self.product.categ_id.property_account_income_categ_id = False
        self.company.income_account_id = False
        self.invoice(10)
        run = self.run_at()
        run.action_confirm()
        self.assertEqual(run.notice_ids.state, "confirmed")
        self.assertIn("has no income account", run.notice_ids.error)
        self.assertFalse(run.notice_ids.charge_ids)

    def test_cancelling_credits_the_invoice(self):
        self.invoice(10)
        notice = self.notice_at()
        move = notice.charge_move_id
        notice._cancel("Wrong", LATER)
        credit = move.reversal_move_ids
        self.assertEqual((credit.state, credit.date, credit.amount_total), ("posted", LATER, 5))
        self.assertEqual(move.payment_state, "reversed")
        self.assertEqual(self.receivable(move | credit).mapped("amount_residual"), [0, 0])
        self.assertEqual(notice.charge_ids.state, "cancelled")
        booked = (move | credit).line_ids.filtered(lambda line: line.account_id == self.income)
        self.assertEqual(booked.mapped("balance"), [-5, 5])

    def test_cancelling_cancels_the_draft(self):
        self.policy.charge_mode = "draft"
        self.invoice(10)
        notice = self.notice_at()
        notice._cancel("Wrong", LATER)
        self.assertEqual(notice.charge_move_id.state, "cancel")

    def test_waiving_one_of_two_charges_credits_it(self):
        self.product.taxes_id = self.make_tax("VAT 20", 20)
        self.first.fee_ids |= self.ten
        self.invoice(10, 1000)
        notice = self.notice_at()
        self.assertEqual((notice.charge_move_id.amount_total, notice.amount_due), (18, 1018))
        charge = notice.charge_ids.filtered(lambda charge: charge.amount == 10)
        charge._waive("Goodwill", LATER)
        self.assertEqual(notice.charge_move_id.amount_residual, 6)
        self.assertEqual((notice.amount_charges, notice.amount_due), (5, 1006))

    def test_waiving_changes_the_draft(self):
        self.policy.charge_mode = "draft"
        self.first.fee_ids |= self.ten
        self.invoice(10, 1000)
        notice = self.notice_at()
        notice.charge_ids.filtered(lambda charge: charge.amount == 10)._waive("Goodwill", LATER)
        self.assertEqual(
            (notice.charge_move_id.state, notice.charge_move_id.amount_total), ("draft", 5)
        )
        notice.charge_ids.filtered(lambda charge: charge.state == "open")._waive("All", LATER)
        self.assertEqual(notice.charge_move_id.state, "cancel")

    def test_waiving_a_paid_charge_leaves_a_credit(self):
        self.invoice(10)
        notice = self.notice_at()
        self.pay(self.debtor, 5, invoices=notice.charge_move_id)
        notice.charge_ids._waive("Goodwill", LATER)
        credit = notice.charge_move_id.reversal_move_ids
        self.assertEqual(self.receivable(credit).amount_residual, -5)

    def test_locked_period_books_on_the_first_open_day(self):
        self.invoice(10)
        self.company.fiscalyear_lock_date = DAY + timedelta(days=27)
        notice = self.notice_at()
        move = notice.charge_move_id
        self.assertEqual(move.state, "posted")
        self.assertEqual((move.invoice_date, move.date), (DAY, DAY + timedelta(days=28)))
        told = " ".join(notice.message_ids.mapped("body"))
        self.assertIn("07/01/2024 instead of 06/03/2024", told)
        notice._cancel("Wrong", DAY)
        self.assertEqual(move.reversal_move_ids.date, DAY + timedelta(days=28))

    def test_paying_the_principal_leaves_the_charges_open(self):
        invoice = self.invoice(10)
        notice = self.notice_at()
        self.pay(self.debtor, 100, invoices=invoice)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(notice.charge_move_id.amount_residual, 5)
        # and they are reminded of like any invoice, without costing more
        reminder = self.notice_at(DAY + timedelta(days=12))
        self.assertEqual(reminder.line_ids.move_id, notice.charge_move_id)
        self.assertFalse(reminder.charge_ids)

    def test_charges_of_another_currency(self):
        half = self.add_rate("GBP", 2)
        self.invoice(10, currency=half)
        move = self.notice_at().charge_move_id
        self.assertEqual((move.currency_id, move.amount_total), (half, 10))
        self.assertEqual(self.receivable(move).balance, 5)
        self.assertEqual(move.invoice_line_ids.balance, -5)

    def test_items_cost_no_queries(self):
        """The queries of issuing with charges depend on the reminders, not the items."""
        self.first.charge_interest = True
        self.first.fee_ids |= self.statutory
        euro = self.add_rate("EUR", 1)
        debtors = [self.make_debtor(name, country_id=self.germany.id) for name in "ABC"]
        for debtor, items in zip(debtors, (2, 2, 12), strict=True):
            for number in range(items):
                self.invoice(10 + number % 2, debtor=debtor, currency=euro)
        _first, few, many = (self.count(self.run_of(debtor)) for debtor in debtors)
        # one line of interest for each invoice, for each of which Odoo asks for analytics
        self.assertLessEqual(many, few + 10 + 3)

    def run_of(self, debtor):
        return self.run_at(partner_ids=[Command.set(debtor.ids)]).notice_ids

    def test_without_charges_one_query_more(self):
        """The record of what went out has to ask, once for all reminders of a batch."""
        debtors = [self.make_debtor(name) for name in "AB"]
        for debtor in debtors:
            self.invoice(10, debtor=debtor)
        self.policy.level_ids.fee_ids = False
        queries = []
        execute = Cursor.execute

        def seen(cursor, query, *args, **kwargs):
            queries.append(query.code if isinstance(query, SQL) else str(query))
            return execute(cursor, query, *args, **kwargs)

        self.count(self.run_of(debtors[0]))
        with patch.object(Cursor, "execute", seen):
            self.count(self.run_of(debtors[1]))
        self.assertGreater(len(queries), 10)
        asked = re.compile(r'(FROM|JOIN|INTO) "?(dunning_charge|dunning_fee|dunning_interest)')
        [query] = [query for query in queries if asked.search(query)]
        self.assertIn("charge.announced", query)

    def count(self, notices):
        notices.write({"state": "confirmed"})
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        notices._issue(notices.date)
        self.env.flush_all()
        self.assertEqual(set(notices.mapped("state")), {"issued"}, notices.mapped("error"))
        notices.delivery_ids._succeed()
        return self.env.cr.sql_log_count - before
