import io
from datetime import datetime

import openpyxl
from PyPDF2 import PdfReader

from odoo.exceptions import AccessError

from ..money.common import ChargeCommon
from .common import PlanCase
from .signatures import SIGNATURE


class TestPlanLetter(PlanCase, ChargeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"name": "Brandt Ltd", "street": "Main Street 1", "phone": "555 0100"})
        cls.make_bank("12-345-678")
        cls.debtor.write(
            {
                "street": "12 rue de la Paix",
                "city": "Paris",
                "zip": "75002",
                "ref": "C-1001",
                "country_id": cls.env.ref("base.fr").id,
            }
        )

    def pages(self, plan, content=None):
        """Text of the pages of the letter, blanks squeezed."""
        reader = PdfReader(io.BytesIO(content or plan._pdf()))
        return [
            " ".join(page.extract_text().replace("\ufeff", "").split()) for page in reader.pages
        ]

    def test_offer_says_all_on_one_page(self):
        moves = [self.invoice(days, 100 + days) for days in (10, 20, 30, 40)]
        self.receive(40, moves[0], days=0)
        plan = self.plan(*moves)
        plan.action_offer()
        [page] = self.pages(plan)
        for move in moves:
            self.assertIn(move.name, page)
        for words in (
            "Our offer: pay in installments",
            "12 rue de la Paix",
            "C-1001",
            plan.name,
            "Valid until 06/17/2024",
            "You can pay $ 460.00 in 3 installments, up to 09/03/2024",
            "$ 110.00 $ 70.00",
            "Total of the plan $ 460.00",
            "Installment 1 07/03/2024 $ 153.33",
            "Installment 3 09/03/2024 $ 153.34",
            "No interest is charged",
            "Up to 5 days later is still on time",
            "you have 14 more days",
            "Account no. 12-345-678",
            f"Payment reference {plan.name}",
            f"Yes, I accept the payment plan {plan.name} over $ 460.00",
            "Place, date",
            "accept online",
            "Page 1 of 1",
        ):
            self.assertIn(words, page)
        self.assertNotIn("charges of earlier reminders", page)
        [link] = {
            annotation.get_object()["/A"]["/URI"]
            for annotation in PdfReader(io.BytesIO(plan._pdf())).pages[0]["/Annots"]
        }
        self.assertEqual(link, plan.get_base_url() + plan.get_portal_url())

    def test_down_payment_and_agreed_interest(self):
        plan = self.plan(
            self.invoice(10, 1000),
            interest="fixed",
            interest_rate=10,
            down_payment=100,
            date_down=self.day(5),
        )
        plan.action_offer()
        interest = self.company.currency_id.format(plan.amount_interest).replace("\xa0", " ")
        [page] = self.pages(plan)
        for words in (
            "Open invoices $ 1,000.00",
            f"Interest of the plan {interest}",
            "Down payment 06/08/2024 $ 100.00",
            "in a down payment and 3 installments",
            f"includes {interest} of interest for the days of this plan: 10 % a year",
        ):
            self.assertIn(words, page)
        plan._accept("Brandon Freeman", self.today(), channel="phone")
        self.assertIn("(interest of the plan)", self.pages(plan)[0])

    def test_interest_that_runs_on(self):
        self.debtor.country_id = self.germany
        plan = self.plan(self.invoice(10, 1000), interest="running")
        [page] = self.pages(plan)
        self.assertIn("Draft of a payment plan", page)
        self.assertIn("Interest goes on while the plan runs, at present 12.62 % a year", page)

    def test_charges_by_what_becomes_of_them(self):
        invoice = self.invoice(10, 1000)
        self.notice_at()
        words = {
            "waive": "we waive the charges of earlier reminders: $ 5.00",
            "keep": "The charges of earlier reminders, $ 5.00, are not part of this plan",
        }
        for fees, sentence in words.items():
            self.assertIn(sentence, self.pages(self.plan(invoice, fees=fees))[0])

    def test_booked_charges_in_the_plan(self):
        self.policy.charge_mode = "posted"
        invoice = self.invoice(10, 1000)
        charges = self.notice_at().charge_move_id
        [page] = self.pages(self.plan(invoice, charges, fees="include"))
        self.assertIn(charges.name, page)
        self.assertNotIn("not part of this plan", page)
        self.assertIn("$ 5.00, are not part", self.pages(self.plan(invoice))[0])

    def test_running_plan_shows_what_came_and_who_signed(self):
        invoice = self.invoice(10, 300)
        plan = self.plan(invoice)
        plan.action_offer()
        plan._accept("Brandon Freeman", self.today(), SIGNATURE, signed_on=datetime.now())  # noqa: DTZ005
        self.receive(130, invoice, days=2)
        content = plan._pdf()
        [page] = self.pages(plan, content)
        for words in (
            "Your payment plan",
            "We agreed on 06/03/2024",
            "Installment 1 07/03/2024 $ 100.00 $ 100.00 06/05/2024",
            "Installment 2 08/03/2024 $ 100.00 $ 30.00 $ 70.00",
            "Together $ 300.00 $ 130.00 $ 170.00",
            "Accepted by the customer Brandon Freeman",
            "online",
        ):
            self.assertIn(words, page)
        self.assertNotIn("Place, date", page)
        pictures = PdfReader(io.BytesIO(content)).pages[0]["/Resources"]["/XObject"]
        sizes = {(x.get_object()["/Width"], x.get_object()["/Height"]) for x in pictures.values()}
        self.assertIn((200, 60), sizes)

    def test_agreement_is_kept_as_it_was_accepted(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice)
        self.receive(100, invoice, days=0)
        [kept] = self.pages(plan, plan.attachment_id.raw)
        self.assertIn("Accepted by the customer Brandon Freeman 06/03/2024 by phone", kept)
        self.assertNotIn("Still open", kept)
        self.assertIn("Still open", self.pages(plan)[0])

    def test_titles_follow_the_state(self):
        invoice = self.invoice(10, 300)
        plan = self.running(invoice)
        self.receive(300, invoice, days=0)
        self.assertIn("Your payment plan: all is paid", self.pages(plan)[0])
        other = self.running(self.invoice(10, 200))
        other.action_cancel()
        self.assertIn("Your payment plan, ended on 06/03/2024", self.pages(other)[0])

    def test_many_rows_repeat_the_header(self):
        moves = [self.invoice(10 + index, 100) for index in range(30)]
        pages = self.pages(self.plan(*moves, number=70, frequency="week"))
        self.assertGreater(len(pages), 1)
        text = " ".join(pages)
        self.assertFalse([move.name for move in moves if move.name not in text])
        self.assertIn("Installment 70", text)
        self.assertIn(f"Page 1 of {len(pages)}", pages[0])
        self.assertGreater(text.count("Please pay by"), 1)

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        view = self.env.ref("dunning_advanced.plan_title")
        translated = view.arch_db.replace(
            "Our offer: pay in installments", "Notre offre : payer en plusieurs fois"
        )
        self.assertNotEqual(translated, view.arch_db)
        view.with_context(lang="fr_FR").arch_db = translated
        self.debtor.lang = "fr_FR"
        plan = self.plan(self.invoice(10, 3000))
        plan.action_offer()
        [page] = self.pages(plan)
        self.assertIn("Notre offre : payer en plusieurs fois", page)
        self.assertIn("Madame, Monsieur,", page)
        self.assertIn("03/07/2024", page)
        self.assertRegex(page, "1.000,00")

    def test_hostile_names_stay_text(self):
        self.debtor.name = "</div><img src='file:///etc/hostname'><script>x</script> {{ 7*7 }}"
        plan = self.plan(self.invoice(10, 300))
        [page] = self.pages(plan)
        self.assertIn("{{ 7*7 }}", page)
        self.assertIn("<script>x", page)
        self.assertNotIn("/", plan._filename("pdf"))

    def test_letter_asks_for_access(self):
        plan = self.plan(self.invoice(10, 300))
        outsider = self.make_user("clerk", "base.group_user")
        with self.assertRaises(AccessError):
            plan.with_user(outsider)._pdf()
        self.assertTrue(plan.action_print()["url"].endswith(f"/{plan.id}"))


class TestPlanWorkbook(PlanCase):
    def book(self, plan):
        return openpyxl.load_workbook(io.BytesIO(plan._xlsx()))

    def test_schedule_with_what_came_of_it(self):
        invoice, other = self.invoice(10, 300), self.invoice(20, 60)
        plan = self.running(invoice, other)
        self.receive(150, invoice, days=3)
        book = self.book(plan)
        titles, *rows, _blank, total = book["Installments"].iter_rows(values_only=True)
        self.assertEqual(
            titles,
            (
                "Installment",
                "Due on",
                "Amount",
                "Credited",
                "Paid",
                "Open",
                "Paid on",
                "Status",
                "Currency",
            ),
        )
        usd = self.company.currency_id.name
        paid = datetime(2024, 6, 6)
        self.assertEqual(
            [row[1:] for row in rows],
            [
                (datetime(2024, 7, 3), 120, 0, 120, 0, paid, "Paid", usd),
                (datetime(2024, 8, 3), 120, 0, 30, 90, None, "Partly paid", usd),
                (datetime(2024, 9, 3), 120, 0, 0, 120, None, "Open", usd),
            ],
        )
        self.assertEqual(total[:6], ("Total", None, 360, 0, 150, 210))
        self.assertTrue(book["Installments"]["B2"].is_date)
        titles, *rows = book["Invoices"].iter_rows(values_only=True)
        by_name = {row[0]: dict(zip(titles, row, strict=True)) for row in rows}
        self.assertEqual(by_name[invoice.name]["In the plan"], 300)
        self.assertEqual(by_name[invoice.name]["Open"], 150)
        self.assertEqual(by_name[other.name]["Open"], 60)

    def test_decimals_of_the_currency(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        plan = self.plan(self.invoice(10, 30000, currency=yen))
        self.assertEqual(self.book(plan)["Installments"]["C2"].number_format, "#,##0")
        self.assertIn("/dunning/plan/", plan.action_export_xlsx()["url"])
