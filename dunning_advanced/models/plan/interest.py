from dataclasses import replace

from odoo import Command, fields, models
from odoo.exceptions import UserError

from ...tools import installments
from ...tools.rounding import decimal, round_money


class DunningPaymentPlan(models.Model):
    """What a plan costs: interest in the ledger, charges of reminders, early settlement."""

    _inherit = "dunning.payment.plan"

    def _compute_settlement(self):
        for plan in self:
            plan.settlement, plan.settlement_note = 0, False
            try:
                plan.settlement = plan._early_settlement(plan._today())
            except UserError as error:
                plan.settlement_note = str(error)

    # Interest

    def _book_fixed_interest(self, date):
        """Book the agreed interest; its invoice is an item of the plan like the others."""
        _rows, net, _gross = self._split(self.amount_items)
        move = self._book_interest(float(net), date, self.date_last)
        self.interest_move_id = move
        self._cover(self._receivables(move))
        off = move.amount_total - self.amount_interest
        if self.currency_id.compare_amounts(off, 0):
            raise UserError(
                self.env._(
                    "The tax on the interest has changed since the plan was made: set it back to "
                    "draft and offer it again."
                )
            )

    def _book_running_interest(self, date):
        """Charge the interest of the days until all was paid, by an invoice of its own."""
        amount = self._accrued(date)
        if amount > 0:
            due = fields.Date.add(date, days=self.company_id.dunning_plan_cure)
            self.interest_move_id = self._book_interest(float(amount), date, due)

    def _book_interest(self, amount, date, due):
        """A posted customer invoice of the interest.

        :param amount: without tax
        :return: account.move
        """
        charge = self.env["dunning.charge"].sudo().new(self._interest_charge(amount))
        product = charge._product()
        charge._check_account(product)
        move = (
            self.env["account.move"].sudo().create(self._interest_move(product, amount, date, due))
        )
        move.date = move._dunning_open_day()
        move._post(soft=False)
        self._message_log(body=self.env._("Interest booked: %s", move._get_html_link(move.name)))
        return move

    def _interest_move(self, product, amount, date, due):
        partner = self.partner_id.address_get(["invoice"])["invoice"]
        values = {
            "move_type": "out_invoice",
            "company_id": self.company_id.id,
            "partner_id": partner,
            "currency_id": self.currency_id.id,
            "invoice_date": date,
            "date": date,
            "invoice_payment_term_id": False,
            "invoice_date_due": due,
            "invoice_origin": self.name,
            "invoice_user_id": self.user_id.id,
            "ref": self.env._("Interest of payment plan %s", self.name),
            "invoice_line_ids": [
                Command.create({"product_id": product.id, "quantity": 1, "price_unit": amount})
            ],
        }
        if self.company_id.dunning_journal_id:
            values["journal_id"] = self.company_id.dunning_journal_id.id
        return values

    def _receivables(self, moves):
        return moves.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def _cover(self, items):
        """Add items to the plan without touching its installments."""
        self.env["dunning.payment.plan.item"].create(
            [{"plan_id": self.id, "move_line_id": item.id} for item in items]
        )

    # Early settlement

    def _accrued(self, date):
        """Interest since the agreement, by the interest rule of the customer, item by item
        from the later of its due date and the agreement on. Charges bear none, and what
        pays an installment lowers the debt itself, whatever the rule says of part payments.

        :param date: last day of interest
        :return: Decimal, without tax
        :raises UserError: when a day has no rate
        """
        rule = self._law_rule()
        if not rule or not rule._has_rate():
            return decimal(0)
        terms = replace(rule._terms(self.currency_id), order="principal_first")
        facts = {fact["line"]: fact for fact in self._facts()[self.id]}
        lines = self.line_ids.filtered(
            lambda line: not line.move_id.sudo().dunning_charge_notice_ids
        )
        return sum(
            (self._accrued_on(line, facts[line.id], rule, terms, date) for line in lines),
            decimal(0),
        )

    def _accrued_on(self, line, fact, rule, terms, date):
        start = max(filter(None, (self.date_start, line.date_joined, line.date_maturity)))
        if date <= start:
            return decimal(0)
        payments, credited = self._money([fact])
        principal = round_money(decimal(line.amount), terms.unit) - credited
        payments = [(day, amount) for day, amount in payments if amount > 0]
        result = rule._statement(terms, max(principal, decimal(0)), start, date, payments)
        return result.interest

    def _early_settlement(self, date):
        """What the customer has to pay on a day to be free of the plan.

        :param date: day of the payment
        :return: float, in the currency of the plan: what is open; less the part of a fixed
            interest that belongs to the days after; with the interest up to the day where
            that runs on
        :raises UserError: when interest runs on and a day has no rate
        """
        self.ensure_one()
        if self.state != "running":
            return 0.0
        left = self._left()
        if self.interest == "fixed":
            left -= self._unearned(date)
        elif self.interest == "running":
            left += float(self._with_tax(self._accrued(date)))
        return max(0.0, self.currency_id.round(left))

    def _credit_interest(self, date):
        move = self.interest_move_id.sudo()
        if self.interest != "fixed" or not self._unearned(date) or not move.amount_residual:
            raise UserError(
                self.env._("Plan %s has no interest that could be credited.", self.name)
            )
        share = self._unearned(date) / self.amount_interest
        values = {"invoice_date": date, "date": date, "ref": self.env._("Settled early")}
        credit = move._reverse_moves([values])
        for line in credit.invoice_line_ids:
            line.price_unit = self.currency_id.round(line.price_unit * share)
        credit.date = credit._dunning_open_day()
        credit._post(soft=False)
        self._receivables(move | credit).filtered(lambda item: not item.reconciled).reconcile()
        self._message_log(
            body=self.env._("Interest credited: %s", credit._get_html_link(credit.name))
        )

    def _unearned(self, date):
        """The part of the fixed interest, with tax, that belongs to the days after one."""
        rows = self.installment_ids._rows()
        share = installments.share_after(rows, self.date_start, date)
        return self.currency_id.round(self.amount_interest * float(share))
