from markupsafe import Markup

from odoo import api, models
from odoo.tools import SQL, format_date

# A list for a person: what is beyond it is behind its link.
LISTED = 50


class DunningHold(models.Model):
    """Invoices that somebody took out of follow-up: held without an end, so asked
    about every month.
    """

    _inherit = "dunning.hold"

    @api.model
    def _blocked_domain(self):
        """Open items of invoices that are marked "No Follow-Up". Entries of general
        journals are so by themselves, and nobody's decision.
        """
        return [
            ("no_followup", "=", True),
            ("account_id.account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("reconciled", "=", False),
            ("amount_residual_currency", ">", 0),
            ("move_id.move_type", "in", ("out_invoice", "out_receipt")),
        ]

    @api.model
    def _night_review_blocked(self, company, date):
        """Give each responsible of a company the list of its blocked invoices."""
        self._review_blocked(company, date)

    @api.model
    def _review_blocked(self, company, date):
        """One activity for each responsible, with the list; one that is open already
        gets the list of today.

        :return: mail.activity
        """
        activities = self.env["mail.activity"].sudo()
        for user, items in self._blocked_by_responsible(company).items():
            items = items.with_user(user).sudo().with_context(lang=user.lang)
            values = {
                "activity_type_id": self.env.ref("dunning_advanced.mail_activity_blocked").id,
                "summary": items.env._("Review invoices without follow-up: %s", company.name),
                "user_id": user.id,
            }
            same = [(name, "=", value) for name, value in values.items()]
            note = self._blocked_list(items)
            activity = activities.search(same, limit=1)
            if activity:
                activity.note = note
            else:
                activity = activities.with_context(mail_activity_quick_update=True).create(
                    {**values, "note": note, "date_deadline": date, "automated": True}
                )
            activities |= activity
        return activities

    @api.model
    def _blocked_by_responsible(self, company):
        """:return: dict of res.users to account.move.line, the largest debts first"""
        query = self.env["account.move.line"]._search(
            [*self._blocked_domain(), ("company_id", "child_of", company.id)]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT kase.user_id, array_agg(aml.id ORDER BY aml.amount_residual DESC, aml.id)
                  FROM account_move_line aml
                  JOIN res_partner partner ON partner.id = aml.partner_id
                  LEFT JOIN dunning_case kase ON kase.partner_id = partner.commercial_partner_id
                       AND kase.state = 'open' AND kase.company_id = %s
                 WHERE aml.id IN %s
                 GROUP BY kase.user_id
                """,
                company.id,
                query.subselect(),
            )
        )
        found = {}
        for user_id, item_ids in rows:
            user = self.env["res.users"].browse(user_id or [])
            user = company._dunning_responsible(user) or company._dunning_managers()[:1]
            items = self.env["account.move.line"].browse(item_ids)
            found[user] = found.get(user, items.browse()) | items
        found.pop(self.env["res.users"], None)
        return found

    @api.model
    def _blocked_list(self, items):
        rows = [
            Markup('<li><a href="/odoo/account.move/%s">%s</a> · %s · %s · %s</li>')
            % (
                item.move_id.id,
                item.move_id.name,
                item.partner_id.name,
                item.currency_id.format(item.amount_residual_currency),
                format_date(items.env, item.date_maturity or item.date),
            )
            for item in items[:LISTED]
        ]
        return Markup('<ul>%s</ul><p><a href="/odoo/dunning-blocked">%s</a></p>') % (
            Markup("").join(rows),
            items.env._("All invoices without follow-up (%s)", len(items)),
        )
