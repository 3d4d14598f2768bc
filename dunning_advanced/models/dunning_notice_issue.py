from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, is_html_empty, split_every

from .dunning_engine import Scope

BATCH = 100
# Up to so many notices are issued while the user waits; more go to the cron.
AT_ONCE = 20
TO_ISSUE = [("state", "=", "confirmed"), ("error", "=", False)]


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    def _confirm(self):
        """Queue notices for being issued; a small number is issued right away."""
        self.write({"state": "confirmed"})
        if len(self) <= AT_ONCE:
            self._issue(fields.Date.context_today(self))
        else:
            self.env.ref("dunning_advanced.ir_cron_issue")._trigger()
        self.run_id._refresh_state()

    def action_retry(self):
        """Try again to issue notices that failed."""
        self.filtered(lambda notice: notice.state == "confirmed").error = False
        self.filtered(lambda notice: notice.state == "confirmed")._confirm()

    @api.model
    def _cron_issue(self):
        """Issue what is confirmed, batch by batch; any number of workers may help."""
        today = fields.Date.context_today(self)
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=self.search_count(TO_ISSUE))
        while batch := self._take_batch():
            batch._issue(today)
            batch.run_id._refresh_state()
            if not cron._commit_progress(len(batch)):
                break

    @api.model
    def _take_batch(self):
        """The next confirmed notices that no other worker has taken, locked."""
        query = self._search(TO_ISSUE, limit=BATCH, order="id")
        rows = self.env.execute_query(SQL("%s FOR UPDATE SKIP LOCKED", query.select()))
        return self.browse(id_ for [id_] in rows)

    def _issue(self, date):
        """Re-check, freeze and deliver notices. What fails stays confirmed,
        shows why, and does not stop the others.

        :param date: date of the notices
        """
        for batch in map(self.browse, split_every(BATCH, self.ids)):
            if not batch._try_issue(date) and len(batch) > 1:
                for notice in batch:
                    notice._try_issue(date)

    def _try_issue(self, date):
        """Issue all of these notices or none.

        :return: whether it worked; the reason is on the notice if it was one
        """
        try:
            with self.env.cr.savepoint():
                self._issue_all(date)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # nothing is wrong with the notice: Odoo repeats the transaction
        except Exception as error:
            self.invalidate_recordset()
            if len(self) == 1:
                self.error = str(error)
            return False
        return True

    def _issue_all(self, date):
        for company, notices in self.grouped("company_id").items():
            notices._recheck(company, date)
            left = notices.filtered(lambda notice: notice.state == "confirmed")
            left._address()
            left._freeze(date)
            left._deliver()

    def _recheck(self, company, date):
        """Ask every gate again: what was paid or changed since the proposal
        is taken off; a notice without items is dropped.
        """
        scope = Scope(
            company=company,
            date=date,
            partner_ids=tuple(self.partner_id.ids),
            own_notice_ids=tuple(self.ids),
        )
        rows = {row["id"]: row for row in self.env["dunning.engine"]._evaluate(scope)}
        changed = self.browse()
        for line in self.line_ids:
            row = rows.get(line.move_line_id.id)
            verdict = self._verdict_now(line, row)
            if verdict != "dun":
                line.write({"state": "void", "verdict": verdict})
                changed |= line.notice_id
                continue
            if (line.amount_open, line.amount_net) != (row["open"], row["net"]):
                line.write(
                    {
                        "amount_open": row["open"],
                        "amount_open_company": row["open_company"],
                        "amount_net": row["net"],
                    }
                )
                changed |= line.notice_id
        self.invalidate_recordset(["line_ids"])
        changed._refresh_amounts()

    @api.model
    def _verdict_now(self, line, row):
        """What the gates say of a proposed line now.

        A reminder that an invoice comes up is not sent once it is due.
        """
        if not row or (row["verdict"] == "dun" and line.rung < 1 <= row["rung"]):
            return "changed"
        return row["verdict"]

    def _address(self):
        """Find the contact by the channel of each notice.

        :raises UserError: when the customer cannot be reached by it
        """
        if not self:
            return
        channels = self.env["dunning.channel"]
        self.env.flush_all()
        self.env.cr.execute(
            channels._contacts_sql(SQL("SELECT unnest(%s)", list(self.partner_id.ids)))
        )
        contacts = {row["debtor_id"]: row for row in self.env.cr.dictfetchall()}
        for notice in self:
            usable = notice._usable_contact(contacts.get(notice.partner_id.id, {}))
            if not usable:
                raise UserError(
                    self.env._(
                        "%(customer)s cannot be reached by %(channel)s: complete the contact "
                        "data or choose another channel, then try again.",
                        customer=notice.partner_id.display_name,
                        channel=dict(channels._selection()).get(notice.channel, notice.channel),
                    )
                )
            if notice.contact_id.id != usable:
                notice.contact_id = usable

    def _usable_contact(self, contacts):
        """The chosen contact where the channel can reach it, else the usual one."""
        self.ensure_one()
        usual = contacts.get(f"{self.channel}_contact_id")
        if not self.contact_id or self.contact_id.id == usual:
            return usual
        reach = self.env["dunning.channel"]._reach(self.channel, SQL("p"))
        found = self.env.execute_query(
            SQL("SELECT 1 FROM res_partner p WHERE p.id = %s AND %s", self.contact_id.id, reach)
        )
        return self.contact_id.id if found else usual

    def _freeze(self, date):
        """Number, date and texts as they go out."""
        sequence = self.env["ir.sequence"]
        for notice in self:
            notice._check_text()
            notice.own_subject, notice.own_body = notice.subject, notice.body
        for notice in self:
            notice.write(
                {
                    "name": sequence.with_company(notice.company_id).next_by_code(
                        "dunning.notice", sequence_date=date
                    ),
                    "date": date,
                    "state": "issued",
                    "date_issued": fields.Datetime.now(),
                    "error": False,
                }
            )
        self.line_ids.write({"state": "issued", "date": date})

    def _check_text(self):
        if not self.subject or is_html_empty(self.body):
            raise UserError(
                self.env._(
                    "Level “%(level)s” of policy “%(policy)s” has no text: choose one there, "
                    "or write the text of this reminder, then try again.",
                    level=self.level_id.name,
                    policy=self.policy_id.name,
                )
            )

    def _deliver(self):
        """Hand issued notices to their channels, the extra one of the level too."""
        channels = self.env["dunning.channel"]
        for channel, notices in self.grouped("channel").items():
            channels._deliver(channel, notices)
        for level, notices in self.grouped("level_id").items():
            extra = level.extra_channel
            also = notices.filtered(lambda notice, extra=extra: notice.channel != extra)
            if extra and also:
                channels._deliver_extra(extra, also)
        channels._send_queue()
