from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain


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

    def _check_acceptable(self, name, date):
        self._check_state("offered")
        if not (name or "").strip():
            raise UserError(self.env._("Who accepted the plan? Enter the name."))
        if date > self.date_valid:
            raise UserError(
                self.env._(
                    "The offer of plan %(plan)s was valid until %(date)s: set it back to draft and "
                    "offer it again.",
                    plan=self.name,
                    date=self._format_day(self.date_valid),
                )
            )
        # paid in the meantime is no reason not to agree
        items = self._items()
        for item in items.filtered(lambda item: not self._is_theirs(item)):
            raise UserError(self._describe_not_theirs(item))
        self._check_undisputed(items)
        self.env["dunning.handover.item"]._check_not_handed(items)
        self._check_not_planned(items)
