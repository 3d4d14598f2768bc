from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date as Date, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import waiting
from ...tools.fees import be_consumer_cap, nl_wik
from ...tools.rounding import decimal
from ...tools.waiting import CONSUMER, Reminder

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


DAY = timedelta(days=1)


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
        others = self._of_kinds(notice, lines, facts)
        return [*self._capped(notice, lines, costs, facts), *interest, *others]

    @api.model
    def _of_kinds(self, notice, lines, facts):
        """What kinds ask that are reckoned one by one."""
        return [
            {**self._base(notice, line, line.level_id, facts), "kind": kind.code, **values}
            for kind in self.env["dunning.charge"]._kinds()
            for line, values in kind.values(self, notice, lines, facts)
        ]

    @api.model
    def _rule(self, notice):
        """What protects the customer of a reminder."""
        law = notice.partner_id._dunning_law(notice.company_id)
        return waiting.protection(law.code, notice.partner_id._dunning_party())

    @api.model
    def _holidays(self, notice):
        """The days on which the post brings no reminder to this customer."""
        return notice.partner_id._dunning_holidays(notice.company_id)

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

    # What is known of the items of some reminders, read once for all of them.

    @api.model
    def _past_charges(self, lines):
        """What was charged, waived or named for these items before.

        :return: dict of item id to dunning.charge
        """
        found = (
            self.env["dunning.charge"]
            .sudo()
            .search(
                [
                    ("move_line_id", "in", lines.move_line_id.ids),
                    ("state", "!=", "cancelled"),
                ],
                order="date, id",
            )
        )
        return {item.id: charges for item, charges in found.grouped("move_line_id").items()}

    @api.model
    def _booked_moves(self, lines):
        """Ids of the invoices among these that book charges themselves."""
        booked = (
            self.env["dunning.notice"]
            .sudo()
            .search([("charge_move_id", "in", lines.move_line_id.move_id.ids)])
        )
        return set(booked.charge_move_id.ids)

    @api.model
    def _reminders(self, lines):
        """Reminders after the due date that reached the consumers among the customers.

        The day that counts is the one on which a delivery succeeded.

        :return: dict of item id to a list of (notice id, Reminder), oldest first
        """
        reminders = defaultdict(list)
        consumers = lines.filtered(lambda line: line.partner_id._dunning_party() == CONSUMER)
        if not consumers.move_line_id:
            return reminders
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (h.move_line_id, n.id)
                       h.move_line_id, n.id, n.date, d.date_done, COALESCE(d.channel, n.channel)
                  FROM dunning_line h
                  JOIN dunning_notice n ON n.id = h.notice_id AND n.delivered
                  LEFT JOIN dunning_delivery d ON d.notice_id = n.id AND d.state = 'done'
                 WHERE h.move_line_id IN %s AND h.state = 'issued' AND h.rung > 0
                 ORDER BY h.move_line_id, n.id, d.date_done
                """,
                tuple(consumers.move_line_id.ids),
            )
        )
        paper = self.env["dunning.channel"]._on_paper()
        for item, notice, date, done, channel in rows:
            sent = max(date, done.date()) if done else date
            reminders[item].append((notice, Reminder(sent, by_post=channel in paper)))
        for known in reminders.values():
            known.sort(key=lambda pair: pair[1].sent)
        return reminders

    @api.model
    def _payments(self, lines):
        """What came in for these items, on the day of its own entry.

        :return: dict of item id to a list of (date, amount in the currency of the
            item), oldest first
        """
        payments: dict[int, list[tuple[Date, float]]] = defaultdict(list)
        if not lines.move_line_id:
            return payments
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.debit_move_id, c.date, SUM(r.debit_amount_currency)
                  FROM account_partial_reconcile r
                  JOIN account_move_line c ON c.id = r.credit_move_id
                 WHERE r.debit_move_id IN %s AND r.debit_amount_currency <> 0
                 GROUP BY r.debit_move_id, c.date
                 ORDER BY r.debit_move_id, c.date
                """,
                tuple(lines.move_line_id.ids),
            )
        )
        for item, date, amount in rows:
            payments[item].append((date, float(amount)))
        return payments

    # Interest on the items of a reminder.

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
