from odoo import Command, fields, models


class DunningPaymentPlan(models.Model):
    """The hold of a plan: dunning of its items waits while it is kept."""

    _inherit = "dunning.payment.plan"

    def _take_over(self, date):
        """The plan that this one refinances ends before its items are covered anew."""
        old = self.replaces_id
        if old:
            old._end("replaced", date, self.env._("Replaced by %s", self._get_html_link()))
            self.env.flush_all()

    def _hold_on(self, date):
        """The hold of a running plan has no last day, but one of review: nothing is held
        unseen.
        """
        hold = self.hold_id.sudo()
        last = fields.Date.add(
            self.date_last,
            days=self.company_id.dunning_plan_tolerance + self.company_id.dunning_plan_cure + 1,
        )
        most = fields.Date.add(hold.date_from, days=hold.reason_id.maximum_days)
        hold.write(
            {
                "date_to": False,
                "date_review": min(last, most),
                "item_ids": [Command.set(self._held_items().ids)],
            }
        )

    def _lift(self, why, date):
        self.hold_id.filtered("active").sudo()._lift(why, date)

    def _hold(self, date):
        """Dunning of the items waits until the offer ends."""
        reason = self.env.ref("dunning_advanced.hold_reason_plan")
        self.hold_id = self.env["dunning.hold"].create(
            {
                "reason_id": reason.id,
                "name": self.name,
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "user_id": self.user_id.id,
                "item_ids": [Command.set(self._held_items().ids)],
                "date_from": date,
                "date_to": self.date_valid,
                "date_review": False,
                "freezes_charges": self.interest != "running",
            }
        )

    def _held_items(self):
        """What is quiet while the plan runs: its items, and booked charges of their
        reminders that it will waive.
        """
        items = self._items()
        if self.fees == "waive":
            items |= self._charge_items()
        return items
