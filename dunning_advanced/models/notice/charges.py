from decimal import Decimal
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.waiting import Reminder, costs_from


class ChargesExceedDebtError(UserError):
    """The costs of a reminder are more than what it asks for; a person decides."""


class Estimate(NamedTuple):
    """What a reminder would cost if it went out on its date."""

    charges: models.BaseModel  # dunning.charge, not stored
    tax: float
    before: float  # charges of earlier reminders
    total: float  # to pay


class DunningNotice(models.Model):
    """What a reminder costs."""

    _inherit = "dunning.notice"

    @api.depends("charge_ids.amount", "charge_ids.amount_tax", "charge_ids.state")
    def _compute_amount_charges(self):
        for notice in self:
            counted = notice.charge_ids.filtered(lambda charge: charge.state == "open")
            notice.amount_charges = sum(counted.mapped("amount"))
            notice.amount_charge_tax = sum(counted.mapped("amount_tax"))

    @api.depends("amount_total", "amount_charges", "amount_charge_tax", "amount_charges_before")
    def _compute_amount_due(self):
        for notice in self:
            notice.amount_due = (
                notice.amount_total
                + notice.amount_charges
                + notice.amount_charge_tax
                + notice.amount_charges_before
            )

    @api.depends("amount_due", "state", "level_id", "line_ids.state", "charge_decision", "date")
    def _compute_amount_asked(self):
        costly = self._origin.filtered("has_charges")
        waiting = costly.filtered(lambda notice: notice.state in ("proposed", "confirmed"))
        estimates = waiting._try_estimates()
        for notice in self:
            estimate = estimates.get(notice._origin)
            notice.amount_asked = estimate.total if estimate else notice.amount_due

    @api.depends("level_id", "line_ids.state", "charge_decision", "date")
    def _compute_charge_estimate(self):
        for notice in self:
            values = notice._origin and notice._frame_values()
            notice.charge_estimate = values and self.env["ir.qweb"]._render(
                "dunning_advanced.charge_estimate", values, lang=self.env.lang
            )

    # Business

    def _charge(self, date):
        """Write what these reminders cost. Where no level costs anything, nothing is asked.

        :param date: date of the reminders
        :raises UserError: when something is missing, or the costs exceed the debt
        """
        costly = self.filtered("has_charges")
        if not costly:
            return
        found = self.env["dunning.charging"]._compute_charges(costly, date)
        for notice in costly:
            notice._check_debt(found.get(notice.id, []))
        rows = [row for notice in costly for row in notice._decided(found.get(notice.id, []))]
        charges = self.env["dunning.charge"].sudo().create(rows)
        for charge in charges:
            charge.amount_tax = charge._tax_estimate()
        for notice, before in costly._charges_before().items():
            notice.amount_charges_before = before

    def _decided(self, rows):
        """The values with their worth in company currency, waived if a person said so."""
        if not rows:
            return rows
        own = self.company_id.currency_id
        worth = float(
            self.currency_id._dunning_convert(Decimal(1), own, self.company_id, rows[0]["date"])
        )
        decided = {}
        if self.charge_decision == "waive":
            waiver = self.env["dunning.charge"]._waiver(rows[0]["date"])
            decided = {"reason": self.charge_reason, **waiver}
        return [
            {
                **row,
                "amount_company": own.round(row["amount"] * worth),
                "announced": row["state"] == "named",
                **decided,
            }
            for row in rows
        ]

    def _check_debt(self, rows):
        """Ask a person before costs are more than the debt itself.

        :raises ChargesExceedDebtError: says both amounts
        """
        kinds = self.env["dunning.charge"]
        costs = sum(
            row["amount"]
            for row in rows
            if row["state"] == "open" and kinds._kind(row["kind"]).is_cost
        )
        if self.charge_decision or self.currency_id.compare_amounts(costs, self.amount_total) <= 0:
            return
        raise ChargesExceedDebtError(
            self.env._(
                "The costs of this reminder (%(costs)s) are more than the debt (%(debt)s). "
                "Choose “Charge anyway” or “Waive charges”.",
                costs=self.currency_id.format(costs),
                debt=self.currency_id.format(self.amount_total),
            )
        )

    def _charges_before(self):
        """What earlier reminders asked for the same items and nobody booked.

        :return: dict of notice to amount, with tax
        """
        charges = (
            self.env["dunning.charge"]
            .sudo()
            .search(
                Domain("move_line_id", "in", self.line_ids.move_line_id.ids)
                & Domain("notice_id", "not in", self.ids)
                & Domain("state", "=", "open")
                & (
                    Domain("notice_id.charge_move_id", "=", False)
                    | Domain("notice_id.charge_move_id.state", "=", "draft")
                )
            )
        )
        return {
            notice: sum(
                charge.amount + charge.amount_tax
                for charge in charges
                if charge.move_line_id in notice.line_ids.move_line_id
            )
            for notice in self
        }

    def _estimates(self):
        """What reminders that wait would cost.

        :return: dict of dunning.notice to Estimate
        :raises UserError: when something is missing
        """
        estimates = {}
        for (_company, date), notices in self.grouped(lambda n: (n.company_id, n.date)).items():
            found = self.env["dunning.charging"]._compute_charges(notices, date)
            before = notices._charges_before()
            for notice in notices:
                estimates[notice] = notice._estimate(found.get(notice.id, []), before[notice])
        return estimates

    def _estimate(self, rows, before):
        charges = self.env["dunning.charge"]
        for row in [] if self.charge_decision == "waive" else rows:
            charges |= charges.new(row)
        own = charges.filtered(lambda charge: charge.state == "open")
        tax = own._tax_estimate()
        total = self.amount_total + sum(own.mapped("amount")) + tax + before
        return Estimate(charges.filtered("amount"), tax, before, total)

    def _try_estimates(self):
        """Like :meth:`_estimates`, without those for which something is missing."""
        try:
            return self._estimates()
        except UserError:
            if len(self) == 1:
                return {}
            return {
                notice: estimate
                for one in self
                for notice, estimate in one._try_estimates().items()
            }

    def _explain(self, error):
        self.charge_question = isinstance(error, ChargesExceedDebtError)
        return super()._explain(error)

    def _waive_coming(self, reason):
        """Issue these reminders without charges.

        :param reason: text, kept with the charges
        """
        self._check_in_review()
        notices = self._by_button()
        notices.write(
            {"charge_decision": "waive", "charge_reason": reason, "charge_question": False}
        )
        notices.filtered(lambda n: n.state == "confirmed" and n.error).action_retry()

    # Charges as letter, e-mail and screen show them.

    def _charge_values(self):
        """The charges as they are shown, in the language of the context.

        :return: None where the reminder costs nothing, else a dict with ``rows`` (label,
            why, amount), ``interest`` (item and the columns of a period), ``named``
            (as rows: owed after ``named_until``), ``tax``, ``before``, ``owed``
            (whether anything is), ``total`` and ``problem`` (a text)
        """
        self.ensure_one()
        if not self.has_charges:
            return None
        if self.state in ("proposed", "confirmed"):
            return self._estimated_charges()
        charges = self.charge_ids.filtered(lambda charge: charge.amount)
        return self._shown(
            charges, self.amount_charge_tax, self.amount_charges_before, self.amount_due
        )

    def _estimated_charges(self):
        try:
            estimate = self._estimates()[self]
        except UserError as error:
            return {"problem": str(error), "owed": False}
        return self._shown(*estimate)

    def _shown(self, charges, tax, before, total):
        """See :meth:`_charge_values`."""
        owed = charges.filtered(lambda charge: charge.state == "open")
        named = charges.filtered(lambda charge: charge.state == "named")
        if not (owed or named or before):
            return None
        return {
            "rows": owed._summed(),
            "interest": [
                {"item": charge.item_name, **row}
                for charge in owed
                for row in charge._segment_rows()
            ],
            "named": named._summed(),
            "named_until": named and self._named_until(),
            "tax": tax,
            "before": before,
            "owed": bool(owed or before),
            "total": total,
            "problem": False,
        }

    def _named_until(self):
        """The last day on which paying keeps off the costs that are named in advance."""
        partner, company = self.partner_id, self.company_id
        sent = Reminder(self.date, by_post=self.is_paper)
        rule, holidays = partner._dunning_protection(company), partner._dunning_holidays(company)
        first = costs_from(rule, sent, holidays)
        return fields.Date.subtract(first, days=1)
