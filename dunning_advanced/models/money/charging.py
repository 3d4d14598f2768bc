from dataclasses import dataclass, field, replace
from datetime import date as Date

from odoo import api, models

from ...tools import waiting
from ...tools.fees import be_consumer_cap, nl_wik

# The most that all costs of one debt may come to, in EUR.
CAPS = {("BE", waiting.CONSUMER): be_consumer_cap, ("NL", waiting.CONSUMER): nl_wik}


@dataclass(frozen=True)
class Facts:
    """What is known of the items, see the methods of the same names."""

    date: Date
    past: dict
    booked: set
    reminders: dict
    payments: dict
    pauses: dict
    frozen: dict
    laws: dict = field(default_factory=dict)  # interest rules that were looked up


class DunningCharging(models.AbstractModel):
    """Says what reminders cost: which fees, fixed sums and interest, and why."""

    _name = "dunning.charging"
    _description = "Dunning Charges: Computation"

    @api.model
    def _compute_charges(self, notices, date):
        """What these reminders cost if they go out on a day. Writes nothing.

        :param notices: dunning.notice; the number of queries hardly depends on their items
        :param date: date of the reminders
        :return: dict of notice id to a list of values of dunning.charge
        :raises UserError: when something that the law or the books need is missing
        """
        notices = notices.filtered("level_id.has_charges")
        lines = notices.line_ids.filtered(
            lambda line: line.state in ("proposed", "issued") and line.rung > 0
        )
        if not lines:
            return {}
        facts = self._facts(lines, date)
        return {
            notice.id: self.with_context(lang=notice.lang)._of_notice(
                notice.with_context(lang=notice.lang), notice.line_ids & lines, facts
            )
            for notice in notices
        }

    @api.model
    def _facts(self, lines, date):
        with_interest = lines.filtered("level_id.charge_interest")
        holds = self.env["dunning.hold"].sudo()
        return Facts(
            date=date,
            past=self._past_charges(lines),
            booked=self._booked_moves(lines),
            reminders=self._reminders(lines),
            payments=self._payments(with_interest),
            pauses=holds._frozen_periods(with_interest.move_line_id, date),
            frozen=holds._frozen_parts(with_interest.move_line_id, date),
        )

    @api.model
    def _of_notice(self, notice, lines, facts):
        if not notice.policy_id.charge_on_charges:
            lines = lines.filtered(lambda line: line.move_line_id.move_id.id not in facts.booked)
        costs = self._costs(notice, lines, facts)
        interest = [
            row
            for line in lines.filtered("level_id.charge_interest")
            for row in self._interest(notice, line, facts)
        ]
        return [*self._capped(notice, lines, costs, facts), *interest]

    @api.model
    def _rule(self, notice):
        """What protects the customer of a reminder."""
        law = notice.partner_id._dunning_law(notice.company_id)
        return waiting.protection(law.code, notice.partner_id._dunning_party())

    @api.model
    def _holidays(self, notice):
        """The days on which the post brings no reminder to this customer."""
        return notice.partner_id._dunning_holidays(notice.company_id)

    # Fees and fixed sums

    @api.model
    def _costs(self, notice, lines, facts):
        rows = []
        for level, own in lines.grouped("level_id").items():
            for fee in level.fee_ids:
                # What is asked once for a letter follows the level of the letter.
                if fee.per_item or level == notice.level_id:
                    rows += self._fee(notice, level, fee, own, facts)
        if self._rule(notice).announced:
            rows += self._named_ahead(notice, lines, rows, facts)
        return rows

    @api.model
    def _named_ahead(self, notice, lines, rows, facts):
        """What the next level will cost, for customers who must be told before."""
        level = notice.level_id._next()
        told = {row["fee_id"] for row in rows}
        return [
            dict(row, state="named")
            for fee in level.fee_ids.filtered(lambda fee: fee.id not in told)
            for row in self._shares(notice, level, fee, self._unnamed(fee, lines, facts), facts)
        ]

    @api.model
    def _fee(self, notice, level, fee, lines, facts):
        """Values for one fee: charged where it may be, else named where that is the law."""
        rule = self._rule(notice)
        fresh = lines.filtered(lambda line: not self._had(fee, level, line, facts))
        ripe = fresh.filtered(lambda line: self._may_charge(rule, fee, line, facts))
        rows = self._shares(notice, level, fee, ripe, facts)
        if rule.announced:
            rows = [self._limited(row, fee, facts) for row in rows]
            unnamed = self._unnamed(fee, fresh - ripe, facts)
            rows += [
                dict(row, state="named") for row in self._shares(notice, level, fee, unnamed, facts)
            ]
        return rows

    @api.model
    def _had(self, fee, level, line, facts):
        """Whether the item has had the fee, be it waived: at this level, a fixed sum ever."""
        return any(
            charge.fee_id == fee
            and charge.state in ("open", "waived")
            and (charge.kind == "fixed" or charge.level_id == level)
            for charge in facts.past.get(line.move_line_id.id, [])
        )

    @api.model
    def _named(self, fee, line, facts):
        return [
            charge
            for charge in facts.past.get(line.move_line_id.id, [])
            if charge.fee_id == fee and charge.state == "named"
        ]

    @api.model
    def _unnamed(self, fee, lines, facts):
        return lines.filtered(lambda line: not self._named(fee, line, facts))

    @api.model
    def _limited(self, row, fee, facts):
        """No more than what the customer was told before."""
        named = [
            charge.amount
            for charge in facts.past.get(row["move_line_id"], [])
            if charge.fee_id == fee and charge.state == "named"
        ]
        return dict(row, amount=min(row["amount"], max(named)))

    @api.model
    def _may_charge(self, rule, fee, line, facts):
        named = {charge.notice_id.id for charge in self._named(fee, line, facts)}
        reminders = [
            replace(reminder, named=notice in named)
            for notice, reminder in facts.reminders.get(line.move_line_id.id, [])
        ]
        first = waiting.fee_from(
            rule, line.date_maturity, reminders, self._holidays(line.notice_id)
        )
        charged = {
            charge.date
            for charge in facts.past.get(line.move_line_id.id, [])
            if charge.kind == "fee" and charge.state == "open"
        }
        return (
            first is not None
            and first <= facts.date
            and waiting.may_repeat(rule, charged, facts.date)
        )

    @api.model
    def _shares(self, notice, level, fee, lines, facts):
        """Values for a fee of these items: each its own, or each its part of a common
        one, so that no item can have it twice.
        """
        if not lines:
            return []
        groups = lines if fee.per_item else [lines]
        return [row for group in groups for row in self._split(notice, level, fee, group, facts)]

    @api.model
    def _split(self, notice, level, fee, lines, facts):
        """One fee, each item with the part that its amount has in all of them."""
        principal = sum(lines.mapped("amount_net"))
        fee = fee.with_context(lang=notice.lang)
        amount, formula = fee._for_notice(
            notice, principal, facts.date, lambda: self._law(notice, facts)
        )
        rows, exact, given = [], 0.0, 0.0
        for line in lines if amount else ():
            exact += amount * line.amount_net / principal
            share = notice.currency_id.round(notice.currency_id.round(exact) - given)
            given += share
            rows.append(
                {
                    **self._base(notice, line, level, facts),
                    "kind": "fixed" if fee._is_once() else "fee",
                    "fee_id": fee.id,
                    "name": fee.name,
                    "principal": principal,
                    "amount": share,
                    "formula": formula,
                }
            )
        return rows

    @api.model
    def _base(self, notice, line, level, facts):
        return {
            "notice_id": notice.id,
            "company_id": notice.company_id.id,
            "partner_id": notice.partner_id.id,
            "currency_id": notice.currency_id.id,
            "move_line_id": line.move_line_id.id,
            "item_name": line.name,
            "level_id": level.id,
            "date": facts.date,
            "state": "open",
        }

    # The most that all costs may come to

    @api.model
    def _capped(self, notice, lines, rows, facts):
        """Lower the costs to what the law allows in all."""
        room = self._room(notice, lines, facts) if rows else None
        if room is None:
            return rows
        left, kept = room, []
        for row in rows:
            amount = max(0.0, min(row["amount"], left))
            if row["state"] == "open":
                left -= amount
            if amount < row["amount"]:
                most = self.env._("limited by law: %s", self._rule(notice).citation)
                row = dict(row, amount=amount, formula=f"{row['formula']} ({most})")
            kept.append(row)
        return kept

    @api.model
    def _room(self, notice, lines, facts):
        """How much the costs of a reminder may come to, or None without a limit."""
        rule, room = self._rule(notice), []
        limit = rule.limits.get(notice.currency_id.name)
        if limit is not None:
            room.append(float(limit))
        law = notice.partner_id._dunning_law(notice.company_id).code
        cap = CAPS.get((law, notice.partner_id._dunning_party()))
        if cap:
            before = sum(
                charge.amount
                for line in lines
                for charge in facts.past.get(line.move_line_id.id, [])
                if charge.kind != "interest" and charge.state == "open"
            )
            most = self.env["dunning.fee"]._in_euros(cap, notice, sum(lines.mapped("amount_net")))
            room.append(most - before)
        return min(room) if room else None
