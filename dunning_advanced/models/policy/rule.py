from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.points import CLASSES


class DunningRule(models.Model):
    """An ordered follow-up rule: debtors that match get its policy and responsible."""

    _name = "dunning.rule"
    _description = "Follow-up Rule"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to apply the rule in every company."
    )

    # Conditions: all of them must hold

    partner_domain = fields.Char(
        string="Customers", default="[]", help="Which customers the rule is for. Empty: all."
    )
    country_ids = fields.Many2many("res.country", string="Countries")
    category_ids = fields.Many2many("res.partner.category", string="Tags")
    party = fields.Selection(
        [("business", "Businesses"), ("consumer", "Consumers")],
        string="Only for",
        help="As on the customer, page Dunning: what is chosen there, else companies are "
        "businesses and everybody else is a consumer.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        string="Currency of the amounts",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Converted into the currency of the company at the date of the run.",
    )
    amount_from = fields.Monetary(
        string="Overdue from",
        help="All that the customer owes overdue, less open credits, in company currency. "
        "0: any amount.",
    )
    amount_to = fields.Monetary(string="Overdue up to", help="0: no limit.")
    days_from = fields.Integer(
        string="Oldest overdue from (days)",
        help="Days since the due date of the oldest overdue item. 0: any.",
    )
    days_to = fields.Integer(string="Oldest overdue up to (days)", help="0: no limit.")
    grade_from = fields.Selection(
        [(letter, letter) for letter in CLASSES],
        string="Class from",
        help="Payment behavior, from A (reliable) to E (hardly ever). New customers have no class.",
    )
    grade_to = fields.Selection(
        [(letter, letter) for letter in CLASSES], string="Class up to", help="Empty: up to E."
    )
    newcomers = fields.Selection(
        [("only", "Only new customers"), ("never", "Only known customers")],
        string="New customers",
        help="New are customers of whom too little is known to give them a class.",
    )

    # What follows

    policy_id = fields.Many2one("dunning.policy", required=True, check_company=True)
    user_id = fields.Many2one(
        "res.users", string="Responsible", check_company=True, domain=[("share", "=", False)]
    )
    team_id = fields.Many2one(
        "dunning.team",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Each new case is assigned to the member with the fewest open ones.",
    )
    channel = fields.Selection(
        selection=lambda self: self.env["dunning.channel"]._selection(),
        string="Preferred channel",
        help="Comes before the channel of the level. What the customer prefers comes before both.",
    )
    approval = fields.Boolean(
        string="Always review",
        help="Reminders to these customers wait for review even where the level goes out by "
        "itself.",
    )
    debtor_count = fields.Integer(
        string="Customers now",
        compute="_compute_debtor_count",
        help="Customers with open items whom the rule takes today.",
    )

    _limits_not_negative = models.Constraint(
        "CHECK (amount_from >= 0 AND amount_to >= 0 AND days_from >= 0 AND days_to >= 0)",
        "The limits of a follow-up rule cannot be negative: enter 0 for no limit.",
    )

    @api.constrains("partner_domain")
    def _check_partner_domain(self):
        for rule in self:
            try:
                # Some conditions are only refused by the database.
                with self.env.cr.savepoint(flush=False):
                    self.env["res.partner"].search(rule._partner_domain(), limit=1)
            except Exception as error:
                raise rule._domain_error(error) from error

    @api.constrains("amount_from", "amount_to", "days_from", "days_to")
    def _check_limits(self):
        for rule in self:
            if rule.amount_to and rule.amount_from > rule.amount_to:
                raise ValidationError(
                    self.env._(
                        "Follow-up rule “%(rule)s” takes nobody: the amount overdue cannot be "
                        "from %(low)s and up to %(high)s. Swap them, or enter 0 for no limit.",
                        rule=rule.name,
                        low=rule.currency_id.format(rule.amount_from),
                        high=rule.currency_id.format(rule.amount_to),
                    )
                )
            if rule.days_to and rule.days_from > rule.days_to:
                raise ValidationError(
                    self.env._(
                        "Follow-up rule “%(rule)s” takes nobody: the oldest item cannot be "
                        "overdue from %(low)s and up to %(high)s days. Swap them, or enter 0 for "
                        "no limit.",
                        rule=rule.name,
                        low=rule.days_from,
                        high=rule.days_to,
                    )
                )

    @api.constrains("grade_from", "grade_to", "newcomers")
    def _check_grades(self):
        for rule in self:
            graded = rule.grade_from or rule.grade_to
            if graded and rule.newcomers == "only":
                raise ValidationError(
                    self.env._(
                        "Follow-up rule “%s” takes nobody: new customers have no class. Leave out "
                        "the class, or choose something else for new customers.",
                        rule.name,
                    )
                )
            if (rule.grade_from or "A") > (rule.grade_to or "E"):
                raise ValidationError(
                    self.env._(
                        "Follow-up rule “%(rule)s” takes nobody: the class cannot be from "
                        "%(low)s up to %(high)s. Swap them.",
                        rule=rule.name,
                        low=rule.grade_from,
                        high=rule.grade_to,
                    )
                )

    @api.constrains("user_id", "team_id")
    def _check_one_responsible(self):
        for rule in self:
            if rule.user_id and rule.team_id:
                raise ValidationError(
                    self.env._(
                        "Follow-up rule “%s” names a responsible and a team: choose one of them.",
                        rule.name,
                    )
                )
            if rule.team_id and not rule.team_id.active:
                raise ValidationError(
                    self.env._(
                        "Team “%s” is archived: choose another one, or restore it first.",
                        rule.team_id.name,
                    )
                )

    @api.depends_context("company")
    def _compute_debtor_count(self):
        counts = self._debtor_counts(self.env.company, self.env.company._dunning_today())
        for rule in self:
            rule.debtor_count = counts.get(rule.id, 0)

    def _domain_error(self, error):
        return ValidationError(
            self.env._(
                "The customers of follow-up rule “%(rule)s” cannot be found by its condition. "
                "Correct the condition: %(error)s",
                rule=self.name,
                error=error,
            )
        )

    # Actions

    def action_view_debtors(self):
        """Open the customers with open items whom the rule takes today."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "res.partner",
            "view_mode": "list,kanban,form",
            "domain": [("dunning_rule_id", "=", self.id)],
        }

    # Business

    @api.model
    def _for_company(self, company):
        """The rules of a company in their order.

        :param company: res.company
        """
        return self.search([("company_id", "in", company._dunning_above())])

    def _own_domain(self):
        """What is asked of the customers by the filter of the rule."""
        return literal_eval(self.partner_domain or "[]")
