from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.dunning_advanced.tools import installments, interest
from odoo.addons.dunning_advanced.tools.installments import PlanError, Terms, schedule, settle
from odoo.addons.dunning_advanced.tools.rates import constant

# yen, dollar or euro, dinar, and the franc in cash
UNITS = [Decimal(1), Decimal("0.01"), Decimal("0.001"), Decimal("0.05")]
START = date(2025, 1, 31)
DAY = timedelta(days=1)


def amounts(rows):
    return [str(row.amount) for row in rows]


@st.composite
def plans(draw):
    """A total and terms that may, or may not, make a plan."""
    unit = draw(st.sampled_from(UNITS))
    down = draw(st.integers(0, 300)) * unit
    by_number = draw(st.booleans())
    terms = Terms(
        first=draw(st.dates(date(2020, 1, 1), date(2030, 12, 31))),
        frequency=draw(st.sampled_from(list(installments.FREQUENCIES))),
        number=draw(st.integers(1, 60)) if by_number else 0,
        amount=Decimal(0) if by_number else draw(st.integers(1, 5000)) * unit,
        unit=unit,
        step=draw(st.sampled_from([Decimal(0), Decimal(1), Decimal(10)])),
        down_payment=down,
        down_date=date(2019, 12, 31) if down else None,
    )
    return draw(st.integers(1, 200_000)) * unit, terms


@st.composite
def money(draw):
    """A schedule in cents, and what came in for it."""
    total = Decimal(draw(st.integers(1, 100_000))) / 100
    number = draw(st.integers(1, min(24, int(total * 100))))
    rows = schedule(total, Terms(START, number=number))
    received = draw(
        st.lists(
            st.tuples(
                st.dates(START - 30 * DAY, START + 900 * DAY),
                st.integers(1, 60_000).map(lambda cents: Decimal(cents) / 100),
            ),
            max_size=8,
        )
    )
    return rows, received, draw(st.integers(0, 50_000).map(lambda cents: Decimal(cents) / 100))


@tagged("post_install", "-at_install")
class TestSchedule(BaseCase):
    def test_by_number_with_the_rest_in_the_last_one(self):
        for total, number, options, expected in (
            ("100", 3, {}, ["33.33", "33.33", "33.34"]),
            ("100", 3, {"step": Decimal(1)}, ["33", "33", "34"]),
            ("1000.37", 12, {"step": Decimal(10)}, ["80"] * 11 + ["120.37"]),
            ("100", 3, {"unit": Decimal(1)}, ["33", "33", "34"]),
            ("10", 3, {"unit": Decimal("0.001")}, ["3.333", "3.333", "3.334"]),
            ("10", 3, {"unit": Decimal("0.05")}, ["3.30", "3.30", "3.40"]),
            ("0.03", 3, {}, ["0.01", "0.01", "0.01"]),
            ("100", 1, {}, ["100"]),
        ):
            with self.subTest(total=total, number=number, **options):
                rows = schedule(Decimal(total), Terms(START, number=number, **options))
                self.assertEqual(amounts(rows), expected)

    def test_by_amount_the_last_one_is_what_is_left(self):
        rows = schedule(Decimal(100), Terms(START, amount=Decimal(30)))
        self.assertEqual(amounts(rows), ["30", "30", "30", "10"])
        self.assertEqual(amounts(schedule(Decimal(20), Terms(START, amount=Decimal(30)))), ["20"])

    def test_dates_do_not_drift(self):
        for frequency, expected in (
            ("week", ["01-31", "02-07", "02-14", "02-21"]),
            ("fortnight", ["01-31", "02-14", "02-28", "03-14"]),
            ("month", ["01-31", "02-28", "03-31", "04-30"]),
            ("quarter", ["01-31", "04-30", "07-31", "10-31"]),
        ):
            with self.subTest(frequency):
                rows = schedule(Decimal(100), Terms(START, frequency, number=4))
                self.assertEqual([row.date.isoformat()[5:] for row in rows], expected)

    def test_down_payment_comes_first(self):
        terms = Terms(START, number=2, down_payment=Decimal(40), down_date=START - DAY)
        rows = schedule(Decimal(100), terms)
        self.assertEqual(amounts(rows), ["40", "30", "30"])
        self.assertEqual(rows[0].date, START - DAY)

    def test_refused(self):
        down = {"down_payment": Decimal(40), "number": 2}
        for code, total, options in (
            ("none", 100, {}),
            ("nothing", 0, {"number": 3}),
            ("nothing", -5, {"number": 3}),
            ("negative", 100, {"number": -1}),
            ("negative", 100, {"amount": Decimal(-1)}),
            ("negative", 100, {"number": 2, "down_payment": Decimal(-1)}),
            ("too_many", "0.03", {"number": 4}),
            ("too_many", 3, {"number": 4, "unit": Decimal(1)}),
            ("too_many", 25, {"number": 3, "step": Decimal(10)}),
            ("too_many", 9999, {"number": 521}),
            ("too_small", 9999, {"amount": Decimal(1)}),
            ("down_payment", 40, {**down, "down_date": START - DAY}),
            ("down_date", 100, down),
            ("down_date", 100, {**down, "down_date": START}),
        ):
            with self.subTest(code, total=total, **options):
                with self.assertRaises(PlanError) as caught:
                    schedule(Decimal(total), Terms(START, **options))
                self.assertEqual(caught.exception.code, code)

    def test_too_many_says_how_many_there_can_be(self):
        with self.assertRaises(PlanError) as caught:
            schedule(Decimal("0.05"), Terms(START, number=6))
        most = caught.exception.facts["most"]
        self.assertEqual(len(schedule(Decimal("0.05"), Terms(START, number=most))), 5)

    @given(plans())
    @settings(max_examples=400, deadline=None)
    def test_installments_sum_to_the_total(self, plan):
        total, terms = plan
        try:
            rows = schedule(total, terms)
        except PlanError:
            return
        self.assertEqual(sum(row.amount for row in rows), total)
        self.assertGreater(min(row.amount for row in rows), 0)
        self.assertFalse([row for row in rows if row.amount % terms.unit])
        self.assertFalse([row for one, row in pairwise(rows) if one.date >= row.date])
        equal = rows[bool(terms.down_payment) : -1]
        self.assertLessEqual(len({row.amount for row in equal}), 1)
        if terms.number:
            self.assertEqual(len(equal) + 1, terms.number)
            self.assertFalse([row for row in equal if row.amount > rows[-1].amount])

    @given(plans())
    @settings(max_examples=200, deadline=None)
    def test_refused_only_for_a_reason(self, plan):
        total, terms = plan
        terms = replace(terms, down_payment=Decimal(0))
        step = max(terms.step, terms.unit)
        most = installments.MOST
        if total <= terms.amount * most if terms.amount else total >= terms.number * step:
            schedule(total, terms)


@tagged("post_install", "-at_install")
class TestPlanInterest(BaseCase):
    terms = interest.Terms(constant(Decimal("7.3")))

    def test_on_the_falling_debt(self):
        # 0.02 percent a day: 300 for 31 days, 200 for 28, 100 for 31
        rows = schedule(Decimal(300), Terms(date(2025, 2, 1), number=3))
        self.assertEqual(
            installments.falling_interest(self.terms, rows, date(2025, 1, 1)), Decimal("3.60")
        )

    def test_added_evenly(self):
        terms = Terms(date(2025, 2, 1), number=3)
        rows, net, gross = installments.with_interest(
            Decimal(300), terms, self.terms, date(2025, 1, 1), lambda net: net * 2
        )
        self.assertEqual((net, gross), (Decimal("3.60"), Decimal("7.20")))
        self.assertEqual(amounts(rows), ["102.40", "102.40", "102.40"])

    def test_part_of_the_days_after(self):
        rows = schedule(Decimal(300), Terms(date(2025, 2, 1), number=3))
        start, end = date(2025, 1, 1), rows[-1].date
        self.assertEqual(installments.share_after(rows, start, start), 1)
        self.assertEqual(installments.share_after(rows, start, end), 0)
        # of 18,000 amount-days are 8,700 after 1 February
        self.assertEqual(
            installments.share_after(rows, start, date(2025, 2, 1)), Decimal(8700) / 18000
        )

    def test_plan_of_one_day_has_no_days(self):
        rows = schedule(Decimal(300), Terms(START, number=1))
        self.assertEqual(installments.share_after(rows, START, START), 0)
        self.assertEqual(installments.falling_interest(self.terms, rows, START), 0)

    @given(plans(), st.integers(0, 99), st.integers(0, 90))
    @settings(max_examples=60, deadline=None)
    def test_falling_interest_is_never_more_than_on_the_whole(self, plan, rate, days):
        total, terms = plan
        try:
            rows = schedule(total, terms)
        except PlanError:
            return
        start = rows[0].date - days * DAY
        rules = interest.Terms(constant(Decimal(rate)), unit=terms.unit)
        most = interest.statement(rules, total, start, rows[-1].date).interest
        self.assertLessEqual(installments.falling_interest(rules, rows, start), most)


@tagged("post_install", "-at_install")
class TestSettle(BaseCase):
    def rows(self, *sums):
        return [
            installments.Installment(START + 30 * position * DAY, Decimal(amount))
            for position, amount in enumerate(sums)
        ]

    def test_oldest_first_and_the_day_that_settled_it(self):
        rows, excess = settle(
            self.rows(50, 50, 50), [(START, Decimal(40)), (START + 2 * DAY, Decimal(70))]
        )
        self.assertEqual([row.paid for row in rows], [50, 50, 10])
        self.assertEqual([row.paid_on for row in rows], [START + 2 * DAY, START + 2 * DAY, None])
        self.assertEqual(excess, 0)

    def test_credit_shortens_from_the_end(self):
        rows, _excess = settle(self.rows(50, 50, 50), credited=Decimal(70))
        self.assertEqual([row.credited for row in rows], [0, 20, 50])
        self.assertEqual([row.open for row in rows], [50, 30, 0])

    def test_more_than_everything(self):
        rows, excess = settle(self.rows(50, 50), [(START, Decimal(130))], Decimal(20))
        self.assertEqual(([row.paid for row in rows], excess), ([50, 30], 50))

    def test_money_that_was_taken_back_was_never_there(self):
        back = [(START, Decimal(50)), (START + DAY, Decimal(-50)), (START + 9 * DAY, Decimal(60))]
        rows, _excess = settle(self.rows(50, 50), back)
        self.assertEqual([row.paid for row in rows], [50, 10])
        self.assertEqual(rows[0].paid_on, START + 9 * DAY)
        rows, excess = settle(self.rows(50), [(START, Decimal(-10))])
        self.assertEqual((rows[0].paid, excess), (0, 0))

    def test_arrears_begin_after_the_tolerance(self):
        rows = self.rows(50, 50)
        self.assertIsNone(installments.arrears(rows, START + 5 * DAY, 5))
        self.assertEqual(installments.arrears(rows, START + 60 * DAY, 5), START + 6 * DAY)
        paid, _excess = settle(rows, [(START, Decimal(50))])
        self.assertEqual(installments.arrears(paid, START + 60 * DAY, 5), START + 36 * DAY)

    @given(money(), st.randoms(use_true_random=False))
    @settings(max_examples=300, deadline=None)
    def test_any_split_of_the_same_money_gives_the_same_state(self, case, random):
        rows, received, credited = case
        split = []
        for day, amount in received:
            part = Decimal(random.randint(0, int(amount * 100))) / 100
            split += [(day, part), (day, amount - part)]
        random.shuffle(split)
        self.assertEqual(settle(rows, split, credited), settle(rows, received, credited))

    @given(money())
    @settings(max_examples=300, deadline=None)
    def test_nothing_is_lost(self, case):
        rows, received, credited = case
        total, came = sum(row.amount for row in rows), sum(amount for _day, amount in received)
        settled, excess = settle(rows, received, credited)
        self.assertEqual(sum(row.paid for row in settled) + excess, came)
        self.assertEqual(sum(row.credited for row in settled), min(credited, total))
        self.assertFalse([row for row in settled if row.open < 0])
        # no installment has money before all earlier ones are settled
        reached = [row.open > 0 for row in settled]
        self.assertFalse(
            [row for row, one in zip(settled[1:], reached, strict=False) if one and row.paid]
        )
        # judged again, nothing changes
        self.assertEqual(settle(settled, received, credited), (settled, excess))
