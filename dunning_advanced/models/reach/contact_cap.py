from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.sql import values


class DunningContactCap(models.Model):
    """How often a customer may be contacted at most in a rolling window.

    A contact is one debtor, one channel, one day, whatever the company: a reminder that
    was sent, or a call in which somebody spoke with the customer.
    """

    _name = "dunning.contact.cap"
    _description = "Contact Cap"
    _order = "days"

    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to apply the cap in every company."
    )
    maximum = fields.Integer(string="Contacts at most", required=True, default=2)
    days = fields.Integer(string="In days", required=True, default=7)
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
        caps = self.sudo().search([("company_id", "in", [False, *scope.company.parent_ids.ids])])
        return SQL(
            """
            SELECT numbered.debtor_id, MAX(numbered.date + cap.days) AS free_from
              FROM (SELECT contact.debtor_id, contact.date,
                           ROW_NUMBER() OVER (
                               PARTITION BY contact.debtor_id ORDER BY contact.date DESC) AS nth
                      FROM (SELECT DISTINCT notice.partner_id AS debtor_id, delivery.channel,
                                   notice.date
                              FROM dunning_notice notice
                              JOIN dunning_delivery delivery ON delivery.notice_id = notice.id
                             WHERE notice.state = 'issued' AND delivery.state IN ('queued', 'done')
                               AND notice.date < %(date)s AND notice.date > %(first)s
                               AND notice.partner_id IN (%(debtors)s)
                             UNION
                            SELECT call.partner_id, 'phone', call.date
                              FROM dunning_call call
                             WHERE call.conversation AND call.date < %(date)s
                               AND call.date > %(first)s
                               AND call.partner_id IN (%(debtors)s)) contact) numbered
              JOIN (%(caps)s) cap ON cap.maximum = numbered.nth
                   AND numbered.date + cap.days > %(date)s
             GROUP BY numbered.debtor_id
            """,
            date=scope.date,
            first=fields.Date.subtract(scope.date, days=max(caps.mapped("days"), default=0)),
            debtors=debtors,
            caps=values(
                {"maximum": "int", "days": "int"}, [(cap.maximum, cap.days) for cap in caps]
            ),
        )
