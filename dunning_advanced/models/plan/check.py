from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ...tools.rounding import decimal


class DunningInstallmentTerms(models.AbstractModel):
    """The limits of the company, which a manager may pass."""

    _inherit = "dunning.installment.terms"

    def _limits_passed(self, rows):
        """What a dunning manager has to approve about these installments.

        :param rows: ``tools.installments.Installment``, oldest first
        :return: list of sentences that say what and how much; empty when all is well
        """
        checks = (self._too_long, self._too_small, self._too_much)
        return [sentence for check in checks if (sentence := check(rows))]

    def _too_long(self, rows):
        months = self.company_id.dunning_plan_months
        last = self.date_made + relativedelta(months=months)
        if months and rows[-1].date > last:
            return self.env._(
                "It ends on %(end)s, %(months)s months are the most: end it by %(last)s, with "
                "fewer or larger installments.",
                end=format_date(self.env, rows[-1].date),
                months=months,
                last=format_date(self.env, last),
            )
        return None

    def _too_small(self, rows):
        company = self.company_id
        least = self._in_own_currency(company.dunning_plan_minimum)
        # the rest in the last one may be smaller
        smallest = min((row.amount for row in rows[:-1]), default=rows[-1].amount)
        if least and smallest < least:
            return self.env._(
                "Installments of %(amount)s are smaller than %(least)s: choose fewer or larger "
                "ones.",
                amount=self.currency_id.format(float(smallest)),
                least=self.currency_id.format(float(least)),
            )
        return None

    def _too_much(self, rows):
        limit = self._in_own_currency(self.company_id.dunning_plan_approval)
        total = sum(row.amount for row in rows)
        if limit and total > limit:
            return self.env._(
                "%(total)s is above %(limit)s.",
                total=self.currency_id.format(float(total)),
                limit=self.currency_id.format(float(limit)),
            )
        return None

    def _in_own_currency(self, amount):
        return self.company_id.currency_id._dunning_convert(
            decimal(amount), self.currency_id, self.company_id, self.date_made
        )

    def _may_approve(self):
        return self.env.user.has_group("dunning_advanced.group_manager")

    def _check_days(self, date):
        """:raises ValidationError: when a payment would be due before a day"""
        first = min(filter(None, (self.down_payment and self.date_down, self.date_first)))
        if first < date:
            raise ValidationError(
                self.env._(
                    "%s is in the past: choose days from today on.", format_date(self.env, first)
                )
            )

    # Items

    def _check_covered(self, items):
        """Refuse items that cannot be in this plan.

        :param items: account.move.line
        :raises ValidationError: names the first one, and says what to do
        """
        if not items:
            raise ValidationError(self.env._("Choose the invoices that the plan is about."))
        for item in items:
            if (
                not self._is_theirs(item)
                or self.currency_id.compare_amounts(item.amount_residual_currency, 0) <= 0
            ):
                raise ValidationError(self._say_not_theirs(item))
        self._check_undisputed(items)
        self.env["dunning.handover.item"]._check_not_handed(items)
        self._check_not_planned(items)

    def _is_theirs(self, item):
        return (
            item.partner_id.commercial_partner_id == self.partner_id
            and item.currency_id == self.currency_id
            and item.account_id.account_type == "asset_receivable"
            and item.parent_state == "posted"
            and self.company_id in item.company_id.sudo().parent_ids
        )

    def _say_not_theirs(self, item):
        return self.env._(
            "%(item)s is no open invoice of %(customer)s in %(currency)s: leave it out of the "
            "plan.",
            item=item.display_name,
            customer=self.partner_id.name,
            currency=self.currency_id.name,
        )

    def _check_undisputed(self, items):
        disputed = self._disputed(items)
        if disputed:
            raise ValidationError(
                self.env._(
                    "%s is disputed: settle the dispute first, or leave it out of the plan.",
                    disputed[0].display_name,
                )
            )

    @api.model
    def _disputed(self, items):
        """Those of the items that a hold for a dispute covers."""
        reason = self.env.ref("dunning_advanced.hold_reason_dispute", raise_if_not_found=False)
        if not (reason and items):
            return items.browse()
        holds = self.env["dunning.hold"].search(
            Domain("reason_id", "=", reason.id)
            & (
                Domain("item_ids", "in", items.ids)
                | Domain("scope", "=", "invoice") & Domain("move_id", "in", items.move_id.ids)
            )
        )
        invoices = holds.filtered(lambda hold: hold.scope == "invoice").move_id
        return items.filtered(lambda item: item in holds.item_ids or item.move_id in invoices)

    def _planned_domain(self, items):
        return Domain("move_line_id", "in", items.ids) & Domain("is_running", "=", True)

    def _check_not_planned(self, items):
        taken = self.env["dunning.payment.plan.item"].search(self._planned_domain(items), limit=1)
        if taken:
            raise ValidationError(
                self.env._(
                    "%(item)s is in the payment plan %(plan)s already: add to that plan, or "
                    "refinance it.",
                    item=taken.name,
                    plan=taken.plan_id.name,
                )
            )

    @api.model
    def _promises(self, items):
        """Open promises about these items."""
        lines = self.env["dunning.promise.item"].search(
            [("move_line_id", "in", items.ids), ("is_open", "=", True)]
        )
        return lines.promise_id


class DunningPaymentPlan(models.Model):
    """What has to be right before a plan goes out."""

    _inherit = "dunning.payment.plan"

    def _planned_domain(self, items):
        own = self | self.replaces_id
        return super()._planned_domain(items) & Domain("plan_id", "not in", own.ids)

    def _items(self):
        """The items that these plans cover now."""
        return self.line_ids.filtered(lambda line: not line.released).move_line_id

    def _check_items(self):
        self._check_covered(self._items())

    def _check_ready(self, date):
        """Everything that nobody may pass, a manager neither.

        :raises UserError: what is wrong and what to do
        """
        self._check_items()
        self._check_days(date)
        promises = self._promises(self._items())
        if promises and not self.replace_promises:
            raise UserError(
                self.env._(
                    "These invoices are promised already (%s): wait for that promise, or tick "
                    "that the plan replaces it.",
                    ", ".join(promises.mapped("display_name")),
                )
            )

    def _passed(self):
        return self._limits_passed(self.installment_ids._rows())
