from odoo import api, fields, models
from odoo.tools import format_date, get_lang

from ...tools.format import format_number
from ...tools.points import CLASSES, points


class DunningBehavior(models.Model):
    """How a debtor pays in a company: facts of its ledger, and the class they come to.

    Amounts are in company currency, at the rate of the invoice. Days late are never below
    zero: who pays early does not make up for what was paid late.
    """

    _name = "dunning.behavior"
    _description = "Payment Behavior"
    _order = "points desc, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    date = fields.Date(string="As of", required=True, readonly=True)
    months = fields.Integer(readonly=True, aggregator=None)
    settled_count = fields.Integer(string="Invoices paid", readonly=True)
    on_time_count = fields.Integer(string="Paid on time", readonly=True)
    overdue_count = fields.Integer(
        string="Overdue invoices", readonly=True, help="Beyond the days that are still on time."
    )
    amount_settled = fields.Monetary(
        string="Paid", currency_field="company_currency_id", readonly=True
    )
    amount_on_time = fields.Monetary(
        string="Paid on time (amount)", currency_field="company_currency_id", readonly=True
    )
    amount_overdue = fields.Monetary(
        string="Overdue", currency_field="company_currency_id", readonly=True
    )
    days_late = fields.Float(
        digits=(16, 1),
        aggregator="avg",
        readonly=True,
        help="From due date to payment, weighted by amount.",
    )
    days_median = fields.Float(
        string="Days late (median)", digits=(16, 1), aggregator="avg", readonly=True
    )
    late_share = fields.Float(
        string="Not on time (%)",
        digits=(16, 1),
        aggregator="avg",
        readonly=True,
        help="Share of what was paid or is overdue that was not paid on time.",
    )
    days_recent = fields.Float(
        string="Days late, last 6 months", digits=(16, 1), aggregator="avg", readonly=True
    )
    days_before = fields.Float(
        string="Days late before", digits=(16, 1), aggregator="avg", readonly=True
    )
    trend = fields.Float(
        string="Trend (days)",
        digits=(16, 1),
        aggregator="avg",
        readonly=True,
        help="So many days later in the last 6 months than before; negative: earlier.",
    )
    broken_count = fields.Integer(string="Broken promises", readonly=True)
    defaulted_count = fields.Integer(string="Failed payment plans", readonly=True)
    oldest_days = fields.Integer(string="Oldest overdue (days)", aggregator="max", readonly=True)
    points = fields.Integer(aggregator="avg", readonly=True)
    grade = fields.Selection(
        [(letter, letter) for letter in CLASSES],
        string="Class",
        readonly=True,
        index="btree_not_null",
        help="A pays reliably, E hardly ever; empty for new customers.",
    )
    is_new = fields.Boolean(
        string="New", readonly=True, help="Too few invoices to say something about the customer."
    )
    explanation = fields.Html(compute="_compute_explanation", sanitize=False)

    _once = models.UniqueIndex(
        "(partner_id, company_id)", "The behavior of this customer is known already."
    )

    @api.depends("grade", "is_new")
    def _compute_display_name(self):
        for behavior in self:
            behavior.display_name = behavior._title()

    def _title(self):
        if self.grade:
            return self.env._("Class %s", self.grade)
        return self.env._("New customer")

    # Explanation

    def _compute_explanation(self):
        steps = self.env["dunning.score.step"]
        for behavior in self:
            found = steps._of("behavior", behavior.company_id)
            rows = [
                (getattr(behavior, f"_describe_{term}")(), points(behavior[name], found[term]))
                for term, name in self._term_fields().items()
            ]
            behavior.explanation = steps._explained(rows, behavior._describe_total())

    @api.model
    def _term_fields(self):
        """The field that each term of the scoring reads."""
        return {
            "days_late": "days_late",
            "days_median": "days_median",
            "late_share": "late_share",
            "trend": "trend",
            "broken": "broken_count",
            "defaulted": "defaulted_count",
            "oldest": "oldest_days",
        }

    def _money(self, amount):
        return self.company_currency_id.format(amount)

    def _number(self, number):
        return format_number(round(number, 1), get_lang(self.env))

    def _describe_days_late(self):
        if not self.amount_settled:
            return self.env._("Nothing was paid in the last %s months.", self.months)
        return self.env._(
            "%(amount)s were paid in the last %(months)s months, on average %(days)s days after "
            "the due date (large amounts weigh more; early counts as 0).",
            amount=self._money(self.amount_settled),
            months=self.months,
            days=self._number(self.days_late),
        )

    def _describe_days_median(self):
        if not self.settled_count:
            return self.env._("No invoice was paid in full.")
        return self.env._(
            "%(count)s invoices or installments were paid in full; half of them within %(days)s "
            "days after the due date (median).",
            count=self.settled_count,
            days=self._number(self.days_median),
        )

    def _describe_late_share(self):
        if not (self.amount_settled or self.amount_overdue):
            return self.env._("Nothing has fallen due.")
        return self.env._(
            "%(share)s %% of what was paid or is overdue was not paid on time (tolerance: "
            "%(tolerance)s days); %(count)s of %(all)s invoices were.",
            tolerance=self.company_id.dunning_behavior_grace,
            share=self._number(self.late_share),
            count=self.on_time_count,
            all=self.settled_count + self.overdue_count,
        )

    def _describe_trend(self):
        values = {
            "recent": self._number(self.days_recent),
            "before": self._number(self.days_before),
        }
        if self.trend > 0:
            return self.env._(
                "It gets worse: %(recent)s days late in the last 6 months, %(before)s before.",
                **values,
            )
        if self.trend < 0:
            return self.env._(
                "It gets better: %(recent)s days late in the last 6 months, %(before)s before.",
                **values,
            )
        return self.env._("No trend.")

    def _describe_broken(self):
        if not self.broken_count:
            return self.env._("No promise was broken.")
        return self.env._("Promises that were not, or only partly, kept: %s.", self.broken_count)

    def _describe_defaulted(self):
        if not self.defaulted_count:
            return self.env._("No payment plan failed.")
        return self.env._("Payment plans that failed: %s.", self.defaulted_count)

    def _describe_oldest(self):
        if not self.oldest_days:
            return self.env._("Nothing is overdue.")
        return self.env._(
            "%(amount)s are overdue, the oldest invoice for %(days)s days.",
            amount=self._money(self.amount_overdue),
            days=self.oldest_days,
        )

    def _describe_total(self):
        bounds = self.company_id._dunning_grade_bounds()
        if self.is_new:
            return self.env._(
                "No class yet: %(count)s invoices were paid or are overdue; a class needs "
                "%(minimum)s.",
                count=self.settled_count + self.overdue_count,
                minimum=self.company_id.dunning_behavior_minimum,
            )
        return self.env._(
            "%(points)s points: class %(grade)s. (%(bounds)s)",
            points=self.points,
            grade=self.grade,
            bounds=", ".join(
                self.env._("%(grade)s from %(points)s", grade=grade, points=first)
                for grade, first in bounds.items()
            ),
        )

    # Actions

    @api.model
    def _explain(self, partner, company):
        """Classify one debtor as of today and open why.

        :param partner: res.partner, a debtor
        :param company: res.company
        """
        behavior = self.sudo()
        behavior._refresh(company, company._dunning_today(), partner)
        found = self.search([("partner_id", "=", partner.id), ("company_id", "=", company.id)])
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "%(customer)s: payment behavior as of %(date)s",
                customer=partner.display_name,
                date=format_date(self.env, company._dunning_today()),
            ),
            "res_model": self._name,
            "res_id": found.id,
            "view_mode": "form",
            "views": [(self.env.ref("dunning_advanced.dunning_behavior_view_why").id, "form")],
            "target": "new",
        }
