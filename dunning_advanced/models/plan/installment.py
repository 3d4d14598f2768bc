from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools import installments
from ...tools.rounding import decimal, round_money

STATES = [
    ("open", "Open"),
    ("part", "Partly paid"),
    ("overdue", "Overdue"),
    ("paid", "Paid"),
    ("credited", "Credited"),
]


class DunningInstallment(models.Model):
    """One payment of a plan: what was agreed, and what came of it."""

    _name = "dunning.installment"
    _description = "Installment"
    _inherit = ["dunning.by.button"]
    _part_of = "plan_id"
    _order = "date, sequence, id"

    plan_id = fields.Many2one(
        "dunning.payment.plan", required=True, index=True, ondelete="cascade", readonly=True
    )
    partner_id = fields.Many2one(related="plan_id.partner_id", store=True, precompute=True)
    company_id = fields.Many2one(
        related="plan_id.company_id", store=True, precompute=True, index=True
    )
    currency_id = fields.Many2one(related="plan_id.currency_id")
    sequence = fields.Integer(string="No.", required=True, help="0 is the down payment.")
    date = fields.Date(string="Due on", required=True)
    amount = fields.Monetary(required=True)
    amount_credited = fields.Monetary(
        string="Credited", readonly=True, default=0, help="What credit notes took off it."
    )
    amount_paid = fields.Monetary(string="Paid", readonly=True, default=0)
    amount_open = fields.Monetary(
        string="To pay", compute="_compute_amount_open", store=True, precompute=True
    )
    date_paid = fields.Date(
        string="Paid on", readonly=True, help="Day of value of the money that settled it."
    )
    reminded_on = fields.Date(readonly=True, help="The customer was reminded that it comes up.")
    state = fields.Selection(
        STATES, string="Status", compute="_compute_state", search="_search_state"
    )

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "An installment is above zero: choose fewer or larger ones."
    )
    _date_once = models.UniqueIndex(
        "(plan_id, date)", "A plan has one installment a day: choose another date."
    )
    _coming = models.Index("(date) WHERE reminded_on IS NULL AND amount_open > 0")

    @api.depends("amount", "amount_credited", "amount_paid")
    def _compute_amount_open(self):
        for row in self:
            row.amount_open = row.amount - row.amount_credited - row.amount_paid

    @api.depends("amount", "amount_credited", "amount_paid", "date", "plan_id.state")
    def _compute_state(self):
        for row in self:
            row.state = row._state_at(row.plan_id._today())

    def _state_at(self, date):
        self.ensure_one()
        zero = self.currency_id.is_zero
        if zero(self.amount - self.amount_credited):
            return "credited"
        if zero(self.amount_open):
            return "paid"
        if self.plan_id.state == "running" and self.date < date:
            return "overdue"
        return "open" if zero(self.amount_paid) else "part"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = Domain("plan_id.state", "=", "running") & Domain.OR(
            Domain("plan_id.company_id", "in", companies.ids) & Domain("date", "<", today)
            for today, companies in self.env["res.company"]._dunning_days().items()
        )
        still = Domain("amount_open", ">", 0)
        credited = Domain("amount_open", "<=", 0) & Domain("amount_paid", "=", 0)
        domains = {
            "open": still & ~late & Domain("amount_paid", "=", 0),
            "part": still & ~late & Domain("amount_paid", ">", 0),
            "overdue": still & late,
            "paid": Domain("amount_open", "<=", 0) & Domain("amount_paid", ">", 0),
            "credited": credited,
        }
        return Domain.OR(domains[state] for state in value if state in domains)

    @api.depends("plan_id", "sequence")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.plan_id.name} · {row._label()}"

    def _open_state(self):
        return self.plan_id.state

    def _label(self):
        """What the installment is called in lists and letters."""
        if not self.sequence:
            return self.env._("Down payment")
        return self.env._("Installment %s", self.sequence)

    def _rows(self):
        """These installments for the functions of ``tools.installments``, oldest first."""
        unit = self.currency_id._dunning_unit() if self else None
        return [
            installments.Installment(
                row.date,
                round_money(decimal(row.amount), unit),
                round_money(decimal(row.amount_credited), unit),
                round_money(decimal(row.amount_paid), unit),
                row.date_paid or None,
            )
            for row in self.sorted("date")
        ]

    def _write_rows(self, rows):
        """Keep what came of these installments; only what changed is written."""
        for record, row in zip(self.sorted("date"), rows, strict=True):
            values = {
                "amount_credited": float(row.credited),
                "amount_paid": float(row.paid),
                "date_paid": row.paid_on or False,
            }
            if any(record[name] != value for name, value in values.items()):
                record.write(values)

    # Reminders

    @api.model
    def _coming_domain(self, date):
        """Installments of running plans whose reminder is due, one company at a time."""
        companies = self.env["res.company"].sudo().search([("dunning_plan_remind", ">", 0)])
        by_days = companies.grouped("dunning_plan_remind").items()
        return (
            Domain("reminded_on", "=", False)
            & Domain("amount_open", ">", 0)
            & Domain("plan_id.state", "=", "running")
            & Domain("date", ">=", date)
            & Domain.OR(
                Domain("company_id", "in", own.ids)
                & Domain("date", "<=", date + timedelta(days=days))
                for days, own in by_days
            )
        )

    def _remind(self, date):
        """Tell the customers that these installments come up, once."""
        self.write({"reminded_on": date})
        for row in self:
            row.plan_id._remind_installment(row)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_paid(self):
        if any(row.amount_paid for row in self):
            raise UserError(self.env._("An installment that was paid cannot be deleted."))
