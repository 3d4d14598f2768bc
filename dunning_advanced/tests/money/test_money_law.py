from datetime import date
from decimal import Decimal

from .common import HALF_YEARS, MoneyCase

# What a business debtor owes: country, percent above the reference, rounding up, mode,
# day count, capitalization, and the fixed sums as (debt, sum) in their currency.
BUSINESS = [
    ("de", "reference_de", 9, 0, "floating", "act_act", "simple", [(1, 40)]),
    ("at", "reference_at", 9.2, 0, "floating", "act_act", "simple", [(1, 40)]),
    ("fr", "reference_ecb", 10, 0, "floating", "act_365", "simple", [(1, 40)]),
    ("it", "reference_ecb", 8, 0, "floating", "act_365", "simple", [(1, 40)]),
    ("es", "reference_ecb", 8, 0, "floating", "act_365", "simple", [(1, 40)]),
    ("ie", "reference_ecb", 8, 0, "locked", "act_365", "simple", [(1000, 40), (10000, 70)]),
    ("be", "reference_ecb", 8, 0.5, "floating", "act_365", "simple", [(1, 40)]),
    ("nl", "reference_ecb", 8, 0, "floating", "act_365", "yearly", [(1, 40)]),
    ("uk", "reference_uk", 8, 0, "locked", "act_365", "simple", [(999.99, 40), (10000, 100)]),
    ("se", "reference_se", 8, 0, "floating", "act_365", "simple", [(1, 450)]),
    ("dk", "reference_dk", 8, 0, "floating", "act_365", "simple", [(1, 310)]),
    ("no", "reference_no", 8, 0, "floating", "act_365", "simple", [(1, 460)]),
    ("fi", "reference_fi", 8, 0.5, "floating", "act_365", "simple", [(1, 40)]),
    ("pl", "reference_pl", 10, 0, "floating", "act_365", "simple", []),  # in two currencies
    ("pt", "reference_ecb", 8, 0, "floating", "act_365", "simple", [(1, 40)]),  # as the EU
]
CONSUMERS = [
    ("de", "reference", "reference_de", 5),
    ("at", "fixed", False, 4),
    ("fr", "reference", "reference_fr_consumer", 0),
    ("it", "reference", "reference_it_consumer", 0),
    ("es", "fixed", False, 3.25),
    ("ie", "contract", False, 0),
    ("nl", "reference", "reference_nl_consumer", 0),
    ("ch", "fixed", False, 5),
    ("uk", "contract", False, 0),
    ("se", "reference", "reference_se", 8),
    ("dk", "reference", "reference_dk", 8),
    ("no", "reference", "reference_no", 8),
    ("fi", "reference", "reference_fi", 7),
    ("pl", "reference", "reference_pl", 5.5),
    ("us", "contract", False, 0),
    ("au", "contract", False, 0),
    ("ca", "contract", False, 0),
]
ECB = """0.05 0 0 0 0 0 0 0 0 0 0 0 0 0 2.5 4 4.5 4.25 3.15 2.15 2.15 2.4"""
UK = """0.5 0.5 0.25 0.25 0.5 0.5 0.75 0.75 0.75 0.1 0.1 0.1 0.25 1.25 3.5 5 5.25 5.25 4.75 4.25
        3.75 3.75"""
DUTCH = "2 2 2 2 2 2 2 2 2 2 2 2 2 2 4 6 7 7 6 6 4 4"
LATE = {  # published only in part: the last half-years, oldest first
    "at": (date(2024, 1, 1), "3.88 3.88 2.53 1.53 1.53 1.53"),
    "se": (date(2023, 1, 1), "2.5 3.5 4 4 3 2 2"),
    "no": (date(2025, 7, 1), "4.25 4 4.25"),
    "fi": (date(2026, 1, 1), "2.5"),
}


class TestLaw(MoneyCase):
    """The law as it is shipped, line by line."""

    def rule(self, code, business):
        return self.rules._for(self.env.ref(f"base.{code}"), business, self.company)

    def test_businesses(self):
        for code, reference, margin, round_up, mode, count, capitalization, sums in BUSINESS:
            with self.subTest(code):
                rule = self.rule(code, business=True)
                self.assertEqual(rule.reference_id, self.ref(reference))
                self.assertEqual((rule.margin, rule.multiplier), (margin, 1))
                self.assertEqual((rule.round_up, rule.rate_mode), (round_up, mode))
                self.assertEqual((rule.day_count, rule.capitalization), (count, capitalization))
                for debt, fixed in sums:
                    found = rule._fixed_sum(
                        Decimal(str(debt)), rule.currency_id, date(2026, 1, 1), self.company
                    )
                    self.assertEqual(found, fixed)

    def test_consumers(self):
        for code, kind, reference, percent in CONSUMERS:
            with self.subTest(code):
                rule = self.rule(code, business=False)
                self.assertEqual(rule.rate_kind, kind)
                if reference:
                    self.assertEqual(rule.reference_id, self.ref(reference))
                self.assertEqual(rule.margin if kind == "reference" else rule.rate, percent)
                self.assertFalse(rule.tier_ids, "fixed sums are for businesses")

    def test_swiss_and_indian_businesses(self):
        swiss, indian = self.rule("ch", business=True), self.rule("in", business=True)
        self.assertEqual((swiss.rate_kind, swiss.rate, swiss.day_count), ("fixed", 5, "30_360"))
        self.assertEqual((indian.multiplier, indian.margin), (3, 0))
        self.assertEqual(indian.capitalization, "monthly")
        self.assertFalse(swiss.tier_ids | indian.tier_ids)

    def test_reference_rates(self):
        whole = {"ecb": ECB, "uk": UK, "nl_consumer": DUTCH}
        rows = {name: (HALF_YEARS[0][0], rates) for name, rates in whole.items()} | LATE
        for name, (begin, figures) in rows.items():
            rates = self.ref(f"reference_{name}")._rates()
            days = [first for first, _last in HALF_YEARS if first >= begin]
            for day, expected in zip(days, figures.split(), strict=False):
                with self.subTest(name, day=day):
                    self.assertEqual(rates.at(day), Decimal(expected))
            self.assertEqual(len(self.ref(f"reference_{name}").rate_ids), len(figures.split()))

    def test_rounded_up_rates(self):
        """2.15 + 8 is 10.15, so 10.5 in Belgium; Finland publishes 2.5, so 10.5 and 9.5."""
        for code, business, percent in (("be", True, 10.5), ("fi", True, 10.5), ("fi", False, 9.5)):
            quote = self.rules.quote(code, business, 1000, "2026-01-01", "2026-03-01")
            self.assertEqual([row["rate"] for row in quote["segments"]], [percent], code)

    def test_fees_of_the_law(self):
        for name, amount in (
            ("fee_se_reminder", 60),
            ("fee_se_demand", 180),
            ("fee_dk_reminder", 100),
            ("fee_fi_reminder", 5),
        ):
            self.assertEqual(self.ref(name).amount, amount)
