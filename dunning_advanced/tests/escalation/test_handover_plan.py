from odoo import Command
from odoo.exceptions import UserError

from ..plan.common import PlanCase


class TestHandoverPlan(PlanCase):
    """A payment plan comes before every step after the last level."""

    def test_what_is_in_a_plan_is_neither_handed_over_nor_written_off(self):
        invoice = self.invoice(90, 300)
        plan = self.running(invoice)
        given = {
            "partner_id": self.debtor.id,
            "item_ids": [Command.set(self.items(invoice).ids)],
        }
        agency = self.make_debtor("Fair Collections")
        handovers = self.env["dunning.handover"].with_user(self.manager)
        handover = handovers.create({**given, "agency_id": agency.id})
        with self.assertRaisesRegex(UserError, "Azure Interior is on hold: Payment plan"):
            handover.action_hand_over_early()
        with self.assertRaisesRegex(UserError, "Azure Interior is on hold: Payment plan"):
            self.env["dunning.writeoff"].create({**given, "reason": "Struck off"})
        rows = list(handover._plan_rows())
        self.assertEqual([row[4].value for row in rows], [100, 100, 100])
        self.assertEqual({row[0] for row in rows}, {plan.name})
        plan.hold_id.sudo()._lift("defaulted", self.today())
        handover.action_hand_over_early()
        self.assertEqual(handover.state, "handed")

    def test_what_is_handed_over_gets_no_plan(self):
        invoice = self.invoice(90, 300)
        handover = (
            self.env["dunning.handover"]
            .with_user(self.manager)
            .create(
                {
                    "partner_id": self.debtor.id,
                    "item_ids": [Command.set(self.items(invoice).ids)],
                    "agency_id": self.make_debtor("Fair Collections").id,
                }
            )
        )
        plan = self.plan(invoice)
        handover.action_hand_over_early()
        with self.assertRaisesRegex(UserError, "is handed over"):
            plan.action_offer()
        with self.assertRaisesRegex(UserError, "is handed over"):
            self.plan(invoice).action_offer()
