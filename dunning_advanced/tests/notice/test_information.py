import io
from datetime import timedelta

from freezegun import freeze_time
from openpyxl import load_workbook

from ..common import DAY, DunningCommon
from ..documents import pdf_pages

ADDRESS = {"street": "Main Street 7", "city": "Ghent", "zip": "9000"}


class TestInformation(DunningCommon):
    """What is not due yet, and open credits, listed below a reminder by policy."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.inform = True
        cls.debtor.write(ADDRESS)

    def setUp(self):
        super().setUp()
        clock = freeze_time(DAY, tick=True)
        clock.start()
        self.addCleanup(clock.stop)

    def text_of(self, notice):
        """The words of the letter, in their order."""
        notice._freeze_letters()
        return " ".join(pdf_pages(notice.attachment_id.raw))

    def test_listed_and_never_in_the_sum(self):
        self.invoice(5)
        coming = self.invoice(-20, 70)
        self.pay(self.debtor, 30)
        run = self.run_at()
        notice = run.notice_ids
        self.assertEqual((notice.item_count, notice.amount_total), (1, 70))
        self.assertEqual(notice.info_ids.mapped("amount_open"), [-30, 70])
        self.assertIn(coming, notice.info_ids.move_id)
        self.assertEqual(set(notice.info_ids.mapped("state")), {"info"})
        self.assertFalse(run.line_count)
        body = notice.preview
        self.assertLess(body.index("Total to pay"), body.index("not due yet"))
        self.assertLess(body.index("not due yet"), body.index(coming.name))
        self.assertIn("your open credits", body)

    def test_frozen_with_the_notice(self):
        self.invoice(5)
        paid, kept = self.invoice(-20, 70), self.invoice(-30, 80)
        run = self.run_at()
        self.assertEqual(run.notice_ids.info_ids.move_id, paid | kept)
        self.pay(self.debtor, 70, invoices=paid)
        run.action_confirm()
        notice = run.notice_ids
        self.assertEqual(notice.info_ids.move_id, kept)
        later = self.invoice(-40, 90)
        self.pay(self.debtor, 80, invoices=kept)
        self.assertEqual(notice.info_ids.mapped("amount_open"), [80])
        mail = notice.delivery_ids.mail_id.body_html
        self.assertIn(kept.name, mail)
        self.assertNotIn(paid.name, mail)
        text = self.text_of(notice)
        self.assertIn(kept.name, text)
        self.assertNotIn(later.name, text)

    def test_never_a_step(self):
        invoice = self.invoice(5)
        coming = self.invoice(-6)
        self.remind()
        self.assertEqual(
            (invoice.dunning_level_id, coming.dunning_level_id.id), (self.first, False)
        )
        again = self.run_at(DAY + timedelta(days=11))
        line = again.line_ids.filtered(lambda line: line.move_id == coming)
        self.assertEqual((line.verdict, line.step, line.level_id), ("dun", 1, self.first))

    def test_only_by_policy_currency_and_what_may_be_shown(self):
        other = self.make_debtor("Deco Addict")
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        self.invoice(5)
        self.invoice(5, debtor=other)
        self.invoice(-20, debtor=other)
        self.invoice(-20, currency=euro)
        self.invoice(-20).no_followup = True
        self.invoice(2)
        other.dunning_policy_id = self.policy.copy({"name": "Plain", "inform": False})
        run = self.run_at()
        self.assertFalse(run.notice_ids.info_ids)
        self.assertNotIn("For your information", "".join(run.notice_ids.mapped("preview")))

    def test_switched_off_before_issuing(self):
        self.invoice(5)
        self.invoice(-20)
        run = self.run_at()
        self.policy.inform = False
        run.action_confirm()
        self.assertEqual(run.notice_ids.state, "issued")
        self.assertFalse(run.notice_ids.info_ids)

    def test_proposed_again_and_taken_back(self):
        self.invoice(5)
        self.invoice(-20)
        run = self.run_at()
        run.action_propose()
        self.assertEqual(len(run.notice_ids.info_ids), 1)
        run.action_confirm()
        run.notice_ids._cancel("wrong")
        self.assertEqual(run.notice_ids.info_ids.state, "info")
        self.assertEqual(len(self.run_at().notice_ids.info_ids), 1)

    def test_letter_of_12_items_stays_on_one_page(self):
        for number in range(12):
            self.invoice(5 + number)
        coming = [self.invoice(-20 - number) for number in range(3)]
        notice = self.run_at().notice_ids
        notice._freeze_letters()
        [text] = pdf_pages(notice.attachment_id.raw)
        self.assertTrue(all(invoice.name in text for invoice in coming))

    def test_workbook_names_them(self):
        self.invoice(5)
        coming = self.invoice(-20, 70)
        book = load_workbook(io.BytesIO(self.run_at()._xlsx()))
        rows = [row for row in book["Items"].iter_rows(values_only=True) if coming.name in row]
        self.assertEqual(len(rows), 1)
        self.assertIn("For information", rows[0])
        self.assertEqual(rows[0][5], 0)
