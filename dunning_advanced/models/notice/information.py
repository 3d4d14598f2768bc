from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.engine import Scope


class DunningNotice(models.Model):
    """What a notice lists for information, never in its sum: items of the debtor
    that are not due yet, and his open credits, in the currency of the notice.

    They are lines of the notice with a verdict and state of their own, so that
    they never count for the step of an item. Written with the proposal, and
    again when the notice is issued and frozen.
    """

    _inherit = "dunning.notice"

    info_ids = fields.One2many(
        "dunning.line",
        "notice_id",
        domain=[("verdict", "=", "info")],
        string="For information",
        readonly=True,
    )

    @api.model
    def _inform_run(self, scope):
        """List them on the notices of a proposal."""
        if any(self.env["dunning.engine.policy"]._policies(scope).mapped("inform")):
            self._insert_information(scope, SQL("n.run_id = %s", scope.run_id))

    def _inform_again(self, company, date):
        """List on these notices what is open on the day on which they are issued."""
        self.env.flush_all()
        mine = tuple(self.ids)
        self.env.cr.execute(
            SQL("DELETE FROM dunning_line WHERE notice_id IN %s AND verdict = 'info'", mine)
        )
        informing = self.filtered(lambda notice: notice.policy_id.inform)
        if informing:
            scope = Scope(company=company, date=date, partner_ids=tuple(informing.partner_id.ids))
            self._insert_information(scope, SQL("n.id IN %s", mine))
        self.invalidate_recordset(["info_ids"])

    @api.model
    def _insert_information(self, scope, notices):
        """One statement for all notices ``n`` that meet a condition."""
        query = SQL(
            """
            INSERT INTO dunning_line (
                run_id, company_id, notice_id, partner_id, move_line_id, name, date,
                date_maturity, currency_id, amount_open, amount_open_company, amount_net,
                policy_id, verdict, state, create_date, write_date)
            SELECT n.run_id, n.company_id, n.id, n.partner_id, i.id, i.name, %(date)s,
                   i.due, i.currency_id, i.open, i.open_company, 0,
                   n.policy_id, 'info', 'info', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM dunning_notice n
              JOIN dunning_policy policy ON policy.id = n.policy_id AND policy.inform
              JOIN (%(items)s) i ON i.debtor_id = n.partner_id AND i.currency_id = n.currency_id
             WHERE %(notices)s
               AND (i.open < 0 OR i.due > %(date)s AND i.no_followup IS NOT TRUE)
               AND NOT EXISTS (SELECT FROM dunning_line own
                                WHERE own.run_id = n.run_id AND own.move_line_id = i.id
                                  AND own.state IN ('proposed', 'issued'))
             ORDER BY i.due, i.id
            """,
            date=scope.date,
            items=self.env["dunning.engine.item"]._stage_items(scope),
            notices=notices,
        )
        with self.env["dunning.engine"]._planned(scope):
            self.env.cr.execute(query)

    def _information(self):
        """The lines that are listed for information, apart.

        :return: dict with coming (not due yet) and credits, both dunning.line
        """
        coming = self.info_ids.filtered(lambda line: line.amount_open > 0)
        return {"coming": coming, "credits": self.info_ids - coming}
