from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_policy_id = fields.Many2one(
        "dunning.policy",
        string="Default dunning policy",
        help="For customers for whom nothing else is said. Empty: the first policy.",
    )
    dunning_user_id = fields.Many2one(
        "res.users", string="Dunning responsible", domain=[("share", "=", False)]
    )
    dunning_nightly = fields.Boolean(
        string="Propose reminders every night",
        default=True,
        help="Levels that go out without review are also sent; all others wait for somebody.",
    )
    dunning_retention = fields.Integer(
        string="Keep stopped items for (days)",
        default=180,
        help="Why an item was not reminded is kept so long; reminders are kept for ever. "
        "0: keep everything.",
    )

    dunning_law = fields.Selection(
        [("customer", "Country of the customer"), ("company", "Country of the company")],
        string="Law for businesses",
        required=True,
        default="customer",
        help="Whose interest rules and fixed sums hold for business customers. For consumers "
        "those of the country where they live hold in any case.",
    )
    dunning_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of charges",
        domain=[("type", "=", "sale")],
        check_company=True,
    )
    dunning_fee_product_id = fields.Many2one(
        "product.product", string="Product for fees", check_company=True
    )
    dunning_fixed_product_id = fields.Many2one(
        "product.product", string="Product for fixed sums", check_company=True
    )
    dunning_interest_product_id = fields.Many2one(
        "product.product", string="Product for interest", check_company=True
    )

    def _dunning_responsible(self, user):
        """Who is asked to do something: the one given, the company's, the one
        at work; nobody in particular when that is the system itself.

        :return: res.users, may be empty
        """
        if not (user or self.dunning_user_id) and self.env.user._is_superuser():
            return user
        return user or self.dunning_user_id or self.env.user
