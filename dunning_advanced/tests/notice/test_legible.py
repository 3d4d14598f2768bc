import logging
import subprocess
import unicodedata
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings, strategies as st

from odoo.exceptions import UserError
from odoo.tests import BaseCase

from odoo.addons.dunning_advanced.models import ir_actions_report as press
from odoo.addons.dunning_advanced.models.statement.statement import Period
from odoo.addons.dunning_advanced.tools import legible

from ..common import DAY
from ..documents import LetterheadCommon, pdf_pages

# By script: a name, one of its characters, and the package that has it.
SCRIPTS = {
    "Latin": ("Zażółć gęślą jaźń Ltd", "ż", "fonts-liberation"),
    "Greek and Cyrillic": ("Αθήνα και Київ", "ї", "fonts-liberation"),
    "Hebrew": ("חברת בדיקה", "ח", "fonts-liberation"),
    "Arabic": ("شركة الاختبار", "ش", "fonts-noto-core"),
    "Chinese": ("北京贸易有限公司", "贸", "fonts-noto-cjk"),
    "Japanese": ("株式会社テストひらがな", "テ", "fonts-noto-cjk"),
    "Thai": ("บริษัท ทดสอบ จำกัด", "บ", "fonts-thai-tlwg"),
    "Emoji": ("Party 🎉 👩‍👧 🇩🇪 🤝🏽", "🎉", "fonts-noto-color-emoji"),
}
# What Liberation Sans has: Latin, Greek, Cyrillic and Hebrew.
LIBERATION = {
    *range(0x20, 0x250),
    *range(0x370, 0x400),
    *range(0x400, 0x530),
    *range(0x590, 0x600),
    *range(0x1E00, 0x2100),
    0x20AC,
}


class TestLegibleTools(BaseCase):
    def test_covered(self):
        for listed, found in [
            ("", set()),
            ("TrueType:20-22 41\n", {0x20, 0x21, 0x22, 0x41}),
            ("TrueType:41\nCFF:1f600-1f601 42\n", {0x41, 0x42, 0x1F600, 0x1F601}),
            ("Type 1:20-7e\nPCF:41\n", set()),
            ("TrueType:\n\n", set()),
        ]:
            with self.subTest(listed):
                self.assertEqual(legible.covered(listed), found)

    def test_missing(self):
        ascii_only = set(range(0x20, 0x7F))
        for text, coverage, found in [
            ("Main Street 1\n\t\r", ascii_only, ""),
            ("東京 東京", ascii_only, "東京"),
            ("é", ascii_only, "é"),
            ("e\u0301", {*ascii_only, 0xE9}, ""),
            ("é", {*ascii_only, 0x301}, ""),
            ("한", {0x1112, 0x1161, 0x11AB}, ""),
            ("a\u200d\u200f\ufeff\u00ad\u2028\u3000\u202f\ufe0f\U000e0101b", ascii_only, ""),
            ("\ue000\U0010fffd", ascii_only, "\ue000\U0010fffd"),
            ("", set(), ""),
        ]:
            with self.subTest(text):
                self.assertEqual("".join(legible.missing(text, coverage)), found)

    def test_packages(self):
        for chars, packages in [
            ("", []),
            ("テ贸한ㄅＡ", ["fonts-noto-cjk"]),
            ("บ", ["fonts-thai-tlwg"]),
            ("شאक", ["fonts-noto-core"]),
            ("🎉🇩🏽🤝🫠", ["fonts-noto-color-emoji"]),
            ("𠮷", ["fonts-hanazono"]),
            ("\ue000\U0010fffd\u0378", []),
            ("บ🎉\ue000", ["fonts-noto-color-emoji", "fonts-thai-tlwg"]),
        ]:
            with self.subTest(chars):
                self.assertEqual(legible.packages(chars), packages)

    def test_named(self):
        self.assertEqual(legible.named(["é"]), "é (U+00E9)")
        self.assertEqual(legible.named("🎉"), "🎉 (U+1F389)")
        self.assertTrue(legible.named("abcdefghijk").endswith("j (U+006A), …"))
        self.assertFalse(legible.named("abcdefghij").endswith("…"))

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.text("aé東บ🎉\u200d\ue000 ", max_size=20), st.sets(st.sampled_from("aé東บ🎉")))
    def test_nothing_more_and_nothing_less(self, text, fonts):
        found = legible.missing(text, {0x20, *map(ord, fonts)})
        self.assertEqual(set(found), set(text) - fonts - {" ", "\u200d"})
        self.assertEqual(len(found), len(set(found)))


class TestLegible(LetterheadCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first.channel = "letter"

    def debtors(self):
        """A customer with an overdue invoice for each script."""
        found = {}
        for script, (name, _char, _package) in SCRIPTS.items():
            found[script] = self.make_debtor(name, **self.home)
            self.invoice(10, debtor=found[script])
        return found

    def issue(self):
        """Issue all that is proposed.

        :return: dict of customer to notice
        """
        notices = self.run_at(DAY).notice_ids
        notices.write({"state": "confirmed"})
        notices._issue(DAY)
        return {notice.partner_id: notice for notice in notices}

    def fonts(self, coverage):
        """A machine whose fonts have these code points."""
        return patch.object(press, "_coverage", lambda: coverage)

    def test_every_script_is_printed(self):
        """With the fonts that are named, and without one box: the press warns of each."""
        debtors = self.debtors()
        with self.assertNoLogs("weasyprint", logging.WARNING):
            notices = self.issue()
        for script, debtor in debtors.items():
            with self.subTest(script):
                self.assertFalse(notices[debtor].error)
                text = " ".join(pdf_pages(notices[debtor].attachment_id.raw))
                char = SCRIPTS[script][1]
                # Arabic letters are told by the form that they have in a word.
                self.assertIn(char, unicodedata.normalize("NFKC", text))

    def test_what_cannot_be_printed_stops_that_letter_alone(self):
        debtors = self.debtors()
        with self.fonts(LIBERATION):
            notices = self.issue()
        for script, (_name, char, package) in SCRIPTS.items():
            notice = notices[debtors[script]]
            with self.subTest(script):
                if package == "fonts-liberation":
                    self.assertEqual((notice.state, notice.error), ("issued", False))
                    self.assertTrue(notice.attachment_id)
                    continue
                self.assertEqual(notice.state, "confirmed")
                self.assertFalse(notice.attachment_id)
                self.assertFalse(notice.delivery_ids)
                self.assertIn(f"{char} (U+{ord(char):04X})", notice.error)
                self.assertIn(f"install {package} there", notice.error)
                self.assertIn(notice.partner_id.name, notice.error)
        # the fonts were installed
        failed = self.env["dunning.notice"].concat(*notices.values()).filtered("error")
        self.assertEqual(len(failed), 5)
        with self.fonts(LIBERATION | set(map(ord, "".join(name for name, *_ in SCRIPTS.values())))):
            failed.action_retry()
        self.assertEqual(set(failed.mapped("state")), {"issued"})
        self.assertTrue(all(failed.mapped("attachment_id")))

    def test_every_place_of_the_letter_is_asked(self):
        self.invoice(10)
        notice = self.run_at(DAY).notice_ids
        self.policy.name = "規則"  # not on the letter
        for record, field in (
            (self.debtor, "street"),
            (self.debtor, "ref"),
            (self.company, "name"),
            (notice, "subject"),
            (notice, "body"),
        ):
            before = record[field]
            record[field] = f"{before}東"
            with self.subTest(field), self.fonts(LIBERATION), self.assertLogs() as logs:
                logging.getLogger().info("something")
                notice.state = "confirmed"
                notice._issue(DAY)
                self.assertIn("東 (U+6771)", notice.error or "")
            record[field] = before
        self.assertEqual(len(logs.output), 1)
        with self.fonts(LIBERATION):
            notice.action_retry()
        self.assertEqual((notice.state, notice.error), ("issued", False))

    def test_what_nobody_reads_is_not_asked(self):
        page = "<html><head><style>/* 東 */</style></head><body><!-- 東 --><p title='東'>a</p>"
        with self.fonts(LIBERATION):
            self.assertEqual(press._unprintable(f"{page}</body></html>"), [])
            self.assertEqual(press._unprintable(f"{page}<b>京</b></body></html>"), ["京"])

    def test_letters_with_emails_of_the_others(self):
        """An e-mail whose letter cannot be printed goes without it and says so."""
        self.first.write({"channel": "email", "attach_letter": True})
        chinese = self.make_debtor("北京", email="bei@example.com")
        self.invoice(10)
        self.invoice(10, debtor=chinese)
        with self.fonts(LIBERATION):
            notices = self.issue()
        self.assertFalse(notices[self.debtor].error or notices[chinese].error)
        self.assertTrue(notices[self.debtor].attachment_id)
        self.assertFalse(notices[chinese].attachment_id)
        self.assertTrue(notices[chinese].delivery_ids.mail_id)
        told = notices[chinese].message_ids.filtered(lambda m: "fonts-noto-cjk" in (m.body or ""))
        self.assertIn("北 (U+5317)", told.body)

    def test_letters_to_further_contacts_are_asked_too(self):
        self.env["res.partner"].create(
            [
                {"name": name, "parent_id": self.debtor.id, "type": "dunning", **self.home}
                for name in ("Ann", "北京")
            ]
        )
        self.invoice(10)
        with self.fonts(LIBERATION):
            notice = self.issue()[self.debtor]
        self.assertIn("北 (U+5317)", notice.error)
        self.assertFalse(notice.delivery_ids)

    def test_statements_and_previews_are_asked_too(self):
        self.debtor.name = "北京"
        self.invoice(10)
        notice = self.run_at(DAY).notice_ids
        reports = self.env["ir.actions.report"]
        with self.fonts(LIBERATION):
            self.assertFalse(notice.letter_preview)
            for report, data, record in (
                (press.REPORT, {}, notice),
                (press.STATEMENT, {"period": Period(self.company, DAY)}, self.debtor),
            ):
                with self.subTest(report), self.assertRaisesRegex(UserError, "fonts-noto-cjk"):
                    reports._render_qweb_pdf_prepare_streams(report, data, record.ids)

    def test_the_usual_way_of_odoo_is_asked_too(self):
        chinese = self.make_debtor("北京", **self.home)
        self.invoice(10)
        self.invoice(10, debtor=chinese)
        with self.no_weasyprint() as printed, self.fonts(LIBERATION):
            notices = self.issue()
        self.assertEqual(notices[self.debtor].state, "issued")
        self.assertIn("北 (U+5317)", notices[chinese].error)
        self.assertEqual(len(printed), 1)

    def test_fonts_are_listed_once(self):
        press._coverage.cache_clear()
        self.addCleanup(press._coverage.cache_clear)
        for number in range(3):
            self.invoice(10, debtor=self.make_debtor(f"Ève {number}", **self.home))
        with patch.object(press.subprocess, "run", wraps=subprocess.run) as run:
            self.issue()
        self.assertEqual(run.call_count, 1)

    def test_without_fontconfig_letters_are_not_checked(self):
        press._coverage.cache_clear()
        self.addCleanup(press._coverage.cache_clear)
        self.invoice(10)
        self.debtor.name = "Ève"
        with (
            patch.object(press.subprocess, "run", side_effect=FileNotFoundError("fc-list")),
            self.assertLogs(press._logger, logging.WARNING) as logs,
        ):
            notice = self.issue()[self.debtor]
        self.assertEqual(notice.state, "issued")
        self.assertIn("install fontconfig", "".join(logs.output))

    def test_the_press_says_the_same(self):
        """One of every 400 characters of Unicode: what is said to be missing is what the press
        warns of.
        """
        chars = [
            chr(code)
            for code in range(0x80, 0x20000, 401)
            if unicodedata.category(chr(code)) not in {*legible.BLANK, "Cs", "Mn", "Mc", "Me"}
        ]
        page = "".join(f"<p>{char}</p>" for char in chars)
        page = f'<html><body><div class="letter">{page}</div></body></html>'
        with self.assertLogs("weasyprint", logging.WARNING) as logs:
            press._print(page, {})
        warned = {record.args[0] for record in logs.records}
        self.assertEqual(set(press._unprintable(page)), warned)
        self.assertLess(len(warned), len(chars))
