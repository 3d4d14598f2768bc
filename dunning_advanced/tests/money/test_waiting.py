from datetime import date

from odoo.tests import TransactionCase

from odoo.addons.dunning_advanced.tools.public_holidays import PublicHolidays
from odoo.addons.dunning_advanced.tools.waiting import (
    BUSINESS,
    CONSUMER,
    Reminder,
    costs_from,
    fee_from,
    interest_start,
    may_repeat,
    protection,
    working_day,
)

MONDAY = date(2026, 3, 2)
DUE = date(2026, 2, 1)


class TestWaiting(TransactionCase):
    """The waiting periods of the laws, as tables of cases."""

    def test_costs_after_a_free_reminder(self):
        for country, sent, by_post, expected in [
            ("BE", MONDAY, False, date(2026, 3, 17)),
            # posted on Monday: the 14 days begin on Thursday
            ("BE", MONDAY, True, date(2026, 3, 19)),
            # posted on Friday: they begin on Wednesday
            ("BE", date(2026, 3, 6), True, date(2026, 3, 25)),
            ("NL", MONDAY, False, date(2026, 3, 17)),
            ("NL", MONDAY, True, date(2026, 3, 19)),
            ("DE", MONDAY, False, date(2026, 3, 3)),
            (None, MONDAY, False, date(2026, 3, 3)),
        ]:
            with self.subTest(country=country, sent=sent, by_post=by_post):
                rule = protection(country, CONSUMER)
                self.assertEqual(costs_from(rule, Reminder(sent, by_post)), expected)

    def test_holidays_are_no_working_days(self):
        easter_monday = date(2026, 4, 6)
        self.assertEqual(working_day(date(2026, 4, 3), 3), date(2026, 4, 8))
        self.assertEqual(working_day(date(2026, 4, 3), 3, {easter_monday}), date(2026, 4, 9))

    def test_public_holidays_of_a_place(self):
        for country, state, sent, count, expected in [
            # Good Friday is none in Belgium, Easter Monday is
            ("BE", "", date(2026, 4, 2), 3, date(2026, 4, 8)),
            ("DE", "", date(2026, 4, 2), 3, date(2026, 4, 9)),
            # Corpus Christi in Bavaria, not in Berlin; a state that does not exist
            ("DE", "BY", date(2026, 6, 3), 1, date(2026, 6, 5)),
            ("DE", "DE-BY", date(2026, 6, 3), 1, date(2026, 6, 5)),
            ("DE", "BE", date(2026, 6, 3), 1, date(2026, 6, 4)),
            ("DE", "??", date(2026, 4, 2), 3, date(2026, 4, 9)),
            # over the end of a year: Christmas, weekend, New Year, weekend
            ("BE", "", date(2026, 12, 24), 5, date(2027, 1, 4)),
            # Odoo's codes of cantons name the language too
            ("CH", "VS-DE", date(2026, 6, 3), 1, date(2026, 6, 5)),
            ("CH", "ZH-DE", date(2026, 6, 3), 1, date(2026, 6, 4)),
            # nobody knows: Monday to Friday
            ("??", "", date(2026, 4, 2), 3, date(2026, 4, 7)),
            ("", "", date(2026, 4, 2), 3, date(2026, 4, 7)),
        ]:
            with self.subTest(country=country, state=state, sent=sent):
                found = working_day(sent, count, PublicHolidays(country, state))
                self.assertEqual(found, expected)

    def test_term_of_a_letter_before_easter(self):
        posted = Reminder(date(2026, 4, 3), by_post=True)
        named = Reminder(posted.sent, by_post=True, named=True)
        rule, days_off = protection("BE", CONSUMER), PublicHolidays("BE")
        self.assertEqual(costs_from(rule, posted, days_off), date(2026, 4, 23))
        self.assertEqual(fee_from(rule, DUE, [named], days_off), date(2026, 4, 23))
        self.assertEqual(
            interest_start(rule, DUE, [posted], days_off), (posted.sent, date(2026, 4, 23))
        )

    def test_businesses_owe_from_the_due_date(self):
        for country in ("BE", "NL", "DE", None):
            with self.subTest(country=country):
                self.assertEqual(fee_from(protection(country, BUSINESS), DUE, []), DUE)

    def test_consumers_owe_nothing_for_the_first_reminder(self):
        for country in ("BE", "NL", "DE", "NO", "FI", "FR", None):
            with self.subTest(country=country):
                self.assertIsNone(fee_from(protection(country, CONSUMER), DUE, []))

    def test_the_cost_must_have_been_named(self):
        for country in ("BE", "NL"):
            with self.subTest(country=country):
                rule = protection(country, CONSUMER)
                silent, naming = Reminder(MONDAY), Reminder(date(2026, 3, 9), named=True)
                self.assertIsNone(fee_from(rule, DUE, [silent]))
                self.assertEqual(fee_from(rule, DUE, [silent, naming]), date(2026, 3, 24))

    def test_french_consumers_never_owe_fees(self):
        rule = protection("FR", CONSUMER)
        self.assertIsNone(fee_from(rule, DUE, [Reminder(MONDAY), Reminder(date(2026, 3, 9))]))

    def test_two_weeks_after_the_due_date(self):
        for country in ("NO", "FI"):
            with self.subTest(country=country):
                self.assertEqual(
                    fee_from(protection(country, BUSINESS), DUE, []), date(2026, 2, 15)
                )
                early = [Reminder(date(2026, 2, 3))]
                self.assertEqual(
                    fee_from(protection(country, CONSUMER), DUE, early), date(2026, 2, 15)
                )

    def test_interest_waits_for_the_free_reminder_where_the_law_says_so(self):
        self.assertEqual(interest_start(protection("DE", CONSUMER), DUE, []), (DUE, DUE))
        belgian = protection("BE", CONSUMER)
        self.assertEqual(interest_start(belgian, DUE, []), (None, None))
        self.assertEqual(
            interest_start(belgian, DUE, [Reminder(MONDAY)]), (MONDAY, date(2026, 3, 17))
        )

    def test_danish_reminders(self):
        rule = protection("DK", BUSINESS)
        self.assertTrue(may_repeat(rule, [], MONDAY))
        self.assertFalse(may_repeat(rule, [date(2026, 2, 21)], MONDAY))
        self.assertTrue(may_repeat(rule, [date(2026, 2, 20)], MONDAY))
        three = [date(2026, 1, 1), date(2026, 1, 20), date(2026, 2, 10)]
        self.assertFalse(may_repeat(rule, three, MONDAY))
