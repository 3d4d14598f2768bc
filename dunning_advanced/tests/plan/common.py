from datetime import datetime, timedelta

from ..agreement.common import PromiseCase
from ..common import DAY


class PlanCase(PromiseCase):
    """Payment plans of Azure Interior from DAY on, with the clock under control."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.make_user("manager.plans", "dunning_advanced.group_manager")

    @classmethod
    def make_bank(cls, number):
        cls.company.partner_id.bank_ids.unlink()
        cls.env["res.partner.bank"].create(
            {"acc_number": number, "partner_id": cls.company.partner_id.id}
        )

    def day(self, days):
        return DAY + timedelta(days=days)

    def today(self):
        return datetime.now().date()  # noqa: DTZ005 - the clock is frozen

    def plan(self, *moves, user=None, items=None, **values):
        """A draft of 3 monthly installments, the first a month after DAY."""
        plans = self.env["dunning.payment.plan"].with_user(user or self.marc)
        return plans._make(
            {
                "partner_id": self.debtor.id,
                "currency_id": moves[0].currency_id.id,
                "number": 3,
                "date_first": self.day(30),
                **values,
            },
            self.items(*moves) if items is None else items,
        )

    def running(self, *moves, **values):
        """A plan that was offered, and accepted the same day."""
        plan = self.plan(*moves, **values)
        plan.action_offer()
        plan._accept("Brandon Freeman", self.today(), channel="phone")
        return plan

    def credit(self, invoice, amount, days=0):
        """A credit note that lowers an invoice."""
        day = self.day(days)
        note = self.invoice(0, amount, kind="out_refund", invoice_date=day, date=day)
        (invoice | note).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()
        return note

    def night(self, *names):
        return super().night(*(names or ("plans",)))

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
