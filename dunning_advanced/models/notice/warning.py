from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class DunningNotice(models.Model):
    """What deserves a second look before a notice goes out."""

    _inherit = "dunning.notice"

    warning = fields.Char(string="Attention", compute="_compute_warning", search="_search_warning")
    warning_text = fields.Char(compute="_compute_warning")

    def _compute_warning(self):
        found = {
            code: set(self.search(Domain("id", "in", self._origin.ids) & domain).ids)
            for code, domain in self._warning_domains().items()
        }
        words = self._warning_words()
        for notice in self:
            own = [words[code] for code, ids in found.items() if notice._origin.id in ids]
            notice.warning = ", ".join(label for label, _sentence in own)
            notice.warning_text = " ".join(sentence for _label, sentence in own)

    def _search_warning(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = self._warning_domains()
        found = Domain.OR(domains[code] for code in value if code in domains)
        return found | ~Domain.OR(domains.values()) if False in value else found

    @api.model
    def _warning_words(self):
        """Label and sentence of each warning. Extension point, with the domains."""
        return {
            "contact": (
                self.env._("Bad e-mail address"),
                self.env._("E-mails to this address came back, or it is blacklisted."),
            ),
            "high": (
                self.env._("High first reminder"),
                self.env._("The first reminder in this currency and policy, and a high amount."),
            ),
            "key": (
                self.env._("Key customer"),
                self.env._("A key customer: call before you write?"),
            ),
            "credit": (
                self.env._("Open credits"),
                self.env._("The customer has open credits: match them with invoices first."),
            ),
        }

    @api.model
    def _warning_domains(self):
        """Which notices that wait deserve which warning, by the settings of their company.

        :return: dict of code to Domain
        """
        waiting = Domain("state", "in", ("proposed", "confirmed"))
        warnings = {
            "contact": self._warned_contact(),
            "high": self._by_company(self._warned_high),
            "key": self._by_company(self._warned_key),
            "credit": Domain("amount_credit", ">", 0) | self._by_company(self._warned_credit),
        }
        return {code: waiting & domain for code, domain in warnings.items()}

    @api.model
    def _by_company(self, build):
        return Domain.OR(
            Domain("company_id", "=", company.id) & build(company) for company in self.env.companies
        )

    @api.model
    def _warned_contact(self):
        bad = Domain("message_bounce", ">", 0) | Domain("is_blacklisted", "=", True)
        return Domain("channel", "=", "email") & Domain("contact_id", "any", bad)

    @api.model
    def _warned_high(self, company):
        limit = company.dunning_high_amount
        if not limit:
            return Domain.FALSE
        return Domain("comparison", "=", "new") & Domain("amount_total_company", ">=", limit)

    @api.model
    def _warned_key(self, company):
        tag = company.dunning_key_category_id
        return Domain("partner_id.category_id", "child_of", tag.ids) if tag else Domain.FALSE

    @api.model
    def _warned_credit(self, company):
        """Credits in any currency: those that lower the notice, and all others."""
        accounts = self.env["dunning.engine.item"]._receivables()
        companies = self.env["dunning.engine"]._companies(company)
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                """%s IN (SELECT p.commercial_partner_id
                            FROM account_move_line l JOIN res_partner p ON p.id = l.partner_id
                           WHERE l.account_id IN %s AND l.company_id IN %s
                             AND l.parent_state = 'posted' AND l.reconciled IS NOT TRUE
                             AND l.amount_residual_currency < 0)""",
                SQL.identifier(alias, "partner_id"),
                tuple(accounts.ids or [0]),
                tuple(companies.ids),
            )
        )
