"""Old bank data: the night proposes, and lets nothing out by itself."""

from datetime import timedelta

from ..clock import NightCase
from ..common import DAY


class TestOldBankData(NightCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.level_ids.automatic = True

    def bank_line(self, days):
        """A transaction of some days ago."""
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": DAY - timedelta(days=days),
                "payment_ref": "Rent",
                "amount": -100,
            }
        )

    def test_nothing_goes_out_by_itself(self):
        self.invoice(6)
        self.bank_line(9)
        self.bank_line(4)
        self.night("propose")
        run = self.env["dunning.run"].search([("company_id", "=", self.company.id)])
        self.assertEqual(run.notice_ids.mapped("state"), ["proposed"])
        self.assertTrue(run.bank_is_old)
        self.assertEqual(run.bank_last, DAY - timedelta(days=4))
        self.assertTrue(run.has_warnings)
        self.assertIn("Review 1 reminders", run.activity_ids.mapped("summary"))
        run.action_confirm()
        self.assertEqual(run.notice_ids.mapped("state"), ["issued"])
        self.assertFalse(run.bank_is_old)

    def test_up_to_date(self):
        self.invoice(6)
        self.bank_line(3)
        self.night("propose")
        run = self.env["dunning.run"].search([("company_id", "=", self.company.id)])
        self.assertEqual(run.notice_ids.mapped("state"), ["issued"])

    def test_never_asked(self):
        self.invoice(6)
        self.bank_line(30)
        self.company.dunning_bank_age = 0
        self.night("propose")
        run = self.env["dunning.run"].search([("company_id", "=", self.company.id)])
        self.assertEqual(run.notice_ids.mapped("state"), ["issued"])

    def test_no_bank_in_odoo(self):
        self.invoice(6)
        self.night("propose")
        run = self.env["dunning.run"].search([("company_id", "=", self.company.id)])
        self.assertEqual(run.notice_ids.mapped("state"), ["issued"])


class TestNeverSent(NightCase):
    def test_warning_filter_and_button(self):
        self.invoice(6)
        unsent = self.invoice(6, debtor=self.make_debtor("Unsent Ltd"), is_move_sent=False)
        run = self.run_at()
        self.assertEqual(run.unsent_count, 1)
        self.assertTrue(run.has_warnings)
        warned = self.env["dunning.notice"].search(
            [("run_id", "=", run.id), ("warning", "=", "unsent")]
        )
        self.assertEqual(warned.partner_id.name, "Unsent Ltd")
        self.assertEqual(warned.warning, "Invoice never sent")
        action = run.action_send_invoices()
        self.assertEqual(action["context"]["active_ids"], unsent.ids)
        self.assertEqual(action["res_model"], "account.move.send.wizard")
        unsent.is_move_sent = True
        run.invalidate_recordset()
        self.assertFalse(run.unsent_count)
