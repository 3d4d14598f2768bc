import hashlib
import io
import json
import zipfile

from ..common import DAY
from ..documents import pdf_pages
from .common import EscalationCommon


def sha(text):
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


class TestEvidence(EscalationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"name": "Brandt Ltd", "dunning_tz": "Europe/Berlin"})
        cls.debtor.write({"street": "12 rue de la Paix", "city": "Paris", "zip": "75002"})

    def build(self, *invoices):
        """The file of a hand-over of these invoices: dict of name to content."""
        handover = self.handover(*invoices)
        handover.sudo().action_build_package()
        with zipfile.ZipFile(io.BytesIO(handover.attachment_id.raw)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def reminded(self):
        """An invoice with a letter that was printed and an e-mail that came back."""
        self.first.channel = "letter"
        invoice = self.invoice(10)
        first = self.remind(self.at(0)).notice_ids
        first.delivery_ids.state = "queued"
        first.with_user(self.dunner).action_print_letters()
        second = self.remind(self.at(20)).notice_ids
        second.delivery_ids.server_answer = "250 2.0.0 Ok: queued as 4WxYz"
        second.delivery_ids._fail("The e-mail came back from azure@example.com.")
        return invoice, first, second

    def test_sheet_tells_what_became_of_each_reminder(self):
        invoice, first, second = self.reminded()
        files = self.build(invoice)
        text = " ".join(pdf_pages(files["Evidence.pdf"]))
        for notice in (first, second):
            self.assertIn(notice.name, text)
            self.assertTrue(notice.chain_ids.hash)
            self.assertIn(notice.chain_ids.hash, text.replace(" ", ""))
        self.assertIn("06/03/2024 02:00:00 PM", text)  # noon in UTC is two in Berlin
        self.assertIn("Europe/Berlin", text)
        self.assertIn("12 rue de la Paix", text)
        self.assertIn(f"Printed by {self.dunner.name}", text)
        packed = text.replace(" ", "")
        self.assertIn(second.delivery_ids.message_id.message_id.replace(" ", ""), packed)
        self.assertIn("2502.0.0Ok:queuedas4WxYz", packed)
        self.assertIn("The e-mail came back from azure@example.com", text)

    def test_hashes_can_be_repeated_from_the_file(self):
        """By the lines of Python that stand on the sheet, and the files of the letters."""
        invoice, first, _second = self.reminded()
        other = self.invoice(10, debtor=self.make_debtor("Deco"))
        self.remind(self.at(21))
        files = self.build(invoice)
        entries = json.loads(files["Evidence.json"])
        self.assertEqual(len(entries), 2)
        for entry in entries:
            own = sha(f"{entry['previous']}:{entry['number']}:{sha(entry['content'])}")
            self.assertEqual(own, entry["hash"])
            self.assertNotIn(other.name, entry["content"])
        letter = files[f"Letters/{first._letter_filename()}"]
        self.assertEqual(json.loads(entries[0]["content"])["letter"], sha(letter))

    def test_without_reminders(self):
        invoice = self.invoice(10)
        self.exhaust(invoice)
        files = self.build(invoice)
        self.assertEqual(json.loads(files["Evidence.json"]), [])
        self.assertIn("Evidence of the reminders", " ".join(pdf_pages(files["Evidence.pdf"])))

    def test_what_is_older_than_the_chain_says_so(self):
        invoice = self.invoice(10)
        notice = self.remind(DAY).notice_ids
        self.env.cr.execute("DELETE FROM dunning_chain_entry")
        self.env.invalidate_all()
        handover = self.handover(invoice)
        self.assertIn("it is not in the chain", pdf_pages(handover._evidence_pdf())[0])
        notice._record_issued("found")
        handover.invalidate_recordset()
        self.assertIn("Recorded later", pdf_pages(handover._evidence_pdf())[0])
