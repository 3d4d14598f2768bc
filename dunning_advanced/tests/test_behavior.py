import doctest
from datetime import timedelta

from odoo.tests import BaseCase

from odoo.addons.dunning_advanced.tools import points

from .common import DAY, DunningCommon


class TestPoints(BaseCase):
    def test_examples(self):
        self.assertEqual(doctest.testmod(points).failed, 0)


class TestBehavior(DunningCommon):
    def refresh(self, days=0, partners=None):
        """Judge as of a day after DAY."""
        self.env["dunning.behavior"]._refresh(self.company, DAY + timedelta(days=days), partners)
        return self.behavior()

    def behavior(self, debtor=None, company=None):
        return self.env["dunning.behavior"].search(
            [
                ("partner_id", "=", (debtor or self.debtor).id),
                ("company_id", "=", (company or self.company).id),
            ]
        )

    def paid(self, late, amount=100.0, days=10, **values):
        """An invoice that was due ``days`` before DAY and paid so many days late."""
        invoice = self.invoice(days, amount, **values)
        self.pay(invoice.partner_id, amount, days=days - late, invoices=invoice)
        return invoice

    def test_days_late_are_weighted_by_amount(self):
        self.paid(0, 900)
        self.paid(10, 90)
        self.paid(100, 10, days=110)
        behavior = self.refresh()
        self.assertEqual(behavior.settled_count, 3)
        self.assertEqual(behavior.days_late, 1.9)  # (900 * 0 + 90 * 10 + 10 * 100) / 1000
        self.assertEqual(behavior.days_median, 10)
        self.assertEqual(behavior.late_share, 10)
        self.assertEqual((behavior.points, behavior.grade), (0, "A"))
