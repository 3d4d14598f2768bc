from odoo import api, fields, models
from odoo.tools import SQL


class DunningNotice(models.Model):
    """How a notice differs from the one before it: the last that was issued to
    the same debtor, in the same currency, under the same policy. A friendly reminder
    before the due date is compared with such ones only.
    """

    _inherit = "dunning.notice"

    last_date = fields.Date(string="Last reminder", readonly=True)
    last_rung = fields.Integer(string="Last level no.", readonly=True, aggregator=None)
    last_total = fields.Monetary(string="Last amount", readonly=True)
    comparison = fields.Selection(
        [
            ("new", "New"),
            ("higher", "Level up"),
            ("same", "Same level"),
            ("lower", "Level down"),
        ],
        string="Compared",
        compute="_compute_comparison",
        store=True,
        help="With the last reminder of the customer in this currency and policy.",
    )
    amount_change = fields.Monetary(
        string="Change",
        compute="_compute_comparison",
        store=True,
        help="More or less to pay than on the last reminder.",
    )

    @api.depends("rung", "amount_total", "last_date", "last_rung", "last_total")
    def _compute_comparison(self):
        for notice in self:
            rungs = notice.rung - notice.last_rung
            by_rung = "higher" if rungs > 0 else "lower" if rungs < 0 else "same"
            notice.comparison = by_rung if notice.last_date else "new"
            notice.amount_change = (
                notice.amount_total - notice.last_total if notice.last_date else 0
            )

    @api.model
    def _last_sql(self, scope):
        """The last issued notice by debtor, currency, policy, and early or overdue.

        :param scope: Scope of a proposal
        """
        return SQL(
            """
            SELECT DISTINCT ON (h.partner_id, h.currency_id, h.policy_id, h.rung < 1)
                   h.partner_id, h.currency_id, h.policy_id, h.rung < 1 AS early,
                   h.date, h.rung, h.amount_total
              FROM dunning_notice h
             WHERE h.state = 'issued' AND h.company_id = %s AND %s
             ORDER BY h.partner_id, h.currency_id, h.policy_id, h.rung < 1, h.date DESC, h.id DESC
            """,
            scope.company.id,
            self.env["dunning.engine"]._only(scope, SQL("h.partner_id")),
        )

    @api.model
    def _comparison_columns(self):
        """The stored fields of this file, as :meth:`_compute_comparison` has them,
        for a proposal that writes notices ``n`` in one statement beside the ``last`` ones.

        :return: dict of column to SQL
        """
        return {
            "last_date": SQL("last.date"),
            "last_rung": SQL("last.rung"),
            "last_total": SQL("last.amount_total"),
            "comparison": SQL(
                "CASE SIGN(n.top - n.shift - last.rung)"
                " WHEN 1 THEN 'higher' WHEN 0 THEN 'same' WHEN -1 THEN 'lower' ELSE 'new' END"
            ),
            "amount_change": SQL("COALESCE(n.net - last.amount_total, 0)"),
        }
