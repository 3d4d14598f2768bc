from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date, get_lang

from ...tools import day_count
from ...tools.format import format_rate
from ...tools.rates import Rate, Rates
from ...tools.rounding import decimal


class DunningReference(models.Model):
    """A published rate that interest rules refer to, such as the one of the ECB."""

    _name = "dunning.reference"
    _description = "Reference Rate"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    active = fields.Boolean(default=True)
    source = fields.Char(help="Where new rates are published.")
    note = fields.Text(translate=True)
    rate_ids = fields.One2many("dunning.reference.rate", "reference_id")
    rule_ids = fields.One2many("dunning.interest.rule", "reference_id")
    latest = fields.Char(string="Latest rate", compute="_compute_latest")
    latest_until = fields.Date(string="Known until", compute="_compute_latest")

    _unique_code = models.Constraint(
        "UNIQUE (code)", "Another reference rate has this code: choose another one."
    )

    @api.depends("rate_ids.date_to", "rate_ids.rate")
    def _compute_latest(self):
        for reference in self:
            last = max(reference.rate_ids, key=lambda row: row.date_to, default=None)
            reference.latest = last and self.env._(
                "%s %%", format_rate(last.rate, get_lang(self.env))
            )
            reference.latest_until = last and last.date_to

    def _rates(self):
        """All rates of the reference.

        :return: :class:`tools.rates.Rates`, percent a year
        """
        self.ensure_one()
        return Rates(Rate(row.date_from, row.date_to, decimal(row.rate)) for row in self.rate_ids)


class DunningReferenceRate(models.Model):
    """A rate and the days it is for. Days without a row have no rate: nothing is carried on."""

    _name = "dunning.reference.rate"
    _description = "Reference Rate by Period"
    _inherit = ["dunning.citation"]
    _order = "reference_id, date_from desc"
    _figures = ("reference_id", "date_from", "date_to", "rate")

    reference_id = fields.Many2one(
        "dunning.reference", required=True, ondelete="cascade", index=True
    )
    date_from = fields.Date(string="From", required=True, default=lambda self: self._next_day())
    date_to = fields.Date(
        string="Until",
        required=True,
        compute="_compute_date_to",
        store=True,
        readonly=False,
        precompute=True,
        help="Last day of the rate. Enter a row for each half-year.",
    )
    rate = fields.Float(string="Rate (%)", digits=(16, 4), required=True)

    # Ranges, because a plain column in a GiST index takes an extension of PostgreSQL.
    _no_overlap = models.Constraint(
        "EXCLUDE USING gist (int4range(reference_id, reference_id, '[]') WITH &&, "
        "daterange(date_from, date_to, '[]') WITH &&)",
        "There already is a rate of this reference for some of these days: "
        "change that row, or choose other days.",
    )
    _dates_in_order = models.Constraint(
        "CHECK (date_to >= date_from)",
        "The rate ends before it begins: choose a later last day.",
    )
    _rate_in_bounds = models.Constraint(
        "CHECK (rate > -100 AND rate < 100)",
        "A rate of 100 percent or more cannot be right: enter percent a year, for example 2.15.",
    )

    @api.depends("date_from")
    def _compute_date_to(self):
        for row in self:
            row.date_to = row.date_from and day_count.half_year(row.date_from)[1]

    @api.depends("reference_id", "date_from", "date_to")
    def _compute_display_name(self):
        for row in self:
            days = f"{format_date(self.env, row.date_from)} - {format_date(self.env, row.date_to)}"
            row.display_name = f"{row.reference_id.name}: {days}"

    @api.model
    def _next_day(self):
        """The day after the last rate of the reference that a row is added to."""
        reference = self.env.context.get("default_reference_id")
        last = reference and self.search([("reference_id", "=", reference)], limit=1)
        return last.date_to + timedelta(days=1) if last else False
