from odoo import api, fields, models

from ...tools.rounding import decimal
from ...tools.waiting import BUSINESS
from .charge import percent
from .fee import Late


class DunningFee(models.Model):
    """How a fee is asked for."""

    _inherit = "dunning.fee"

    per_item = fields.Boolean(
        string="For each invoice",
        compute="_compute_per_item",
        store=True,
        readonly=False,
        precompute=True,
        help="Otherwise once for a reminder, on the sum of its invoices.",
    )

    @api.depends("kind")
    def _compute_per_item(self):
        for fee in self:
            fee.per_item = fee.kind == "statutory"

    def _is_once(self):
        """Whether a debt owes it once only, not again at every level."""
        return self.kind in ("statutory", "nl_wik", "be_consumer")

    def _for_notice(self, notice, debt, date, law):
        """The fee for a debt of a reminder, and how it comes about.

        :param debt: amount in the currency of the reminder
        :param law: function that gives the interest rule of the customer
        :return: (amount rounded to the currency, text)
        :raises UserError: see :meth:`_amount_for`
        """
        partner, company = notice.partner_id, notice.company_id
        country = partner._dunning_law(company)
        business = partner._dunning_party() == BUSINESS
        if self.kind == "statutory":
            late = Late(decimal(debt), notice.currency_id, date, company)
            amount = self._bounded(law()._fixed_sum(late.debt, late.currency, date, company), late)
            citation = law().citation
        else:
            amount = self._amount_for(debt, notice.currency_id, date, business, country, company)
            citation = self.citation
        text = self._formula(notice.currency_id.format(debt), country)
        return float(amount), " · ".join(filter(None, [text, citation]))

    @api.model
    def _in_euros(self, compute, notice, debt):
        """What a table of a law in euros says of a debt, in the currency of the reminder."""
        late = Late(decimal(debt), notice.currency_id, notice.date, notice.company_id)
        return float(late.via(self.env.ref("base.EUR"), compute))

    def _formula(self, debt, country):
        """One line that says how the fee comes about."""
        if self.kind == "fixed":
            if self.per_item:
                return self.env._("fixed amount for each invoice")
            return self.env._("fixed amount for each reminder")
        if self.kind == "percent":
            share = percent(self.env, self.percent)
            return self.env._("%(percent)s %% of %(debt)s", percent=share, debt=debt)
        if self.kind == "statutory":
            return self.env._("fixed sum by law, %s", country.name)
        return self.env._("by its scale on %s", debt)
