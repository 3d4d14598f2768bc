from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from .plan import LIVE
from .terms import TERMS


class DunningPaymentPlan(models.Model):
    """A draft, a plan that was accepted and runs, and its end."""

    _inherit = "dunning.payment.plan"

    def write(self, vals):
        result = super().write(vals)
        if {*TERMS, "line_ids"} & vals.keys() and not self.env.context.get("dunning_plan_changes"):
            self._check_state("draft")
            for plan in self:
                plan._plan_installments()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_live(self):
        for plan in self.filtered(lambda plan: plan.state in LIVE):
            raise UserError(
                self.env._(
                    "Payment plan %s counts for the customer: cancel it, then delete it.", plan.name
                )
            )

    def _check_state(self, *states):
        """:raises UserError: when one of the plans is in another state"""
        labels = dict(self._fields["state"]._description_selection(self.env))
        for plan in self.filtered(lambda plan: plan.state not in states):
            raise UserError(
                self.env._(
                    "Payment plan %(plan)s is “%(state)s”: this can only be done while it is "
                    "“%(wanted)s”.",
                    plan=plan.name,
                    state=labels[plan.state],
                    wanted=labels[states[0]],
                )
            )

    def _plan_installments(self):
        """The installments of a draft, made anew from its terms."""
        self.ensure_one()
        total = self._left()
        rows, _net, interest = self._split(total)
        first = 0 if self.down_payment else 1
        self.with_context(dunning_plan_changes=True).write(
            {
                "amount_items": total,
                "amount_interest": float(interest),
                "installment_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "sequence": first + position,
                                "date": row.date,
                                "amount": float(row.amount),
                            }
                        )
                        for position, row in enumerate(rows)
                    ),
                ],
            }
        )

    def _refresh(self):
        """Reckon a plan again whose items were paid in part since it was made."""
        if self.currency_id.compare_amounts(self.amount_items, self._left()):
            self.line_ids._compute_facts()
            self._plan_installments()

    # Acceptance

    def action_accept(self):
        """Ask who accepted the plan, and how."""
        self.ensure_one()
        self._check_state("offered")
        return self.env["dunning.plan.accept"]._ask(self)

    def _accept(self, name, date, signature=None, channel="portal", signed_on=None):
        """The customer agreed: from now on the plan runs.

        :param name: who agreed for the customer
        :param date: day of the agreement
        :param signature: image in base64, where it was signed on the customer's page
        :param channel: how; a key of the field ``accepted_channel``
        :param signed_on: UTC datetime of the signature
        :raises UserError: when the plan is not offered, the offer is over, or an item
            is settled or disputed by now
        """
        self.ensure_one()
        self._check_acceptable(name, date)
        self._take_over(date)
        self.write(
            {
                "state": "running",
                "date_start": date,
                "accepted_channel": channel,
                "signed_by": name,
                "signature": signature,
                "signed_on": signed_on,
            }
        )
        self._promises(self._items())._end("cancelled", date)
        if self.amount_interest:
            self._book_fixed_interest(date)
        self._hold_on(date)
        self._message_log(
            body=self.env._("Accepted by %(name)s on %(date)s", name=name, date=self._say_day(date))
        )
        self._tell_case(self.env._("Payment plan runs: %s", self._get_html_link()))
        self._send_agreement(date)
        self._judge(date)

    def _check_acceptable(self, name, date):
        self._check_state("offered")
        if not (name or "").strip():
            raise UserError(self.env._("Who accepted the plan? Enter the name."))
        if date > self.date_valid:
            raise UserError(
                self.env._(
                    "The offer of plan %(plan)s was valid until %(date)s: take it back and offer "
                    "it again.",
                    plan=self.name,
                    date=self._say_day(self.date_valid),
                )
            )
        # paid in the meantime is no reason not to agree
        items = self._items()
        for item in items.filtered(lambda item: not self._is_theirs(item)):
            raise UserError(self._say_not_theirs(item))
        self._check_undisputed(items)
        self.env["dunning.handover.item"]._check_not_handed(items)
        self._check_not_planned(items)

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

    # Ending

    def action_cancel(self):
        """Withdraw plans that were not kept up to now; dunning goes on.

        :raises UserError: when one has ended already
        """
        self._check_state("draft", "to_approve", "offered", "running")
        today = fields.Date.context_today(self)
        self._end("cancelled", today, self.env._("Cancelled"))
        self._tell_end(today)

    def _end(self, state, date, why):
        """End plans; what their hold kept quiet goes on at the step where it was.

        :param state: completed, defaulted, replaced or cancelled
        :param why: text for the chatter and the case
        """
        self._lift(why, date)
        self.activity_unlink(["dunning_advanced.mail_activity_plan_approve"])
        self._answered("mail_activity_plan")
        values = {"state": state, "date_end": date, "ended_by_id": self.env.uid}
        if state == "defaulted":
            values["date_default"] = date
        self.write(values)
        for plan in self:
            plan._message_log(body=why)
            plan._tell_case(
                self.env._("Payment plan %(plan)s: %(why)s", plan=plan._get_html_link(), why=why)
            )

    def _lift(self, why, date):
        self.hold_id.filtered("active").sudo()._lift(why, date)

    def _complete(self, date):
        """All is paid: the hold ends, the customer is thanked.

        Nothing is booked in the middle of a reconciliation: that is left to the cron.
        """
        self._end("completed", date, self.env._("All is paid."))
        self.to_book = self.fees == "waive" or self.interest == "running"
        if self.to_book:
            self.env.ref("dunning_advanced.ir_cron_plans")._trigger()
        self._thank()

    def _book_end(self):
        """What a completed plan leaves to the books: charges are waived, interest charged."""
        self.write({"to_book": False, "error": False})
        if self.fees == "waive":
            self._waive_charges(self.date_end)
        if self.interest == "running":
            self._book_running_interest(self.date_end)
