import doctest

from odoo.tests import BaseCase

from odoo.addons.dunning_advanced.tools import phone


class TestPhone(BaseCase):
    def test_examples(self):
        self.assertEqual(doctest.testmod(phone).failed, 0)

    def test_numbers_as_people_write_them(self):
        for written, country, dialed in (
            ("0470 12 34 56", "BE", "+32470123456"),
            ("0470/12.34.56", "BE", "+32470123456"),
            (" +32 (0)470 12 34 56 ", "FR", "+32470123456"),
            ("0032 470 12 34 56", "BE", "+32470123456"),
            ("01 42 68 53 00", "FR", "+33142685300"),
            ("+1 650-253-0000", "", "+16502530000"),
            ("06 698 12345", "IT", "+390669812345"),
        ):
            with self.subTest(written):
                number = phone.parse(written, country)
                self.assertEqual((number.dialed, number.problem), (dialed, ""))

    def test_what_cannot_be_dialed_says_why(self):
        for written, country, problem in (
            ("", "BE", "missing"),
            (None, None, "missing"),
            ("12", "BE", "short"),
            ("+32 470 12 34 56 78 90 12", "BE", "long"),
            ("0000 00 00 00", "BE", "prefix"),
            ("+999 12345678", "BE", "prefix"),
            ("0470 12 34 56", "", "prefix"),
            ("ask Ann", "BE", "letters"),
        ):
            with self.subTest(written):
                number = phone.parse(written, country)
                self.assertEqual((number.dialed, number.problem), ("", problem))
