from datetime import datetime, time, timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import new_test_user

from ..common import DAY, DunningCommon


class TimelineCase(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marc = new_test_user(
            cls.env,
            "marc.timeline",
            "dunning_advanced.group_user",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.company.dunning_user_id = cls.marc
        cls.agency = cls.make_debtor("Fair Collections")
        cls.euro = cls.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])

    def setUp(self):
        super().setUp()
        self.clock = freeze_time(datetime.combine(DAY, time(12)))
        self.now = self.clock.start()
        self.addCleanup(self.clock.stop)

    def at(self, days):
        self.now.move_to(datetime.combine(DAY + timedelta(days=days), time(12)))

    def events(self, *sources, debtor=None, user=None, company=None):
        """The events of a debtor, newest first, as a user sees them."""
        self.env.flush_all()
        self.env.invalidate_all()
        domain = [("partner_id", "=", (debtor or self.debtor).id)]
        if sources:
            domain.append(("source", "in", sources))
        timeline = self.env["dunning.timeline"].with_user(user or self.marc)
        return timeline.with_company(company or self.company).search(domain)

    def told(self, *sources, **values):
        """Day (after DAY), text, amount, currency and who, of each event."""
        return [
            (
                (event.date - DAY).days,
                event.text,
                event.amount if event.currency_id else False,
                event.currency_id.name,
                event.user_id.login,
            )
            for event in self.events(*sources, **values)
        ]

    def open_case(self, user=None):
        return (
            self.env["dunning.case"]
            .with_user(user or self.marc)
            .sudo()
            .create({"partner_id": self.debtor.id, "company_id": self.company.id})
        )

    def promise(self, amount, days=5, **values):
        return (
            self.env["dunning.promise"]
            .with_user(self.marc)
            .sudo()
            .create(
                {
                    "partner_id": self.debtor.id,
                    "company_id": self.company.id,
                    "amount": amount,
                    "date": DAY + timedelta(days=days),
                    **values,
                }
            )
        )

    def hold(self, **values):
        return (
            self.env["dunning.hold"]
            .with_user(self.marc)
            .sudo()
            .create(
                {
                    "reason_id": self.env.ref("dunning_advanced.hold_reason_manual").id,
                    "partner_id": self.debtor.id,
                    "company_id": self.company.id,
                    "date_to": DAY + timedelta(days=5),
                    **values,
                }
            )
        )

    def dispute(self, invoice, **values):
        return (
            self.env["dunning.dispute"]
            .with_user(self.marc)
            .sudo()
            .create(
                {
                    "move_id": invoice.id,
                    "reason_id": self.env.ref("dunning_advanced.dispute_reason_price").id,
                    **values,
                }
            )
        )

    def tell_everything(self, debtor=None):
        """One event of each source but two."""
        debtor = debtor or self.debtor
        invoices = self.invoice(5, debtor=debtor) | self.invoice(40, debtor=debtor)
        notice = self.remind().notice_ids.filtered(lambda n: n.partner_id == debtor)
        notice.delivery_ids.date_failed = fields.Datetime.now()
        notice._cancel("Sent in error")
        case = self.env["dunning.case"].search(
            [("partner_id", "=", debtor.id), ("state", "=", "open")]
        )
        self.env["dunning.call"].create({"case_id": case.id, "date": DAY})
        case.message_post(body="Hello", subject="Hello", message_type="email")
        self.env["dunning.promise"].create(
            {"partner_id": debtor.id, "amount": 10, "date": DAY}
        )._end("broken", DAY)
        for days in (1, 2):
            hold = self.hold(partner_id=debtor.id, date_from=DAY - timedelta(days=9), date_to=DAY)
            hold._lift("Over", DAY if days == 1 else DAY + timedelta(days=1))
        self.env["dunning.line"]._set_level(
            invoices.line_ids.filtered("date_maturity"), self.second, DAY, "Agreed"
        )
        self.dispute(invoices[0])._end("rejected", DAY)
        self.tell_escalation(invoices[1])
        self.tell_plan(self.invoice(5, debtor=debtor))
        self.pay(debtor, 20)
        self.invoice(5, 10, debtor=debtor, kind="out_refund")
        case._close()
        return case

    def tell_escalation(self, invoice):
        given = {
            "partner_id": invoice.partner_id.id,
            "item_ids": [Command.set(invoice.line_ids.filtered("date_maturity").ids)],
        }
        handover = self.env["dunning.handover"].create({"agency_id": self.agency.id, **given})
        handover._hand_over(DAY, confirmed=True)
        handover._end("returned", "Nothing to get", DAY)
        writeoff = self.env["dunning.writeoff"].create({"reason": "Struck off", **given})
        writeoff._decide("rejected", DAY, "Too early")
        credit = {"partner_id": invoice.partner_id.id, "reason": "Never pays"}
        self.env["dunning.credit.hold"].create(credit)._lift("Paid", DAY)

    def tell_plan(self, invoice):
        [item] = invoice.line_ids.filtered("date_maturity")
        plan = self.env["dunning.payment.plan"].create(
            {
                "partner_id": invoice.partner_id.id,
                "currency_id": invoice.currency_id.id,
                "number": 2,
                "date_first": DAY + timedelta(days=30),
                "line_ids": [Command.create({"move_line_id": item.id})],
            }
        )
        plan.action_offer()
        plan._accept("Ann", DAY, channel="phone")
        plan.installment_ids[0].write({"amount_paid": 50, "date_paid": DAY})
        plan.write({"date_approved": DAY, "date_arrears": DAY})
        plan._end("defaulted", DAY, "Not kept")
