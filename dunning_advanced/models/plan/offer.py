from odoo import Command, fields, models
from odoo.exceptions import UserError


class DunningPaymentPlan(models.Model):
    """Approval of a plan, and its offer to the customer."""

    _inherit = "dunning.payment.plan"

    def action_offer(self):
        """Send the plans to their customers.

        :raises UserError: when something is wrong, or a manager has to approve it
        """
        today = fields.Date.context_today(self)
        for plan in self:
            plan._check_state("draft", "to_approve")
            plan._refresh()
            plan._check_ready(today)
            passed = plan._passed()
            if passed and not plan._may_approve():
                raise UserError(
                    self.env._(
                        "%(limits)s\nOr ask a dunning manager: “Ask for approval”.",
                        limits="\n".join(passed),
                    )
                )
            if passed:
                plan._approve("\n".join(passed), today)
            plan._offer(today)

    def action_ask_approval(self):
        """Put the plans before a dunning manager."""
        today = fields.Date.context_today(self)
        for plan in self:
            plan._check_state("draft")
            plan._refresh()
            plan._check_ready(today)
            plan.write({"state": "to_approve", "approval_reason": "\n".join(plan._passed())})
            plan._ask_manager(today)

    def _ask_manager(self, date):
        managers = self.env["dunning.hold"]._a_manager(self.company_id)
        self.activity_schedule(
            "dunning_advanced.mail_activity_plan_approve",
            date,
            summary=self.env._("Approve the payment plan of %s", self.partner_id.name),
            note=self.approval_reason,
            user_id=managers.id or self.env.uid,
        )

    def _approve(self, reason, date):
        self.write(
            {"approval_reason": reason, "approved_by_id": self.env.uid, "date_approved": date}
        )
        self._message_log(body=self.env._("Approved: %s", reason))
        self.activity_feedback(["dunning_advanced.mail_activity_plan_approve"])

    def _offer(self, date):
        """The document goes out; dunning waits for the answer.

        :param date: day of the offer
        """
        self.ensure_one()
        valid = fields.Date.add(date, days=self.company_id.dunning_plan_valid)
        first = self.installment_ids.sorted("date")[:1].date
        self.write(
            {
                "state": "offered",
                "date_offered": date,
                "date_valid": self.date_valid or max(date, min(valid, first)),
            }
        )
        self._hold(date)
        self._tell_case(self.env._("Payment plan offered: %s", self._get_html_link()))
        self._send_offer(date)

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

    def action_draft(self):
        """Take plans back that do not run, to change them."""
        self._check_state("offered", "to_approve", "cancelled")
        self._lift(self.env._("Taken back"), fields.Date.context_today(self))
        self.activity_unlink(["dunning_advanced.mail_activity_plan_approve"])
        self.write(
            {
                "state": "draft",
                "date_offered": False,
                "date_valid": False,
                "decline_reason": False,
            }
        )
