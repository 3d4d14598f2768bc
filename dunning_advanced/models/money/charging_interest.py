from datetime import timedelta

from odoo import api, fields, models

from ...tools import waiting
from ...tools.rounding import decimal

DAY = timedelta(days=1)


class DunningCharging(models.AbstractModel):
    """Interest on the items of a reminder."""

    _inherit = "dunning.charging"

    @api.model
    def _interest(self, notice, line, facts):
        """Values for the interest of an item since it was last charged."""
        reminders = [one for _notice, one in facts.reminders.get(line.move_line_id.id, [])]
        start, first = waiting.interest_start(
            self._rule(notice), line.date_maturity, reminders, self._holidays(notice)
        )
        past = facts.past.get(line.move_line_id.id, [])
        until = [charge.date_until for charge in past if charge.kind == "interest"]
        if start is None or facts.date < max(first, start + DAY, *(day + DAY for day in until)):
            return []
        law = self._law(notice, facts)
        if law.rate_kind == "contract" and not law.rate:
            return []  # nothing was agreed, so nothing is owed
        begin = max([start, *until])
        result = self._interest_until(law, notice, line, start, begin, facts)
        if result.interest <= 0:
            return []
        return [
            {
                **self._base(notice, line, line.level_id, facts),
                "kind": "interest",
                "name": self.env._("Interest on %s", line.name),
                "principal": self._bearing(line, facts),
                "amount": float(result.interest),
                "date_from": begin + DAY,
                "date_until": facts.date,
                "days": sum(row.days for row in result.segments),
                "segments": [self._segment(row) for row in result.segments],
                "formula": law.citation or law.name,
            }
        ]

    @api.model
    def _law(self, notice, facts):
        """The interest rule for a customer, looked up once for all like it.

        :raises UserError: when there is none
        """
        country = notice.partner_id._dunning_law(notice.company_id)
        business = notice.partner_id._dunning_party() == waiting.BUSINESS
        key = country, business, notice.company_id
        if key not in facts.laws:
            rules = self.env["dunning.interest.rule"].sudo()
            facts.laws[key] = rules._get(*key)
        return facts.laws[key].with_context(lang=notice.lang)

    @api.model
    def _interest_until(self, law, notice, line, start, begin, facts):
        """Interest of an item up to the day, without what was charged before.

        What came in on the way lowered the debt on its day; unallocated credits
        count from the beginning. Days on which a hold froze interest bear none; where it
        froze an amount, that amount bears none.

        :return: :class:`tools.interest.Statement`
        """
        payments = [
            (day, decimal(amount)) for day, amount in facts.payments.get(line.move_line_id.id, [])
        ]
        owed = decimal(line.amount_net) + decimal(line.amount_held)
        principal = owed + sum(amount for _day, amount in payments)
        return law._statement(
            law._terms(notice.currency_id),
            principal,
            start,
            facts.date,
            payments,
            since=begin,
            pauses=facts.pauses.get(line.move_line_id.id, ()),
            frozen=[
                (first, last, decimal(amount))
                for first, last, amount in facts.frozen.get(line.move_line_id.id, ())
            ],
        )

    @api.model
    def _bearing(self, line, facts):
        """What is open of an item and bears interest on the day: what is disputed too,
        unless its hold freezes charges.
        """
        parts = facts.frozen.get(line.move_line_id.id, ())
        frozen = sum(amount for first, last, amount in parts if first <= facts.date <= last)
        return line.amount_net + max(0, line.amount_held - frozen)

    @api.model
    def _segment(self, row):
        return {
            "from": fields.Date.to_string(row.date_from),
            "until": fields.Date.to_string(row.date_to),
            "days": row.days,
            "rate": str(row.rate),
            "base": str(row.base),
            "amount": str(row.amount),
        }
