from odoo import api, models
from odoo.tools import SQL


class DunningNotice(models.Model):
    """Notices of a proposal that is replaced: gone as if they had never been."""

    _inherit = "dunning.notice"

    @api.model
    def _erase(self, run):
        """Delete the notices of a run of which none was ever confirmed, and what
        was written on them.

        Set-based: there may be a hundred thousand, nearly all without a word on them.
        Only files and activities, which are few, go the way of Odoo: its store of
        files and the counters of users have to follow.

        :param run: dunning.run whose lines are gone already
        """
        own = SQL("SELECT id FROM dunning_notice WHERE run_id = %s", run.id)
        for model in ("ir.attachment", "mail.activity"):
            found = self.env.execute_query(
                SQL(
                    "SELECT id FROM %s WHERE res_model = %s AND res_id IN (%s)",
                    SQL.identifier(self.env[model]._table),
                    self._name,
                    own,
                )
            )
            self.env[model].sudo().browse(id_ for [id_] in found).unlink()
        self.env.flush_all()
        for table, model in (("mail_message", "model"), ("mail_followers", "res_model")):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM %s WHERE %s = %s AND res_id IN (%s)",
                    SQL.identifier(table),
                    SQL.identifier(model),
                    self._name,
                    own,
                )
            )
        self.env.cr.execute(SQL("DELETE FROM dunning_notice WHERE run_id = %s", run.id))
        self.env.invalidate_all()
