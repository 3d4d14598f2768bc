from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .. import nights
from ..common import DAY, DunningCommon

GROUPS = (
    "dunning_advanced.group_manager,account.group_account_manager,base.group_partner_manager"
)


@freeze_time(f"{DAY} 10:00:00")
class TestCompanies(DunningCommon):
    """A day's work by somebody of one company, with open work in the others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company()["company"]
        cls.branch = cls.env["res.company"].create({"name": "Branch", "parent_id": cls.company.id})
        cls.cr.precommit.run()  # loads the chart of accounts of the branch
        cls.env.user.company_ids |= cls.other | cls.branch
        cls.companies = cls.company | cls.other | cls.branch
        cls.make_rules(cls.company)
        # the same customer everywhere, and one whom nobody can reach
        cls.lost = cls.make_debtor("Lost", email=False)
        cls.users = {
            company: new_test_user(
                cls.env,
                f"day.{company.id}",
                GROUPS,
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
                email=f"day.{company.id}@example.com",
            )
            for company in cls.companies
        }

    @classmethod
    def make_rules(cls, company):
        """What a company has set up for itself and its branches."""
        own = {"company_id": company.id}
        policy = cls.policy.copy({"name": "Ours", **own})
        fee = cls.env["dunning.fee"].create({"name": "Fee", "amount": 5, **own})
        policy.level_ids.sorted("days")[1].fee_ids = fee
        cls.env["dunning.interest.rule"].search([], limit=1).copy(own)
        cls.env["dunning.contact.cap"].create({"maximum": 3, "days": 7, **own})
        team = cls.env["dunning.team"].create({"name": "Team", **own})
        cls.env["dunning.rule"].create(
            {"name": "Rule", "policy_id": policy.id, "team_id": team.id, **own}
        )

    def make_invoice(self, company, debtor, amount=100):
        move = self.env["account.move"].with_company(company).create(
            {
                "move_type": "out_invoice",
                "partner_id": debtor.id,
                "invoice_date": DAY - timedelta(days=60),
                "invoice_date_due": DAY - timedelta(days=30),
                "is_move_sent": True,
                "invoice_line_ids": [
                    Command.create({"name": "work", "price_unit": amount, "tax_ids": []})
                ],
            }
        )
        move.action_post()
        return move

    def open_work(self):
        """What is begun in each company before somebody of one of them comes."""
        for company in self.companies:
            for debtor in (self.debtor, self.lost):
                for _number in range(3):
                    self.make_invoice(company, debtor)
            env = self.env(context={"allowed_company_ids": company.ids})
            env["dunning.run"].create({"company_id": company.id, "date": DAY})._propose()
        nights.work(self, "propose", "close")

    def test_the_work_of_a_day(self):
        self.open_work()
        for company, user in self.users.items():
            with self.subTest(company.name):
                self.work_as(self.env(user=user, su=False, context={}), company)
        nights.work(self, *nights.STEPS)
        for company, user in self.users.items():
            with self.subTest(f"{company.name}, in the morning"):
                self.read_all(self.env(user=user, su=False, context={}))

    def work_as(self, env, company):
        """Go through a day."""
        self.env.invalidate_all()
        self.read_all(env)
        debtor = env["res.partner"].create(
            {"name": f"New of {company.name}", "is_company": True, "email": "new@example.com"}
        )
        fresh = self.make_invoice(company, debtor.with_env(self.env))
        promised, disputed, planned = (
            self.make_invoice(company, debtor.with_env(self.env)) for _number in range(3)
        )
        run = env["dunning.run"].create({"date": DAY})
        run.action_propose()
        self.assertEqual(run.company_id, company)
        self.assertIn(debtor, run.notice_ids.partner_id)
        run.action_confirm()
        issued = run.notice_ids.filtered(lambda notice: notice.partner_id == debtor)
        self.assertEqual(issued.state, "issued", issued.error)
        case = env["dunning.case"].search([("partner_id", "=", debtor.id)])
        self.assertEqual(case.company_id, company)
        self.promise(env, promised)
        self.dispute(env, disputed)
        self.plan(env, planned)
        env["dunning.hold"].create(
            {
                "partner_id": debtor.id,
                "reason_id": env.ref("dunning_advanced.hold_reason_manual").id,
                "move_id": fresh.id,
            }
        )
        self.assertEqual(debtor.dunning_rule_id.company_id, company.root_id & self.company)
        late = env["res.partner"].create({"name": "Late", "email": "late@example.com"})
        self.make_invoice(company, late.with_env(self.env))
        late.action_dunning_remind()
        self.assertEqual(env["dunning.notice"].search_count([("partner_id", "=", late.id)]), 1)
        statement = env["dunning.statement"].create({"partner_ids": [Command.set(debtor.ids)]})
        statement.action_pdf()
        quote = env["dunning.interest.rule"].quote("DE", True, 1000, "2024-01-01", "2024-06-01")
        self.assertTrue(quote["interest"])
        self.read_all(env)

    def item(self, move):
        return move.line_ids.filtered("date_maturity")

    def promise(self, env, move):
        promise = env["dunning.promise"].create(
            {
                "partner_id": move.partner_id.id,
                "amount": 100,
                "date": DAY + timedelta(days=3),
                "item_ids": [Command.set(self.item(move).ids)],
            }
        )
        self.assertEqual(promise.company_id, env.company)

    def dispute(self, env, move):
        dispute = env["dunning.dispute"].create(
            {
                "move_id": move.id,
                "reason_id": env.ref("dunning_advanced.dispute_reason_damaged").id,
                "amount": 40,
            }
        )
        self.assertEqual(dispute.company_id, env.company)

    def plan(self, env, move):
        wizard = env["dunning.plan"].create(
            {
                "partner_id": move.partner_id.id,
                "company_id": env.company.id,
                "currency_id": move.currency_id.id,
                "item_ids": [Command.set(self.item(move).ids)],
                "number": 2,
                "date_first": DAY + timedelta(days=30),
            }
        )
        wizard.action_offer()
        plan = env["dunning.payment.plan"].search([("partner_id", "=", move.partner_id.id)])
        self.assertEqual(plan.state, "offered")

    def read_all(self, env):
        """Read each field of each record that the user sees, as lists, forms and exports do."""
        for name, model in sorted(env.items()):
            if not name.startswith("dunning.") or model._abstract or model._transient:
                continue
            if not model.has_access("read"):
                continue
            records = model.with_context(active_test=False).search([])
            fields = [f for f in model.fields_get() if f not in ("letter_preview",)]
            try:
                records.read(fields)
            except AccessError as error:
                self.fail(f"{name}: {error}")
