from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


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
    partner_domain = fields.Char(
        string="Customers", default="[]", help="Which customers the rule is for. Empty: all."
    )
    country_ids = fields.Many2many("res.country", string="Countries")
    category_ids = fields.Many2many("res.partner.category", string="Tags")
    party = fields.Selection(
        [("business", "Businesses"), ("consumer", "Consumers")], string="Only for"
    )
    policy_id = fields.Many2one("dunning.policy", required=True, check_company=True)
    user_id = fields.Many2one("res.users", string="Responsible", domain=[("share", "=", False)])
    approval = fields.Boolean(
        string="Always review",
        help="Notices to these customers wait for review even where the level goes out by itself.",
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

    def _partner_domain(self):
        """The debtors for which the rule applies, as a domain on res.partner."""
        self.ensure_one()
        domain = Domain(literal_eval(self.partner_domain or "[]"))
        if self.country_ids:
            domain &= Domain("country_id", "in", self.country_ids.ids)
        if self.category_ids:
            domain &= Domain("category_id", "in", self.category_ids.ids)
        if self.party:
            domain &= Domain("is_company", "=", self.party == "business")
        return domain

    def _debtors_query(self):
        """The debtors for which the rule applies, archived ones too.

        :raises ValidationError: when the condition has become invalid
        """
        self.ensure_one()
        try:
            return (
                self.env["res.partner"]
                .sudo()
                .with_context(active_test=False)
                ._search(self._partner_domain())
            )
        except Exception as error:
            raise self._domain_error(error) from error

    def _domain_error(self, error):
        return ValidationError(
            self.env._(
                "The customers of follow-up rule “%(rule)s” cannot be found by its condition. "
                "Correct the condition: %(error)s",
                rule=self.name,
                error=error,
            )
        )

    @api.model
    def _for_company(self, company):
        """The rules of a company in their order.

        :param company: res.company
        """
        return self.search([("company_id", "in", [False, *company.parent_ids.ids])])
