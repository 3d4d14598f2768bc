from collections import defaultdict

from markupsafe import Markup

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import ageing

# Parts of what a customer owes: the buckets of tools.ageing, of which these are overdue, the
# oldest first; and what is no bucket.
OVERDUE = range(ageing.COUNT - 1, 0, -1)
NOT_DUE, CREDIT, CHARGES = 0, -1, -2


class DunningCase(models.Model):
    """What stands open at the customer of a case, read from the ledger when it is shown."""

    _inherit = "dunning.case"

    def _compute_balance(self):
        balances = self.partner_id._dunning_balances(self.company_id)
        for case in self:
            rows = balances.get((case.company_id.id, case.partner_id.id), [])
            case.amount_overdue = sum(row["overdue_company"] for row in rows)
            case.amount_disputed = sum(row["disputed_company"] for row in rows)
            case.item_count = sum(row["items"] for row in rows)
            today = case._today()
            oldest = min((row["due"] for row in rows if row["due"]), default=today)
            case.days_overdue = (today - oldest).days
            case.amount_summary = self._by_currency(rows, "overdue")
            case.disputed_summary = self._by_currency(rows, "disputed")

    @api.depends("partner_id", "company_id")
    def _compute_records(self):
        for case in self:
            case.item_ids = self.env["account.move.line"].search(
                case.partner_id._dunning_items_domain(case.company_id), order="date_maturity, id"
            )
            case.notice_ids = self.env["dunning.notice"].search(case._debtor_domain())
            case.hold_ids = self.env["dunning.hold"].search(
                [
                    ("partner_id", "=", case.partner_id.id),
                    ("company_id", "child_of", case.company_id.ids),
                ]
            )
            case.blocked_item_ids = case.item_ids.filtered_domain(
                self.env["dunning.hold"]._blocked_domain()
            )

    def _compute_hold(self):
        holds = self.env["dunning.hold"].search(
            Domain.OR(
                self.env["dunning.hold"]._lasting_domain(today)
                & Domain("company_id", "child_of", cases.company_id.ids)
                for today, cases in self._by_day()
            )
            & Domain("partner_id", "in", self.partner_id.ids)
            & Domain("amount", "in", (False, 0)),
            order="date_next",
        )
        # A hold of everything says more than that of one invoice.
        found = {
            (hold.partner_id, company): hold
            for hold in holds.sorted(lambda hold: hold.scope == "debtor")
            for company in hold.company_id.sudo().parent_ids
        }
        for case in self:
            case.hold_id = found.get((case.partner_id, case.company_id))

    def _compute_last_notice(self):
        notices = self.env["dunning.notice"]
        groups = notices._read_group(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("state", "=", "issued"),
            ],
            ["partner_id", "company_id"],
            ["id:max", "__count"],
        )
        lasts = notices.browse(last for _partner, _company, last, _count in groups)
        found = {
            (partner.id, company.id): (last, count)
            for (partner, company, _id, count), last in zip(groups, lasts, strict=True)
        }
        for case in self:
            last, count = found.get((case.partner_id.id, case.company_id.id), (notices, 0))
            case.last_notice_id = last
            case.last_date = last.date
            case.notice_count = count

    def _compute_level(self):
        levels = {company: self.partner_id._dunning_levels(company) for company in self.company_id}
        for case in self:
            case.level_id = levels.get(case.company_id, {}).get(case.partner_id.id)
            case.rung = case.level_id.rung
            case.is_last = case.level_id.is_last

    def _compute_age_summary(self):
        ages = self._ages()
        for case in self:
            rows = ages.get((case.company_id.id, case.partner_id.id), {})
            case.age_summary = Markup("").join(
                case._age_line(self.env["res.currency"].browse(currency_id), parts)
                for currency_id, parts in sorted(rows.items())
            )

    def _by_currency(self, rows, column):
        """The amounts of a column of balances in words, those that are not zero."""
        return " + ".join(
            self.env["res.currency"].browse(row["currency_id"]).format(row[column])
            for row in rows
            if row[column]
        )

    # What the customer of a case owes by age, a line for each currency.

    def _age_line(self, currency, parts):
        """The amounts of one currency as an equation that adds up."""
        labels = self.env["dunning.engine.item"]._age_labels()
        credit = parts[CREDIT]
        overdue = sum(parts[age] for age in OVERDUE)
        terms = [
            # within a line: no capital
            self._age_term(
                currency, parts[age], labels[age][:1].lower() + labels[age][1:], "+" if n else ""
            )
            for n, age in enumerate(age for age in OVERDUE if parts[age])
        ]
        if credit and terms:
            terms.append(self._age_term(currency, -credit, self.env._("credits"), "−"))
        return Markup('<div><strong class="fs-3">%s</strong> %s%s</div>%s') % (
            currency.format(overdue + credit if terms else 0),
            Markup("= ") if terms else "",
            Markup(" ").join(terms),
            self._age_beside(currency, parts),
        )

    def _age_beside(self, currency, parts):
        """What is not in the sum: not due yet, charges that nobody booked, credits where
        nothing is overdue.
        """
        labels = {
            **({} if any(parts[age] > 0 for age in OVERDUE) else {CREDIT: self.env._("Credits")}),
            NOT_DUE: self.env._("Not due yet"),
            CHARGES: self.env._("Charges not booked"),
        }
        told = [
            f"{label}: {currency.format(parts[part])}"
            for part, label in labels.items()
            if parts[part]
        ]
        if not told:
            return ""
        return Markup('<div class="text-muted small">%s</div>') % " · ".join(told)

    def _age_term(self, currency, amount, label, sign):
        return Markup('%s <span class="text-nowrap">%s %s</span>') % (
            sign,
            currency.format(amount),
            label,
        )

    def _ages(self):
        """Open amounts by age today, of all these cases by one query a company.

        :return: dict of (company id, debtor id) to a dict of currency id to a dict of part
            to amount; credits are negative
        """
        found = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
        self.env.flush_all()
        for company, cases in self.filtered("partner_id").grouped("company_id").items():
            rows = self.env.execute_query(
                self._ages_sql(company, company._dunning_today(), tuple(cases.partner_id.ids))
            )
            for debtor_id, currency_id, part, amount in rows:
                found[company.id, debtor_id][currency_id][part] = amount
        return found

    @api.model
    def _ages_sql(self, company, date, debtors):
        companies = tuple(company._dunning_companies().ids)
        return SQL(
            """
            SELECT partner.commercial_partner_id, aml.currency_id,
                   CASE WHEN aml.amount_residual_currency < 0 THEN %(credit)s
                        ELSE width_bucket(
                             %(date)s - COALESCE(aml.date_maturity, aml.date), %(starts)s)
                   END AS part,
                   SUM(aml.amount_residual_currency) AS amount
              FROM account_move_line aml
              JOIN res_partner partner ON partner.id = aml.partner_id
             WHERE aml.account_id IN (
                       SELECT id FROM account_account WHERE account_type = 'asset_receivable')
               AND aml.reconciled IS NOT TRUE AND aml.parent_state = 'posted'
               AND aml.amount_residual_currency <> 0
               AND partner.commercial_partner_id IN %(debtors)s AND aml.company_id IN %(companies)s
             GROUP BY 1, 2, 3
             UNION ALL
            SELECT charge.partner_id, charge.currency_id, %(charges)s,
                   SUM(charge.amount + COALESCE(charge.amount_tax, 0))
              FROM dunning_charge charge
              JOIN dunning_notice notice ON notice.id = charge.notice_id AND notice.state = 'issued'
              LEFT JOIN account_move move ON move.id = notice.charge_move_id
             WHERE charge.state = 'open' AND (move.id IS NULL OR move.state = 'draft')
               AND charge.partner_id IN %(debtors)s AND charge.company_id IN %(companies)s
             GROUP BY 1, 2
            """,
            date=date,
            starts=list(ageing.STARTS),
            credit=CREDIT,
            charges=CHARGES,
            debtors=debtors,
            companies=companies,
        )
