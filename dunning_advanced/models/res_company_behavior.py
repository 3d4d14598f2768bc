from odoo import fields, models


class ResCompany(models.Model):
    """How the payment behavior of customers is judged."""

    _inherit = "res.company"

    dunning_behavior_months = fields.Integer(
        string="Payments of the last (months)",
        default=24,
        help="Payments and promises that are older say nothing any more.",
    )
    dunning_behavior_grace = fields.Integer(
        string="On time within (days)",
        default=3,
        help="Banks need time: paid so many days after the due date is still on time.",
    )
    dunning_behavior_minimum = fields.Integer(
        string="New customer below (invoices)",
        default=3,
        help="With fewer invoices that were paid or are overdue, nothing is said about a customer.",
    )
    dunning_grade_b = fields.Integer(string="Class B from (points)", default=10)
    dunning_grade_c = fields.Integer(string="Class C from (points)", default=30)
    dunning_grade_d = fields.Integer(string="Class D from (points)", default=55)
    dunning_grade_e = fields.Integer(string="Class E from (points)", default=85)

    _dunning_behavior_window = models.Constraint(
        "CHECK (dunning_behavior_months > 0 AND dunning_behavior_grace >= 0)",
        "Payment behavior needs at least one month to look at, and no negative days of grace.",
    )
    _dunning_grades_in_order = models.Constraint(
        "CHECK (0 < dunning_grade_b AND dunning_grade_b < dunning_grade_c"
        " AND dunning_grade_c < dunning_grade_d AND dunning_grade_d < dunning_grade_e)",
        "The classes of payment behavior follow each other: B begins above 0 points, C above B, "
        "D above C and E above D.",
    )

    def _dunning_grade_bounds(self):
        """From how many points on each class begins, best first."""
        self.ensure_one()
        return {
            "A": 0,
            "B": self.dunning_grade_b,
            "C": self.dunning_grade_c,
            "D": self.dunning_grade_d,
            "E": self.dunning_grade_e,
        }


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dunning_behavior_months = fields.Integer(
        related="company_id.dunning_behavior_months", readonly=False
    )
    dunning_behavior_grace = fields.Integer(
        related="company_id.dunning_behavior_grace", readonly=False
    )
    dunning_behavior_minimum = fields.Integer(
        related="company_id.dunning_behavior_minimum", readonly=False
    )
    dunning_grade_b = fields.Integer(related="company_id.dunning_grade_b", readonly=False)
    dunning_grade_c = fields.Integer(related="company_id.dunning_grade_c", readonly=False)
    dunning_grade_d = fields.Integer(related="company_id.dunning_grade_d", readonly=False)
    dunning_grade_e = fields.Integer(related="company_id.dunning_grade_e", readonly=False)
