from odoo import fields, models
from odoo.exceptions import ValidationError

from ...tools import fees
from ...tools.rounding import decimal


class DunningBracket(models.AbstractModel):
    """One row of a table of brackets; the model that uses it names the currencies."""

    _name = "dunning.bracket"
    _description = "Bracket"

    limit_currency_id = fields.Many2one("res.currency", string="Currency of the limits")
    currency_id = fields.Many2one("res.currency")
    up_to = fields.Monetary(
        string="Up to",
        currency_field="limit_currency_id",
        help="0: without limit, the last row.",
    )
    inclusive = fields.Boolean(
        string="Limit included",
        default=True,
        help="An amount that is exactly the limit belongs to this row, else to the next.",
    )
    fixed = fields.Monetary(string="Amount")
    percent = fields.Float(digits=(16, 4))

    def _brackets(self):
        """The rows in their order, for :mod:`tools.fees`.

        :return: list of fees.Bracket
        """
        return [
            fees.Bracket(
                limit=decimal(row.up_to) if row.up_to else None,
                fixed=decimal(row.fixed),
                percent=decimal(row.percent),
                inclusive=row.inclusive,
            )
            for row in self.sorted(lambda row: (not row.up_to, row.up_to))
        ]

    def _check_gaps(self, name):
        """Refuse rows that leave amounts without a fee.

        :param name: what the table belongs to, for the message
        :raises ValidationError: when some amounts are in no row
        """
        try:
            fees.check_brackets(self._brackets())
        except fees.BracketGapError as gap:
            raise ValidationError(
                self.env._(
                    "The brackets of “%(name)s” say nothing about amounts above %(amount)s: "
                    "add one row without limit at the end.",
                    name=name,
                    amount=gap.above,
                )
            ) from gap
