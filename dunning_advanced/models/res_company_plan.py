from odoo import fields, models


class ResCompany(models.Model):
    """What payment plans a company agrees to, and how it looks after them."""

    _inherit = "res.company"

    dunning_plan_months = fields.Integer(
        string="Payment plans at most (months)",
        default=12,
        help="From the agreement to the last installment. 0: no limit.",
    )
    dunning_plan_minimum = fields.Monetary(
        string="Smallest installment",
        default=25,
        help="The last installment may be smaller. 0: no limit.",
    )
    dunning_plan_approval = fields.Monetary(
        string="Payment plans need approval above",
        default=10_000,
        help="A dunning manager approves plans over more than that. 0: none needs approval.",
    )
    dunning_plan_valid = fields.Integer(
        string="Offers are valid for (days)",
        default=14,
        help="Until then the customer may accept a payment plan, and reminders wait.",
    )
    dunning_plan_remind = fields.Integer(
        string="Remind of installments (days before)",
        default=3,
        help="By e-mail, so many days before each installment. 0: not at all.",
    )
    dunning_plan_tolerance = fields.Integer(
        string="Tolerance for installments (days)",
        default=5,
        help="An installment that is not there so many days after its date puts the plan in "
        "arrears.",
    )
    dunning_plan_cure = fields.Integer(
        string="Time to make up for it (days)",
        default=14,
        help="A plan that is in arrears for longer is put before somebody, who decides whether "
        "it ends.",
    )
    dunning_plan_thanks = fields.Boolean(
        string="Thank for completed plans", default=True, help="By e-mail, when all is paid."
    )

    _dunning_plan_limits = models.Constraint(
        "CHECK (dunning_plan_months >= 0 AND dunning_plan_minimum >= 0"
        " AND dunning_plan_approval >= 0 AND dunning_plan_remind >= 0"
        " AND dunning_plan_tolerance >= 0 AND dunning_plan_cure >= 0 AND dunning_plan_valid > 0)",
        "Limits of payment plans cannot be negative, and an offer is valid for a day at least.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dunning_plan_months = fields.Integer(related="company_id.dunning_plan_months", readonly=False)
    dunning_plan_minimum = fields.Monetary(
        related="company_id.dunning_plan_minimum", readonly=False
    )
    dunning_plan_approval = fields.Monetary(
        related="company_id.dunning_plan_approval", readonly=False
    )
    dunning_plan_valid = fields.Integer(related="company_id.dunning_plan_valid", readonly=False)
    dunning_plan_remind = fields.Integer(related="company_id.dunning_plan_remind", readonly=False)
    dunning_plan_tolerance = fields.Integer(
        related="company_id.dunning_plan_tolerance", readonly=False
    )
    dunning_plan_cure = fields.Integer(related="company_id.dunning_plan_cure", readonly=False)
    dunning_plan_thanks = fields.Boolean(related="company_id.dunning_plan_thanks", readonly=False)
