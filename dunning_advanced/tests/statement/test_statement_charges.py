import io
from datetime import timedelta

import openpyxl
from freezegun import freeze_time

from ..common import DAY
from ..documents import LetterheadCommon, pdf_pages, sheet_rows
from ..mail import EmailCommon
from ..money.common import ChargeCommon
from .common import StatementCommon

SOON = DAY + timedelta(days=5)
LATER = DAY + timedelta(days=14)


class UnbookedCommon(ChargeCommon, StatementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.env["account.tax"].create(
            {
                "name": "VAT 20",
                "amount": 20,
                "type_tax_use": "sale",
                "company_id": cls.company.id,
            }
        )
        cls.product = cls.env.ref("dunning_advanced.product_fee")

    def charged(self, mode="printed", **invoice):
        """A reminder with a fee of 5, whose charges go where the policy says."""
        self.policy.charge_mode = mode
        self.invoice(10, **invoice)
        return self.notice_at()

    def unbooked(self, day=DAY, **asked):
        return [
            (charge.kind, charge.amount)
            for account in self.accounts(day, **asked)
            for charge in account.charges
        ]


@freeze_time(DAY)
class TestUnbooked(UnbookedCommon):
    """Which charges a statement has beside the entries of the ledger, and on which day."""

    def test_printed_only(self):
        notice = self.charged()
        account = self.account()
        [charge] = account.charges
        self.assertEqual((charge.date, charge.notice), (DAY, notice.name))
        self.assertEqual((charge.item, charge.name), (notice.line_ids.name, "Fee of 5"))
        self.assertEqual((charge.kind, charge.amount, charge.tax), ("fee", 5, 0))
        self.assertEqual((account.balance, account.amount_charges, account.owed), (100, 5, 105))
        self.assertEqual(self.unbooked(DAY - timedelta(days=1)), [])

    def test_a_draft_counts_until_it_is_posted(self):
        notice = self.charged("draft")
        move = notice.charge_move_id
        self.assertEqual((self.unbooked(), self.account().owed), ([("fee", 5)], 105))
        move.write({"invoice_date": SOON, "date": SOON})
        move.action_post()
        self.assertEqual(self.unbooked(SOON - timedelta(days=1)), [("fee", 5)])
        after = self.account(SOON)
        self.assertEqual((after.charges, after.balance, after.owed), ([], 105, 105))
        self.assertIn(move.name, [item.name for item in after.items])

    def test_booked_ones_never_stand_twice(self):
        notice = self.charged("posted")
        account = self.account(date_from=DAY)
        self.assertEqual((account.charges, account.balance, account.owed), ([], 105, 105))
        notice.charge_ids._waive("Goodwill", SOON)
        for day, balance in ((DAY, 105), (SOON - timedelta(days=1), 105), (SOON, 100)):
            self.assertEqual((self.unbooked(day), self.account(day).owed), ([], balance))

    def test_locked_books_have_it_on_a_later_day(self):
        self.policy.charge_mode = "posted"
        self.invoice(10)
        self.company.fiscalyear_lock_date = SOON - timedelta(days=1)
        move = self.notice_at().charge_move_id
        self.assertEqual(move.date, SOON)
        self.assertEqual([self.account(day).owed for day in (DAY, SOON)], [105, 105])
        self.assertEqual([len(self.unbooked(day)) for day in (DAY, SOON)], [1, 0])

    def test_waived_from_its_day_on(self):
        for mode in ("printed", "draft"):
            with self.subTest(mode=mode):
                notice = self.charged(mode, debtor=self.make_debtor(mode.title()))
                self.assertEqual(len(notice.charge_ids), 1)
                notice.charge_ids._waive("Goodwill", SOON)
                self.assertEqual(notice.charge_ids.date_closed, SOON)
                for day, owed in ((DAY, [("fee", 5)]), (SOON, [])):
                    self.assertEqual(self.unbooked(day, debtor=notice.partner_id), owed)

    def test_taken_back_with_its_reminder(self):
        notices = self.charged("printed")
        notices |= self.charged("draft", debtor=self.make_debtor("Deco Addict"))
        notices._cancel("Wrong", SOON)
        for debtor in notices.partner_id:
            for day, owed in ((DAY, [("fee", 5)]), (SOON, [])):
                self.assertEqual(self.unbooked(day, debtor=debtor), owed)

    def test_draft_that_somebody_cancelled_is_not_wanted(self):
        self.charged("draft").charge_move_id.button_cancel()
        self.assertEqual(self.unbooked(), [])

    def test_waived_before_they_were_charged(self):
        self.invoice(10)
        notice = self.run_at().notice_ids
        notice._waive_coming("A friend")
        notice._confirm()
        self.assertEqual((notice.charge_ids.state, notice.charge_ids.date_closed), ("waived", DAY))
        self.assertEqual(self.unbooked(), [])

    def test_named_in_advance_are_not_owed(self):
        person = self.make_person("Berta", "base.nl")
        self.first.fee_ids = self.env.ref("dunning_advanced.fee_statutory")
        self.add_rate("EUR", 1)
        self.invoice(10, debtor=person)
        notice = self.notice_at()
        self.assertEqual(notice.charge_ids.mapped("state"), ["named"])
        self.assertEqual(self.unbooked(debtor=person), [])
        notice.charge_ids._waive("Goodwill", SOON)
        self.assertEqual(self.unbooked(debtor=person), [])

    def test_tax_as_the_reminder_shows_it(self):
        self.product.taxes_id = self.tax
        self.first.fee_ids |= self.ten
        notice = self.charged("draft", amount=1000)
        self.assertEqual((notice.amount_charge_tax, notice.amount_due), (3, 1018))
        account = self.account()
        self.assertEqual(sorted(charge.tax for charge in account.charges), [1, 2])
        self.assertEqual((account.charge_tax, account.owed), (3, notice.amount_due))
        ten = notice.charge_ids.filtered(lambda charge: charge.amount == 10)
        ten._waive("Goodwill", SOON)
        self.assertEqual((notice.amount_charge_tax, notice.amount_due), (1, 1006))
        self.assertEqual([self.account(day).owed for day in (DAY, SOON)], [1018, 1006])

    def test_tax_of_the_ledger_is_spread_to_the_cent(self):
        """Odoo rounds the tax of the whole invoice, not that of each charge."""
        self.company.tax_calculation_rounding_method = "round_globally"
        self.product.taxes_id = self.tax
        self.first.fee_ids = self.make_fee(0.03) | self.make_fee(0.04, name="Other")
        notice = self.charged("posted")
        self.assertEqual(
            notice.charge_move_id.amount_tax, sum(notice.charge_ids.mapped("amount_tax"))
        )
        self.assertEqual(notice.amount_due, 100 + notice.charge_move_id.amount_total)

    def test_earlier_charges_come_with_their_tax(self):
        self.product.taxes_id = self.tax
        self.charged()
        again = self.notice_at(LATER)
        self.assertEqual(again.amount_charges_before, 6)
        self.assertEqual(again.amount_due, 100 + 12 + 6)
        self.assertEqual(self.account(LATER).owed, again.amount_due)

    def test_principal_paid_and_only_charges_left(self):
        notice = self.charged()
        self.pay(self.debtor, 100, invoices=notice.line_ids.move_id)
        account = self.account()
        self.assertEqual((account.items, account.balance, account.owed), ([], 0, 5))
        other = self.make_debtor("Quiet")
        both = self.debtor | other
        self.assertEqual(both._dunning_statement_debtors(self.period()), self.debtor)

    def test_each_currency_apart(self):
        self.invoice(10, 15000, currency=self.yen)
        self.policy.charge_mode = "printed"
        self.invoice(10)
        self.remind()
        yen, own = self.accounts()
        self.assertEqual((yen.amount_charges, own.amount_charges), (750, 5))
        self.assertEqual((yen.owed, own.owed), (15750, 105))

    def test_other_companies_have_their_own(self):
        self.charged()
        elsewhere = self.setup_other_company()["company"]
        self.env.user.company_ids |= elsewhere
        period = self.period()
        other = type(period)(elsewhere, DAY)
        self.assertEqual(self.debtor._dunning_accounts(other), {})

    def test_query_count_does_not_depend_on_the_customers(self):
        def queries(debtors):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = debtors._dunning_accounts(self.period())
            self.assertTrue(all(found[debtor.id][0].charges for debtor in debtors))
            return self.env.cr.sql_log_count - before

        debtors = self.debtor
        self.invoice(10)
        for number in range(12):
            debtors |= self.make_debtor(f"n{number} customer")
            self.invoice(10, debtor=debtors[-1:])
        self.remind()
        queries(debtors[:1])  # fills the caches
        self.assertLessEqual(queries(debtors), queries(debtors[:1]))


@freeze_time(DAY)
class TestUnbookedShown(LetterheadCommon, EmailCommon, UnbookedCommon):
    """Charges that are not booked, in the documents."""

    def test_pdf(self):
        self.product.taxes_id = self.tax
        notice = self.charged()
        number = notice.line_ids.name
        for date_from in (False, "2024-01-01"):
            wizard = self.wizard(date_from=date_from)
            [page] = pdf_pages(self.content(wizard.action_pdf()))
            for words in (
                "Charges not yet booked Date Reminder Invoice Amount",
                f"Fee of 5 06/03/2024 {notice.name} {number} $ 5.00",
                "Tax on charges $ 1.00 Charges not yet booked $ 6.00",
                "Balance in USD $ 100.00 Total owed in USD $ 106.00",
            ):
                self.assertIn(words, page)

    def test_pdf_without_charges_has_no_word_of_them(self):
        self.invoice(10)
        [page] = pdf_pages(self.content(self.wizard().action_pdf()))
        self.assertNotIn("harges", page)
        self.assertNotIn("Total owed", page)

    def test_pdf_with_nothing_but_charges(self):
        notice = self.charged()
        self.pay(self.debtor, 100, invoices=notice.line_ids.move_id)
        [page] = pdf_pages(self.content(self.wizard().action_pdf()))
        self.assertIn("Balance in USD $ 0.00 Total owed in USD $ 5.00", page)
        self.assertNotIn("Nothing is open", page)

    def test_workbook(self):
        self.product.taxes_id = self.tax
        notice = self.charged()
        content = self.content(self.wizard().action_xlsx())
        book = openpyxl.load_workbook(io.BytesIO(content))
        [row] = sheet_rows(book["Charges not booked"])
        found = [row[name] for name in ("Reminder", "Kind", "Charge", "Amount", "Tax", "Total")]
        self.assertEqual(found, [notice.name, "Fee", "Fee of 5", 5, 1, 6])
        self.assertEqual((row["Item"], row["Date"].date()), (notice.line_ids.name, DAY))
        balances = [row for row in sheet_rows(book["Balances"]) if row["Currency"]]
        for row in balances:
            figures = (row["Balance"], row["Charges not booked"], row["Total owed"])
            self.assertEqual(figures, (100, 6, 106), row["Customer"])
        self.assertEqual(len(balances), 2)

    def test_mail(self):
        notice = self.charged()
        text = self.mail()
        self.assertRegex(text, r"not booked yet come to \$\W(nbsp;)?5.00 ; with them,")
        self.assertRegex(text, r"\$\W(nbsp;)?105.00 is owed in all")
        self.pay(self.debtor, 100, invoices=notice.line_ids.move_id)
        text = self.mail()
        self.assertNotIn("The balance on that day", text)
        self.assertNotIn("Nothing is open", text)
        self.assertRegex(text, r"\$\W(nbsp;)?5.00 is owed in all")

    def mail(self):
        """What the customer reads."""
        self.sink.envelopes.clear()
        before = self.env["mail.mail"].search([])
        self.wizard().action_send()
        [message] = self.receive(self.env["mail.mail"].search([]) - before)
        return self.text(message)
