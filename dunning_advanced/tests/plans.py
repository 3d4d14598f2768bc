from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import new_test_user

from .common import DAY, DunningCommon


class PlanCase(DunningCommon):
    """Payment plans of Azure Interior from DAY on, with the clock under control."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([("id", "!=", cls.company.id)]).dunning_nightly = False
        cls.marc = cls.make_user("marc.plans", "dunning_advanced.group_user")
        cls.manager = cls.make_user("manager.plans", "dunning_advanced.group_manager")
        cls.company.dunning_user_id = cls.marc

    @classmethod
    def make_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        self.clock = freeze_time(datetime.combine(DAY, datetime.min.time()))
        self.now = self.clock.start()
        self.addCleanup(self.clock.stop)

    def at(self, days):
        """Noon of a day after DAY."""
        self.now.move_to(
            datetime.combine(self.day(days), datetime.min.time()) + timedelta(hours=12)
        )

    def day(self, days):
        return DAY + timedelta(days=days)

    def items(self, *moves):
        return self.env["account.move"].union(*moves).line_ids.filtered("date_maturity")

    def plan(self, *moves, user=None, **values):
        """A draft of 3 monthly installments, the first a month after DAY."""
        return (
            self.env["dunning.payment.plan"]
            .with_user(user or self.marc)
            .create(
                {
                    "partner_id": self.debtor.id,
                    "currency_id": moves[0].currency_id.id,
                    "number": 3,
                    "date_first": self.day(30),
                    "line_ids": [
                        Command.create({"move_line_id": item.id}) for item in self.items(*moves)
                    ],
                    **values,
                }
            )
        )

    def running(self, *moves, **values):
        """A plan that was offered and accepted."""
        plan = self.plan(*moves, **values)
        plan.action_offer()
        plan._accept("Brandon Freeman", self.today(), channel="phone")
        return plan

    def today(self):
        return datetime.now().date()  # noqa: DTZ005 - the clock is frozen

    def receive(self, amount, *moves, days):
        """Money with the value of a day after DAY, reconciled with invoices."""
        return self.pay(
            self.debtor, amount, days=-days, invoices=self.env["account.move"].union(*moves)
        )

    def credit(self, invoice, amount, days=0):
        """A credit note that lowers an invoice."""
        day = self.day(days)
        note = self.invoice(0, amount, kind="out_refund", invoice_date=day, date=day)
        (invoice | note).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()
        return note

    def night(self, *names):
        for name in names or ("plans",):
            with self.enter_registry_test_mode():
                self.env.ref(f"dunning_advanced.ir_cron_{name}").method_direct_trigger()
        self.env.invalidate_all()

    def case(self):
        return self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)], limit=1)

    def mails(self, plan):
        """Subjects of the e-mails about a plan, oldest first."""
        mails = self.env["mail.mail"].search(
            [("model", "=", "dunning.payment.plan"), ("res_id", "in", plan.ids)], order="id"
        )
        return [mail.subject.split(": ")[1] for mail in mails]

    def states(self, plan):
        return plan.installment_ids.sorted("date").mapped("state")

    def amounts(self, plan):
        return plan.installment_ids.sorted("date").mapped("amount")
