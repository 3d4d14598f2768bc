from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ...tools import ladder


class DunningPolicy(models.Model):
    """A named ladder of levels. Without a company it serves every company."""

    _name = "dunning.policy"
    _description = "Dunning Policy"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Leave empty to offer the policy in every company.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Currency of the minimum amounts of the levels.",
    )
    description = fields.Html(translate=True)
    level_ids = fields.One2many("dunning.level", "policy_id", copy=True)
    rule_ids = fields.One2many("dunning.rule", "policy_id")
    repeat_every = fields.Integer(
        string="Repeat the last level every",
        default=0,
        help="Days between two repetitions of the last level. 0: never repeat.",
    )
    repeat_max = fields.Integer(
        string="Repetitions at most",
        default=0,
        help="How often the last level is repeated before a person has to decide.",
    )
    catch_up = fields.Boolean(
        string="Catch up",
        help="An item that is reminded late gets the level of its age at once. "
        "Otherwise no level is skipped.",
    )
    align = fields.Boolean(
        string="One level for all items",
        help="All items of a reminder get its highest level.",
    )
    charge_mode = fields.Selection(
        [
            ("printed", "Printed only"),
            ("draft", "Draft invoice"),
            ("posted", "Posted invoice"),
        ],
        string="Charges",
        required=True,
        default="printed",
        help="Whether the charges of a reminder are only asked for in it, or also booked "
        "as a customer invoice.",
    )
    charge_on_charges = fields.Boolean(
        string="Charges on charges",
        help="Invoices of earlier charges bear fees and interest too. Otherwise they are "
        "reminded of like any invoice, and cost nothing more.",
    )
    has_charges = fields.Boolean(compute="_compute_has_charges")
    inform = fields.Boolean(
        string="List what is not due yet",
        help="E-mails and letters list, for information and never in the sum, what else the "
        "customer owes in the currency and open credits.",
    )
    every_contact = fields.Boolean(
        string="To all contacts of the invoices",
        help="Reminders go to all contacts of the type for reminders. For customers without such: "
        "to every contact to whom the invoices are made out, and to all invoice contacts. "
        "Otherwise to the first of them.",
    )
    level_count = fields.Integer(compute="_compute_level_count")
    debtor_count = fields.Integer(compute="_compute_debtor_count")

    _repeat_not_negative = models.Constraint(
        "CHECK (repeat_every >= 0 AND repeat_max >= 0)",
        "The repetition of the last level cannot be negative: enter 0 to never repeat it.",
    )

    @api.constrains("repeat_every", "repeat_max")
    def _check_repeat(self):
        for policy in self:
            if policy.repeat_max and not policy.repeat_every:
                raise ValidationError(
                    self.env._(
                        "Policy “%s” repeats its last level, but not after how many days: "
                        "enter the days between two repetitions.",
                        policy.name,
                    )
                )

    @api.constrains("company_id")
    def _check_company_in_use(self):
        for policy in self.filtered("company_id"):
            other = (
                self.env["dunning.line"]
                .sudo()
                .search(
                    Domain("policy_id", "=", policy.id)
                    & ~Domain("company_id", "child_of", policy.company_id.id),
                    limit=1,
                )
            )
            if other:
                raise ValidationError(
                    self.env._(
                        "Policy “%(policy)s” is used by %(company)s: leave its company "
                        "empty, or copy the policy for one company.",
                        policy=policy.name,
                        company=other.company_id.display_name,
                    )
                )

    @api.depends("level_ids")
    def _compute_level_count(self):
        for policy in self:
            policy.level_count = len(policy.level_ids)

    @api.depends("level_ids.has_charges")
    def _compute_has_charges(self):
        for policy in self:
            policy.has_charges = any(policy.level_ids.mapped("has_charges"))

    def _compute_debtor_count(self):
        counts = dict(
            self.env["dunning.notice"]._read_group(
                [("policy_id", "in", self.ids)], ["policy_id"], ["partner_id:count_distinct"]
            )
        )
        for policy in self:
            policy.debtor_count = counts.get(policy, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_ruled(self):
        rules = self.env["dunning.rule"].sudo().with_context(active_test=False)
        if rule := rules.search([("policy_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "Policy “%(policy)s” is assigned by follow-up rule “%(rule)s”: choose "
                    "another policy there, or delete the rule, first.",
                    policy=rule.policy_id.name,
                    rule=rule.name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = self.env["dunning.line"].sudo().search([("policy_id", "in", self.ids)], limit=1)
        if used:
            raise UserError(
                self.env._(
                    "Policy “%s” has been used by a dunning run and cannot be deleted: "
                    "archive it instead.",
                    used.policy_id.name,
                )
            )

    def copy_data(self, default=None):
        name = (default or {}).get("name")
        return [
            dict(vals, name=name or self.env._("%s (copy)", policy.name))
            for policy, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def action_view_notices(self):
        """Open the notices that were made under this policy."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_notice"
        )
        return dict(action, domain=[("policy_id", "=", self.id)], context={})

    @api.model
    def _for(self, company):
        """The policies that items of a company and its branches may have, archived ones too:
        what was begun under them goes on.
        """
        near = Domain("company_id", "in", company._dunning_above())
        return self.with_context(active_test=False).search(
            near | Domain("company_id", "child_of", company.id)
        )

    def _ladder(self):
        """The rungs of the policy, repetitions of the last level included.

        :return: list of (policy id, rung, level id, days after the due date,
            days since the last notice, which repetition of the level)
        """
        self.ensure_one()
        levels = [
            (level.rung, level.id, level.days, level.min_interval)
            for level in self.level_ids.filtered("active").sorted("days")
        ]
        return [(self.id, *row) for row in ladder.rows(levels, self.repeat_every, self.repeat_max)]

    def _rungs(self):
        """Where each level of these policies stands now.

        :return: set of (policy id, rung, level id)
        """
        return {row[:3] for policy in self for row in policy._ladder()}

    @api.model
    def _default_for(self, company):
        """The policy of items for which nothing more special is said: the
        company's, else the first one that the company may use.

        :param company: res.company, may be a branch
        :return: dunning.policy, empty when there is none
        """
        return company.dunning_policy_id.filtered("active") or self.search(
            [("company_id", "in", company._dunning_above()), ("level_ids", "!=", False)],
            limit=1,
        )
