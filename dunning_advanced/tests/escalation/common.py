from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo import Command

from .. import nights
from ..common import DAY, DunningCommon


class EscalationCommon(DunningCommon):
    """An invoice that has had the last level, a dunning user, a manager, an agency."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([("id", "!=", cls.company.id)]).dunning_nightly = False
        cls.dunner = cls.make_user("dunner.escalation", "dunning_advanced.group_user")
        cls.boss = cls.make_user("boss.escalation", "dunning_advanced.group_manager")
        cls.company.dunning_user_id = cls.dunner
        cls.agency = cls.make_debtor("Fair Collections", street="Court Road 1", city="Leeds")
        cls.terms = {level.pay_within for level in cls.policy.level_ids}

    def setUp(self):
        super().setUp()
        self.clock = freeze_time(datetime.combine(DAY, datetime.min.time()))
        self.now = self.clock.start()
        self.addCleanup(self.clock.stop)

    def at(self, days):
        """Noon of a day after DAY."""
        day = DAY + timedelta(days=days)
        self.now.move_to(datetime.combine(day, datetime.min.time()) + timedelta(hours=12))
        return day

    def exhaust(self, *invoices):
        """Set invoices to the last level, whose term passed a month ago."""
        items = self.items(*invoices)
        day = DAY - timedelta(days=30)
        lines = self.env["dunning.line"].with_company(self.company)
        lines._set_level(items, self.last, day, "sent before we had Odoo")
        return items

    def items(self, *invoices):
        """The receivable items of invoices."""
        lines = self.env["account.move"].union(*invoices).line_ids
        return lines.filtered(lambda line: line.account_id.account_type == "asset_receivable")

    def open_case(self, debtor=None):
        """The open case of a customer, as a run opens it."""
        self.run_at()
        return self.env["dunning.case"].search(
            [("partner_id", "=", (debtor or self.debtor).id), ("state", "=", "open")]
        )

    def handover(self, *invoices, user=None, **values):
        """A draft over these invoices, or over what is suggested."""
        given = {"item_ids": [Command.set(self.items(*invoices).ids)]} if invoices else {}
        return (
            self.env["dunning.handover"]
            .with_user(user or self.dunner)
            .create({"partner_id": self.debtor.id, "agency_id": self.agency.id, **given, **values})
        )

    def answer(self, action, **values):
        """Fill in the dialog that asks for a reason."""
        wizard = self.env[action["res_model"]].with_user(self.env.user)
        wizard = wizard.with_context(**action["context"]).create(values)
        return wizard.action_apply()

    def night(self, *names):
        nights.work(self, *names)

    def fresh(self, record, user):
        """The record as a user finds it in a request of its own."""
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(user)
