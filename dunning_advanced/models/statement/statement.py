from dataclasses import dataclass
from datetime import date as Date

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_amount, format_date

from ..engine.engine import Scope

STATEMENT = "dunning_advanced.statement"

# Statements that are printed or sent in one go: a minute of work at most.
AT_ONCE = 200


@dataclass(frozen=True)
class Period:
    """What a statement of account is about."""

    company: models.Model  # res.company, with its branches
    date: Date  # the account as it was at the end of this day
    date_from: Date | None = None  # first day of the movements; None: open items only


class ResPartner(models.Model):
    """Statements of account: what a debtor owes a company at a date."""

    _inherit = "res.partner"

    def _dunning_statement_pdf(self, period):
        """The statements of these debtors as one PDF.

        :param period: Period
        :return: content of the file, as bytes
        :raises UserError: see :meth:`_dunning_statements`
        """
        debtors = self._dunning_statement_debtors(period, AT_ONCE)
        return self.env["ir.actions.report"]._dunning_merge(
            list(debtors._dunning_statement_files(period).values())
        )

    def _dunning_statement_files(self, period):
        """One PDF for each of these debtors.

        :return: dict of debtor id to content, in the order of the debtors
        """
        streams = self.env["ir.actions.report"]._render_qweb_pdf_prepare_streams(
            STATEMENT, {"period": period}, self.ids
        )
        return {id_: streams[id_]["stream"].getvalue() for id_ in self.ids}

    def _dunning_statement_name(self, period, extension):
        """The name of a file: what it is, of whom and of which day."""
        whose = self.display_name if len(self) == 1 else period.company.name
        label = self.env._(
            "Statement of account %(whose)s %(date)s", whose=whose, date=period.date.isoformat()
        )
        return f"{label.replace('/', '-')}.{extension}"

    def _dunning_statement_debtors(self, period, most=None):
        """The debtors of these contacts for whom there is something to say. One
        that is asked for alone gets a statement even when nothing is open.

        :param most: how many there may be, no limit when None
        :raises UserError: when there are none, or too many
        """
        debtors = self.commercial_partner_id
        debtors._dunning_check_period(period)
        if len(debtors) > 1:
            accounts = debtors._dunning_accounts(period)
            debtors = debtors.filtered(lambda debtor: debtor.id in accounts)
        if not debtors:
            raise UserError(
                self.env._("There is nothing to state: choose other customers or dates.")
            )
        if most and len(debtors) > most:
            raise UserError(
                self.env._(
                    "%(count)s statements are too many at once: choose up to %(most)s customers. "
                    "A workbook has no such limit.",
                    count=len(debtors),
                    most=most,
                )
            )
        return debtors

    def _dunning_accounts(self, period):
        """The accounts of these debtors, see ``dunning.engine.statement``.

        :param period: Period
        :return: dict of debtor id to a list of Account
        :raises AccessError: for others than dunning users of the company
        :raises UserError: when the dates are in the wrong order
        """
        self._dunning_check_period(period)
        scope = Scope(period.company, period.date, partner_ids=tuple(self.ids), as_of=True)
        return self.env["dunning.engine.statement"]._accounts(scope, period.date_from)

    def _dunning_check_period(self, period):
        if not isinstance(period, Period) or not self:
            raise UserError(
                self.env._("Choose the customers and the date: use “Statement of account”.")
            )
        # SQL reads the ledger below: the rights are asked here.
        self.check_access("read")
        self.env["dunning.case"].check_access("read")
        if not self.env.su and period.company not in self.env.companies:
            raise AccessError(self.env._("You have no access to %s.", period.company.sudo().name))
        if period.date_from and period.date_from > period.date:
            raise UserError(self.env._("The period begins after its end: correct the dates."))

    # What the documents show

    def _dunning_statements(self, period):
        """What the statement of each of these debtors shows, in its language.

        Read as superuser: a document must not depend on who prints it.

        :param period: Period
        :return: list of dicts, in the order of the debtors
        """
        accounts = self._dunning_accounts(period)
        company = period.company.sudo()
        debtors = self.sudo().with_company(company)
        contacts = self.env["dunning.channel"]._reached("letter", debtors)
        cases = debtors._dunning_cases(company)
        logo = company._dunning_logo()
        return [
            {
                "logo": logo,
                "case": cases.get(debtor),
                "person": debtor._dunning_person(cases.get(debtor), company),
                **debtor._dunning_statement(
                    period, accounts.get(debtor.id, []), contacts[debtor] or debtor
                ),
            }
            for debtor in debtors
        ]

    def _dunning_statement(self, period, accounts, contact):
        company = period.company.sudo()
        lang = contact._dunning_lang(self, company)
        debtor = self.with_context(lang=lang)
        sections = [debtor._dunning_section(account, company) for account in accounts]
        banks = [section["bank"] for section in sections if section["account"].owed > 0]
        return {
            "debtor": debtor,
            "contact": contact.with_context(lang=lang),
            "company": company.with_context(lang=lang),
            "lang": lang,
            "period": period,
            "sections": sections,
            "banks": debtor.env["res.partner.bank"].union(*banks),
            "bank": banks[0] if banks else company._dunning_bank(company.currency_id),
            "day": lambda value: format_date(debtor.env, value),
        }

    def _dunning_section(self, account, company):
        currency = self.env["res.currency"].browse(account.currency_id)
        kinds = self.env["dunning.charge"]
        return {
            "account": account,
            "ages": self.env["dunning.engine.item"]._age_labels(),
            "charge_title": lambda charge: kinds._kind(charge.kind).title(self.env, charge.name),
            "currency": currency,
            "bank": company._dunning_bank(currency),
            "amount": lambda value: format_amount(self.env, value, currency),
        }

    def _dunning_person(self, case, company):
        """Whom the debtor can talk to: the responsible, else the company."""
        users = (case and case.user_id, self.dunning_user_id, company.dunning_user_id)
        return next((user.partner_id for user in users if user), company.partner_id)

    def _dunning_cases(self, company):
        """The open case of each debtor that has one.

        :return: dict of debtor to dunning.case
        """
        cases = self.env["dunning.case"].search(
            [
                ("partner_id", "in", self.ids),
                ("company_id", "=", company.id),
                ("state", "=", "open"),
            ]
        )
        return {case.partner_id: case for case in cases}
