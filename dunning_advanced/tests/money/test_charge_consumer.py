from datetime import date, timedelta

from freezegun import freeze_time

from ..common import DAY
from .common import ChargeCommon


@freeze_time(DAY)
class TestConsumers(ChargeCommon):
    """What the law keeps from consumers; the ladder is 5, 19 and 33 days after the due date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.last.fee_ids = cls.ten
        cls.euro = cls.add_rate("EUR", 1)
        cls.belgian = cls.make_person("Emma", "base.be")
        cls.dutch = cls.make_person("Sanne", "base.nl")
        cls.german = cls.make_person("Lukas", "base.de")

    def ladder(self, debtor, days=(0, 14, 28)):
        """The charges of each level, one after the other."""
        self.invoice(5, debtor=debtor)
        return [self.open_charges(self.notice_at(DAY + timedelta(days=day))) for day in days]

    def test_party_of_a_customer(self):
        unknown = self.env["res.partner"].create({"name": "Somebody"})
        contact = self.env["res.partner"].create({"name": "Contact", "parent_id": self.debtor.id})
        for partner, party in [
            (self.debtor, "business"),
            (contact, "business"),
            (unknown, "consumer"),
        ]:
            self.assertEqual(partner._dunning_party(), party)
        self.debtor.dunning_party = "consumer"
        unknown.dunning_party = "business"
        self.assertEqual(contact._dunning_party(), "consumer")
        self.assertEqual(unknown._dunning_party(), "business")

    def test_first_reminder_is_free_for_consumers(self):
        self.assertEqual(self.ladder(self.german), [[], [("fee", 10)], [("fee", 10)]])

    def test_businesses_pay_for_the_first(self):
        self.assertEqual(self.ladder(self.debtor), [[("fee", 5)], [("fee", 10)], [("fee", 10)]])

    def test_level_set_by_hand_is_no_free_reminder(self):
        move = self.invoice(33, debtor=self.german)
        items = move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        self.env["dunning.line"]._set_level(items, self.second, DAY - timedelta(days=20), "Old")
        notice = self.notice_at()
        self.assertEqual(notice.level_id, self.last)
        self.assertFalse(notice.charge_ids)

    def test_belgian_waits_two_weeks_after_a_reminder_that_named_the_cost(self):
        self.invoice(5, debtor=self.belgian)
        first = self.notice_at()
        named = first.charge_ids
        self.assertEqual(set(named.mapped("state")), {"named"})
        self.assertEqual(sorted(named.mapped("amount")), [5, 10])
        self.assertEqual(first.amount_due, 100)
        # by e-mail on 3 June: 14 days from the 4th, so costs from the 18th
        shown = first._charge_values()
        self.assertEqual(shown["named_until"], date(2024, 6, 17))
        self.assertFalse(shown["owed"])
        self.assertFalse(self.open_charges(self.notice_at(date(2024, 6, 17))))

    def test_belgian_owes_after_the_term(self):
        self.invoice(5, debtor=self.belgian)
        self.notice_at()
        self.assertEqual(self.open_charges(self.notice_at(date(2024, 6, 18))), [("fee", 10)])

    def test_belgian_cap_on_all_costs_of_a_debt(self):
        self.second.fee_ids = self.make_fee(15)
        self.last.fee_ids = self.make_fee(12)
        self.invoice(5, debtor=self.belgian, currency=self.euro)
        self.notice_at()
        second, last = (self.notice_at(date(2024, 6, day)) for day in (18, 30))
        self.assertFalse(last)  # 14 days have to pass between the two
        last = self.notice_at(date(2024, 7, 2))
        # 20 for a debt up to 150
        self.assertEqual(self.open_charges(second), [("fee", 15)])
        self.assertFalse(self.open_charges(last))
        # the cost of the last level has to be named before as well
        named = second.charge_ids.filtered(lambda charge: charge.state == "named")
        self.assertEqual(named.mapped("amount"), [5])
        self.assertIn("limited by law", named.formula)

    def test_dutch_owes_the_scale_after_the_fourteen_day_letter(self):
        scale = self.env.ref("dunning_advanced.fee_nl_wik")
        self.first.fee_ids = False
        self.second.fee_ids = self.last.fee_ids = scale
        self.invoice(5, 1000, debtor=self.dutch, currency=self.euro)
        letter = self.notice_at()
        self.assertEqual(letter.charge_ids.mapped("state"), ["named"])
        self.assertEqual(letter.charge_ids.amount, 150)
        self.assertIn("150.00", str(letter.preview))
        self.assertEqual(self.open_charges(self.notice_at(date(2024, 6, 18))), [("fixed", 150)])
        self.assertFalse(self.notice_at(date(2024, 7, 2)).charge_ids)

    def test_dutch_owes_no_more_than_was_named(self):
        scale = self.env.ref("dunning_advanced.fee_nl_wik")
        self.first.fee_ids = self.second.fee_ids = scale
        invoices = [
            self.invoice(5, amount, debtor=self.dutch, currency=self.euro) for amount in (300, 700)
        ]
        self.assertEqual(sum(self.notice_at().charge_ids.mapped("amount")), 150)
        self.receive(700, invoices[1])
        # 15 % of 300 are 45, of which the letter named
        self.assertEqual(self.open_charges(self.notice_at(date(2024, 6, 18))), [("fixed", 45)])

    def test_term_begins_when_the_letter_was_posted(self):
        self.belgian.write({"street": "Grote Markt 1", "city": "Brussel", "zip": "1000"})
        self.first.channel = "letter"
        self.invoice(5, debtor=self.belgian)
        self.notice_at()  # Monday: the third working day is Thursday the 6th
        waiting = self.notice_at(date(2024, 6, 19))
        self.assertFalse(self.open_charges(waiting))
        waiting._cancel("Once more")
        self.assertEqual(self.open_charges(self.notice_at(date(2024, 6, 20))), [("fee", 10)])

    def test_public_holidays_put_the_term_off(self):
        self.belgian.write({"street": "Grote Markt 1", "city": "Brussel", "zip": "1000"})
        self.first.channel = "letter"
        self.second.days = 15
        day = date(2024, 7, 19)  # a Friday; Monday is one, Sunday is the national day
        with freeze_time(day):
            self.invoice((DAY - day).days + 5, debtor=self.belgian)
            first = self.notice_at(day)
        # working days 22, 23, 24: 14 days from the 24th, so costs from 7 August
        self.assertEqual(first._charge_values()["named_until"], date(2024, 8, 6))
        easter = date(2024, 3, 29)
        late = self.make_person("Louise", "base.be")
        late.write({"street": "Grote Markt 2", "city": "Brussel", "zip": "1000"})
        with freeze_time(easter):
            self.invoice((DAY - easter).days + 5, debtor=late)
            first = self.notice_at(easter)
        # working days 2, 3, 4 April: 14 days from the 4th, so costs from the 18th
        self.assertEqual(first._charge_values()["named_until"], date(2024, 4, 17))
        with freeze_time(date(2024, 4, 17)):
            waiting = self.notice_at(date(2024, 4, 17))
            self.assertFalse(self.open_charges(waiting))
            waiting._cancel("Once more")
        with freeze_time(date(2024, 4, 18)):
            self.assertEqual(self.open_charges(self.notice_at(date(2024, 4, 18))), [("fee", 10)])

    def test_holidays_of_the_state_of_a_customer(self):
        corpus_christi = date(2024, 5, 30)
        bavaria = self.env.ref("base.state_de_by")
        self.german.state_id = bavaria
        for country, state, off in [
            (self.germany, bavaria, True),
            (self.germany, False, False),
            (self.env.ref("base.be"), bavaria, False),
            (False, False, False),
        ]:
            self.german.write({"country_id": country and country.id, "state_id": state})
            found = self.german._dunning_holidays(self.company)
            self.assertEqual(corpus_christi in found, off, found)

    def test_norway_waits_two_weeks_for_everybody(self):
        business = self.make_debtor("Nordic", country_id=self.env.ref("base.no").id)
        self.first.days = 13
        self.invoice(13, debtor=business)
        notice = self.notice_at()
        self.assertFalse(notice.charge_ids)
        notice._cancel("Later")
        self.assertEqual(self.open_charges(self.notice_at(DAY + timedelta(days=1))), [("fee", 5)])

    def test_finnish_consumers_pay_five_euros_at_most(self):
        finn = self.make_person("Aino", "base.fi")
        self.invoice(19, debtor=finn, currency=self.euro)
        self.notice_at()
        second = self.notice_at(DAY + timedelta(days=14))
        self.assertEqual(self.open_charges(second), [("fee", 5)])
        self.assertIn("limited by law", second.charge_ids.formula)

    def test_french_consumers_pay_interest_from_the_first_reminder_and_no_fees(self):
        french = self.make_person("Léa", "base.fr")
        self.policy.level_ids.charge_interest = True
        rule = self.env.ref("dunning_advanced.interest_fr_consumer")
        rule.write({"rate_kind": "fixed", "rate": 5})
        self.invoice(5, 10000, debtor=french)
        self.assertFalse(self.notice_at().charge_ids)
        charge = self.notice_at(DAY + timedelta(days=14)).charge_ids
        self.assertEqual((charge.kind, charge.date_from), ("interest", DAY + timedelta(days=1)))
        self.assertEqual(charge.days, 14)
