import io
from datetime import datetime, timedelta
from unittest.mock import patch

import openpyxl

from odoo.exceptions import UserError

from odoo.addons.dunning_advanced.models.statement import statement

from ..documents import LetterheadCommon, pdf_pages, sheet_rows
from .common import StatementCommon


class TestStatementPdf(LetterheadCommon, StatementCommon):
    def pages(self, debtors=None, **values):
        """Text of the pages of the PDF that the wizard gives."""
        return pdf_pages(self.content(self.wizard(debtors, **values).action_pdf()))

    def test_one_page_says_all(self):
        moves = [self.invoice(days, 100 + days) for days in (-5, 10, 45)]
        self.pay(self.debtor, 30, invoices=moves[2])
        payment = self.pay(self.debtor, 20, days=2)
        [page] = self.pages()
        for move in moves:
            self.assertIn(move.name, page)
        for words in (
            "Statement of account as of 06/03/2024",
            "Page 1 of 1",
            "Brandt Ltd",
            "12 rue de la Paix",
            "C-1001",
            "145.00 $ 30.00 $ 115.00",
            "not allocated yet",
            f"Payment {payment.move_id.name}",
            "Open items $ 320.00",
            "Balance in USD $ 300.00",
            "Not due 1–30 days 31–60 days 61–90 days 91–120 days Over 120 days Credits",
            "$ 95.00 $ 110.00 $ 115.00 – – – $ -20.00",
        ):
            self.assertIn(words, page)

    def test_movements(self):
        self.invoice(60, 100)
        invoice = self.invoice(20, 50)
        self.pay(self.debtor, 30, days=15, invoices=invoice)
        [page] = self.pages(date_from="2024-04-01")
        self.assertIn("Balance before 04/01/2024 $ 100.00", page)
        self.assertIn(f"Invoice {invoice.name} 04/14/2024 05/14/2024 $ 50.00 $ 150.00", page)
        self.assertIn("05/19/2024 $ 30.00 $ 120.00", page)
        self.assertIn("Balance in USD on 06/03/2024 $ 120.00", page)

    def test_many_items_repeat_the_header(self):
        moves = [self.invoice(10 + index, 100 + index) for index in range(60)]
        for date_from, title in ((False, "Still open"), ("2024-01-01", "Charged")):
            pages = self.pages(date_from=date_from)
            self.assertGreater(len(pages), 1)
            for number, page in enumerate(pages, start=1):
                self.assertIn(f"Page {number} of {len(pages)}", page)
                self.assertIn(title, page)
            text = " ".join(pages)
            self.assertFalse([move.name for move in moves if move.name not in text])

    def test_each_currency_apart_with_its_bank_account(self):
        self.company.partner_id.bank_ids.unlink()
        self.env["res.partner.bank"].create(
            [
                {
                    "acc_number": number,
                    "partner_id": self.company.partner_id.id,
                    "currency_id": currency and currency.id,
                }
                for number, currency in (("12-345-678", False), ("98-765-432", self.yen))
            ]
        )
        self.invoice(10, 40)
        self.invoice(10, 15000, currency=self.yen)
        [page] = self.pages()
        for words in ("Account in JPY", "Account in USD", "Balance in USD $ 40.00"):
            self.assertIn(words, page)
        self.assertRegex(page, r"Balance in JPY (¥ )?15,000( ¥)?")
        self.assertRegex(page, "How to pay in JPY.*98-765-432")
        self.assertRegex(page, "How to pay in USD.*12-345-678")

    def test_one_document_for_each_customer(self):
        names = ("Ems", "Mosel", "Neisse")
        debtors = self.debtor
        for name in names:
            debtors |= self.make_debtor(name, **self.home)
        for debtor in debtors[1:]:
            self.invoice(10, debtor=debtor)
        pages = self.pages(debtors)
        self.assertEqual(len(pages), 3)
        for name in names:
            self.assertEqual(len([page for page in pages if name in page]), 1, name)

    def test_nothing_open(self):
        [page] = self.pages()
        self.assertIn("its balance is zero", page)

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.debtor.lang = "de_DE"
        self.invoice(20, 1234.5)
        [page] = self.pages()
        self.assertIn("1.234,50", page)
        self.assertIn("03.06.2024", page)

    def test_hostile_names_stay_text(self):
        self.debtor.name = "</div><img src='file:///etc/hostname'><script>x</script> {{ 7*7 }}"
        self.invoice(20)
        [page] = self.pages()
        self.assertIn("{{ 7*7 }}", page)
        self.assertIn("<script>x", page)

    def test_other_doors_are_closed(self):
        """The general address of reports would take whatever the browser sends."""
        self.invoice(20)
        for data in ({}, {"period": {"date": "2024-06-03"}}):
            with self.assertRaisesRegex(UserError, "use “Statement of account”"):
                self.env["ir.actions.report"]._render_qweb_html(
                    statement.STATEMENT, self.debtor.ids, data=data
                )

    def test_fallback_gets_one_body_a_customer(self):
        """What wkhtmltopdf would be given where WeasyPrint is missing."""
        self.invoice(20)
        with self.no_weasyprint() as given:
            self.assertEqual(self.debtor._dunning_statement_pdf(self.period()), b"%PDF-1.4")
        bodies, values = given[0]
        self.assertEqual(len(bodies), 1)
        self.assertIn("Azure Interior", str(bodies[0]))
        self.assertIn("topage", str(values["footer"]))

    def test_query_count_does_not_depend_on_the_items(self):
        def queries(debtor):
            debtor = debtor.browse(debtor.id)
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            debtor._dunning_statement_pdf(self.period())
            return self.env.cr.sql_log_count - before

        busy = self.make_debtor("Busy", **self.home)
        self.invoice(20)
        for days in range(31):
            self.invoice(days, debtor=busy)
        for debtor in (busy, self.debtor):
            queries(debtor)  # fills the caches
        self.assertLessEqual(queries(busy), queries(self.debtor) + 2)


class TestStatementXlsx(StatementCommon):
    def book(self, debtors=None, **values):
        """The workbook that the wizard gives, read back."""
        content = self.content(self.wizard(debtors, **values).action_xlsx())
        return openpyxl.load_workbook(io.BytesIO(content))

    def test_items_are_typed_and_filtered(self):
        self.debtor.ref = "C-17"
        move = self.invoice(40, 1234.5, ref="PO 9")
        self.pay(self.debtor, 34.5, invoices=move)
        self.pay(self.debtor, 20)
        sheet = self.book()["Open items"]
        item, credit = sheet_rows(sheet)
        expected = {
            "Customer": "Azure Interior",
            "Customer no.": "C-17",
            "Kind": "Invoice",
            "Number": move.name,
            "Reference": "PO 9",
            "Date": datetime(2024, 3, 25),
            "Due date": datetime(2024, 4, 24),
            "Days": 40,
            "Amount": 1234.5,
            "Paid": 34.5,
            "Open": 1200,
            "Currency": "USD",
        }
        self.assertEqual(item, expected)
        self.assertEqual((credit["Kind"], credit["Open"], credit["Days"]), ("Payment", -20, None))
        self.assertEqual(sheet.freeze_panes, "A2")
        self.assertEqual(sheet.auto_filter.ref, "A1:L3")
        self.assertTrue(sheet["G2"].is_date)
        self.assertEqual(sheet["K2"].number_format, "#,##0.00")

    def test_balances_and_totals_by_currency(self):
        other = self.make_debtor("Deco Addict")
        self.invoice(40, 80)
        self.invoice(10, 20, debtor=other)
        self.pay(other, 5)
        self.invoice(-10, 15000, debtor=other, currency=self.yen)
        sheet = self.book(self.debtor | other)["Balances"]
        rows = sheet_rows(sheet)
        found = {(row["Customer"], row["Currency"]): row for row in rows if row["Customer"]}
        self.assertEqual(found["Azure Interior", "USD"]["31–60 days"], 80)
        self.assertEqual(found["Deco Addict", "USD"]["1–30 days"], 20)
        self.assertEqual(found["Deco Addict", "USD"]["Credits"], -5)
        self.assertEqual(found["Deco Addict", "USD"]["Balance"], 15)
        self.assertEqual(found["Deco Addict", "JPY"]["Not due"], 15000)
        self.assertEqual(found["Total", "USD"]["Balance"], 95)
        self.assertEqual(found["Total", "JPY"]["Balance"], 15000)
        self.assertEqual(sheet.auto_filter.ref, "A1:M4")

    def test_movements(self):
        self.invoice(60, 100)
        invoice = self.invoice(20, 50)
        self.pay(self.debtor, 30, days=15, invoices=invoice)
        rows = sheet_rows(self.book(date_from="2024-04-01")["Movements"])
        found = [
            (row["Kind"], row["Charged"], row["Paid or credited"], row["Balance"]) for row in rows
        ]
        self.assertEqual(
            found,
            [
                ("Opening balance", None, None, 100),
                ("Invoice", 50, None, 150),
                ("Payment", None, 30, 120),
            ],
        )
        self.assertNotIn("Movements", self.book().sheetnames)

    def test_names_stay_text(self):
        for name in ("=1+1", "@SUM(A1)", "+49 30 1234", "-7"):
            self.debtor.write({"name": name, "ref": "=HYPERLINK(1)"})
            self.invoice(10, ref="=2+2")
            sheet = self.book()["Open items"]
            for cell in ("A2", "B2", "E2"):
                self.assertEqual(sheet[cell].data_type, "s")
            self.assertEqual(sheet["A2"].value, name)

    def test_too_many_rows_are_told(self):
        self.invoice(20)
        with (
            patch("odoo.addons.dunning_advanced.models.statement.export.MAX_ROWS", 2),
            self.assertRaisesRegex(UserError, "more than 2 rows"),
        ):
            self.book()

    def test_query_count_does_not_depend_on_items_or_customers(self):
        def queries(debtors):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            debtors._dunning_statement_xlsx(self.period(date_from=self.period().date))
            return self.env.cr.sql_log_count - before

        others = self.env["res.partner"]
        for number in range(12):
            others |= self.make_debtor(f"n{number} customer")
        self.invoice(20)
        self.invoice(20, debtor=others[0])
        pair = self.debtor | others[0]
        queries(pair)  # fills the caches
        few = queries(pair)
        for debtor in others:
            for days in range(3):
                self.invoice(days, debtor=debtor)
        self.assertLessEqual(queries(self.debtor | others), few + 2)

    def test_past_day(self):
        invoice = self.invoice(20, 100)
        self.pay(self.debtor, 100, invoices=invoice)
        day = self.period().date - timedelta(days=1)
        [row] = sheet_rows(self.book(date=day)["Open items"])
        self.assertEqual((row["Open"], row["Days"]), (100, 19))
