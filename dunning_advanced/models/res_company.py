from odoo import fields, models
from odoo.tools.image import image_data_uri


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
    dunning_high_amount = fields.Monetary(
        string="High first reminder",
        default=10_000,
        help="A first reminder of this amount or more is pointed out in the review. 0: never.",
    )
    dunning_key_category_id = fields.Many2one(
        "res.partner.category",
        string="Tag of key customers",
        help="Reminders of customers with this tag are pointed out in the review.",
    )
    dunning_bank_days = fields.Integer(
        string="Bank lines wait for (days)",
        default=7,
        help="Bank lines that are not reconciled for longer are pointed out in the review. "
        "0: never.",
    )
    dunning_promise_tolerance = fields.Integer(
        string="Tolerance for promises (days)",
        default=3,
        help="A promise is broken when so many days after its date the money is not there.",
    )
    dunning_promise_days = fields.Integer(
        string="Promises at most (days ahead)",
        default=30,
        help="Whoever needs longer gets a payment plan.",
    )
    dunning_promise_thanks = fields.Boolean(
        string="Thank for kept promises", default=True, help="By e-mail, when the money is there."
    )

    def _dunning_responsible(self, user):
        """Who is asked to do something: the one given, the company's, the one
        at work; nobody in particular when that is the system itself.

        :return: res.users, may be empty
        """
        if not (user or self.dunning_user_id) and self.env.user._is_superuser():
            return user
        return user or self.dunning_user_id or self.env.user

    def _dunning_bank(self, currency):
        """The best account of the company to pay to in a currency, if there is one.

        :return: res.partner.bank
        """
        banks = self.partner_id.bank_ids.filtered(
            lambda bank: (
                bank.company_id in (self, self.env["res.company"])
                and bank.currency_id in (currency, self.env["res.currency"])
            )
        )
        return banks.sorted(lambda bank: (not bank.allow_out_payment, not bank.currency_id))[:1]

    def _dunning_logo(self):
        """The logo as a picture for a document, nothing where it is the one of Odoo."""
        if self.logo and not self.uses_default_logo:
            return image_data_uri(self.partner_id.image_512)
        return None
