from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date as Date
from decimal import Decimal
from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import charges, waiting, zones
from ...tools.fees import be_consumer_cap, nl_wik
from ...tools.rounding import decimal, round_money
from .fee import Debtor, Late

# The most that all costs of one debt may come to, in EUR.
CAPS = {("BE", waiting.CONSUMER): be_consumer_cap, ("NL", waiting.CONSUMER): nl_wik}


@dataclass(frozen=True)
class Facts:
    """What is known of some items, each a dict by item id: see the methods of the same names."""

    date: Date
    asked: dict
    reminders: dict
    payments: dict
    pauses: dict
    frozen: dict
    laws: dict = field(default_factory=dict)  # interest rules that were looked up


class DunningCharging(models.AbstractModel):
    """Says what reminders cost: which fees, fixed sums and interest, and why.

    It reads what is known of the items, has :mod:`tools.charges` reckon on plain debts, and
    puts what comes out into words.
    """

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
        lines = self._charged_lines(notices)
        if not lines:
            return {}
        bearing = lines.filtered("level_id.charge_interest").move_line_id
        facts = self._facts(lines.move_line_id, bearing, date)
        return {
            notice.id: self.with_context(lang=notice.lang)._of_notice(
                notice.with_context(lang=notice.lang), notice.line_ids & lines, facts
            )
            for notice in notices
        }

    @api.model
    def _charged_lines(self, notices):
        """The lines that may cost something: not those that remind ahead, nor those of
        invoices that book charges, where the policy asks nothing for these.
        """
        lines = notices.line_ids.filtered(
            lambda line: line.state in ("proposed", "issued") and line.rung > 0
        )
        booked = self._booked_moves(lines.move_line_id.move_id)
        return lines.filtered(
            lambda line: (
                line.notice_id.policy_id.charge_on_charges
                or line.move_line_id.move_id not in booked
            )
        )

    @api.model
    def _of_notice(self, notice, lines, facts):
        debtor = Debtor(notice.partner_id, notice.company_id, notice.currency_id)
        letter, debts = self._plain(notice, lines, debtor, facts)
        by_key = {debt.key: line for line, debt in debts.items()}
        values = []
        for cost in charges.costs(debts.values(), letter):
            base = self._values(notice, by_key[cost.debt.key], facts.date)
            values.append(base | self._cost_values(cost, debtor, facts))
        for line in lines.filtered("level_id.charge_interest"):
            interest = self._interest_values(debts[line], letter, debtor, facts)
            if interest:
                name = self.env._("Interest on %s", line.name)
                base = self._values(notice, line, facts.date)
                values.append(base | interest | {"name": name, "level_id": line.level_id.id})
        return values + self._of_kinds(notice, lines, facts)

    @api.model
    def _of_kinds(self, notice, lines, facts):
        """What kinds ask that are reckoned one by one."""
        return [
            {
                **self._values(notice, line, facts.date),
                "kind": kind.code,
                "level_id": line.level_id.id,
                **values,
            }
            for kind in self.env["dunning.charge"]._kinds()
            for line, values in kind.values(self, notice, lines, facts)
        ]

    @api.model
    def _values(self, notice, line, date):
        return {
            "notice_id": notice.id,
            "company_id": notice.company_id.id,
            "partner_id": notice.partner_id.id,
            "currency_id": notice.currency_id.id,
            "move_line_id": line.move_line_id.id,
            "item_name": line.name,
            "date": date,
            "state": "open",
        }

    @api.model
    def _cost_values(self, cost, debtor, facts):
        """A fee or a fixed sum, in words."""
        fee = self.env["dunning.fee"].browse(cost.fee.key)
        formula = fee._working(cost.principal, debtor, lambda: self._law(debtor, facts))
        if cost.lowered:
            citation = debtor.partner._dunning_protection(debtor.company).citation
            most = self.env._("limited by law: %s", citation)
            formula = f"{formula} ({most})"
        return {
            "kind": "fixed" if cost.fee.once else "fee",
            "fee_id": fee.id,
            "name": fee.name,
            "level_id": cost.level,
            "principal": float(cost.principal),
            "amount": float(cost.amount),
            "formula": formula,
            **({"state": "named"} if cost.named else {}),
        }

    @api.model
    def _interest_values(self, debt, letter, debtor, facts):
        """The interest of a debt since it was last charged, in words; None where there is none.

        :param debt: :class:`tools.charges.Debt`
        :param letter: :class:`tools.charges.Letter`
        :raises UserError: when there is no rule, or it has no rate for a day
        """

        def compute(*debt, **options):
            law = self._law(debtor, facts)
            if not law._has_rate():
                return None
            return law._statement(law._terms(debtor.currency), *debt, **options)

        interest = charges.interest(debt, letter, compute)
        if not interest:
            return None
        law, statement = self._law(debtor, facts), interest.statement
        return {
            "kind": "interest",
            "principal": float(interest.principal),
            "amount": float(statement.interest),
            "date_from": interest.date_from,
            "date_until": letter.date,
            "days": sum(row.days for row in statement.segments),
            "segments": [self._segment(row) for row in statement.segments],
            "formula": law.citation or law.name,
        }

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

    # Plain debts

    @api.model
    def _plain(self, notice, lines, debtor, facts):
        """A reminder as a plain letter, and what it reminds of as plain debts.

        :return: (:class:`tools.charges.Letter`, dict of dunning.line to
            :class:`tools.charges.Debt`)
        """
        levels = {
            level: self._level(level, debtor, facts) for level in lines.level_id | notice.level_id
        }
        letter = replace(self._letter(debtor, facts.date), level=levels[notice.level_id])
        if letter.protection.announced:
            following = self._level(notice.level_id._next(), debtor, facts)
            letter = replace(letter, following=following)
        debts = {
            line: replace(
                self._debt(line.move_line_id, line.date_maturity, line.amount_net, facts),
                key=line.id,
                level=levels[line.level_id],
                held=decimal(line.amount_held),
            )
            for line in lines
        }
        return letter, debts

    @api.model
    def _letter(self, debtor, date):
        """A reminder to a debtor on a day, and what protects it.

        :return: :class:`tools.charges.Letter`, without levels
        """
        return charges.Letter(
            date,
            protection=debtor.partner._dunning_protection(debtor.company),
            holidays=debtor.partner._dunning_holidays(debtor.company),
            unit=debtor.currency._dunning_unit(),
            currency=debtor.currency.name,
            cap=self._cap(debtor, date),
        )

    @api.model
    def _level(self, level, debtor, facts):
        """A level with the prices of its fees for a debtor.

        :param level: dunning.level, none after the last one
        :return: :class:`tools.charges.Level`
        """
        law = partial(self._law, debtor, facts)
        return charges.Level(
            level.id,
            tuple(
                charges.Fee(
                    fee.id,
                    partial(fee._price, debtor, facts.date, law),
                    once=fee._is_once(),
                    per_item=fee.per_item,
                )
                for fee in level.fee_ids
            ),
        )

    @api.model
    def _debt(self, item, due, amount, facts):
        """An item as a plain debt, with all that happened to it.

        :param item: account.move.line
        :param due: last day on which payment was in time
        :param amount: what is asked for
        :return: :class:`tools.charges.Debt`, without level
        """
        return charges.Debt(
            item.id,
            due,
            decimal(amount),
            asked=tuple(facts.asked.get(item.id, ())),
            reminders=tuple(facts.reminders.get(item.id, ())),
            payments=tuple(facts.payments.get(item.id, ())),
            pauses=tuple(facts.pauses.get(item.id, ())),
            frozen=tuple(
                (first, last, decimal(amount))
                for first, last, amount in facts.frozen.get(item.id, ())
            ),
        )

    @api.model
    def _cap(self, debtor, date):
        """The most that all costs of debts may come to, as a function of their amount."""
        law = debtor.partner._dunning_law(debtor.company).code
        scale = CAPS.get((law, debtor.partner._dunning_party()))
        if not scale:
            return None

        def most(debt):
            late = Late(debt, debtor.currency, date, debtor.company)
            return round_money(
                late.via(self.env.ref("base.EUR"), scale), debtor.currency._dunning_unit()
            )

        return most

    @api.model
    def _law(self, debtor, facts):
        """The interest rule for a debtor, looked up once for all like it.

        :raises UserError: when there is none
        """
        country = debtor.partner._dunning_law(debtor.company)
        business = debtor.partner._dunning_party() == waiting.BUSINESS
        key = country, business, debtor.company
        if key not in facts.laws:
            rules = self.env["dunning.interest.rule"].sudo()
            facts.laws[key] = rules._get(*key)
        return facts.laws[key].with_context(lang=self.env.lang)

    # What is known of the items

    @api.model
    def _facts(self, items, bearing, date):
        """What is known of some items, by a number of queries that does not depend on them.

        :param items: account.move.line
        :param bearing: those of them that may be asked for interest
        :param date: date of the reminders
        :return: :class:`Facts`
        """
        holds = self.env["dunning.hold"].sudo()
        return Facts(
            date=date,
            asked=self._asked(items),
            reminders=self._reminders(items),
            payments=self._payments(bearing),
            pauses=holds._frozen_periods(bearing, date),
            frozen=holds._frozen_parts(bearing, date),
        )

    @api.model
    def _booked_moves(self, moves):
        """The invoices among these that book charges themselves."""
        booked = self.env["dunning.notice"].sudo().search([("charge_move_id", "in", moves.ids)])
        return booked.charge_move_id

    @api.model
    def _asked(self, items):
        """What was charged, waived or named for these items before.

        :return: dict of item id to a list of :class:`tools.charges.Asked`, oldest first
        """
        found = (
            self.env["dunning.charge"]
            .sudo()
            .search(
                [("move_line_id", "in", items.ids), ("state", "!=", "cancelled")],
                order="date, id",
            )
        )
        asked = defaultdict(list)
        for charge in found:
            asked[charge.move_line_id.id].append(
                charges.Asked(
                    charge.state,
                    charge.kind,
                    charge.notice_id.id,
                    charge.level_id.id,
                    charge.date,
                    decimal(charge.amount),
                    fee=charge.fee_id.id or None,
                    until=charge.date_until or None,
                )
            )
        return asked

    @api.model
    def _reminders(self, items):
        """Reminders after the due date that reached the consumers among the customers.

        The day that counts is the one on which a delivery succeeded.

        :return: dict of item id to a list of (notice id, Reminder), oldest first
        """
        reminders = defaultdict(list)
        consumers = items.partner_id.filtered(
            lambda partner: partner._dunning_party() == waiting.CONSUMER
        )
        theirs = items.filtered(lambda item: item.partner_id in consumers)
        if not theirs:
            return reminders
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (line.move_line_id, notice.id)
                       line.move_line_id, notice.id, notice.date, delivery.date_done,
                       company.dunning_tz, COALESCE(delivery.channel, notice.channel)
                  FROM dunning_line line
                  JOIN dunning_notice notice ON notice.id = line.notice_id AND notice.delivered
                  JOIN res_company company ON company.id = notice.company_id
                  LEFT JOIN dunning_delivery delivery ON delivery.notice_id = notice.id
                       AND delivery.state = 'done'
                 WHERE line.move_line_id IN %s AND line.state = 'issued' AND line.rung > 0
                 ORDER BY line.move_line_id, notice.id, delivery.date_done
                """,
                tuple(theirs.ids),
            )
        )
        paper = self.env["dunning.channel"]._on_paper()
        for item, notice, date, done, zone, channel in rows:
            sent = max(date, zones.local(done, zone).date()) if done else date
            reminders[item].append((notice, waiting.Reminder(sent, channel in paper)))
        for known in reminders.values():
            known.sort(key=lambda pair: pair[1].sent)
        return reminders

    @api.model
    def _payments(self, items):
        """What came in for these items, on the day of its own entry.

        :return: dict of item id to a list of (date, Decimal in the currency of the item),
            oldest first
        """
        payments: dict[int, list[tuple[Date, Decimal]]] = defaultdict(list)
        if not items:
            return payments
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partial.debit_move_id, credit_aml.date, SUM(partial.debit_amount_currency)
                  FROM account_partial_reconcile partial
                  JOIN account_move_line credit_aml ON credit_aml.id = partial.credit_move_id
                 WHERE partial.debit_move_id IN %s AND partial.debit_amount_currency <> 0
                 GROUP BY partial.debit_move_id, credit_aml.date
                 ORDER BY partial.debit_move_id, credit_aml.date
                """,
                tuple(items.ids),
            )
        )
        for item, date, amount in rows:
            payments[item].append((date, decimal(amount)))
        return payments
