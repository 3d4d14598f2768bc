from datetime import date, timedelta

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.tools import mute_logger

from ..common import DAY, DunningCommon


class TestHoldGate(DunningCommon):
    def hold(self, **values):
        return self.env["dunning.hold"].create(
            {
                "name": "Checking the goods",
                "company_id": self.company.id,
                "partner_id": self.debtor.id,
                "date_from": DAY - timedelta(days=1),
                "date_to": DAY + timedelta(days=9),
                **values,
            }
        )

    def test_hold_of_an_invoice_leaves_the_others(self):
        held, free = self.invoice(10), self.invoice(10)
        hold = self.hold(move_id=held.id)
        run = self.run_at()
        self.assertEqual(self.decisions(run), {held: "held", free: "dun"})
        line = run.line_ids.filtered(lambda line: line.move_id == held)
        self.assertEqual(line.hold_id, hold)
        self.assertEqual(line.date_next, DAY + timedelta(days=10))

    def test_hold_of_a_debtor_ends_by_itself(self):
        invoice = self.invoice(10)
        self.hold()
        self.assertEqual(self.decisions(self.run_at()), {invoice: "held"})
        self.assertEqual(self.decisions(self.run_at(DAY + timedelta(days=10))), {invoice: "dun"})

    def test_lifted_hold_stops_nothing(self):
        invoice = self.invoice(10)
        self.hold()._lift("It was a mistake", DAY)
        self.assertEqual(self.decisions(self.run_at()), {invoice: "dun"})

    def test_hold_of_another_company_stops_nothing(self):
        invoice = self.invoice(10)
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.hold(company_id=other.id)
        self.assertEqual(self.decisions(self.run_at()), {invoice: "dun"})


class TestFreshGate(DunningCommon):
    def known(self, days, invoice=None):
        """An overdue invoice that the customer has had for some days."""
        invoice = invoice or self.invoice(40)
        invoice.dunning_date_known = DAY - timedelta(days=days)
        return invoice

    def test_waits_for_so_many_days(self):
        fresh, old, unknown = self.known(2), self.known(3), self.invoice(40)
        run = self.run_at()
        self.assertEqual(self.decisions(run), {fresh: "fresh", old: "dun", unknown: "dun"})
        line = run.line_ids.filtered(lambda line: line.move_id == fresh)
        self.assertEqual(line.date_next, DAY + timedelta(days=1))
        self.first.fresh_days = 0
        run.action_cancel()
        self.assertEqual(self.decisions(self.run_at()), {fresh: "dun", old: "dun", unknown: "dun"})

    def test_only_before_the_first_reminder(self):
        invoice = self.known(3)
        self.remind()
        self.known(-13, invoice)  # sent once more
        run = self.run_at(DAY + timedelta(days=14))
        self.assertEqual(self.decisions(run), {invoice: "dun"})

    def test_why(self):
        invoice = self.known(1, self.invoice(40, is_move_sent=False))
        item = invoice.line_ids.filtered("date_maturity")
        wizard = self.env["dunning.explain"].create(
            {"move_line_id": item.id, "company_id": self.company.id, "date": DAY}
        )
        self.assertIn("posted on 06/02/2024, nobody knows of it being sent", wizard.answer)
        self.assertIn("may be reminded from 06/05/2024", wizard.answer)
        self.assertIn("“First reminder” follows on 06/05/2024", wizard.answer)
        invoice.is_move_sent = True
        wizard.invalidate_recordset()
        self.assertIn("the invoice was sent on 06/02/2024", wizard.answer)

    def test_negative_days_are_refused(self):
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.first.fresh_days = -1
            self.first.flush_recordset()


class TestDayOfAnInvoice(DunningCommon):
    """When an invoice reached the customer, as far as anybody knows."""

    keeps_days = True

    def test_posted_then_sent(self):
        self.company.dunning_tz = "Pacific/Auckland"
        invoice = self.init_invoice("out_invoice", amounts=[100])
        self.assertFalse(invoice.dunning_date_known)
        with freeze_time("2024-06-02 18:00"):
            invoice.action_post()
        self.assertEqual(str(invoice.dunning_date_known), "2024-06-03")
        with freeze_time("2024-06-10 10:00"):
            invoice.is_move_sent = True
        self.assertEqual(str(invoice.dunning_date_known), "2024-06-10")
        with freeze_time("2024-06-20 10:00"):
            invoice.is_move_sent = True
            invoice.button_draft()
            invoice.action_post()
        self.assertEqual(str(invoice.dunning_date_known), "2024-06-10", "the customer had it")
        self.assertFalse(invoice.copy().dunning_date_known)

    def test_posted_tonight_is_not_reminded_tonight(self):
        self.assertEqual(set(self.policy.level_ids.mapped("fresh_days")), {3})
        invoice = self.init_invoice(
            "out_invoice", partner=self.debtor, invoice_date="2024-04-01", amounts=[100]
        )
        invoice.invoice_date_due = "2024-04-24"
        with freeze_time("2024-06-03 12:00"):
            invoice.action_post()
        for day, decision in ((5, "fresh"), (6, "dun")):
            run = self.run_at(date(2024, 6, day))
            line = run.line_ids.filtered(lambda line: line.move_id == invoice)
            self.assertEqual(line.verdict, decision)

    def test_other_entries_have_no_such_day(self):
        bill = self.init_invoice("in_invoice", amounts=[100], post=True)
        self.assertFalse(bill.dunning_date_known)


class TestPayingGate(DunningCommon):
    def transaction(self, invoices, amount, state):
        provider = self.env["payment.provider"].create({"name": "Card", "code": "none"})
        method = self.env.ref("payment.payment_method_unknown")
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "amount": amount,
                "currency_id": self.company.currency_id.id,
                "partner_id": self.debtor.id,
                "reference": f"T{amount}{state}",
                "invoice_ids": [Command.set(invoices.ids)],
            }
        )
        # Providers report states by their own ways; only the result matters here.
        self.env.cr.execute(
            "UPDATE payment_transaction SET state = %s WHERE id = %s", [state, transaction.id]
        )
        return transaction

    def bank_line(self, amount, day=DAY):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": day,
                "payment_ref": "transfer",
                "partner_id": self.debtor.id,
                "amount": amount,
            }
        )

    def test_online_payment_under_way(self):
        cases = [
            ("pending", 100, "paying"),
            ("authorized", 100, "paying"),
            ("pending", 40, "dun"),
            ("draft", 100, "dun"),
            ("cancel", 100, "dun"),
        ]
        for state, amount, decision in cases:
            invoice = self.invoice(10)
            transaction = self.transaction(invoice, amount, state)
            with self.subTest(state=state, amount=amount):
                run = self.run_at()
                self.assertEqual(self.decisions(run)[invoice], decision)
                run.action_cancel()
            transaction.unlink()
            self.pay(self.debtor, 100, invoices=invoice)

    def test_bank_line_that_covers_everything(self):
        first, second = self.invoice(10, 100), self.invoice(20, 50)
        line = self.bank_line(150)
        self.assertEqual(self.decisions(self.run_at()), {first: "paying", second: "paying"})
        line.unlink()
        self.assertEqual(self.decisions(self.run_at()), {first: "dun", second: "dun"})

    def test_bank_line_of_exactly_one_item(self):
        first, second = self.invoice(10, 100), self.invoice(20, 50)
        self.bank_line(50)
        self.assertEqual(self.decisions(self.run_at()), {first: "dun", second: "paying"})

    def test_bank_line_of_tomorrow_does_not_count(self):
        invoice = self.invoice(10)
        self.bank_line(100, DAY + timedelta(days=1))
        self.assertEqual(self.decisions(self.run_at()), {invoice: "dun"})

    def test_money_that_comes_before_issuing_stops_the_notice(self):
        self.invoice(10)
        notice = self.run_at().notice_ids
        self.bank_line(100)
        notice.state = "confirmed"
        notice._issue(DAY)
        self.assertEqual(notice.state, "dropped")


class TestContactCap(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["dunning.contact.cap"].search([]).active = False
        cls.cap = cls.env["dunning.contact.cap"].create({"maximum": 1, "days": 7})

    def test_second_contact_waits_for_the_window(self):
        self.invoice(10)
        self.remind()
        late = self.invoice(5 - 2)
        run = self.run_at(DAY + timedelta(days=2))
        line = run.line_ids.filtered(lambda line: line.move_id == late)
        self.assertEqual(line.verdict, "capped")
        self.assertEqual(line.date_next, DAY + timedelta(days=7))
        self.assertEqual(self.decisions(self.run_at(DAY + timedelta(days=7)))[late], "dun")

    def test_two_notices_on_one_day_are_one_contact(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.invoice(10)
        self.invoice(10, currency=euro)
        run = self.remind()
        self.assertEqual(run.notice_ids.mapped("state"), ["issued", "issued"])

    def test_what_was_taken_back_was_a_contact_all_the_same(self):
        self.invoice(10)
        run = self.remind()
        run.notice_ids._cancel("Sent in error")
        self.assertEqual(run.notice_ids.state, "cancelled")
        later = self.run_at(DAY + timedelta(days=2))
        self.assertEqual(later.line_ids.mapped("verdict"), ["capped"])

    def test_what_was_taken_back_in_time_was_none(self):
        self.invoice(10)
        notice = self.run_at().notice_ids
        notice.state = "confirmed"
        notice._issue(DAY)
        notice._cancel("Sent in error")
        self.assertTrue(self.run_at(DAY + timedelta(days=2)).notice_ids)

    def test_companies_are_counted_apart_branches_together(self):
        elsewhere = self.setup_other_company()["company"]
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()  # loads the chart of accounts of the branch
        self.invoice(10)
        self.remind()
        for company, shared, decision in [
            (elsewhere, False, "dun"),
            (elsewhere, True, "capped"),
            (branch, False, "capped"),
        ]:
            with self.subTest(company.name, shared=shared):
                self.cap.shared = shared
                self.invoice_of(company, 70)
                run = self.env["dunning.run"].create(
                    {"company_id": company.id, "date": DAY + timedelta(days=2)}
                )
                run._propose()
                self.assertEqual(set(run.line_ids.mapped("verdict")), {decision})
                run.action_cancel()

    def test_archived_cap_stops_nothing(self):
        self.invoice(10)
        self.remind()
        late = self.invoice(3)
        self.cap.active = False
        self.assertEqual(self.decisions(self.run_at(DAY + timedelta(days=2)))[late], "dun")


class TestReadyCaps(DunningCommon):
    """The caps that are shipped: 2 contacts in 7 days, 6 in 30."""

    def test_one_invoice_climbs_the_ready_ladder_undisturbed(self):
        self.debtor.write({"street": "Main Street 7", "city": "Ghent", "zip": "9000"})
        self.invoice(-3)
        nights = [DAY + timedelta(days=days) for days in (0, 8, 22, 36)]
        levels = [self.remind(night).notice_ids.level_id for night in nights]
        self.assertEqual(levels, [self.before, self.first, self.second, self.last])

    def test_third_contact_in_a_week_waits_and_gathers_what_comes(self):
        for late in (5, 4, 3, 0):
            self.invoice(late)
        first, second = self.remind(), self.remind(DAY + timedelta(days=1))
        self.assertTrue(first.notice_ids and second.notice_ids)
        capped = self.run_at(DAY + timedelta(days=2))
        self.assertEqual(
            capped.line_ids.mapped(lambda line: (line.verdict, line.date_next)),
            [("capped", DAY + timedelta(days=7))],
        )
        self.assertEqual(self.remind(DAY + timedelta(days=7)).notice_ids.item_count, 2)

    def test_currencies_of_one_day_are_one_contact(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        pound = self.setup_other_currency("GBP", rates=[("2020-01-01", 3.0)])
        for currency in (None, euro, pound):
            self.invoice(5, currency=currency)
        self.assertEqual(len(self.remind().notice_ids), 3)
        self.invoice(4)
        self.assertTrue(self.remind(DAY + timedelta(days=1)).notice_ids)


class TestPolicyOptions(DunningCommon):
    def test_catch_up_goes_to_the_level_of_the_age(self):
        self.policy.catch_up = True
        self.invoice(25)
        self.assertEqual(self.run_at().notice_ids.level_id, self.second)

    def test_catch_up_on_the_very_day(self):
        self.policy.catch_up = True
        self.invoice(self.second.days)
        self.assertEqual(self.run_at().notice_ids.level_id, self.second)

    def test_catch_up_never_goes_back(self):
        self.policy.catch_up = True
        invoice = self.invoice(40)
        self.remind()
        self.assertEqual(invoice.dunning_level_id, self.last)
        self.assertFalse(self.run_at(DAY + timedelta(days=30)).notice_ids)

    def test_aligned_items_share_the_highest_level(self):
        old, new = self.invoice(40), self.invoice(0)
        self.remind()
        later = DAY + timedelta(days=14)
        self.policy.align = True
        run = self.run_at(later)
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertEqual(
            {line.move_id: line.level_id for line in run.line_ids},
            {old: self.second, new: self.second},
        )
