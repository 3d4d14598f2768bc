from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tools import mute_logger

from ..common import DAY, DunningCommon


class TestBadInput(DunningCommon):
    """Wrong entries are refused in the user's words, or shown on that one record."""

    def refused(self, words, error=UserError):
        return self.assertRaisesRegex(error, words)

    def refused_by_database(self, constraint):
        """Odoo shows the message of the constraint instead of this error."""
        return self.assertRaisesRegex(IntegrityError, constraint)

    def test_two_levels_on_one_day(self):
        with self.refused("two levels on the same day.*“First reminder” and “Second reminder”"):
            self.second.days = 5
        self.second.active = False
        self.second.days = 5

    @mute_logger("odoo.sql_db")
    def test_negative_numbers(self):
        for field, constraint in (
            ("min_interval", "interval_not_negative"),
            ("pay_within", "pay_within_not_negative"),
            ("minimum_amount", "minimum_not_negative"),
            ("minimum_share", "minimum_not_negative"),
        ):
            refused = self.refused_by_database(constraint)
            with self.subTest(field), refused, self.env.cr.savepoint():
                self.first[field] = -1
        with self.refused_by_database("repeat_not_negative"), self.env.cr.savepoint():
            self.policy.repeat_every = -1
        with self.refused_by_database("unique_currency"), self.env.cr.savepoint():
            currency = self.company.currency_id
            self.first.minimum_ids = [
                Command.create({"currency_id": currency.id, "amount": amount}) for amount in (1, 2)
            ]

    def test_every_constraint_has_a_message(self):
        for model in self.env.registry.values():
            if model._name.startswith("dunning."):
                for constraint in model._table_objects.values():
                    definition = constraint.get_definition(self.env.registry)
                    if definition.startswith(("CHECK", "UNIQUE")):
                        message = constraint.get_error_message(self.env[model._name])
                        self.assertGreater(len(message), 20, constraint.name)

    def test_used_level_and_policy_are_kept(self):
        self.invoice(5)
        self.run_at()
        with self.refused("“First reminder” of policy “Standard” has been used.*archive it"):
            self.first.unlink()
        with self.refused("“Standard” has been used by a dunning run.*archive it"):
            self.policy.unlink()
        with self.refused("has been used"):
            self.policy.level_ids = [Command.delete(self.first.id)]
        self.second.unlink()
        self.assertEqual(self.last.rung, 2)

    def test_policy_of_a_rule_is_kept(self):
        policy = self.policy.copy({"name": "Special"})
        self.env["dunning.rule"].create({"name": "Big customers", "policy_id": policy.id})
        with self.refused("“Special”.*“Big customers”"):
            policy.unlink()

    def test_used_policy_is_not_moved_to_another_company(self):
        self.invoice(5)
        self.run_at()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        with self.refused("“Standard” is used by"):
            self.policy.company_id = other
        self.policy.company_id = self.company

    def test_bad_conditions_of_rules(self):
        for domain in ("[", "nonsense", "[('gone', '=', 1)]", "[('id', '=', 'x')]", "[(1,)]", "5"):
            values = {"name": "Broken", "policy_id": self.policy.id, "partner_domain": domain}
            refused = self.refused("rule “Broken”.*Correct the condition", ValidationError)
            with self.subTest(domain), mute_logger("odoo.sql_db"), refused:
                self.env["dunning.rule"].create(values)

    def test_rule_that_broke_later_is_named(self):
        self.invoice(5)
        rule = self.env["dunning.rule"].create({"name": "Old", "policy_id": self.policy.id})
        rule.flush_recordset()
        self.env.cr.execute(
            "UPDATE dunning_rule SET partner_domain = '[(''gone'', ''='', 1)]' WHERE id = %s",
            [rule.id],
        )
        rule.invalidate_recordset()
        with self.refused("rule “Old”"):
            self.run_at()

    def test_one_bad_debtor_leaves_the_others(self):
        """No contact, no rate, no levels: each is a decision, the rest goes out."""
        self.first.minimum_amount = 1
        currency = self.env["res.currency"].create({"name": "QQQ", "symbol": "Q"})
        good = self.invoice(5)
        silent = self.invoice(5, debtor=self.make_debtor("Deco Addict", email=False))
        foreign = self.invoice(5, debtor=self.make_debtor("Gemini"), currency=currency)
        lost = self.make_debtor("Lumber")
        lost.dunning_policy_id = self.env["dunning.policy"].create({"name": "Empty"})
        without = self.invoice(5, debtor=lost)
        run = self.remind()
        self.assertEqual(
            self.decisions(run),
            {good: "dun", silent: "unreachable", foreign: "no_rate", without: "no_level"},
        )
        self.assertEqual(run.notice_ids.state, "issued")

    def test_no_policy_at_all(self):
        self.env["dunning.policy"].search([]).active = False
        invoice = self.invoice(5)
        self.assertEqual(self.decisions(self.run_at()), {invoice: "no_level"})

    def test_hostile_names(self):
        """Quotes, percent signs, markup and template syntax are only text."""
        name = "O'Neil %s \" <script>alert(1)</script> {{ 1/0 }} 漢字"
        self.debtor.name = name
        self.invoice(5)
        notice = self.remind().notice_ids
        self.assertEqual(notice.state, "issued")
        self.assertIn(name, notice.display_name)
        self.assertNotIn("<script>", notice.delivery_ids.mail_id.body_html)

    def test_broken_template_is_shown_on_the_notice(self):
        self.invoice(5)
        late = self.make_debtor("Deco Addict")
        self.invoice(20, debtor=late)
        self.remind(DAY - timedelta(days=14))
        run = self.run_at()
        template = self.second.mail_template_id
        template.flush_recordset()
        # Refused when entered; but a field may be gone after an update.
        self.env.cr.execute(
            "UPDATE mail_template SET body_html = jsonb_build_object('en_US', %s) WHERE id = %s",
            ['<p><t t-out="object.gone"/></p>', template.id],
        )
        self.env.invalidate_all()
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            self.assertTrue(run.notice_ids.read(["subject", "body"]))
            run.notice_ids.write({"state": "confirmed"})
            run.notice_ids._issue(DAY)
        broken = run.notice_ids.filtered(lambda notice: notice.partner_id == late)
        self.assertEqual(broken.state, "confirmed")
        self.assertTrue(broken.error)
        self.assertEqual((run.notice_ids - broken).state, "issued")
