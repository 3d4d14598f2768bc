from decimal import Decimal
from functools import partial

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tools import mute_logger

from odoo.addons.dunning_advanced.models.money.fee import Late

from ..common import DAY
from .common import MoneyCase


class TestFees(MoneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.company.currency_id
        cls.belgium = cls.env.ref("base.be")
        cls.foreign = cls.env["res.currency"].create(
            {"name": "FOR", "symbol": "F", "rounding": 0.01}
        )

    def rate(self, currency, rate, day=DAY):
        """So many units of the currency are worth one of the company's."""
        return self.env["res.currency.rate"].create(
            {
                "currency_id": currency.id,
                "name": day,
                "rate": rate,
                "company_id": self.company.id,
            }
        )

    def fee(self, **values):
        return self.env["dunning.fee"].create(
            {"name": "Fee", "currency_id": self.home.id, **values}
        )

    def amount(self, fee, debt, currency=None, business=True, country=None, day=DAY):
        late = Late(Decimal(str(debt)), currency or self.home, day, self.company)
        rules = self.env["dunning.interest.rule"]
        law = partial(rules._get, country or self.belgium, business, self.company)
        return fee._amount_for(late, business, law)

    def test_fixed_and_percent(self):
        self.assertEqual(self.amount(self.fee(amount=7.5), 100), Decimal("7.50"))
        fee = self.fee(kind="percent", percent=1.5, minimum=2, maximum=20)
        for debt, expected in ((100, 2), (1000.33, "15.00"), (1001, "15.02"), (9999, 20)):
            self.assertEqual(self.amount(fee, debt), Decimal(str(expected)))

    def test_nothing_late_costs_nothing(self):
        self.assertEqual(self.amount(self.fee(amount=7.5), 0), 0)
        self.assertEqual(self.amount(self.ref("fee_nl_wik"), 0), 0)

    def test_own_amount_of_a_currency(self):
        fee = self.fee(amount=10)
        fee.amount_ids = [Command.create({"currency_id": self.foreign.id, "amount": 8})]
        self.assertEqual(self.amount(fee, 100, self.foreign), 8)
        self.assertEqual(self.amount(fee, 100), 10)

    def test_fallback_is_converted_into_the_currency_of_the_item(self):
        """4 F are worth one unit of the company: the wrong way 10 would become 2.50."""
        self.rate(self.foreign, 4)
        self.assertEqual(self.amount(self.fee(amount=10), 1000, self.foreign), 40)
        bounded = self.fee(kind="percent", percent=1, minimum=10)
        self.assertEqual(self.amount(bounded, 1000, self.foreign), 40)
        self.assertEqual(self.amount(bounded, 5000, self.foreign), 50)

    def test_rate_of_the_day_of_the_reminder(self):
        self.rate(self.foreign, 4, "2024-01-01")
        self.rate(self.foreign, 5, "2024-06-01")
        fee = self.fee(amount=10)
        self.assertEqual(self.amount(fee, 1000, self.foreign, day=DAY.replace(month=5)), 40)
        self.assertEqual(self.amount(fee, 1000, self.foreign), 50)

    def test_brackets_in_another_currency(self):
        self.rate(self.foreign, 4)
        fee = self.fee(
            kind="single",
            bracket_ids=[
                Command.create({"up_to": 100, "fixed": 5}),
                Command.create({"up_to": 0, "fixed": 9}),
            ],
        )
        self.assertEqual(self.amount(fee, 100), 5)
        self.assertEqual(self.amount(fee, 100.01), 9)
        self.assertEqual(self.amount(fee, 400, self.foreign), 20)
        self.assertEqual(self.amount(fee, 400.04, self.foreign), 36)

    def test_accumulated_brackets(self):
        fee = self.fee(
            kind="accumulated",
            bracket_ids=[
                Command.create({"up_to": 0, "percent": 1}),
                Command.create({"up_to": 100, "percent": 10}),
            ],
        )
        self.assertEqual(self.amount(fee, 300), 12)

    def test_currency_without_rate(self):
        with self.refused("no rate for FOR.*Currencies"):
            self.amount(self.fee(amount=10), 100, self.foreign)

    def test_statutory_fixed_sum(self):
        fee = self.ref("fee_statutory")
        euro = self.env.ref("base.EUR")
        self.assertEqual(self.amount(fee, 100, euro), 40)
        self.assertEqual(self.amount(fee, 100, euro, business=False), 0)
        pound = self.env.ref("base.GBP")
        for debt, expected in ((999.99, 40), (1000, 70), (10000, 100)):
            amount = self.amount(fee, debt, pound, country=self.env.ref("base.uk"))
            self.assertEqual(amount, expected)
        with self.refused("no interest rule for businesses in Brazil"):
            self.amount(fee, 100, country=self.env.ref("base.br"))

    def test_scales(self):
        euro = self.env.ref("base.EUR")
        for name, cases in {
            "fee_nl_wik": [(266.67, 40), (2500, 375), (10000, 875), (1000000, 6775)],
            "fee_be_consumer": [(150, 20), (150.01, 30), (500.10, "65.01"), (39200, 2000)],
        }.items():
            for debt, expected in cases:
                with self.subTest(name, debt=debt):
                    amount = self.amount(self.ref(name), debt, euro, business=False)
                    self.assertEqual(amount, Decimal(str(expected)))

    def test_cap_is_for_consumers(self):
        euro = self.env.ref("base.EUR")
        fee = self.fee(currency_id=euro.id, amount=25, cap="be_consumer")
        self.assertEqual(self.amount(fee, 100, euro, business=False), 20)
        self.assertEqual(self.amount(fee, 200, euro, business=False), 25)
        self.assertEqual(self.amount(fee, 100, euro, business=True), 25)

    def test_wrong_fees(self):
        with self.refused("a debt is not negative", UserError):
            self.amount(self.fee(amount=1), -1)
        limited = [Command.create({"up_to": 100, "fixed": 5})]
        with self.refused("nothing about amounts above 100.*without limit", ValidationError):
            self.fee(kind="accumulated", bracket_ids=limited)
        with self.refused("nothing about amounts above 0", ValidationError):
            self.fee(kind="single")

    @mute_logger("odoo.sql_db")
    def test_fees_that_the_database_refuses(self):
        twice = [Command.create({"up_to": limit, "fixed": 5}) for limit in (100, 100, 0)]
        for constraint, values in (
            ("not_negative", {"amount": -1}),
            ("percent_in_bounds", {"kind": "percent", "percent": 100}),
            ("bounds_in_order", {"minimum": 10, "maximum": 5}),
            ("unique_limit", {"kind": "single", "bracket_ids": twice}),
        ):
            refused = self.refused_by_database(constraint)
            with self.subTest(constraint), refused, self.env.cr.savepoint():
                self.fee(**values)
