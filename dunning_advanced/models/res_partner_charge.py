from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.public_holidays import PublicHolidays
from ..tools.waiting import BUSINESS, CONSUMER


class ResPartner(models.Model):
    _inherit = "res.partner"

    dunning_party = fields.Selection(
        [(BUSINESS, "Business"), (CONSUMER, "Consumer")],
        string="Business or consumer",
        copy=False,
        groups="dunning_advanced.group_user",
        help="Decides what a reminder may cost by law. Empty: companies are businesses, "
        "everybody else is protected as a consumer.",
    )
    dunning_party_default = fields.Char(
        compute="_compute_dunning_party_default", groups="dunning_advanced.group_user"
    )

    @api.depends("is_company")
    def _compute_dunning_party_default(self):
        for partner in self:
            partner.dunning_party_default = (
                self.env._("Business, as a company")
                if partner.commercial_partner_id.is_company
                else self.env._("Consumer, as a person")
            )

    def _dunning_party(self):
        """Whether the law sees a business or a consumer in this debtor.

        :return: "business" or "consumer"; consumer where nothing is known
        """
        self.ensure_one()
        debtor = self.sudo().commercial_partner_id
        return debtor.dunning_party or (BUSINESS if debtor.is_company else CONSUMER)

    @api.model
    def _dunning_party_domain(self, party):
        """The debtors of whom :meth:`_dunning_party` says the same, as a domain.

        :param party: "business" or "consumer"
        """
        unsaid = Domain("dunning_party", "=", False)
        return Domain("dunning_party", "=", party) | unsaid & Domain(
            "is_company", "=" if party == BUSINESS else "!=", True
        )

    def _dunning_law(self, company):
        """The country whose law says what a reminder may cost this debtor.

        Consumers are protected by the law of the country where they live,
        whatever the contract says. For businesses the company chooses.

        :return: res.country, that of the company where the debtor has none
        """
        self.ensure_one()
        home = company.account_fiscal_country_id or company.country_id
        if self._dunning_party() == BUSINESS and company.dunning_law == "company":
            return home
        return self.commercial_partner_id.country_id or home

    def _dunning_holidays(self, company):
        """The public holidays where this debtor lives, on which the post does not come.

        :return: container of dates; those of the company where the debtor has no country
        """
        self.ensure_one()
        debtor = self.commercial_partner_id
        country = debtor.country_id or company.account_fiscal_country_id or company.country_id
        state = (
            debtor.state_id if debtor.state_id.country_id == country else debtor.state_id.browse()
        )
        return PublicHolidays(country.code or "", state.code or "")
