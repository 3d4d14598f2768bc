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
            SELECT c.debtor_id, MAX(c.date + cap.days) AS free_from
              FROM (SELECT d.debtor_id, d.date,
                           ROW_NUMBER() OVER (PARTITION BY d.debtor_id ORDER BY d.date DESC) AS nth
                      FROM (SELECT DISTINCT n.partner_id AS debtor_id, v.channel, n.date
                              FROM dunning_notice n
                              JOIN dunning_delivery v ON v.notice_id = n.id
                             WHERE n.state = 'issued' AND v.state IN ('queued', 'done')
                               AND n.date < %(date)s AND n.date > %(first)s
                               AND n.partner_id IN (%(debtors)s)
                             UNION
                            SELECT k.partner_id, 'phone', k.date
                              FROM dunning_call k
                             WHERE k.conversation AND k.date < %(date)s AND k.date > %(first)s
                               AND k.partner_id IN (%(debtors)s)) d) c
              JOIN (%(caps)s) cap ON cap.maximum = c.nth AND c.date + cap.days > %(date)s
             GROUP BY c.debtor_id
            """,
            date=scope.date,
            first=fields.Date.subtract(scope.date, days=max(caps.mapped("days"), default=0)),
            debtors=debtors,
            caps=values(
                {"maximum": "int", "days": "int"}, [(cap.maximum, cap.days) for cap in caps]
            ),
        )
