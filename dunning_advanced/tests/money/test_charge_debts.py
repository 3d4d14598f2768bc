from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from hypothesis import given, settings, strategies as st

from odoo.tests import BaseCase

from odoo.addons.dunning_advanced.tools import charges, interest, waiting
from odoo.addons.dunning_advanced.tools.charges import Asked, Debt, Fee, Letter, Level
from odoo.addons.dunning_advanced.tools.fees import be_consumer_cap, capped
from odoo.addons.dunning_advanced.tools.rates import constant
from odoo.addons.dunning_advanced.tools.rounding import round_money, shares

DAY = date(2025, 3, 31)
DUE = date(2025, 1, 31)
YEN, EURO, DINAR = Decimal(1), Decimal("0.01"), Decimal("0.001")
BELGIAN = waiting.PROTECTIONS["BE", "consumer"]


def flat(amount):
    return lambda _debt: Decimal(amount)


def days_ago(count):
    return DAY - timedelta(days=count)


FEE = Fee(1, flat(10))
FIXED = Fee(2, flat(40), once=True, per_item=True)
LEVEL = Level(7, (FEE,))
LETTER = Letter(DAY, LEVEL)


def debt(amount=100, key=1, level=LEVEL, **values):
    return Debt(key, DUE, Decimal(amount), level, **values)


def asked(state="open", kind="fee", fee=FEE, level=LEVEL, notice=5, days=40, amount=10, **values):
    return Asked(
        state, kind, notice, level.key, days_ago(days), Decimal(amount), fee and fee.key, **values
    )


def told(days, notice=5, by_post=False):
    return notice, waiting.Reminder(days_ago(days), by_post)


class TestShares(BaseCase):
    def test_table(self):
        for amount, weights, unit, expected in [
            ("5", [50, 100], EURO, "1.67 3.33"),
            ("40", [1, 1, 1], EURO, "13.33 13.34 13.33"),
            ("0.05", [1, 1, 1], EURO, "0.02 0.01 0.02"),
            ("0.01", [1, 1, 1], EURO, "0.00 0.01 0.00"),
            ("1000", [1, 1, 1], YEN, "333 334 333"),
            ("1", [1, 1, 1], DINAR, "0.333 0.334 0.333"),
            ("9.99", [7], EURO, "9.99"),
            ("-40", [1, 1, 1], EURO, "-13.33 -13.34 -13.33"),
            ("-5", [-50, -100], EURO, "-1.67 -3.33"),
            ("10", [0, 3, 0], EURO, "0.00 10.00 0.00"),
            ("10", [0, 0], EURO, "5.00 5.00"),
            ("0", [1, 2], EURO, "0.00 0.00"),
            # what is no multiple of the unit is rounded once, half up
            ("0.125", ["0.005", "0.12"], EURO, "0.01 0.12"),
            ("382.6649", ["104.7651", "277.8998"], EURO, "104.77 277.89"),
        ]:
            with self.subTest(amount=amount, weights=weights):
                found = shares(Decimal(amount), [Decimal(weight) for weight in weights], unit)
                self.assertEqual(" ".join(map(str, found)), expected)

    def test_nothing_to_split_over(self):
        self.assertEqual(shares(Decimal(0), []), [])
        with self.assertRaisesRegex(ValueError, "nothing to split 5 over"):
            shares(Decimal(5), [])

    units = st.sampled_from([YEN, EURO, DINAR, Decimal("0.05")])
    amounts = st.integers(-(10**9), 10**9)
    weights = st.lists(st.decimals(0, 10**7, places=3), min_size=1, max_size=30)

    @settings(deadline=None)
    @given(amounts, weights, units)
    def test_shares_add_up_and_are_near_their_exact_part(self, count, weights, unit):
        amount = count * unit
        found = shares(amount, weights, unit)
        self.assertEqual(sum(found), amount)
        whole = sum(weights)
        for share, weight in zip(found, weights, strict=True):
            exact = amount * weight / whole if whole else amount / len(weights)
            self.assertLess(abs(share - exact), unit)
            self.assertEqual(share % unit, 0)
        turned = [-share for share in shares(-amount, weights, unit)]
        self.assertEqual(turned, found)

    @settings(deadline=None)
    @given(amounts, weights, units, st.randoms(use_true_random=False))
    def test_the_total_does_not_depend_on_the_order(self, count, weights, unit, random):
        amount = count * unit
        mixed = random.sample(weights, len(weights))
        self.assertEqual(sum(shares(amount, mixed, unit)), sum(shares(amount, weights, unit)))

    @settings(deadline=None)
    @given(st.decimals(0, 10**6, places=6), weights, units)
    def test_the_first_ones_come_to_what_they_are_worth_together(self, amount, weights, unit):
        whole = sum(weights)
        found = shares(amount, weights, unit)
        for count in range(len(weights) + 1):
            part = sum(weights[:count]) if whole else count
            worth = round_money(amount * part / (whole or len(weights)), unit)
            self.assertEqual(sum(found[:count]), worth)


class TestCapped(BaseCase):
    def test_table(self):
        for costs, limit, before, expected in [
            ([(30, True), (30, True)], 50, 0, [30, 20]),
            ([(30, True), (30, True)], 60, 0, [30, 30]),
            ([(30, True), (30, True)], 50, 45, [5, 0]),
            ([(30, True)], 50, 80, [0]),
            # what is only named takes no room, and is no more than what is left
            ([(30, False), (30, True), (30, False)], 50, 0, [30, 30, 20]),
            ([], 50, 0, []),
        ]:
            with self.subTest(costs=costs, before=before):
                self.assertEqual(capped(costs, Decimal(limit), Decimal(before)), expected)

    money = st.decimals(0, 10**5, places=2)

    @settings(deadline=None)
    @given(st.lists(st.tuples(money, st.booleans()), max_size=10), money, money)
    def test_never_more_than_the_limit(self, costs, limit, before):
        found = capped(costs, limit, before)
        owed = sum(amount for amount, (_cost, now) in zip(found, costs, strict=True) if now)
        self.assertLessEqual(owed, max(0, limit - before))
        for amount, (cost, _now) in zip(found, costs, strict=True):
            self.assertTrue(0 <= amount <= min(cost, max(0, limit - before)))
        # nothing is lost where there is room for all
        if sum(cost for cost, _now in costs) <= limit - before:
            self.assertEqual(found, [cost for cost, _now in costs])


class TestCosts(BaseCase):
    def rows(self, debts, letter=LETTER):
        """What the letter asks, as (debt, fee, amount), with a mark where it is only named."""
        return [
            (row.debt.key, row.fee.key, str(row.amount), *(["named"] * row.named))
            for row in charges.costs(debts, letter)
        ]

    def test_a_fee_of_the_letter_is_shared_and_one_of_the_item_is_not(self):
        level = Level(7, (FEE, FIXED))
        debts = [debt(50, level=level), debt(100, key=2, level=level)]
        self.assertEqual(
            self.rows(debts, Letter(DAY, level)),
            [(1, 1, "3.33"), (2, 1, "6.67"), (1, 2, "40.00"), (2, 2, "40.00")],
        )
        rows = charges.costs(debts, Letter(DAY, level))
        self.assertEqual([row.principal for row in rows], [150, 150, 50, 100])

    def test_the_price_is_that_of_all_debts_that_share_it(self):
        tenth = Level(7, (Fee(1, lambda amount: amount / 10),))
        debts = [debt(50, level=tenth), debt(100, key=2, level=tenth)]
        self.assertEqual(self.rows(debts, Letter(DAY, tenth)), [(1, 1, "5.00"), (2, 1, "10.00")])

    def test_what_is_asked_once_follows_the_level_of_the_letter(self):
        lower = Level(6, (Fee(3, flat(99)), Fee(4, flat(5), per_item=True)))
        debts = [debt(100), debt(100, key=2, level=lower)]
        self.assertEqual(self.rows(debts), [(1, 1, "10.00"), (2, 4, "5.00")])

    def test_never_twice_at_a_level_and_a_fixed_sum_never_again(self):
        level = Level(7, (FEE, FIXED))
        for before, expected in [
            ([], [(1, 1, "10.00"), (1, 2, "40.00")]),
            ([asked()], [(1, 2, "40.00")]),
            ([asked("waived")], [(1, 2, "40.00")]),
            ([asked(level=Level(6))], [(1, 1, "10.00"), (1, 2, "40.00")]),
            ([asked(kind="fixed", fee=FIXED, level=Level(6))], [(1, 1, "10.00")]),
            ([asked("named", kind="fixed", fee=FIXED)], [(1, 1, "10.00"), (1, 2, "40.00")]),
        ]:
            with self.subTest(before=before):
                owing = debt(level=level, asked=tuple(before))
                self.assertEqual(self.rows([owing], Letter(DAY, level)), expected)

    def test_a_fee_of_nothing_is_no_row(self):
        free = Level(7, (Fee(1, flat(0)),))
        self.assertEqual(self.rows([debt(level=free)], Letter(DAY, free)), [])
        self.assertEqual(self.rows([]), [])

    def test_first_reminder_is_free_for_consumers(self):
        letter = replace(LETTER, protection=waiting.EVERY_CONSUMER)
        self.assertEqual(self.rows([debt()], letter), [])
        self.assertEqual(self.rows([debt(reminders=(told(1),))], letter), [(1, 1, "10.00")])

    def test_danish_fees_are_three_and_ten_days_apart(self):
        letter = replace(LETTER, protection=waiting.PROTECTIONS["DK", "business"])
        other = Level(6)
        for days, charged in [
            ([9], False),
            ([10], True),
            ([30, 20], True),
            ([30, 20, 10], False),
        ]:
            with self.subTest(days=days):
                before = tuple(asked(level=other, days=count) for count in days)
                self.assertEqual(bool(self.rows([debt(asked=before)], letter)), charged)

    def test_belgian_costs_are_named_in_the_free_reminder_and_charged_after_its_term(self):
        letter = Letter(DAY, LEVEL, protection=BELGIAN, cap=be_consumer_cap)
        named = asked("named", amount=8)
        for before, reminders, expected in [
            ((), (), [(1, 1, "10.00", "named")]),
            # told too late: it is neither charged nor named again
            ((named,), (told(14),), []),
            ((named,), (told(15),), [(1, 1, "8")]),  # no more than what was told
            # a reminder that did not name the cost gives no right to it
            ((), (told(60),), [(1, 1, "10.00", "named")]),
            ((replace(named, notice=4),), (told(60),), []),
        ]:
            with self.subTest(before=before, reminders=reminders):
                owing = debt(asked=before, reminders=reminders)
                self.assertEqual(self.rows([owing], letter), expected)

    def test_the_next_level_is_named_too(self):
        following = Level(8, (FEE, Fee(3, flat(15))))
        letter = Letter(DAY, LEVEL, following, protection=BELGIAN)
        rows = charges.costs([debt()], letter)
        self.assertEqual(
            [(row.fee.key, row.level, row.named) for row in rows], [(1, 7, True), (3, 8, True)]
        )
        # nobody has to be told who is not protected like that
        self.assertEqual(
            self.rows([debt()], replace(letter, protection=waiting.NOBODY)), [(1, 1, "10.00")]
        )

    def test_limits_of_the_law(self):
        finnish = replace(waiting.PROTECTIONS["FI", "consumer"], free_reminders=0)
        for letter, before, amounts in [
            (Letter(DAY, LEVEL, protection=finnish, currency="EUR"), (), ["3.33", "1.67"]),
            (Letter(DAY, LEVEL, protection=finnish, currency="USD"), (), ["3.33", "6.67"]),
            (Letter(DAY, LEVEL, cap=flat(8)), (), ["3.33", "4.67"]),
            (Letter(DAY, LEVEL, cap=flat(8)), (asked(level=Level(6)),), ["0", "0"]),
            (Letter(DAY, LEVEL, cap=flat(8)), (asked("waived", level=Level(6)),), ["3.33", "4.67"]),
            (
                Letter(DAY, LEVEL, cap=flat(8)),
                (asked(kind="interest", fee=None, level=Level(6)),),
                ["3.33", "4.67"],
            ),
        ]:
            with self.subTest(letter=letter, before=before):
                debts = [debt(50, asked=before), debt(100, key=2)]
                rows = charges.costs(debts, letter)
                self.assertEqual([str(row.amount) for row in rows], amounts)

    def test_what_was_lowered_is_marked(self):
        rows = charges.costs([debt(50), debt(100, key=2)], Letter(DAY, LEVEL, cap=flat(8)))
        self.assertEqual([row.lowered for row in rows], [False, True])

    money = st.integers(1, 10**6).map(lambda cents: Decimal(cents) / 100)

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(money, min_size=1, max_size=8),
        st.lists(st.tuples(money, st.booleans()), max_size=4),
        st.one_of(st.none(), money),
        st.sampled_from([YEN, EURO, DINAR]),
    )
    def test_debts_together_pay_each_fee_once_and_no_more_than_the_cap(
        self, amounts, fees, cap, unit
    ):
        level = Level(
            7,
            tuple(
                Fee(key, flat(round_money(price, unit)), per_item=own)
                for key, (price, own) in enumerate(fees)
            ),
        )
        letter = Letter(DAY, level, unit=unit, cap=cap and flat(cap))
        debts = [debt(amount, key, level) for key, amount in enumerate(amounts)]
        rows = charges.costs(debts, letter)
        sums = {
            fee.key: fee.price(None) * (len(debts) if fee.per_item else 1) for fee in level.fees
        }
        if cap is None:
            for key, expected in sums.items():
                self.assertEqual(sum(row.amount for row in rows if row.fee.key == key), expected)
        else:
            total = sum(row.amount for row in rows)
            self.assertEqual(total, min(cap, sum(sums.values())))


class TestInterestOfDebts(BaseCase):
    def interest(self, owing, protection=waiting.NOBODY, percent="7.3"):
        """Interest at 2 cents a day and 100."""
        terms = interest.Terms(constant(Decimal(percent)))
        letter = Letter(DAY, LEVEL, protection=protection)
        return charges.interest(owing, letter, partial(interest.statement, terms))

    def amount(self, owing, **options):
        found = self.interest(owing, **options)
        return found and str(found.statement.interest)

    def test_since_the_due_date_or_the_last_charge(self):
        # 59 days since the due date
        self.assertEqual(self.amount(debt()), "1.18")
        self.assertEqual(self.interest(debt()).date_from, date(2025, 2, 1))
        again = debt(asked=(asked(kind="interest", fee=None, until=days_ago(10)),))
        self.assertEqual(self.amount(again), "0.20")
        self.assertEqual(self.interest(again).date_from, days_ago(9))
        waived = debt(asked=(asked("waived", kind="interest", fee=None, until=days_ago(10)),))
        self.assertEqual(self.amount(waived), "0.20")

    def test_none_before_a_day_of_delay_or_twice_for_a_day(self):
        for due, until, expected in [
            (DAY, None, None),
            (days_ago(1), None, "0.02"),
            (DUE, DAY, None),
            (DUE, days_ago(1), "0.02"),
        ]:
            with self.subTest(due=due, until=until):
                before = (asked(kind="interest", fee=None, until=until),) if until else ()
                self.assertEqual(self.amount(replace(debt(), due=due, asked=before)), expected)

    def test_payments_and_disputes(self):
        paid = debt(50, payments=((days_ago(10), Decimal(50)),))
        self.assertEqual(self.amount(paid), "1.08")  # 49 days of 100, 10 days of 50
        held = debt(60, held=Decimal(40))
        self.assertEqual((self.amount(held), self.interest(held).principal), ("1.18", 100))
        frozen = replace(held, frozen=((days_ago(9), DAY, Decimal(40)),))
        self.assertEqual((self.amount(frozen), self.interest(frozen).principal), ("1.10", 60))
        paused = debt(pauses=((days_ago(9), DAY),))
        self.assertEqual(self.amount(paused), "0.98")

    def test_waits_for_the_free_reminder_where_the_law_says_so(self):
        self.assertIsNone(self.interest(debt(), protection=BELGIAN))
        early = debt(reminders=(told(14),))
        self.assertIsNone(self.interest(early, protection=BELGIAN))
        late = debt(reminders=(told(15),))
        self.assertEqual(self.amount(late, protection=BELGIAN), "0.30")

    def test_rates_are_asked_only_where_interest_is_owed(self):
        def ask(*_arguments, **_options):
            self.fail("there is nothing to charge")

        self.assertIsNone(charges.interest(replace(debt(), due=DAY), LETTER, ask))
        # nothing was agreed
        self.assertIsNone(charges.interest(debt(), LETTER, lambda *_args, **_options: None))
        self.assertIsNone(self.interest(debt(), percent="0"))

    @settings(max_examples=100, deadline=None)
    @given(st.integers(1, 58), st.decimals("0.01", 10**6, places=2))
    def test_charged_in_two_letters_or_in_one_it_is_the_same(self, days, amount):
        terms = interest.Terms(constant(Decimal("11.27")))
        compute = partial(interest.statement, terms)
        first = charges.interest(debt(amount), Letter(days_ago(days), LEVEL), compute)
        once = charges.interest(debt(amount), LETTER, compute)
        before = (asked(kind="interest", fee=None, until=days_ago(days)),) if first else ()
        then = charges.interest(debt(amount, asked=before), LETTER, compute)
        parts = [found.statement.interest for found in (first, then) if found]
        self.assertEqual(sum(parts), once.statement.interest if once else 0)
