from odoo import api, models
from odoo.exceptions import UserError

from ..tools.rounding import decimal


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def _dunning_with_rate(self, company):
        """Those of the currencies that can be converted. Odoo takes 1.0 for a
        missing rate; a reminder must not be decided by that.
        """
        root = company.root_id
        rated = (
            self.env["res.currency.rate"]
            .sudo()
            ._read_group([("company_id", "in", [root.id, False])], ["currency_id"])
        )
        return self & self.browse([root.currency_id.id, *(currency.id for [currency] in rated)])

    def _dunning_convert(self, amount, to_currency, company, date):
        """Convert an amount of this currency, without rounding.

        :param amount: Decimal in this currency
        :param to_currency: res.currency of the result
        :param company: res.company whose rates count
        :param date: day of the rates
        :return: Decimal
        :raises UserError: when one of the currencies has no rate
        """
        self.ensure_one()
        if self == to_currency or not amount:
            return amount
        currencies = self | to_currency
        if missing := currencies - currencies._dunning_with_rate(company):
            raise UserError(
                self.env._(
                    "There is no rate for %(currency)s: enter one in Accounting > Configuration "
                    "> Currencies, so that %(own)s can be converted to %(other)s.",
                    currency=missing[0].name,
                    own=self.name,
                    other=to_currency.name,
                )
            )
        return decimal(self._convert(float(amount), to_currency, company, date, round=False))

    def _dunning_unit(self):
        """The smallest amount of the currency, as Decimal."""
        self.ensure_one()
        return decimal(self.rounding)

    @api.model
    def _dunning_sums(self, amounts):
        """Amounts of any currencies as one text, one sum for each currency.

        :param amounts: pairs of res.currency and amount
        """
        sums = {}
        for currency, amount in amounts:
            sums[currency] = sums.get(currency, 0) + amount
        return " + ".join(currency.format(total) for currency, total in sums.items())
