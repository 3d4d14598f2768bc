from datetime import datetime
from io import BytesIO

import openpyxl

from odoo import Command
from odoo.tests import HttpCase, new_test_user

from ..common import DAY, DunningCommon
from ..documents import sheet_rows


class XlsxCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.yen = cls.add_rate("JPY", 150)

    def book(self, run):
        """The workbook of a run, read back."""
        return openpyxl.load_workbook(BytesIO(run._xlsx()))


class TestXlsx(XlsxCommon):
    def test_reminders_are_typed_and_filtered(self):
        self.debtor.ref = "C-17"
        self.invoice(40, 1234.5)
        self.invoice(10, 100)
        run = self.remind()
        sheet = self.book(run)["Reminders"]
        [row] = sheet_rows(sheet)
        self.assertEqual(row["Number"], run.notice_ids.name)
        self.assertEqual(row["Customer"], "Azure Interior")
        self.assertEqual(row["Customer no."], "C-17")
        self.assertEqual(row["Level"], "First reminder")
        self.assertEqual(row["Channel"], "E-mail")
        self.assertEqual(row["Contact address"], "azure@example.com")
        self.assertEqual(row["Status"], "Issued")
        self.assertEqual(row["Items"], 2)
        self.assertEqual(row["Due since"], datetime(2024, 4, 24))
        self.assertEqual(row["Days"], 40)
        self.assertEqual(row["To pay"], 1334.5)
        self.assertEqual(row["Currency"], self.company.currency_id.name)
        self.assertEqual((row["Compared"], row["Last reminder"]), ("New", None))
        self.assertEqual(sheet.freeze_panes, "A2")
        self.assertEqual(sheet.auto_filter.ref, "A1:W2")
        self.assertTrue(sheet["A1"].font.bold)
        self.assertEqual(sheet["O2"].number_format, "#,##0.00")
        self.assertTrue(sheet["J2"].is_date)

    def test_items_tell_reminded_and_stopped(self):
        dunned, excluded = self.invoice(10), self.invoice(12, 70)
        excluded.line_ids.no_followup = True
        run = self.run_at()
        rows = {row["Invoice"]: row for row in sheet_rows(self.book(run)["Items"])}
        self.assertEqual(rows[dunned.name]["Decision"], "Reminded")
        self.assertEqual(rows[dunned.name]["Open"], 100)
        self.assertEqual(rows[excluded.name]["Decision"], "Excluded from follow-up")
        self.assertEqual(rows[excluded.name]["Days"], 12)
        self.assertEqual(rows[excluded.name]["Due date"], datetime(2024, 5, 22))

    def test_each_amount_has_the_decimals_of_its_currency(self):
        self.invoice(10, 15000, currency=self.yen)
        sheet = self.book(self.run_at())["Reminders"]
        [row] = sheet_rows(sheet)
        self.assertEqual((row["To pay"], row["Currency"]), (15000, "JPY"))
        self.assertEqual(sheet["O2"].number_format, "#,##0")
        self.assertEqual(row[f"To pay in {self.company.currency_id.name}"], 100)
        self.assertEqual(sheet["Q2"].number_format, "#,##0.00")

    def test_totals_are_those_of_the_reminders_by_currency(self):
        self.invoice(10, 80)
        self.invoice(40, 20, debtor=self.make_debtor("Deco Addict"))
        self.invoice(10, 15000, currency=self.yen)
        self.invoice(11).line_ids.no_followup = True
        run = self.run_at()
        run.notice_ids.filtered(lambda n: n.amount_total == 20)._drop("A friend")
        book = self.book(run)
        live = [r for r in sheet_rows(book["Reminders"]) if r["Status"] != "Left out"]
        rows = list(book["Totals"].iter_rows(values_only=True))
        totals = {row[1]: row for row in rows if row[0] == "Total"}
        self.assertEqual(set(totals), {"JPY", self.company.currency_id.name})
        for currency, row in totals.items():
            own = [notice for notice in live if notice["Currency"] == currency]
            self.assertEqual(row[2], len(own))
            self.assertEqual(row[7], sum(notice["To pay"] for notice in own))
        stops = {row[0]: row for row in rows[rows.index(next(r for r in rows if not any(r))) :]}
        self.assertEqual(stops["Excluded from follow-up"][3:5], (1, 100))

    def test_names_stay_text(self):
        names = ["=1+1", "@SUM(A1)", "+49 30 1234", "-7", "http://example.com", "<b>&"]
        for name in names:
            debtor = self.make_debtor("x " + name, ref="=HYPERLINK(1)")
            debtor.name = name
            self.invoice(10, debtor=debtor)
        sheet = self.book(self.run_at())["Reminders"]
        cells = [cell for [cell] in sheet.iter_rows(2, min_col=2, max_col=2)]
        self.assertEqual({cell.value for cell in cells}, set(names))
        self.assertEqual({cell.data_type for cell in cells}, {"s"})
        self.assertEqual(sheet["C2"].data_type, "s")
        self.assertFalse([cell for cell in cells if cell.hyperlink])

    def test_failure_is_told(self):
        self.invoice(10)
        run = self.remind()
        run.notice_ids.delivery_ids._fail("Mailbox full")
        [row] = sheet_rows(self.book(run)["Reminders"])
        self.assertEqual(row["Reason or problem"], "Mailbox full")

    def test_words_are_in_the_language_of_the_user(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.first.with_context(lang="fr_FR").name = "Premier rappel"
        self.invoice(10)
        run = self.run_at().with_context(lang="fr_FR")
        _titles, row = self.book(run).worksheets[0].iter_rows(values_only=True)
        self.assertIn("Premier rappel", row)

    def test_empty_run(self):
        book = self.book(self.run_at())
        self.assertEqual(book.sheetnames, ["Reminders", "Items", "Totals"])
        self.assertEqual(sheet_rows(book["Items"]), [])

    def test_query_count_does_not_grow(self):
        def queries(day):
            self.env.flush_all()
            run = self.run_at(day)
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            run._xlsx()
            count = self.env.cr.sql_log_count - before
            lines = len(run.line_ids)
            run.unlink()
            return count, lines

        self.invoice(10)
        run_few, few = queries(DAY)
        for number in range(30):
            self.invoice(10, debtor=self.make_debtor(f"n{number} customer", street="Quay 1"))
            self.invoice(20, currency=self.yen, debtor=self.debtor)
        run_many, many = queries(DAY)
        self.assertGreater(many, 50 * few)
        self.assertLessEqual(run_many, run_few + 2)


class TestXlsxDownload(XlsxCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.invoice(10)
        self.run_one = self.run_at()
        self.user = new_test_user(
            self.env,
            "accountant",
            groups="dunning_advanced.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )

    def get(self, login):
        self.authenticate(login, login)
        return self.url_open(self.run_one.action_export_xlsx()["url"])

    def test_download(self):
        response = self.get("accountant")
        self.assertEqual(response.status_code, 200)
        self.assertIn("2024-06-03", response.headers["Content-Disposition"])
        book = openpyxl.load_workbook(BytesIO(response.content))
        self.assertEqual(book["Reminders"]["B2"].value, "Azure Interior")

    def test_users_of_another_company_get_nothing(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.user.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertEqual(self.get("accountant").status_code, 404)

    def test_users_without_dunning_rights_get_nothing(self):
        new_test_user(
            self.env,
            "guest_user",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.assertEqual(self.get("guest_user").status_code, 403)

    def test_strangers_are_asked_to_log_in(self):
        response = self.url_open(self.run_one.action_export_xlsx()["url"], allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])
