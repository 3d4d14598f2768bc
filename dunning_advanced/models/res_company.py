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
