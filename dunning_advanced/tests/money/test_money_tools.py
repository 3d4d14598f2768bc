from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from odoo.tests import BaseCase

from ...tools import allocation, day_count, fees, interest, rates, rounding


def table(*rows):
    """Rates from (first day, last day, percent)."""
    return rates.Rates(
        rates.Rate(date.fromisoformat(start), date.fromisoformat(end), Decimal(percent))
        for start, end, percent in rows
    )


def day(text):
    return date.fromisoformat(text)


DE_BUSINESS = table(
    ("2016-01-01", "2016-06-30", "8.17"),
    ("2016-07-01", "2016-12-31", "8.12"),
    ("2024-07-01", "2024-12-31", "12.37"),
    ("2025-01-01", "2025-06-30", "11.27"),
    ("2025-07-01", "2025-12-31", "10.27"),
)
NL_CONSUMER = table(
    ("2023-07-01", "2023-12-31", "6"),
    ("2024-01-01", "2024-12-31", "7"),
    ("2025-01-01", "2025-12-31", "6"),
    ("2026-01-01", "2026-06-30", "4"),
)


class TestDayCount(BaseCase):
    def test_days_and_fractions(self):
        cases = [
            ("act_365", "2024-11-30", "2025-03-31", 121, Decimal(121) / 365),
            ("act_360", "2024-11-30", "2025-03-31", 121, Decimal(121) / 360),
            ("act_act", "2024-11-30", "2025-03-31", 121, Decimal(31) / 366 + Decimal(90) / 365),
            ("act_act", "2023-12-31", "2025-12-31", 731, Decimal(2)),
            ("30_360", "2025-01-31", "2025-02-28", 28, Decimal(28) / 360),
            ("30_360", "2025-01-30", "2025-01-31", 0, Decimal(0)),
            ("30_360", "2025-06-30", "2026-06-30", 360, Decimal(1)),
            ("act_365", "2025-06-30", "2025-06-30", 0, Decimal(0)),
        ]
        for basis, start, end, count, part in cases:
            with self.subTest(basis, start=start, end=end):
                self.assertEqual(day_count.days(basis, day(start), day(end)), count)
                self.assertAlmostEqual(
                    day_count.fraction(basis, day(start), day(end)), part, places=20
                )


class TestInterestCases(BaseCase):
    """The worked cases, to the cent."""

    def interest(self, terms, principal, due, until):
        result = interest.statement(terms, Decimal(principal), day(due), day(until))
        return str(result.interest)

    def test_simple(self):
        actual = interest.Terms(DE_BUSINESS, day_count="act_act")
        uk = interest.Terms(rates.constant(Decimal("12.25")), locked=True)
        fr = interest.Terms(
            table(("2024-07-01", "2024-12-31", "14.25"), ("2025-01-01", "2025-06-30", "13.15"))
        )
        se = interest.Terms(
            table(("2025-01-01", "2025-06-30", "11"), ("2025-07-01", "2025-12-31", "10"))
        )
        swiss = interest.Terms(rates.constant(Decimal(5)), day_count="30_360")
        cases = [
            (uk, 5000, "2025-01-01", "2025-04-12", "169.49"),
            (actual, 10000, "2024-11-30", "2025-03-31", "382.66"),
            (actual, 10000, "2016-05-31", "2016-08-31", "204.52"),
            (fr, 8400, "2024-12-15", "2025-02-15", "191.68"),
            (se, 10000, "2025-05-31", "2025-08-31", "260.27"),
            (swiss, 10000, "2025-06-30", "2026-06-30", "500.00"),
            (swiss, 10000, "2025-01-31", "2025-03-31", "83.33"),
        ]
        for terms, principal, due, until, expected in cases:
            with self.subTest(due=due, principal=principal):
                self.assertEqual(self.interest(terms, principal, due, until), expected)

    def test_segments(self):
        terms = interest.Terms(DE_BUSINESS, day_count="act_act")
        result = interest.statement(terms, Decimal(10000), day("2024-11-30"), day("2025-03-31"))
        self.assertEqual(
            [(row.date_from, row.date_to, row.days, row.rate) for row in result.segments],
            [
                (day("2024-12-01"), day("2024-12-31"), 31, Decimal("12.37")),
                (day("2025-01-01"), day("2025-03-31"), 90, Decimal("11.27")),
            ],
        )

    def test_locked_rate_is_that_of_the_first_day_of_delay(self):
        terms = interest.Terms(DE_BUSINESS, locked=True)
        for due, percent in (("2025-06-29", "11.27"), ("2025-06-30", "10.27")):
            [row] = interest.statement(terms, Decimal(1000), day(due), day("2025-09-30")).segments
            self.assertEqual(row.rate, Decimal(percent))

    def test_yearly_capitalization(self):
        simple = interest.Terms(NL_CONSUMER)
        yearly = interest.Terms(NL_CONSUMER, capitalization="yearly")
        period = (1000, "2023-06-30", "2026-03-31")
        self.assertEqual(self.interest(yearly, *period), "179.93")
        self.assertEqual(self.interest(simple, *period), "170.30")

    def test_monthly_rests(self):
        terms = interest.Terms(rates.constant(Decimal("16.5")), capitalization="monthly")
        for until, expected in (
            ("2025-11-15", "1375.00"),
            ("2026-01-15", "4181.98"),
            ("2026-10-15", "17806.81"),
        ):
            self.assertEqual(self.interest(terms, 100000, "2025-10-15", until), expected)

    def test_monthly_rests_take_the_rate_of_the_day_they_begin(self):
        changed = table(("2025-10-01", "2025-10-31", "12"), ("2025-11-01", "2026-12-31", "24"))
        terms = interest.Terms(changed, capitalization="monthly")
        result = interest.statement(terms, Decimal(1000), day("2025-10-15"), day("2025-12-15"))
        self.assertEqual([row.rate for row in result.segments], [12, 24])
        self.assertEqual(str(result.interest), "30.20")

    def test_part_payment(self):
        terms = interest.Terms(DE_BUSINESS)
        paid = [(day("2025-07-31"), Decimal(2000))]
        whole = (Decimal(5000), day("2025-05-31"))
        before = interest.statement(terms, *whole, day("2025-07-31"), costs=Decimal(40))
        self.assertEqual(str(before.interest), "89.93")
        after = interest.statement(terms, *whole, day("2025-09-30"), paid, Decimal(40))
        self.assertEqual(str(after.principal_open), "3129.93")
        self.assertEqual(str(after.total_open), "3183.65")

    def test_order_of_allocation(self):
        paid = [(day("2025-07-31"), Decimal(2000))]
        for order, principal, open_interest, costs in (
            ("costs_interest_principal", "3129.93", "53.72", 0),
            ("principal_first", "3000.00", "141.42", 40),
            ("costs_principal_interest", "3040.00", "142.10", 0),
        ):
            terms = interest.Terms(DE_BUSINESS, order=order)
            result = interest.statement(
                terms, Decimal(5000), day("2025-05-31"), day("2025-09-30"), paid, Decimal(40)
            )
            with self.subTest(order):
                self.assertEqual(result.principal_open, Decimal(principal))
                self.assertEqual(str(result.interest_open), open_interest)
                self.assertEqual(result.costs_open, costs)

    def test_payment_in_time_bears_no_interest(self):
        terms = interest.Terms(rates.constant(Decimal(10)))
        paid = [(day("2025-01-31"), Decimal(400)), (day("2025-03-31"), Decimal(9999))]
        result = interest.statement(
            terms, Decimal(1000), day("2025-01-31"), day("2025-02-28"), paid
        )
        self.assertEqual(result.principal_open, 600)
        self.assertEqual(str(result.interest), "4.60")

    def test_paused_days_bear_no_interest(self):
        terms = interest.Terms(rates.constant(Decimal("7.3")))
        due, until = date(2025, 1, 1), date(2025, 1, 31)
        pause = date(2025, 1, 11), date(2025, 1, 20)
        paused = interest.statement(terms, Decimal(10000), due, until, pauses=[pause])
        self.assertEqual([row.days for row in paused.segments], [9, 11])
        self.assertEqual(paused.interest, Decimal("40.00"))
        # a payment after the pause finds only what had accrued without it
        payment = [(date(2025, 1, 21), Decimal(1020))]
        paid = interest.statement(terms, Decimal(10000), due, until, payment, pauses=[pause])
        self.assertEqual(paid.principal_open, Decimal(9000))
        everything = [(date(2024, 12, 1), date(2025, 12, 31))]
        none = interest.statement(terms, Decimal(10000), due, until, pauses=everything)
        self.assertEqual((none.interest, none.segments), (0, ()))

    def test_debt_that_is_paid_needs_no_rate(self):
        paid = [(day("2025-07-31"), Decimal(6000))]
        result = interest.statement(
            interest.Terms(DE_BUSINESS), Decimal(5000), day("2025-05-31"), day("2030-12-31"), paid
        )
        self.assertEqual(str(result.excess), "910.07")
        self.assertEqual(result.total_open, 0)

    def test_day_without_rate_is_an_error(self):
        terms = interest.Terms(DE_BUSINESS)
        with self.assertRaisesRegex(rates.RateMissingError, "2026-01-01"):
            interest.statement(terms, Decimal(1), day("2025-12-01"), day("2026-01-01"))
        interest.statement(terms, Decimal(1), day("2025-12-01"), day("2025-12-31"))

    def test_yen_have_no_cents(self):
        terms = interest.Terms(rates.constant(Decimal(3)), unit=Decimal(1))
        self.assertEqual(self.interest(terms, 10000, "2025-01-01", "2025-03-31"), "73")

    def test_bad_input(self):
        terms = interest.Terms(rates.constant(Decimal(3)))
        due, later = day("2025-01-31"), day("2025-02-28")
        for arguments in (
            (Decimal(1), later, due),
            (Decimal(-1), due, later),
            (Decimal(1), due, later, [(later, Decimal(-1))]),
            (Decimal(1), due, later, (), Decimal(-1)),
        ):
            with self.subTest(arguments), self.assertRaises(ValueError):
                interest.statement(terms, *arguments)


class TestFeeCases(BaseCase):
    def check(self, compute, cases):
        for debt, expected in cases:
            with self.subTest(debt=debt):
                fee = rounding.round_money(compute(Decimal(debt)))
                self.assertEqual(fee, Decimal(expected))

    def test_dutch_scale(self):
        self.check(
            fees.nl_wik,
            [
                ("50", "40"),
                ("266.67", "40"),
                ("2500", "375"),
                ("5000", "625"),
                ("10000", "875"),
                ("200000", "2775"),
                ("1000000", "6775"),
            ],
        )

    def test_belgian_cap(self):
        self.check(
            fees.be_consumer_cap,
            [
                ("150", "20"),
                ("150.01", "30.00"),
                ("500", "65"),
                ("500.10", "65.01"),
                ("39200", "2000"),
            ],
        )

    def test_single_and_accumulated_brackets(self):
        brackets = [
            fees.Bracket(Decimal(100), fixed=Decimal(5)),
            fees.Bracket(Decimal(1000), percent=Decimal(10)),
            fees.Bracket(None, fixed=Decimal(3), percent=Decimal(1)),
        ]
        self.check(
            lambda debt: fees.single(debt, brackets),
            [("100", "5"), ("100.01", "10"), ("1000", "100"), ("2000", "23")],
        )
        self.check(
            lambda debt: fees.accumulated(debt, brackets),
            [("100", "5"), ("200", "15"), ("1000", "95"), ("2000", "108")],
        )

    def test_limit_that_belongs_to_the_next_bracket(self):
        tiers = [
            fees.Bracket(Decimal(1000), fixed=Decimal(40), inclusive=False),
            fees.Bracket(Decimal(10000), fixed=Decimal(70), inclusive=False),
            fees.Bracket(None, fixed=Decimal(100)),
        ]
        self.check(
            lambda debt: fees.single(debt, tiers),
            [("999.99", "40"), ("1000", "70"), ("9999.99", "70"), ("10000", "100")],
        )

    def test_brackets_with_gaps(self):
        limited, unlimited = fees.Bracket(Decimal(100)), fees.Bracket(None)
        for brackets, above in (
            ([], 0),
            ([limited], 100),
            ([unlimited, limited], 0),
            ([limited, limited, unlimited], 100),
        ):
            with self.subTest(above=above), self.assertRaises(fees.BracketGapError) as caught:
                fees.accumulated(Decimal(500), brackets)
            self.assertEqual(caught.exception.above, above)


class TestRates(BaseCase):
    def test_rule_on_a_reference(self):
        for reference, margin, options, expected in (
            ("3.15", "8", {"step": Decimal("0.5")}, "11.5"),
            ("2.5", "8", {"step": Decimal("0.5")}, "10.5"),
            ("-0.88", "9", {}, "8.12"),
            ("5.5", "0", {"multiplier": Decimal(3)}, "16.5"),
        ):
            rate = rates.statutory(Decimal(reference), Decimal(margin), **options)
            self.assertEqual(rate, Decimal(expected))

    def test_rate_of_a_hundred_percent_is_refused(self):
        self.assertEqual(rates.checked(Decimal("99.99")), Decimal("99.99"))
        with self.assertRaises(rates.RateTooHighError):
            rates.statutory(Decimal(40), Decimal(0), multiplier=Decimal("2.5"))


amounts = st.decimals(min_value=0, max_value=10**7, places=2)
percents = st.decimals(min_value=0, max_value=99, places=2)
days = st.dates(date(2016, 1, 1), date(2026, 12, 31))
ordered_days = st.lists(days, min_size=3, max_size=3).map(sorted)
bases = st.sampled_from(["act_365", "act_360", "act_act", "30_360"])
capitalizations = st.sampled_from(["simple", "yearly", "monthly"])
orders = st.sampled_from(sorted(allocation.ORDERS))


@st.composite
def floating(draw):
    """Rates for all days, that change at half-years."""
    starts = [date(year, month, 1) for year in range(2016, 2028) for month in (1, 7)]
    return rates.Rates(
        rates.Rate(start, day_count.half_year(start)[1], draw(percents)) for start in starts
    )


@st.composite
def terms(draw):
    return interest.Terms(
        draw(floating()),
        locked=draw(st.booleans()),
        day_count=draw(bases),
        capitalization=draw(capitalizations),
        order=draw(orders),
    )


class TestProperties(BaseCase):
    def accrued(self, *arguments):
        return sum(row.amount for row in interest.statement(*arguments).segments)

    @settings(max_examples=100, deadline=None)
    @given(floating(), bases, amounts, ordered_days)
    def test_adjoining_periods_add_up_unrounded(self, rows, basis, principal, dates):
        simple = interest.Terms(rows, day_count=basis)
        first, middle, last = dates
        parts = [self.accrued(simple, principal, *pair) for pair in pairwise(dates)]
        whole = self.accrued(simple, principal, first, last)
        self.assertAlmostEqual(sum(parts), whole, places=12)
        self.assertEqual(middle - first + (last - middle), last - first)

    @settings(max_examples=100, deadline=None)
    @given(terms(), amounts, ordered_days)
    def test_charges_one_after_the_other_add_up_to_one_at_the_end(self, rule, principal, dates):
        first, middle, last = dates
        now = interest.statement(rule, principal, first, middle)
        later = interest.statement(rule, principal, first, last, since=middle)
        once = interest.statement(rule, principal, first, last)
        self.assertEqual(now.interest + later.interest, once.interest)
        self.assertAlmostEqual(
            sum(row.amount for row in now.segments + later.segments),
            sum(row.amount for row in once.segments),
            places=12,
        )

    @settings(max_examples=50, deadline=None)
    @given(bases, capitalizations, amounts, ordered_days)
    def test_zero_rate_gives_zero(self, basis, capitalization, principal, dates):
        nothing = interest.Terms(
            rates.constant(Decimal(0)), day_count=basis, capitalization=capitalization
        )
        self.assertEqual(interest.statement(nothing, principal, dates[0], dates[2]).interest, 0)

    @settings(max_examples=100, deadline=None)
    @given(terms(), amounts, ordered_days)
    def test_longer_delay_never_costs_less(self, rule, principal, dates):
        first, middle, last = dates
        short = interest.statement(rule, principal, first, middle).interest
        self.assertGreaterEqual(interest.statement(rule, principal, first, last).interest, short)

    @given(amounts, amounts, amounts, amounts, orders)
    def test_allocation_conserves_money(self, amount, costs, accrued, principal, order):
        owed = {"costs": costs, "interest": accrued, "principal": principal}
        paid, excess = allocation.allocate(amount, owed, order)
        self.assertEqual(sum(paid.values()) + excess, amount)
        self.assertTrue(all(0 <= paid[part] <= owed[part] for part in owed))
        self.assertEqual(excess, max(0, amount - costs - accrued - principal))

    @settings(max_examples=100, deadline=None)
    @given(terms(), amounts, amounts, ordered_days, st.lists(st.tuples(days, amounts), max_size=3))
    def test_statement_conserves_money(self, rule, principal, costs, dates, payments):
        first, _middle, last = dates
        result = interest.statement(rule, principal, first, last, payments, costs)
        paid = sum(amount for when, amount in payments if when <= last)
        self.assertEqual(
            principal + costs + result.interest, paid - result.excess + result.total_open
        )
