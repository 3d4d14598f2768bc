from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..mixins.batch import AT_ONCE
from ..reach.delivery import LEFT

CORRECTED = Domain("state", "!=", "withdrawn") & Domain("correction", "=", True)


class DunningNotice(models.Model):
    """Taking reminders back, and telling the customers who have them already."""

    _inherit = "dunning.notice"

    @api.depends("state", "delivery_ids.state")
    def _compute_departure_summary(self):
        deliveries = self.env["dunning.delivery"]
        found = deliveries._departures(SQL("notice.id"), self.ids, states=("cancelled",))
        for notice in self:
            notice.departure_summary = deliveries._describe_departures(
                found.get(notice._origin.id, [])
            )

    @api.depends("state", "delivery_ids.state")
    def _compute_to_correct(self):
        own = Domain("id", "in", self.ids) & self._to_correct_domain()
        found = set(self._origin.search(own)._ids)
        for notice in self:
            notice.to_correct = notice._origin.id in found

    def _search_to_correct(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._to_correct_domain() if True in value else ~self._to_correct_domain()

    # Business

    @api.model
    def _to_correct_domain(self):
        return (
            Domain("state", "=", "cancelled")
            & Domain("delivery_ids", "any", LEFT)
            & Domain("delivery_ids", "not any", CORRECTED)
        )

    def _cancel(self, reason, date=None):
        """Take issued notices back; the steps of their items return by themselves.
        What has not left yet is stopped, charges are reversed.

        :param reason: text that is shown on the notice
        :param date: date of credit notes for charges; None: the date of their invoice
        :raises UserError: when an item has a later notice, with its name
        """
        self._check_cancel()
        many = len(self) > AT_ONCE
        notices = self._by_button()
        # One note on the run instead of one on each of thousands.
        silent = notices.with_context(mail_notrack=many)
        notices._void_lines()
        silent.write(
            {
                "state": "cancelled",
                "reason": reason,
                "date_cancelled": fields.Datetime.now(),
                "cancelled_by_id": self.env.uid,
            }
        )
        notices._record_cancelled()
        notices.delivery_ids._withdraw()
        notices._reverse_charges(reason, date)
        for run, own in notices.grouped("run_id").items() if many else ():
            run._message_log(
                body=self.env._(
                    "%(count)s reminders cancelled: %(reason)s", count=len(own), reason=reason
                )
            )

    def _void_lines(self):
        """Free the items, in one statement: a run may have a million of them."""
        self.env["dunning.line"].flush_model()
        self.env.cr.execute(
            SQL(
                "UPDATE dunning_line SET state = 'void', write_uid = %s,"
                " write_date = now() AT TIME ZONE 'UTC'"
                " WHERE notice_id = ANY(%s) AND verdict = 'dun'",
                self.env.uid,
                self.ids,
            )
        )
        self.env["dunning.line"].invalidate_model(["state", "write_uid", "write_date"])

    def _check_cancel(self):
        not_issued = self.filtered(lambda notice: notice.state != "issued")
        if not_issued:
            raise UserError(
                self.env._("%s is not issued: leave it out instead.", not_issued[0].display_name)
            )
        for notice, later in self._later_notices():
            raise UserError(
                self.env._(
                    "%(notice)s cannot be cancelled: %(later)s reminded the same items "
                    "later. Cancel that one first.",
                    notice=notice.display_name,
                    later=later.display_name,
                )
            )

    def _later_notices(self):
        """Notices outside of these that reminded the same items after them.

        :return: list of (one of these notices, later notice)
        """
        if not self:
            return []
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT own.notice_id, later.notice_id
                  FROM dunning_line own
                  JOIN dunning_line later ON later.move_line_id = own.move_line_id
                       AND later.step > own.step AND later.state IN ('proposed', 'issued')
                 WHERE own.notice_id IN %(notices)s AND own.state = 'issued'
                   AND later.notice_id NOT IN %(notices)s
                 ORDER BY own.notice_id, later.step DESC
                 LIMIT 1
                """,
                notices=tuple(self.ids),
            )
        )
        return [(self.browse(own), self.browse(later)) for own, later in rows]

    def _left(self):
        """Those of these notices that have left already, by whatever channel."""
        return self.search([("id", "in", self.ids), ("delivery_ids", "any", LEFT)])

    def _correct(self):
        """Send a correction for notices that had left when they were cancelled, once to each
        contact; many are sent by the scheduled action.

        :return: dunning.delivery of the corrections; customers whom no channel that sends
            some can reach have none
        """
        missing = self._by_button().filtered("to_correct")
        corrections = missing.env["dunning.delivery"].create(missing._correction_values())
        if len(corrections) <= AT_ONCE:
            corrections._send_corrections()
        else:
            self._wake_cron()
        return corrections

    def _correction_values(self):
        """Of the corrections of each notice, by the first channel that can bring some."""
        channels, left, values = self.env["dunning.channel"], self, []
        for channel in channels._channels():
            if not channel.correct:
                continue
            contacts = channels._addressees(channel.code, left)
            for notice in left.filtered(lambda notice, found=contacts: found[notice.id]):
                left -= notice
                values += [
                    {**channel.values(notice, contact), "correction": True}
                    for contact in contacts[notice.id]
                ]
        return values

    # Notices of a proposal that is replaced: gone as if they had never been.

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
