from freezegun import freeze_time
from lxml import html

from odoo.tests import HttpCase, tagged

from ..common import DAY
from .common import ChargeCommon


@tagged("post_install", "-at_install")
class TestPortal(ChargeCommon, HttpCase):
    """The customer's page of an invoice tells what reminders have cost, and why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first.charge_interest = True
        cls.move = cls.invoice(10, 10000)
        cls.other = cls.invoice(-40, 70, debtor=cls.make_debtor("Deco Addict"))

    def issue(self):
        with freeze_time(DAY):
            return self.notice_at()

    def shown(self, move):
        """Text of the charges on the page of an invoice, empty where there are none."""
        answer = self.url_open(move.get_portal_url())
        page = html.fromstring(answer.text)
        self.assertTrue(page.xpath("//div[@id='invoice_communication']"), answer.status_code)
        return " ".join(" ".join(page.xpath("//div[@id='dunning_charges']//text()")).split())

    def test_charges_with_their_working(self):
        self.assertFalse(self.shown(self.move))
        self.issue()
        text = self.shown(self.move)
        for words in ("Fee of 5", "$ 5.00", "10", "12.62 %", "BGB", "$ 34.48"):
            self.assertIn(words, text)
        self.assertFalse(self.shown(self.other))

    def test_invoice_of_the_charges(self):
        self.policy.charge_mode = "posted"
        notice = self.issue()
        self.assertIn("12.62 %", self.shown(notice.charge_move_id))

    def test_waived_and_cancelled_charges_are_gone(self):
        notice = self.issue()
        fee = notice.charge_ids.filtered(lambda charge: charge.kind == "fee")
        fee._waive("Goodwill", DAY)
        self.assertNotIn("Fee of 5", self.shown(self.move))
        notice._cancel("Sent by mistake", DAY)
        self.assertFalse(self.shown(self.move))

    def test_page_of_somebody_else_stays_closed(self):
        self.issue()
        self.authenticate(None, None)
        answer = self.url_open(f"{self.move.access_url}?access_token=wrong")
        self.assertNotIn("12.62", answer.text)
