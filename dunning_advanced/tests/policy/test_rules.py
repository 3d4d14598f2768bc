from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user

from ..common import DAY, DunningCommon


class RuleCase(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.special = cls.policy.copy({"name": "Special"})

    def rule(self, name="Special ones", **values):
        return self.env["dunning.rule"].create(
            {"name": name, "policy_id": self.special.id, **values}
        )

    def taken(self, day=DAY, debtor=None, **values):
        """Whether the rule that is made of some conditions takes a debtor."""
        rule = self.rule(**values)
        scope = self.env["dunning.run"].new({"company_id": self.company.id, "date": day})._scope()
        choice = self.env["dunning.engine.policy"]._choices(scope)[(debtor or self.debtor).id]
        rule.unlink()
        return choice["rule_id"] == rule.id

    def check(self, cases, **common):
        for takes, conditions in cases:
            with self.subTest(**conditions):
                self.assertEqual(self.taken(**conditions, **common), takes)


class TestRuleConditions(RuleCase):
    def test_business_or_consumer_is_what_charges_go_by(self):
        person = self.env["res.partner"].create({"name": "Ann"})
        trader = self.env["res.partner"].create({"name": "Bob", "dunning_party": "business"})
        club = self.make_debtor("Club", dunning_party="consumer")
        for debtor, party in (
            (self.debtor, "business"),
            (person, "consumer"),
            (trader, "business"),
            (club, "consumer"),
        ):
            self.assertEqual(debtor._dunning_party(), party)
            other = {"business": "consumer", "consumer": "business"}[party]
            self.check([(True, {"party": party}), (False, {"party": other})], debtor=debtor)

    def test_country_tag_and_filter(self):
        france, spain = self.env.ref("base.fr"), self.env.ref("base.es")
        key, other = self.env["res.partner.category"].create([{"name": "Key"}, {"name": "Other"}])
        self.debtor.write({"country_id": france.id, "category_id": key.ids, "lang": "en_US"})
        self.check(
            [
                (True, {"country_ids": (france | spain).ids}),
                (False, {"country_ids": spain.ids}),
                (True, {"category_ids": (key | other).ids}),
                (False, {"category_ids": other.ids}),
                (True, {"partner_domain": "[('lang', '=', 'en_US')]"}),
                (False, {"partner_domain": "[('lang', '=', 'nl_NL')]"}),
                (True, {"country_ids": france.ids, "category_ids": key.ids}),
                (False, {"country_ids": france.ids, "category_ids": other.ids}),
                (True, {"partner_domain": False}),
            ]
        )

    def test_amount_is_all_that_is_overdue_less_credits(self):
        self.invoice(1, 250)
        self.invoice(30, 200)
        self.invoice(0, 5000)  # due today is not overdue
        self.invoice(-5, 5000)
        self.pay(self.debtor, 30)
        self.check(
            [
                (True, {"amount_from": 420}),
                (False, {"amount_from": 420.01}),
                (True, {"amount_to": 420}),
                (False, {"amount_to": 419.99}),
                (True, {"amount_from": 400, "amount_to": 500}),
                (False, {"amount_from": 430, "amount_to": 500}),
            ]
        )

    def test_amount_of_who_owes_nothing_is_zero(self):
        self.invoice(-5)
        self.pay(self.debtor, 30)
        self.check([(True, {"amount_to": 0.01}), (False, {"amount_from": 0.01})])

    def test_amounts_in_other_currencies(self):
        yen = self.setup_other_currency("JPY", rates=[("2020-01-01", 160.0)], rounding=1.0)
        self.invoice(10, 16000, currency=yen)  # 100 in the books
        self.invoice(10, 50)
        self.check([(True, {"amount_from": 150}), (False, {"amount_from": 150.01})])
        # 24,000 JPY are 150 USD, today; the rate of the day of the run counts
        self.check(
            [(True, {"amount_from": 24000}), (False, {"amount_from": 24001})], currency_id=yen.id
        )
        self.env["res.currency.rate"].create(
            {"name": DAY, "currency_id": yen.id, "rate": 200, "company_id": self.company.id}
        )
        self.check([(True, {"amount_from": 30000})], currency_id=yen.id)

    def test_credits_of_one_currency_leave_others_alone(self):
        yen = self.setup_other_currency("JPY", rates=[("2020-01-01", 160.0)], rounding=1.0)
        self.invoice(10, 16000, currency=yen)
        self.invoice(10, 50)
        self.pay(self.debtor, 80)
        self.check([(True, {"amount_from": 100}), (True, {"amount_to": 100})])

    def test_currency_without_rate_is_named(self):
        blank = self.env["res.currency"].create({"name": "QQQ", "symbol": "Q"})
        rule = self.rule(amount_from=10, currency_id=blank.id)
        with self.assertRaisesRegex(UserError, "no rate for QQQ"):
            self.run_at()
        rule.amount_from = 0
        self.run_at()

    def test_age_of_the_oldest_overdue_item(self):
        self.invoice(12)
        self.invoice(3)
        self.invoice(-10)
        self.check(
            [
                (True, {"days_from": 12}),
                (False, {"days_from": 13}),
                (True, {"days_to": 12}),
                (False, {"days_to": 11}),
                (True, {"days_from": 13, "day": DAY + timedelta(days=1)}),
            ]
        )

    def test_payment_behavior(self):
        behavior = (
            self.env["dunning.behavior"]
            .sudo()
            .create(
                {
                    "partner_id": self.debtor.id,
                    "company_id": self.company.id,
                    "date": DAY,
                    "grade": "C",
                }
            )
        )
        graded = [
            (True, {"grade_from": "C"}),
            (False, {"grade_from": "D"}),
            (True, {"grade_to": "C"}),
            (False, {"grade_to": "B"}),
            (True, {"newcomers": "never"}),
            (False, {"newcomers": "only"}),
        ]
        self.check(graded)
        new = [
            (False, {"grade_from": "A"}),
            (False, {"newcomers": "never"}),
            (True, {"newcomers": "only"}),
            (True, {}),
        ]
        behavior.grade = False
        self.check(new)
        behavior.unlink()
        self.check(new)

    def test_behavior_in_another_company_is_none_here(self):
        elsewhere = self.setup_other_company()["company"]
        self.env["dunning.behavior"].sudo().create(
            {"partner_id": self.debtor.id, "company_id": elsewhere.id, "date": DAY, "grade": "E"}
        )
        self.check([(False, {"grade_from": "E"}), (True, {"newcomers": "only"})])

    def test_rules_and_debts_of_other_companies(self):
        elsewhere = self.setup_other_company()["company"]
        self.invoice_of(elsewhere, 1000)
        self.invoice(5, 100)
        self.check([(False, {"amount_from": 101}), (False, {"company_id": elsewhere.id})])
        self.special.company_id = self.company
        with self.assertRaisesRegex(UserError, "belongs to another company"):
            self.rule(company_id=elsewhere.id)

    def test_past_day(self):
        """A look at a past day asks the balance of that day."""
        invoice = self.invoice(20, 500)
        self.pay(self.debtor, 450, days=5, invoices=invoice)
        rule = self.rule(amount_from=400)
        run = self.run_at(DAY - timedelta(days=10), simulation=True)
        self.assertEqual(run.line_ids.policy_id, self.special)
        run = self.run_at(simulation=True)
        self.assertEqual(run.line_ids.policy_id, self.policy)
        item = invoice.line_ids.filtered("date_maturity")
        wizard = self.env["dunning.explain"].create(
            {
                "move_line_id": item.id,
                "company_id": self.company.id,
                "date": DAY - timedelta(days=10),
            }
        )
        self.assertRegex(wizard.answer, "its policy: .*Special.*follow-up rule .*Special ones")
        self.debtor.dunning_policy_id = self.special
        wizard.invalidate_recordset()
        self.assertNotIn("follow-up rule", wizard.answer)
        rule.unlink()


class TestRuleEffects(RuleCase):
    def test_all_of_the_first_rule_and_nothing_of_the_second(self):
        marc = new_test_user(self.env, "marc.rules", "dunning_advanced.group_user")
        self.debtor.write({"street": "Main street 1", "city": "Ghent"})
        self.first.automatic = True
        self.special.level_ids.automatic = True
        self.rule("First", sequence=1, user_id=marc.id, channel="letter")
        self.rule("Second", sequence=2, policy_id=self.policy.id, approval=True)
        self.invoice(5)
        notice = self.run_at().notice_ids
        self.assertEqual(
            (notice.policy_id, notice.user_id, notice.channel, notice.to_review),
            (self.special, marc, "letter", False),
        )

    def test_preferred_channel_of_the_customer_comes_before_the_rule(self):
        self.debtor.write({"street": "Main street 1", "city": "Ghent"})
        self.rule(channel="letter")
        self.invoice(5)
        run = self.run_at()
        self.assertEqual(run.notice_ids.channel, "letter")
        self.debtor.dunning_channel = "email"
        run._propose()
        self.assertEqual(run.notice_ids.channel, "email")

    def test_channel_that_reaches_nobody_is_passed_over(self):
        self.rule(channel="letter")
        self.invoice(5)
        self.assertEqual(self.run_at().notice_ids.channel, "email")

    def test_who_works_the_case_keeps_it(self):
        """Customer, open case, rule, company; whoever left is passed over."""
        company, by_rule, own, worker = (
            new_test_user(self.env, f"{name}.rules", "dunning_advanced.group_user")
            for name in ("company", "rule", "own", "worker")
        )
        self.company.dunning_user_id = company
        self.invoice(5)
        run = self.run_at()
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.assertEqual((run.notice_ids.user_id, case.user_id), (company, company))
        case.user_id = False
        self.rule(user_id=by_rule.id)

        def responsible():
            run._propose()
            return run.notice_ids.user_id

        self.assertEqual(responsible(), by_rule)
        case.user_id = worker
        self.assertEqual(responsible(), worker)
        self.debtor.dunning_user_id = own
        self.assertEqual(responsible(), own)
        own.active = False
        self.assertEqual(responsible(), worker)
        worker.active = False
        self.assertEqual(responsible(), by_rule)
        by_rule.active = False
        self.assertEqual(responsible(), company)

    def test_case_of_a_customer_who_is_only_stopped_has_a_responsible(self):
        marc = new_test_user(self.env, "marc.rules", "dunning_advanced.group_user")
        self.rule(user_id=marc.id)
        self.debtor.email = False
        self.invoice(5)
        self.assertFalse(self.run_at().notice_ids)
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.assertEqual(case.user_id, marc)

    def test_payment_below_the_amount_stops_what_was_proposed(self):
        """Nobody reviewed the reminder that the rules give now."""
        self.rule(amount_from=400)
        invoice = self.invoice(10, 500)
        run = self.run_at()
        notice = run.notice_ids
        self.assertEqual(notice.policy_id, self.special)
        self.pay(self.debtor, 200, invoices=invoice)
        notice.state = "confirmed"
        notice._issue(DAY)
        self.assertEqual((notice.state, run.line_ids.verdict), ("dropped", "relaid"))
        self.assertEqual(self.run_at().notice_ids.policy_id, self.policy)


class TestRuleCount(RuleCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch("odoo.fields.Date.context_today", lambda _record: DAY))

    def test_customers_now(self):
        self.invoice(5, 500)
        deco, gone = self.make_debtor("Deco"), self.make_debtor("Gone", active=False)
        self.invoice(5, 100, debtor=deco)
        self.invoice(5, 100, debtor=gone)
        big = self.rule("Big", sequence=1, amount_from=400)
        small = self.rule("Small", sequence=2, amount_to=400)
        rest = self.rule("Rest", sequence=3)
        self.assertEqual((big | small | rest).mapped("debtor_count"), [1, 2, 0])
        found = self.env["res.partner"].with_context(active_test=False)
        self.assertEqual(found.search(big.action_view_debtors()["domain"]), self.debtor)
        self.assertEqual(found.search(small.action_view_debtors()["domain"]), deco | gone)
        self.assertEqual((self.debtor | deco).dunning_rule_id, big | small)
        none = found.search([("dunning_rule_id", "=", False), ("id", "in", (deco | gone).ids)])
        self.assertFalse(none)
        self.assertIn(self.debtor, found.search([("dunning_rule_id", "!=", small.id)]))

    def test_one_query_for_all_rules(self):
        rules = self.rule() | self.rule(amount_from=5) | self.rule(days_from=2)
        self.invoice(5)
        rules.mapped("debtor_count")

        def count(records):
            records.invalidate_recordset(["debtor_count"])
            before = self.env.cr.sql_log_count
            records.mapped("debtor_count")
            return self.env.cr.sql_log_count - before

        self.assertEqual(count(rules), count(rules[:1]))


class TestRuleTester(RuleCase):
    def answer(self, debtor=None, day=DAY, user=None):
        tests = self.env["dunning.rule.test"].with_user(user or self.env.user)
        action = self.env.ref("dunning_advanced.action_dunning_rule_test")
        self.assertEqual(action.res_model, tests._name)
        context = {"default_partner_id": (debtor or self.debtor).id, "default_date": str(day)}
        with Form(tests.with_context(**context)) as form:
            return " ".join(form.answer.replace("\xa0", " ").split())

    def test_every_rule_in_order_with_its_reasons(self):
        self.debtor.country_id = self.env.ref("base.be")
        self.invoice(12, 420)
        self.rule("Big debts", sequence=1, amount_from=1000)
        self.rule("French", sequence=2, country_ids=self.env.ref("base.fr").ids)
        self.rule("Old", sequence=3, days_from=10, party="business")
        self.rule("Others", sequence=4)
        answer = self.answer()
        self.assertRegex(answer, "Rule .*Old.* takes .*Azure Interior")
        said = [
            "Big debts</strong> · does not take the customer",
            "No</span>amount overdue: $ 420.00 is below $ 1,000.00",
            "French</strong> · does not take the customer",
            "No</span>its country is Belgium, asked for is France",
            "Old</strong> · takes the customer",
            "Yes</span>it is a business",
            "Yes</span>oldest overdue item: 12 days is not below 10 days",
            "Others</strong> · would take the customer, but a rule before it does",
            "Yes</span>it is for every customer",
        ]
        places = [answer.find(sentence) for sentence in said]
        self.assertNotIn(-1, places, answer)
        self.assertEqual(places, sorted(places))

    def test_conditions_in_words(self):
        tag = self.env["res.partner.category"].create({"name": "Key"})
        self.invoice(12, 420)
        conditions = {
            "it is not among the customers of the filter": {"partner_domain": "[('id', '=', 0)]"},
            "it is among the customers of the filter": {"partner_domain": "[('id', '>', 0)]"},
            "it has no country, asked for is Spain": {"country_ids": self.env.ref("base.es").ids},
            "it has no tag of these: Key": {"category_ids": tag.ids},
            "amount overdue: $ 420.00 is above $ 400.00": {"amount_to": 400},
            "$ 420.00 is from $ 400.00 up to $ 500.00": {"amount_from": 400, "amount_to": 500},
            "it is new and has no class, asked for is from D up to E": {"grade_from": "D"},
            "it is a new customer": {"newcomers": "only"},
        }
        for sentence, values in conditions.items():
            rule = self.rule(**values)
            self.assertIn(sentence, self.answer())
            rule.unlink()
        self.debtor.category_id = tag
        self.env["dunning.behavior"].sudo().create(
            {"partner_id": self.debtor.id, "company_id": self.company.id, "date": DAY, "grade": "B"}
        )
        self.rule(category_ids=tag.ids)
        self.rule(grade_to="B")
        self.rule(grade_from="D")
        self.rule(newcomers="never")
        answer = self.answer()
        for sentence in (
            "it has the tag Key",
            "it pays as class B</div>",
            "it pays as class B, asked for is from D up to E",
            "it is known: it has a class",
        ):
            self.assertIn(sentence, answer)

    def test_what_follows(self):
        marc = new_test_user(self.env, "marc.rules", "dunning_advanced.group_user", name="Marc")
        self.rule(user_id=marc.id, channel="letter", approval=True)
        answer = self.answer()
        self.assertRegex(answer, "Policy: .*Special.* \\(from the rule\\)")
        self.assertIn("Responsible: Marc (from the rule)", answer)
        self.assertIn("Channel: Letter (preferred by the rule)", answer)
        self.assertIn("Reminders wait for review", answer)

    def test_what_beats_the_rule(self):
        invoice = self.invoice(12, 420)
        self.rule(channel="letter")
        worker = new_test_user(self.env, "w.rules", "dunning_advanced.group_user", name="Worker")
        self.env["dunning.case"].create({"partner_id": self.debtor.id, "user_id": worker.id})
        self.assertIn("Responsible: Worker (has the open case)", self.answer())
        invoice.dunning_policy_id = self.special
        self.debtor.write(
            {
                "dunning_policy_id": self.policy.id,
                "dunning_user_id": self.env.user.id,
                "dunning_channel": "email",
            }
        )
        answer = self.answer()
        self.assertRegex(answer, "Policy: .*Standard.* \\(chosen on the customer")
        self.assertRegex(answer, f"{invoice.name}.*Special.* \\(chosen on the invoice")
        self.assertIn("(chosen on the customer)", answer)
        self.assertIn("Channel: E-mail (preferred by the customer)", answer)

    def test_nothing_takes_the_customer(self):
        answer = self.answer()
        self.assertRegex(answer, "No rule takes .*Azure Interior")
        self.assertRegex(answer, "Policy: .*Standard.* \\(the default of the company\\)")
        self.assertIn("Channel: as the level says (nobody prefers another)", answer)
        self.assertIn("nobody in particular (the responsible of the company)", answer)

    def test_asked_for_a_past_day(self):
        invoice = self.invoice(20, 500)
        self.pay(self.debtor, 450, days=5, invoices=invoice)
        self.rule(amount_from=400)
        self.assertIn("$ 50.00 is below $ 400.00", self.answer())
        past = self.answer(day=DAY - timedelta(days=10))
        self.assertIn("$ 500.00 is not below $ 400.00", past)

    def test_contact_is_asked_as_its_customer(self):
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.debtor.id})
        self.rule(partner_domain=f"[('id', '=', {self.debtor.id})]")
        self.assertRegex(self.answer(contact), "takes .*Azure Interior")

    def test_dunning_user_may_ask(self):
        self.rule()
        user = new_test_user(
            self.env,
            "asker.rules",
            "dunning_advanced.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.assertIn("takes", self.answer(user=user))

    def test_hostile_names_stay_text(self):
        self.rule("<script>alert(1)</script>")
        self.assertNotIn("<script>", self.answer())


class TestRuleBadInput(RuleCase):
    def test_contradictions_say_so(self):
        marc = new_test_user(self.env, "marc.rules", "dunning_advanced.group_user")
        team = self.env["dunning.team"].create({"name": "North", "member_ids": marc.ids})
        for message, values in (
            (
                "from \\$\xa0100.01 and up to \\$\xa0100.00",
                {"amount_from": 100.01, "amount_to": 100},
            ),
            ("from 11 and up to 10 days", {"days_from": 11, "days_to": 10}),
            ("from D up to B", {"grade_from": "D", "grade_to": "B"}),
            ("new customers have no class", {"grade_to": "B", "newcomers": "only"}),
            ("a responsible and a team", {"user_id": marc.id, "team_id": team.id}),
        ):
            with (
                self.subTest(message),
                self.assertRaisesRegex(ValidationError, message),
                self.env.cr.savepoint(),
            ):
                self.rule(**values)

    def test_forms_of_rules_save(self):
        marc = new_test_user(self.env, "marc.rules", "dunning_advanced.group_user")
        with Form(self.env["dunning.rule"]) as form:
            form.name = "Big"
            form.policy_id = self.special
            form.amount_from = 1000
            form.days_to = 90
            form.user_id = marc
        self.assertEqual(form.record.currency_id, self.company.currency_id)
