"""A small ledger, replayed day by day through the real code."""

import contextlib
import io
import tempfile
from datetime import date
from pathlib import Path
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from devtools.ledger import main, report
from devtools.ledger_file import parse
from devtools.replay import Replay
from devtools.sink import mail_sink

TITLES = (
    "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate,PaperlessBill"
)
# Invoiced on 2 January, due on 1 February; standard levels: -3, 5, 19 and 33 days after.
SETTLED = {
    # before the friendly reminder of 29 January: nothing
    "1/10/2013": 6,
    # after the friendly reminder, which goes by e-mail only: that one
    "1/31/2013": 5,
    # after the first reminder of 6 February too, within 14 days of it
    "2/8/2013": 4,
    # after the second of 20 February too, more than 14 days later
    "3/25/2013": 3,
    # never: all of them
    "": 2,
}


def ledger():
    """The text of a CSV file with 20 invoices of two customers."""
    lines = [TITLES]
    for settled, count in SETTLED.items():
        for _n in range(count):
            number = len(lines)
            customer, bill = (("P-1", "Paper"), ("E-2", "Electronic"))[number % 2]
            disputed = "Yes" if number == 20 else "No"
            lines.append(
                f"{customer},T{number:04},1/2/2013,2/1/2013,100.00,{disputed},{settled},{bill}"
            )
    return "\n".join(lines)


@tagged("post_install", "-at_install")
class TestReplay(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.replay = Replay(cls.env, parse(io.StringIO(ledger())), "Small ledger")
        cls.replay.load()
        sends = patch.object(IrMail_Server, "_disable_send", return_value=False)
        with sends, mail_sink(cls.env) as cls.messages:
            cls.days = list(cls.replay.play())

    def test_every_day_has_its_run(self):
        self.assertEqual(self.days[0], date(2013, 1, 2))
        self.assertEqual(self.days[-1], date(2013, 3, 25))
        runs = self.env["dunning.run"].search([("company_id", "=", self.replay.company.id)])
        self.assertEqual(len(runs), 83)
        self.assertEqual(set(runs.mapped("state")), {"done"})

    def test_levels_reach_the_items_that_are_still_open(self):
        rows = {
            name: (notices, items, amount, share)
            for name, notices, items, amount, share in self.replay.by_level()
        }
        self.assertEqual(rows["Friendly reminder"][:3], (1, 7, 700))
        self.assertEqual(rows["First reminder"][:3], (2, 9, 900))
        self.assertEqual(rows["Second reminder"][:3], (2, 5, 500))
        self.assertEqual(rows["Final reminder"][:3], (2, 5, 500))

    def test_share_paid_within_14_days(self):
        shares = {name: share for name, _n, _i, _a, share in self.replay.by_level()}
        self.assertAlmostEqual(shares["Friendly reminder"], 5 / 7)
        self.assertAlmostEqual(shares["First reminder"], 4 / 9)
        self.assertEqual(shares["Second reminder"], 0)

    def test_paper_gets_letters_and_electronic_gets_e_mails(self):
        deliveries = self.replay.notices().delivery_ids.filtered(
            lambda d: d.notice_id.level_id.name == "First reminder"
        )
        self.assertEqual(sorted(deliveries.mapped("channel")), ["email", "letter"])
        self.assertEqual(set(deliveries.mapped("state")), {"done"})
        self.assertEqual({message["To"] for message in self.messages}, {'"E-2" <e-2@example.com>'})
        letter = deliveries.filtered(lambda d: d.channel == "letter").notice_id
        self.assertEqual(letter.attachment_id.raw[:4], b"%PDF")

    def test_report(self):
        self.assertEqual([row[:2] for row in self.replay.top_debtors()], [("E-2", 4), ("P-1", 3)])
        self.assertEqual(self.replay.disputed(), (1, 3))
        text = "\n".join(report(self.replay, len(self.days), 4))
        self.assertIn("Small ledger: 20 invoices of 2 customers, 83 days from 2013-01-02", text)
        self.assertIn("0 reminders were not issued", text)


@tagged("post_install", "-at_install")
class TestBadFile(TransactionCase):
    def test_nothing_is_loaded(self):
        companies = self.env["res.company"].search_count([])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "bad.csv")
            path.write_text(ledger().replace("1/10/2013", "10.1.2013", 1))
            with contextlib.redirect_stderr(io.StringIO()) as told:
                self.assertEqual(main(self.env, [path]), 2)
        self.assertIn("bad.csv is not loaded", told.getvalue())
        self.assertIn("line 2: SettledDate “10.1.2013” is not a date", told.getvalue())
        self.assertEqual(self.env["res.company"].search_count([]), companies)
