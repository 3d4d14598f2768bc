from odoo import fields, models
from odoo.exceptions import UserError

from ...tools.waiting import Reminder, costs_from


class DunningNotice(models.Model):
    """Charges as letter, e-mail and screen show them."""

    _inherit = "dunning.notice"

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
        charges = self.env["dunning.charge"]
        try:
            rows = self.env["dunning.charging"]._compute_charges(self, self.date).get(self.id, [])
            if self.charge_decision == "waive":
                rows = []
            for row in rows:
                charges |= charges.new(row)
            before = self._charges_before()[self]
            own = charges.filtered(lambda charge: charge.state == "open")
            tax = own._tax_estimate()
        except UserError as error:
            return {"problem": str(error), "owed": False}
        total = self.amount_total + sum(own.mapped("amount")) + tax + before
        return self._shown(charges.filtered("amount"), tax, before, total)

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
        charging = self.env["dunning.charging"]
        sent = Reminder(self.date, by_post=self.channel == "letter")
        first = costs_from(charging._rule(self), sent, charging._holidays(self))
        return fields.Date.subtract(first, days=1)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _dunning_shown_charges(self):
        """The charges that the customer sees on the page of this invoice: those that
        were raised for it, and those that it books.

        Read as superuser: the page has checked who may see the invoice.

        :return: dunning.charge that count, or were named in advance
        """
        self.ensure_one()
        return (
            self.env["dunning.charge"]
            .sudo()
            .search(
                [
                    ("state", "in", ("open", "named")),
                    ("amount", "!=", 0),
                    "|",
                    ("move_line_id", "in", self.line_ids.ids),
                    ("notice_id.charge_move_id", "=", self.id),
                ],
                order="date, id",
            )
        )
