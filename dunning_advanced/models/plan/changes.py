from markupsafe import Markup

from odoo import Command, fields, models
from odoo.exceptions import UserError

from ...tools import installments
from ...tools.rounding import decimal, round_money, shares


class DunningPaymentPlan(models.Model):
    """What happens to a plan while it runs: it fails, is replaced, gets new invoices or
    loses some.
    """

    _inherit = "dunning.payment.plan"

    def _extend(self, date):
        """Wait for the arrears until a day.

        :raises UserError: when there is nothing to wait for
        """
        self._check_state("running")
        if not self.date_arrears:
            raise UserError(self.env._("Payment plan %s is not in arrears.", self.name))
        self.write({"date_cure": date, "date_proposed": False})
        self._answered("mail_activity_plan")
        self._message_log(
            body=self.env._("More time to make up for the arrears: %s", self._format_day(date))
        )

    def _amend(self, items, date, append=0):
        """Add open invoices to a running plan.

        :param items: account.move.line
        :param date: day of the amendment
        :param append: so many installments at the end take the sum; 0: those that are still
            to come are raised evenly
        :raises UserError: when an item cannot be in the plan, a manager has to approve
            it, or nothing is left to raise
        """
        self.ensure_one()
        self._check_state("running")
        self._check_covered(items)
        before = self._schedule_text()
        extra = sum(items.mapped("amount_residual_currency"))
        plan = self._by_button()
        plan.env["dunning.payment.plan.item"].create(
            [{"plan_id": plan.id, "move_line_id": item.id, "date_joined": date} for item in items]
        )
        plan._raise(extra, date, append)
        passed = plan._passed()
        if passed and not plan._may_approve():
            raise UserError(
                self.env._(
                    "%(limits)s\nAsk a dunning manager to add these invoices.",
                    limits="\n".join(passed),
                )
            )
        plan.write({"version": plan.version + 1, "amount_items": plan.amount_items + extra})
        plan._hold_on(date)
        plan._log_change(before, ", ".join(items.move_id.mapped("name")), date)
        plan._update_state(date)

    def _raise(self, extra, date, append):
        unit = self.currency_id._dunning_unit()
        extra = round_money(decimal(extra), unit)
        rows = self.installment_ids.sorted("date")
        if append:
            last = rows[-1].sequence
            self.installment_ids = [
                Command.create(
                    {
                        "sequence": last + number,
                        "date": installments.due(
                            self.date_first, self.frequency, last + number - 1
                        ),
                        "amount": float(amount),
                    }
                )
                for number, amount in enumerate(shares(extra, [1] * append, unit), start=1)
            ]
            return
        coming = rows.filtered(lambda row: row.date >= date and row.amount_open > 0)
        if not coming:
            raise UserError(
                self.env._("No installment is to come that could be raised: append some.")
            )
        for row, more in zip(coming, shares(extra, [1] * len(coming), unit), strict=True):
            row.amount = float(decimal(row.amount) + more)

    def _schedule_text(self):
        return ", ".join(
            f"{self._format_day(row.date)} {self.currency_id.format(row.amount)}"
            for row in self.installment_ids.sorted("date")
        )

    def _log_change(self, before, invoices, date):
        self._message_log(
            body=Markup("<br/>").join(
                [
                    self.env._(
                        "Version %(version)s, with %(invoices)s.",
                        version=self.version,
                        invoices=invoices,
                    ),
                    self.env._("Before: %s", before),
                    self.env._("Now: %s", self._schedule_text()),
                ]
            )
        )
        self._send_schedule(date)

    # Invoices that leave

    def _release(self, items, date, why):
        """Let items go that are no longer what was agreed: reset to draft, cancelled.

        What came in for them stays with the plan, what was open on them shortens it from
        its end.

        :param items: account.move.line, still posted
        :param why: text
        """
        for plan in self.filtered(lambda plan: plan._has_items()):
            plan._release_own(plan.line_ids.filtered(lambda line: line.move_line_id in items), date)
            names = ", ".join(items.move_id.mapped("name"))
            plan._message_log(body=f"{names}: {why}")
            plan._schedule_for_responsible(
                "mail_activity_plan",
                date,
                lambda plan, names=names: plan.env._(
                    "%(invoices)s left plan %(plan)s: notify the customer, or add it again",
                    invoices=names,
                    plan=plan.name,
                ),
            )
            if plan._items():
                plan.hold_id.sudo().item_ids = plan._held_items()
            plan._after_release(date)

    def _release_own(self, lines, date):
        facts = {fact["line"]: fact for fact in self._facts()[self.id]}
        for line in lines:
            fact = facts[line.id]
            left = line.amount - fact["taken"]
            parts = [*fact["parts"], [fields.Date.to_string(date), left, True]]
            settled = {"taken": line.amount, "parts": parts}
            line.write({"released": True, "settled": settled})

    def _after_release(self, date):
        if self.state == "running":
            self._update_state(date)
        elif self._items():
            self._plan_installments()
            self.action_draft()
        else:
            self._end("cancelled", date, self.env._("Nothing is left to pay."))

    # Charges

    def _charges(self):
        """Charges of the reminders of these items that still count."""
        return (
            self.env["dunning.charge"]
            .sudo()
            .search(
                [
                    ("move_line_id", "in", self.line_ids.move_line_id.ids),
                    ("state", "in", ("open", "named")),
                ]
            )
        )

    def _charge_items(self):
        """Open items that book charges of the reminders of these items."""
        moves = self._charges().charge_move_id
        return self._receivables(moves).filtered(
            lambda item: (
                item.parent_state == "posted"
                and item.amount_residual_currency > 0
                and item.currency_id == self.currency_id
            )
        )

    def _waive_charges(self, date):
        """Let the customer off the charges, as agreed. What is paid already stays paid."""
        charges = self._charges().filtered(
            lambda charge: (
                charge.charge_move_id.payment_state not in ("paid", "in_payment", "partial")
            )
        )
        if charges:
            charges._waive(self.env._("Payment plan %s was kept", self.name), date)
