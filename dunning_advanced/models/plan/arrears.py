import logging
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import installments
from ...tools.rounding import decimal, round_money
from ..mixins.batch import BATCH

_logger = logging.getLogger(__name__)


class DunningPaymentPlan(models.Model):
    """Which installments are paid, read from the ledger, and what follows from that."""

    _inherit = "dunning.payment.plan"

    # Facts

    def _facts(self):
        """What came off the items of these plans since they joined, by one query.

        The day of value is the later of the dates of invoice and payment.

        :return: dict of plan id to a list of dicts of its items: line (id), taken (what came
            off in all) and parts (of which these are known: [day, amount, by credit note])
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT planned.plan_id, planned.id, planned.settled,
                       planned.amount - COALESCE(aml.amount_residual_currency, planned.amount),
                       COALESCE(came.parts, '[]'::jsonb)
                  FROM dunning_payment_plan_item planned
                  LEFT JOIN account_move_line aml ON aml.id = planned.move_line_id
                  LEFT JOIN LATERAL (
                       SELECT jsonb_agg(jsonb_build_array(
                                  partial.max_date, partial.debit_amount_currency,
                                  move.move_type = 'out_refund')
                              ORDER BY partial.max_date, partial.id) AS parts
                         FROM account_partial_reconcile partial
                         JOIN account_move_line credit_aml ON credit_aml.id = partial.credit_move_id
                         JOIN account_move move ON move.id = credit_aml.move_id
                        WHERE partial.debit_move_id = planned.move_line_id
                          AND partial.id > planned.partial_mark
                          AND partial.debit_amount_currency <> 0) came
                    ON planned.released IS NOT TRUE
                 WHERE planned.plan_id IN %s
                """,
                tuple(self.ids) or (0,),
            )
        )
        found = defaultdict(list)
        for plan_id, line_id, settled, taken, parts in rows:
            fact = settled or {"taken": taken, "parts": parts}
            found[plan_id].append({"line": line_id, **fact})
        return found

    def _money(self, facts):
        """Payments and credit notes of these items.

        What came off without a reconciliation that is known came on the first day.

        :param facts: items of one plan, as in :meth:`_facts`
        :return: (list of (date, Decimal), Decimal)
        """
        self.ensure_one()
        unit = self.currency_id._dunning_unit()
        payments, credited = [], decimal(0)
        for fact in facts:
            unknown = round_money(decimal(fact["taken"]), unit)
            for day, amount, is_credit in fact["parts"]:
                amount = round_money(decimal(amount), unit)
                unknown -= amount
                if is_credit:
                    credited += amount
                else:
                    payments.append((fields.Date.to_date(day), amount))
            if unknown:
                payments.append((self.date_start or self.date_made, unknown))
        return payments, credited

    # Judging

    def _update_state(self, date):
        """Match what came in with the installments of running plans, and act on it.

        A plan that cannot be updated keeps the reason and leaves the others alone.

        :param date: day as of which their state is told
        """
        plans = self.filtered(lambda plan: plan.state == "running")
        facts = plans._facts() if plans else {}
        plans._items().fetch(["amount_residual_currency"])  # for all of them at once
        for plan in plans:
            plan._match(facts[plan.id])
        for plan in plans:
            if plan._is_due(date):
                plan._try(lambda plan: plan._act_on_installments(date))

    def _explain(self, error):
        if isinstance(error, UserError):
            return str(error)
        _logger.error("Payment plan %s cannot be updated", self.id, exc_info=error)
        return self.env._(
            "This plan could not be updated: %s. It is tried again every night.",
            str(error) or type(error).__name__,
        )

    def _match(self, facts):
        """Write what became of the installments."""
        payments, credited = self._money(facts)
        rows, _excess = installments.settle(self.installment_ids._rows(), payments, credited)
        self.installment_ids._write_rows(rows)

    def _late_since(self, date):
        """First day of arrears, None when there are none on a date."""
        rows = self.installment_ids._rows()
        return installments.arrears(rows, date, self.company_id.dunning_plan_tolerance)

    def _is_due(self, date):
        """Whether there is something that was not acted on yet."""
        if self.error or self._is_settled():
            return True
        if bool(self._late_since(date)) != bool(self.date_arrears):
            return True
        over = self.date_cure and self.date_cure < date
        return bool(over and not self.date_proposed)

    def _act_on_installments(self, date):
        """Act on the installments as they are on a date."""
        self.error = False
        if self._is_settled():
            self._finish(date)
            return
        late = self._late_since(date)
        if late and not self.date_arrears:
            self._fall_behind(late, date)
        elif self.date_arrears and not late:
            self._catch_up(date)
        if self.date_cure and self.date_cure < date and not self.date_proposed:
            self._propose_end(date)

    def _is_settled(self):
        """Nothing is left to pay: neither on the installments nor on the items."""
        return self.currency_id.compare_amounts(self._left(), 0) <= 0

    def _left(self):
        """What is open on the items that the plan covers now."""
        return sum(self._items().mapped("amount_residual_currency"))

    def _finish(self, date):
        if self.amount_paid:
            self._complete(date)
        else:
            self._end("cancelled", date, self.env._("Nothing is left to pay: all was credited."))

    def _fall_behind(self, since, date):
        """The plan is in arrears: tell the responsible and the customer."""
        cure = fields.Date.add(max(since, date), days=self.company_id.dunning_plan_cure)
        self.write(
            {
                "date_arrears": since,
                "date_cure": cure,
                "arrears_count": self.arrears_count + 1,
            }
        )
        self._schedule_for_responsible("mail_activity_plan", date, type(self)._describe_arrears)
        self._notify_arrears()

    def _describe_arrears(self):
        row = self.installment_ids.sorted("date").filtered("amount_open")[:1]
        return self.env._(
            "Plan %(plan)s: %(amount)s of %(date)s did not come",
            plan=self.name,
            amount=self.currency_id.format(row.amount_open),
            date=self._format_day(row.date),
        )

    def _catch_up(self, date):
        """The arrears are made up for."""
        since = self.date_arrears
        self.write({"date_arrears": False, "date_cure": False, "date_proposed": False})
        self._answered("mail_activity_plan")
        self._message_log(
            body=self.env._(
                "In arrears from %(since)s on, made up for by %(date)s.",
                since=self._format_day(since),
                date=self._format_day(date),
            )
        )

    def _propose_end(self, date):
        """The time to make up for the arrears is over: somebody has to decide."""
        self.date_proposed = date
        self._answered("mail_activity_plan")
        self._schedule_for_responsible(
            "mail_activity_plan",
            date,
            lambda plan: plan.env._("Plan %s is not kept: end it, or give more time", plan.name),
        )

    # Every night

    @api.model
    def _night_follow(self, company, date):
        """Offers of a company that are over end, running plans are updated, installments
        reminded of.

        :return: whether all are done
        """
        own = [("company_id", "child_of", company.id)]
        offers = [*own, ("state", "=", "offered"), ("date_valid", "<", date)]
        running = [*own, ("state", "=", "running")]
        rows = self.env["dunning.installment"]
        coming = [("plan_id.company_id", "child_of", company.id), *rows._coming_domain(date)]
        return all(
            self._in_batches(records, domain, work)
            for records, domain, work in (
                (self, offers, lambda plans: plans._expire(date)),
                (self, running, lambda plans: plans._update_state(date)),
                (rows, coming, lambda rows: rows._remind(date)),
            )
        )

    @api.model
    def _in_batches(self, records, domain, work):
        """Do the work for all records of a domain, batch by batch, each only once.

        :return: whether there is time for more
        """
        progress = self.env["ir.cron"]._commit_progress
        last = 0
        while batch := records.search([*domain, ("id", ">", last)], order="id", limit=BATCH):
            last = batch[-1].id
            work(batch)
            if not progress(len(batch), remaining=1):
                return False
        return True

    @api.model
    def _cron_book(self):
        """Book what completed plans leave to the books."""
        if self._in_batches(self, [("to_book", "=", True)], lambda plans: plans._book_ends()):
            self.env["ir.cron"]._commit_progress(remaining=0)

    def _book_ends(self):
        for plan in self:
            plan._try(lambda plan: plan._book_end())

    def _expire(self, date):
        """End offers that nobody accepted."""
        for plan in self:
            why = self.env._("The offer was valid until %s.", plan._format_day(plan.date_valid))
            plan._end("cancelled", date, why)
        self._schedule_for_responsible(
            "mail_activity_plan",
            date,
            lambda plan: plan.env._("The offer of plan %s was not accepted", plan.name),
        )
