"""The script of ./dev demo, on a few debtors."""

import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.dunning_advanced.tests.common import DunningCommon

from devtools import demo
from devtools.console import DevError


class TestDemoScript(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.email = "office@example.com"

    def remind_today(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.pdf = Path(folder.name, "made", "letters.pdf")
        with patch.object(IrMail_Server, "_disable_send", return_value=False):
            return demo.remind(self.env, self.company, self.pdf)

    def test_each_reminder_is_told_with_its_result(self):
        address = {"street": "Quay 1", "zip": "1000", "city": "Brussels"}
        self.invoice(10, 1234.5)
        self.invoice(10, 20, debtor=self.make_debtor("Paper Mill", email=False, **address))
        self.invoice(10, 30, debtor=self.make_debtor("Gone Fishing", email=demo.GONE))
        self.invoice(10, 40, debtor=self.make_debtor("Unknown Ltd", email=False))
        lines = self.remind_today()
        rows = {line[:12]: line for line in lines}
        self.assertRegex(rows["Azure Interi"], r"First reminder +1,234.50  USD +E-mail   delivered")
        self.assertRegex(rows["Paper Mill  "], r"20.00  USD +Letter   letter printed")
        self.assertRegex(rows["Gone Fishing"], r"30.00  USD +E-mail   failed: .*550")
        self.assertRegex(rows["No usable co"], r"No usable contact data +1  Unknown Ltd")
        self.assertIn("1 e-mails left.", lines)
        self.assertEqual(self.pdf.read_bytes()[:4], b"%PDF")

    def test_a_second_time_shows_the_run_of_before(self):
        self.invoice(10)
        first = self.remind_today()
        again = self.remind_today()
        self.assertEqual(first[:5], again[:5])
        self.assertIn("0 e-mails left.", again)

    def test_nothing_to_remind_of_at_all(self):
        self.assertIn("Total: nothing  ", self.remind_today())

    def test_never_by_a_real_mail_server(self):
        self.env["ir.mail_server"].create({"name": "Real one", "smtp_host": "mail.example.com"})
        self.invoice(10)
        with self.assertRaisesRegex(DevError, "Real one"):
            self.remind_today()
