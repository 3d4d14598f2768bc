from io import BytesIO

import openpyxl
from freezegun import freeze_time
from lxml import html

from odoo import models

from ...models.money.kinds import Kind
from ...models.statement.statement import Period
from ...tools.parts import IncompleteError
from ..common import DAY
from ..documents import pdf_pages, sheet_rows
from . import charge
from .common import ToyCase


class Ink(Kind):
    code, label, asked_by, product = "ink", "Ink", ("charge_interest",), "dunning_ink_product_id"


class WithInk(models.Model):
    _name = _inherit = "dunning.charge"
    _module = None

    def _kinds(self):
        return [*super()._kinds(), Ink()]


@freeze_time(DAY)
class TestToyCharge(ToyCase):
    """A kind of charge that another module adds in one file, on paper and in the books."""

    TOYS = (charge.ResCompany, charge.DunningLevel, charge.DunningCharge)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        germany = cls.env.ref("base.de").id
        cls.debtor.write(
            {"street": "Am Kai 1", "zip": "20457", "city": "Hamburg", "country_id": germany}
        )
        cls.first.write({"attach_letter": True, "charge_interest": True})
        cls.invoice(10, 10000)

    def texts(self, markup):
        return " ".join(" ".join(html.fromstring(str(markup)).itertext()).split())

    def notice(self):
        return self.remind().notice_ids

    def test_email_and_review(self):
        self.assertTrue(self.first.has_charges)
        notice = self.run_at().notice_ids
        review = self.texts(notice.charge_estimate)
        notice._confirm()
        self.assertFalse(notice.error)
        for text in (review, self.texts(notice._sent_email_body())):
            self.assertIn("Paper one sheet $ 2.00", text)
            self.assertLess(text.index("Interest on"), text.index("Paper"), "the order of kinds")
            self.assertIn("Total to pay with charges $ 10,036.48", text)
        self.assertEqual(notice.amount_charges, 36.48)

    def test_letter(self):
        text = " ".join(pdf_pages(self.notice().attachment_id.raw))
        for words in ("Paper", "one sheet", "2.00", "10,036.48"):
            self.assertIn(words, text)

    def test_workbook(self):
        book = openpyxl.load_workbook(BytesIO(self.notice().run_id._xlsx()))
        rows = sheet_rows(book["Charges"])
        self.assertEqual([row["Kind"] for row in rows], ["Interest", "Paper"])
        self.assertEqual((rows[1]["Charge"], rows[1]["Amount"]), ("Paper", 2))

    def test_booked_with_its_product(self):
        self.policy.charge_mode = "posted"
        move = self.notice().charge_move_id
        self.assertEqual(move.amount_untaxed, 36.48)
        line = move.invoice_line_ids.filtered(lambda line: line.name.startswith("Paper"))
        self.assertEqual(line.product_id, self.env.ref("dunning_advanced.product_fee"))

    def test_counts_as_a_cost(self):
        """Interest may be more than the debt; other charges are asked about."""
        self.first.charge_interest = False
        self.invoice(10, 1, debtor=self.make_debtor("Gemini Furniture"))
        notices = self.run_at().notice_ids
        notices._confirm()
        small = notices.filtered("error")
        self.assertEqual(small.amount_total, 1)
        self.assertIn("more than the debt", small.error)

    def test_statement(self):
        self.notice()
        [statement] = self.debtor._dunning_statements(Period(self.company, DAY))
        [section] = statement["sections"]
        shown = section["account"].charges
        self.assertEqual([section["charge_title"](row) for row in shown], ["Interest", "Paper"])
        content = self.debtor._dunning_statement_xlsx(Period(self.company, DAY))
        rows = sheet_rows(openpyxl.load_workbook(BytesIO(content))["Charges not booked"])
        self.assertEqual([row["Kind"] for row in rows], ["Interest", "Paper"])

    def test_kind_without_its_field_is_refused_when_the_registry_is_set_up(self):
        words = r"Ink is not complete: res\.company has no field dunning_ink"
        with self.assertRaisesRegex(IncompleteError, words), self.loaded(WithInk):
            self.fail("it was loaded")
