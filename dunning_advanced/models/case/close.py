import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from ..mixins.batch import BATCH

_logger = logging.getLogger(__name__)


class DunningCase(models.Model):
    """Cases close by themselves when nothing is overdue any more."""

    _inherit = "dunning.case"

    error = fields.Char(readonly=True, copy=False, help="Why the case could not be closed.")

    @api.model
    def _cron_close(self):
        """Close the cases of customers with nothing overdue, batch by batch. One that
        cannot be closed says why, and the others go on.
        """
        progress = self.env["ir.cron"]._commit_progress
        ids = self._settled_ids(fields.Date.context_today(self))
        progress(remaining=len(ids))
        for batch in split_every(BATCH, ids):
            cases = self._take_next([("id", "in", batch), ("state", "=", "open")])
            cases._all_or_each(lambda some: some._settle())
            if not progress(len(batch)):
                return

    @api.model
    def _settled_ids(self, date):
        """Open cases of debtors with nothing overdue, found by one query a company.

        :return: list of ids
        """
        self.env.flush_all()
        found = []
        companies = self._read_group([("state", "=", "open")], ["company_id"])
        for [company] in companies:
            own = SQL("c.company_id = %s", company.id)
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT c.id FROM dunning_case c
                     WHERE c.state = 'open' AND %s AND c.partner_id NOT IN (
                           SELECT debtor_id FROM (%s) owing)
                     ORDER BY c.id
                    """,
                    own,
                    self._company_balances_sql(company, date, own),
                )
            )
            found += [id_ for [id_] in rows]
        return found

    def _settle(self):
        """Close cases, and take back what was asked of people because something was owed."""
        self._close()
        self.write({"error": False})
        self.sudo().activity_ids.filtered("automated").unlink()

    def _explain(self, error):
        if isinstance(error, UserError):
            return str(error)
        _logger.error("%s could not be closed", self, exc_info=error)
        return self.env._("%(error)s. Ask your administrator to look at the log.", error=error)
