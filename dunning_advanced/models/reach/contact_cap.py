from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.sql import values


class DunningContactCap(models.Model):
    """How often a customer may be contacted at most in a rolling window.

    A contact is one debtor, one channel, one day: a reminder that was sent, also where it was
    taken back later, or a call in which somebody spoke with the customer. Those of a company and
    its branches count together.
    """

    _name = "dunning.contact.cap"
    _description = "Contact Cap"
    _order = "days"

    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to apply the cap in every company."
    )
    maximum = fields.Integer(string="Contacts at most", required=True, default=2)
    days = fields.Integer(string="In days", required=True, default=7)
    shared = fields.Boolean(
        string="Count all companies",
        help="Contacts by any company of this database count, not only those by the company "
        "and its branches: for a group that its customers see as one.",
    )
    active = fields.Boolean(default=True)

    _positive = models.Constraint(
        "CHECK (maximum > 0 AND days > 0)",
        "A cap allows at least one contact in at least one day: archive it to lift it.",
    )

    @api.depends("maximum", "days")
    def _compute_display_name(self):
        for cap in self:
            cap.display_name = self.env._(
                "%(maximum)s contacts in %(days)s days", maximum=cap.maximum, days=cap.days
            )

    @api.model
    def _free_from_sql(self, scope, debtors):
        """From which day the caps allow the next contact, for debtors at a cap.

        Contacts of the day of the run itself do not count against it: what
        goes out on one day by one channel is one contact.

        :param scope: Scope of the evaluation
        :param debtors: SQL of a subquery with one column of debtor ids
        :return: SQL of a query with columns debtor_id and free_from
        """
        caps = self.sudo().search([("company_id", "in", scope.company._dunning_above())])
        group = tuple(scope.company.root_id._dunning_companies().ids)
        parts = [
            own._reached_sql(
                scope.date,
                debtors,
                SQL("TRUE") if shared else SQL("contact.company_id IN %s", group),
            )
            for shared, own in caps.grouped("shared").items()
        ] or [SQL("SELECT NULL::int AS debtor_id, NULL::date AS free_from WHERE FALSE")]
        return SQL(
            "SELECT debtor_id, MAX(free_from) AS free_from FROM (%s) reached GROUP BY debtor_id",
            SQL(" UNION ALL ").join(parts),
        )

    def _reached_sql(self, date, debtors, counted):
        """From which day each of these caps that is reached allows the next contact.

        :param date: date of the run
        :param debtors: SQL of a subquery with one column of debtor ids
        :param counted: SQL condition on a row ``contact``
        :return: SQL of a query with columns debtor_id and free_from
        """
        return SQL(
            """
            SELECT numbered.debtor_id, numbered.date + cap.days AS free_from
              FROM (SELECT contact.debtor_id, contact.date,
                           ROW_NUMBER() OVER (
                               PARTITION BY contact.debtor_id ORDER BY contact.date DESC) AS nth
                      FROM (SELECT DISTINCT contact.debtor_id, contact.channel, contact.date
                              FROM (%(contacts)s) contact
                             WHERE %(counted)s) contact) numbered
              JOIN (%(caps)s) cap ON cap.maximum = numbered.nth
                   AND numbered.date + cap.days > %(date)s
            """,
            date=date,
            contacts=self._contacts_sql(date, debtors),
            counted=counted,
            caps=values(
                {"maximum": "int", "days": "int"}, [(cap.maximum, cap.days) for cap in self]
            ),
        )

    def _contacts_sql(self, date, debtors):
        """The contacts before a day that may count for these caps, by whatever company."""
        return SQL(
            """
            SELECT notice.partner_id AS debtor_id, delivery.channel, notice.date, notice.company_id
              FROM dunning_notice notice
              JOIN dunning_delivery delivery ON delivery.notice_id = notice.id
             WHERE notice.state IN ('issued', 'cancelled') AND delivery.correction IS NOT TRUE
               AND delivery.state IN ('queued', 'done', 'unknown')
               AND notice.date < %(date)s AND notice.date > %(first)s
               AND notice.partner_id IN (%(debtors)s)
             UNION ALL
            SELECT call.partner_id, 'phone', call.date, call.company_id
              FROM dunning_call call
             WHERE call.conversation AND call.date < %(date)s AND call.date > %(first)s
               AND call.partner_id IN (%(debtors)s)
            """,
            date=date,
            first=fields.Date.subtract(date, days=max(self.mapped("days"))),
            debtors=debtors,
        )
