from datetime import date
from decimal import Decimal

from lxml import html
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Date
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .common import HALF_YEARS, MoneyCase


class TestQuote(MoneyCase):
    def test_worked_cases(self):
        """Country, business, principal, due, until: interest, fixed sum."""
        for country, business, principal, due, until, interest, fixed_sum in (
            ("UK", True, 5000, "2025-08-31", "2025-12-10", "169.49", 70),
            ("DE", True, 10000, "2024-11-30", "2025-03-31", "382.66", 40),
            ("DE", True, 10000, "2016-05-31", "2016-08-31", "204.52", 40),
            ("FR", True, 8400, "2024-12-15", "2025-02-15", "191.68", 40),
            ("SE", True, 10000, "2025-05-31", "2025-08-31", "260.27", 450),
            ("SE", False, 10000, "2025-05-31", "2025-08-31", "260.27", 0),
            ("NL", False, 1000, "2023-06-30", "2026-03-31", "179.93", 0),
            ("IN", True, 100000, "2026-01-15", "2026-02-15", "1375.00", 0),
            ("IN", True, 100000, "2026-01-15", "2026-04-15", "4181.98", 0),
            # 365 days at 4 % fixed; base rates of Germany do not matter
            ("AT", False, 1000, "2024-12-31", "2025-12-31", "40.00", 0),
            ("CH", False, 10000, "2025-06-30", "2026-06-30", "500.00", 0),
            # 181 days at 11.5 (3.15 + 8 rounded up), 184 at 10.5
            ("BE", True, 10000, "2024-12-31", "2025-12-31", "1099.59", 40),
            # no rule of its own: the one of the European Union
            ("PT", True, 10000, "2025-06-30", "2025-12-31", "511.67", 40),
        ):
            with self.subTest(country, business=business, due=due):
                quote = self.rules.quote(country, business, principal, due, until)
                self.assertEqual(quote["interest"], float(interest))
                self.assertEqual(quote["fixed_sum"], fixed_sum)
                self.assertEqual(quote["principal_open"], principal)
                self.assertAlmostEqual(
                    quote["total_open"], principal + quote["interest"] + quote["fixed_sum"]
                )

    def test_fixed_sums_by_tiers(self):
        for country, cases in {
            "UK": [("999.99", 40), ("1000", 70), ("9999.99", 70), ("10000", 100)],
            "IE": [("1000", 40), ("1000.01", 70), ("10000", 70), ("10000.01", 100)],
        }.items():
            for principal, expected in cases:
                with self.subTest(country, principal=principal):
                    quote = self.rules.quote(country, True, principal, "2025-06-30", "2025-07-01")
                    self.assertEqual(quote["fixed_sum"], expected)

    def test_polish_limits_are_in_zloty_and_sums_in_euro(self):
        rule = self.ref("interest_pl_business")
        euro, zloty = self.env.ref("base.EUR"), self.env.ref("base.PLN")
        day = date(2025, 7, 1)
        for currency, rate in ((euro, 1.0), (zloty, 4.0)):
            self.env["res.currency.rate"].create(
                {
                    "currency_id": currency.id,
                    "name": day,
                    "rate": rate,
                    "company_id": self.company.id,
                }
            )
        for debt, expected in (("5000", 160), ("5000.01", 280), ("50000", 400)):
            with self.subTest(debt):
                fixed_sum = rule._fixed_sum(Decimal(debt), zloty, day, self.company)
                self.assertEqual(fixed_sum, expected)

    def test_part_payment(self):
        self.ref("interest_de_business").day_count = "act_365"
        paid = [("2025-07-31", 2000)]
        before = self.rules.quote("DE", True, 5000, "2025-05-31", "2025-07-31")
        self.assertEqual(before["interest"], 89.93)
        quote = self.rules.quote("DE", True, 5000, "2025-05-31", "2025-09-30", paid)
        self.assertEqual(quote["principal_open"], 3129.93)
        self.assertEqual(quote["total_open"], 3183.65)
        self.assertEqual(quote["fixed_sum_open"], 0)

    def test_segments_say_where_it_comes_from(self):
        quote = self.rules.quote("DE", True, 10000, "2024-11-30", "2025-03-31")
        self.assertEqual(
            [
                (row["date_from"], row["date_to"], row["days"], row["rate"])
                for row in quote["segments"]
            ],
            [
                (date(2024, 12, 1), date(2024, 12, 31), 31, 12.37),
                (date(2025, 1, 1), date(2025, 3, 31), 90, 11.27),
            ],
        )
        self.assertIn("BGB 247, 288", quote["citation"])
        self.assertEqual(quote["currency"], "EUR")

    def test_locked_rate(self):
        quote = self.rules.quote("IE", True, 1000, "2024-06-30", "2025-12-31")
        self.assertEqual([row["rate"] for row in quote["segments"]], [12.25])

    def test_charged_before(self):
        arguments = ("DE", True, 10000, "2024-11-30")
        first = self.rules.quote(*arguments, "2025-01-15")
        second = self.rules.quote(*arguments, "2025-03-31", since="2025-01-15")
        self.assertAlmostEqual(first["interest"] + second["interest"], 382.66)
        self.assertEqual(second["segments"][0]["date_from"], date(2025, 1, 16))

    def test_agreed_rate(self):
        with self.refused("“United States” interest is owed only as agreed: enter"):
            self.rules.quote("US", True, 1000, "2024-12-31", "2025-12-31")
        quote = self.rules.quote("US", True, 1000, "2024-12-31", "2025-12-31", contract_rate="7.3")
        self.assertEqual(quote["interest"], 73)
        with self.refused("comes to 100 percent"):
            self.rules.quote("US", True, 1000, "2024-12-31", "2025-12-31", contract_rate=100)

    def test_agreed_rate_is_capped_for_belgian_consumers(self):
        quote = self.rules.quote("BE", False, 1000, "2025-06-30", "2025-12-31", contract_rate=24)
        self.assertEqual([row["rate"] for row in quote["segments"]], [10.5])

    def test_missing_rate_is_never_carried_on(self):
        self.rules.quote("SE", True, 1000, "2026-05-31", "2026-06-30")
        with self.refused("“Sweden: reference rate” for 07/01/2026 is missing.*Reference rates"):
            self.rules.quote("SE", True, 1000, "2026-05-31", "2026-07-01")
        with self.refused("“Denmark: businesses” has no rates"):
            self.rules.quote("DK", True, 1000, "2026-05-31", "2026-07-01")

    def test_bad_input(self):
        due, later = "2025-06-30", "2025-12-31"
        for words, arguments in (
            ("“XX” is not the code of a country", ("XX", True, 1, due, later)),
            ("“” is not the code of a country", (False, True, 1, due, later)),
            ("no interest rule for consumers in India", ("IN", False, 1, due, later)),
            ("-1 is negative", ("DE", True, -1, due, later)),
            ("-5 is negative", ("DE", True, 1, due, later, [(later, -5)])),
            ("“ten” is not an amount", ("DE", True, "ten", due, later)),
            ("due on 12/31/2025 only", ("DE", True, 1, later, due)),
        ):
            with self.subTest(words), self.refused(words):
                self.rules.quote(*arguments)
        with self.refused("“XYZ” is not the code of a currency"):
            self.rules.quote("DE", True, 1, due, later, currency_code="XYZ")

    def test_rate_that_makes_a_rule_too_high_is_told(self):
        self.ref("rate_in_2025_12").rate = 40
        with self.refused("“India: micro and small enterprises” comes to 120"):
            self.rules.quote("IN", True, 1, "2026-01-31", "2026-02-28")

    def test_rule_of_the_company_comes_first(self):
        own = self.ref("interest_de_business").copy(
            {"company_id": self.company.id, "rate_kind": "fixed", "rate": 6, "name": "Ours"}
        )
        other = self.env["res.company"].create({"name": "Elsewhere"})
        germany = self.env.ref("base.de")
        self.assertEqual(self.rules._for(germany, True, self.company), own)
        self.assertEqual(self.rules._for(germany, True, other), self.ref("interest_de_business"))
        self.assertEqual(
            self.rules._for(germany, False, self.company), self.ref("interest_de_consumer")
        )


class TestLawData(MoneyCase):
    def rates(self, name):
        return self.ref(f"reference_{name}")._rates()

    def test_german_base_rate_follows_the_ecb(self):
        ecb, german = self.rates("ecb"), self.rates("de")
        for first, last in HALF_YEARS:
            for day in (first, last):
                self.assertEqual(german.at(day), ecb.at(day) - Decimal("0.88"), day)

    def test_rates_of_every_half_year(self):
        for name in ("ecb", "de", "uk", "nl_consumer"):
            rows = self.ref(f"reference_{name}").rate_ids.sorted("date_from")
            self.assertEqual([(row.date_from, row.date_to) for row in rows], HALF_YEARS)

    def test_some_rates(self):
        for name, day, expected in (
            ("uk", "2016-12-31", "0.5"),
            ("uk", "2020-06-30", "0.75"),
            ("uk", "2022-07-01", "1.25"),
            ("ecb", "2026-07-01", "2.4"),
            ("at", "2025-03-01", "2.53"),
            ("se", "2023-12-31", "3.5"),
            ("no", "2026-01-01", "4"),
            ("in", "2025-10-15", "5.75"),
            ("nl_consumer", "2022-12-31", "2"),
        ):
            self.assertEqual(self.rates(name).at(Date.to_date(day)), Decimal(expected), name)

    def test_every_row_says_where_it_comes_from(self):
        for model in ("dunning.reference.rate", "dunning.interest.rule", "dunning.fee"):
            for row in self.env[model].search([("id", "in", self.shipped(model))]):
                self.assertTrue(row.citation and row.source and row.date_checked, row.display_name)

    def shipped(self, model):
        data = self.env["ir.model.data"].search(
            [("module", "=", "dunning_advanced"), ("model", "=", model)]
        )
        return data.mapped("res_id")

    def test_uncertain_rows_are_marked(self):
        for name, verified in (
            ("rate_ecb_2026h1", True),
            ("rate_ecb_2026h2", False),
            ("rate_no_2026h2", False),
            ("interest_es_consumer", False),
            ("interest_de_business", True),
        ):
            self.assertEqual(self.ref(name).verified, verified, name)

    def test_brackets_of_every_rule_are_complete(self):
        for rule in self.rules.search([("tier_ids", "!=", False)]):
            rule.tier_ids._check_gaps(rule.name)

    def test_corrections_survive_an_update(self):
        for model in ("dunning.reference.rate", "dunning.interest.rule", "dunning.fee"):
            data = self.env["ir.model.data"].search(
                [("module", "=", "dunning_advanced"), ("model", "=", model)]
            )
            self.assertTrue(data)
            self.assertTrue(all(data.mapped("noupdate")))
        row = self.ref("rate_ecb_2026h2")
        row.rate = 2.25
        loading = self.env["dunning.reference.rate"].with_context(
            module="dunning_advanced", mode="update"
        )
        loading.load(["id", "rate"], [["rate_ecb_2026h2", "2.4"]])
        self.assertEqual(row.rate, 2.25)

    def test_saying_that_a_figure_was_verified(self):
        rule = self.ref("interest_es_consumer")
        rule.action_verify()
        self.assertTrue(rule.verified)
        self.assertEqual(rule.date_checked, Date.context_today(rule))
        rule.name = "Spain"
        self.assertTrue(rule.verified)
        rule.rate = 3
        self.assertFalse(rule.verified)


class TestBadRates(MoneyCase):
    def rate(self, **values):
        return self.env["dunning.reference.rate"].create(
            {"reference_id": self.ref("reference_ecb").id, "rate": 2, **values}
        )

    @mute_logger("odoo.sql_db")
    def test_rates_that_cannot_be(self):
        for constraint, values in (
            ("no_overlap", {"date_from": "2026-07-01"}),
            ("no_overlap", {"date_from": "2026-12-31", "date_to": "2027-06-30"}),
            ("dates_in_order", {"date_from": "2027-07-01", "date_to": "2027-01-01"}),
            ("rate_in_bounds", {"date_from": "2027-01-01", "rate": 100}),
        ):
            refused = self.refused_by_database(constraint)
            with self.subTest(constraint), refused, self.env.cr.savepoint():
                self.rate(**values)
        self.rate(date_from="2027-01-01")
        self.rate(date_from="2026-07-01", reference_id=self.ref("reference_se").id)
        with self.assertRaises(IntegrityError) as caught, self.env.cr.savepoint():
            self.rate(date_from="2027-01-01")
        message = self.env["dunning.reference.rate"]._sql_error_to_message(caught.exception)
        self.assertIn("There already is a rate of this reference for some of these days", message)

    def test_a_rate_is_for_its_half_year(self):
        self.assertEqual(self.rate(date_from="2027-01-01").date_to, date(2027, 6, 30))
        form = Form(
            self.env["dunning.reference.rate"].with_context(
                default_reference_id=self.ref("reference_ecb").id
            )
        )
        self.assertEqual(form.date_from, date(2027, 7, 1))

    @mute_logger("odoo.sql_db")
    def test_rules_that_cannot_be(self):
        germany = self.env.ref("base.de").id
        values = {"name": "Wrong", "country_id": germany, "rate_kind": "fixed"}
        values["company_id"] = self.company.id
        for constraint, wrong in (
            ("has_reference", {"rate_kind": "reference"}),
            ("has_place", {"country_id": False}),
            ("rate_in_bounds", {"rate": 100}),
            ("rate_in_bounds", {"rate": -1}),
            ("one_rule", {"company_id": False, "party": "business"}),
        ):
            refused = self.refused_by_database(constraint)
            with self.subTest(constraint), refused, self.env.cr.savepoint():
                self.rules.create({**values, **wrong})
        with self.refused("comes to 100", ValidationError):
            self.rules.create(
                {
                    **values,
                    "rate_kind": "reference",
                    "reference_id": self.ref("reference_uk").id,
                    "multiplier": 20,
                }
            )

    def test_fixed_sums_with_a_gap(self):
        rule = self.ref("interest_uk_business")
        unlimited = rule.tier_ids.filtered(lambda tier: not tier.up_to)
        with self.refused("nothing about amounts above 10000.*without limit", ValidationError):
            rule.tier_ids = [Command.delete(unlimited.id)]

    def test_users_read_and_managers_write(self):
        user = new_test_user(self.env, "reader", "dunning_advanced.group_user")
        manager = new_test_user(self.env, "keeper", "dunning_advanced.group_manager")
        rule = self.ref("interest_de_business")
        quote = self.rules.with_user(user).quote("DE", True, 100, "2025-06-30", "2025-12-31")
        self.assertTrue(quote["interest"])
        with self.assertRaises(AccessError):
            rule.with_user(user).margin = 8
        rule.with_user(manager).margin = 8
        self.rate(date_from="2027-01-01").with_user(manager).rate = 3

    def test_rule_of_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        rule = self.ref("interest_de_business").copy({"company_id": other.id})
        user = new_test_user(self.env, "here", "dunning_advanced.group_manager")
        self.assertFalse(self.rules.with_user(user).search([("id", "=", rule.id)]))


class TestCalculator(MoneyCase):
    def test_on_the_phone(self):
        user = new_test_user(self.env, "phone", "dunning_advanced.group_user")
        with Form(self.env["dunning.interest.calculator"].with_user(user)) as form:
            form.country_id = self.env.ref("base.de")
            form.principal = 5000
            form.due = "2025-05-31"
            form.until = "2025-09-30"
            self.assertEqual(form.currency_id, self.env.ref("base.EUR"))
            self.assertEqual(form.interest, 175.75)
            with form.payment_ids.new() as payment:
                payment.date = "2025-07-31"
                payment.amount = 2000
            self.assertEqual(form.interest, 143.65)
            self.assertEqual(form.total_open, 3183.65)
            rows = html.fromstring(form.workings).findall(".//tbody/tr")
            self.assertEqual(len(rows), 3)
            form.party = "consumer"
            self.assertEqual(form.fixed_sum, 0)

    def test_missing_rate_is_told_on_the_form(self):
        wizard = self.env["dunning.interest.calculator"].create(
            {
                "country_id": self.env.ref("base.se").id,
                "principal": 100,
                "due": "2026-06-30",
                "until": "2026-07-31",
            }
        )
        self.assertIn("“Sweden: reference rate” for 07/01/2026 is missing", wizard.error)
        self.assertFalse(wizard.workings)
        wizard.until = "2026-06-29"
        self.assertIn("due on 06/30/2026 only", wizard.error)
        wizard.country_id = self.env.ref("base.br")
        self.assertIn("no interest rule for businesses in Brazil", wizard.error)


class TestLawCheck(MoneyCase):
    def checks(self, day, **options):
        found = self.env["dunning.law.check"].with_context(law_date=day).search([])
        return found.filtered(lambda check: check.kind == options.get("kind", check.kind))

    def states(self, day):
        return {
            (check.reference_id.code, check.state, check.date_from)
            for check in self.checks(day, kind="rate")
        }

    def test_what_is_missing_or_not_verified(self):
        states = self.states("2026-11-24")
        self.assertIn(("ECB", "missing", date(2027, 1, 1)), states)
        self.assertIn(("ECB", "unverified", date(2026, 7, 1)), states)
        self.assertIn(("SE", "missing", date(2026, 7, 1)), states)
        self.assertNotIn(("UK", "unverified", date(2026, 7, 1)), states)
        self.env["dunning.reference.rate"].create(
            {"reference_id": self.ref("reference_ecb").id, "date_from": "2027-01-01", "rate": 2}
        )
        states = self.states("2026-11-24")
        self.assertNotIn(("ECB", "missing", date(2027, 1, 1)), states)
        self.assertIn(("ECB", "unverified", date(2027, 1, 1)), states)

    def test_part_of_a_half_year_is_missing(self):
        self.env["dunning.reference.rate"].create(
            {
                "reference_id": self.ref("reference_in").id,
                "date_from": "2027-01-01",
                "date_to": "2027-05-31",
                "rate": 5.5,
                "verified": True,
            }
        )
        self.assertIn(("IN", "missing", date(2027, 1, 1)), self.states("2026-11-24"))

    def test_rates_without_a_rule_are_not_asked_for(self):
        self.ref("interest_dk_business").active = False
        self.assertIn(("DK", "missing", date(2027, 1, 1)), self.states("2026-11-24"))
        self.ref("interest_dk_consumer").active = False
        self.assertNotIn(("DK", "missing", date(2027, 1, 1)), self.states("2026-11-24"))

    def test_rules_and_fees(self):
        rules = self.checks("2026-11-24", kind="rule").rule_id
        self.assertIn(self.ref("interest_es_consumer"), rules)
        self.assertNotIn(self.ref("interest_de_business"), rules)
        fees = self.checks("2026-11-24", kind="fee").fee_id
        self.assertEqual(fees, self.ref("fee_dk_reminder"))

    def test_opening_a_row(self):
        for check in self.checks("2026-11-24"):
            action = check.action_open()
            self.assertTrue(self.env[action["res_model"]].browse(action["res_id"]).exists())
            self.assertTrue(check.name)

    def test_activity_before_the_half_year(self):
        checks = self.env["dunning.law.check"]
        keeper = new_test_user(self.env, "keeper", "dunning_advanced.group_manager")
        self.env["res.company"].search([]).dunning_user_id = keeper
        self.assertFalse(checks._remind(date(2026, 11, 30)))
        activity = checks._remind(date(2026, 12, 1))
        self.assertEqual(activity.user_id, keeper)
        self.assertEqual(activity.date_deadline, date(2027, 1, 1))
        self.assertIn("13 reference rates are missing or not verified", activity.summary)
        self.assertFalse(checks._remind(date(2026, 12, 2)))
        self.assertEqual(checks._remind(date(2027, 6, 1)).date_deadline, date(2027, 7, 1))

    def test_nothing_is_asked_when_all_rates_are_there(self):
        checks = self.env["dunning.law.check"]
        for reference in self.env["dunning.reference"].search([]):
            self.env["dunning.reference.rate"].create(
                {
                    "reference_id": reference.id,
                    "date_from": "2027-01-01",
                    "rate": 2,
                    "verified": True,
                }
            )
        self.assertFalse(checks._remind(date(2026, 12, 1)))
