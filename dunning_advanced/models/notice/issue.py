from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import retrying
from odoo.tools import SQL, is_html_empty

from ..engine.engine import Scope
from ..mixins.batch import AT_ONCE


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    # Business

    def _confirm(self):
        """Queue notices for being issued; a small number is issued right away."""
        waiting = self.filtered(lambda notice: notice.state in ("proposed", "confirmed"))
        if len(waiting) <= AT_ONCE:
            waiting.write({"state": "confirmed"})
            waiting._issue_now()
        else:
            # One note on the run instead of one on each of thousands.
            waiting.with_context(mail_notrack=True).write({"state": "confirmed"})
            for run, notices in waiting.grouped("run_id").items():
                run._message_log(body=self.env._("%s reminders confirmed.", len(notices)))
            waiting._queue()
        waiting.run_id._refresh_state()

    def _queue(self):
        """Have confirmed notices issued soon after this transaction. Extension point."""
        self._wake_cron()

    def _wake_cron(self):
        """Wake all scheduled actions that issue: Odoo runs each of them on one worker
        at a time, so every copy of the first adds a worker.
        """
        model = self.env["ir.model"]._get_id("dunning.notice")
        crons = self.env["ir.cron"].sudo().search([("model_id", "=", model)])
        for cron in crons.filtered(lambda cron: "_cron_issue" in cron.code):
            cron._trigger()

    @api.model
    def _cron_issue(self):
        """Issue what is confirmed and send the corrections of what was cancelled,
        batch by batch. Any number of workers may do this at the same time: none
        waits for another, nothing is sent twice.
        """
        issuing = self.with_context(dunning_links_later=True)
        corrections = issuing.env["dunning.delivery"]
        entries = issuing.env["dunning.chain.entry"]
        progress = self.env["ir.cron"]._commit_progress
        progress(
            remaining=self.search_count(self._waiting_domain())
            + corrections.search_count(corrections._waiting_domain())
        )
        for work in (issuing._issue_next, corrections._correct_next):
            while count := retrying(work, self.env):
                retrying(entries._link, self.env)
                if not progress(count):
                    return  # time is up: Odoo calls again, as something remains
        while retrying(entries._link, self.env):
            pass
        retrying(self._refresh_runs, self.env)
        retrying(corrections._ask_outcomes, self.env)
        # What is left to issue now, if anything, is in the hands of another worker.
        progress(remaining=entries._waiting_count())

    @api.model
    def _waiting_domain(self):
        return [("state", "=", "confirmed"), ("error", "=", False)]

    @api.model
    def _issue_next(self):
        """Issue the next batch of what nobody else is working on.

        :return: number of notices that were tried
        """
        batch = self._take_next(self._waiting_domain())
        for _company, notices in batch._for_readers():
            notices._issue_now()
        self.env.flush_all()
        return len(batch)

    @api.model
    def _refresh_runs(self):
        """Close the runs of which nothing waits any more.

        Only a transaction that begins after the last batch can tell: of two
        workers that finish together, neither sees the notices of the other.
        """
        self.env["dunning.run"].search([("state", "=", "confirmed")])._refresh_state()
        self.env.flush_all()

    def _issue_now(self):
        """Issue on the day that it is in their company, whoever confirmed them from wherever,
        and never before the day on which they were proposed.
        """
        for date, notices in self.grouped(lambda notice: max(notice._today(), notice.date)).items():
            notices._issue(date)

    def _issue(self, date):
        """Re-check, freeze and deliver confirmed notices. What fails stays
        confirmed, shows why, and does not stop the others. What another
        transaction is working on is left to it.

        :param date: date of the notices
        """
        mine = self.try_lock_for_update().filtered(lambda notice: notice.state == "confirmed")
        mine._all_or_each(lambda notices: notices._issue_all(date))

    def _issue_all(self, date):
        for company, notices in self.grouped("company_id").items():
            notices._recheck(company, date)
            left = notices.filtered(lambda notice: notice.state == "confirmed")
            if left:
                left._address()
                left._charge(date)
                left._freeze(date)
                left._deliver()
                left._record_issued()

    # What happens to a notice at the moment of issuing: asked again, frozen, delivered.

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
        rungs = self.policy_id._rungs()
        decisions = {
            line: self._decision_now(line, rows.get(line.move_line_id.id), rungs)
            for line in self.line_ids
        }
        stopped = self.line_ids.filtered(lambda line: decisions[line] != "dun")
        changed = stopped.notice_id
        facts = stopped._facts(decisions, rows) if stopped else {}
        for line in stopped:
            line.write({"state": "void", "verdict": decisions[line], "reason": facts.get(line)})
        for line in self.line_ids - stopped:
            if values := self._facts_now(line, rows[line.move_line_id.id]):
                line.write(values)
                changed |= line.notice_id
        self.invalidate_recordset(["line_ids"])
        changed._refresh_amounts()

    @api.model
    def _decision_now(self, line, row, rungs):
        """What the gates say of a proposed line now.

        A reminder that an invoice comes up is not sent once it is due. A level
        that is no longer where it was on the ladder was not what somebody
        reviewed. The channel may have been chosen by hand: whether it reaches
        the customer is asked of the notice itself. An invoice that has become
        another customer's is none of this one's.

        :param row: what the engine says of the item, None when it is not open
        :param rungs: what the policies have now, see ``dunning.policy._rungs``
        """
        mine = (line.notice_id.partner_id.id, line.notice_id.currency_id.id)
        if not row or (row["debtor_id"], row["currency_id"]) != mine:
            return "changed"
        policy = line.policy_id.id
        if (policy, line.rung, line.level_id.id) not in rungs:
            return "relaid"
        if row["decision"] not in ("dun", "unreachable"):
            return row["decision"]
        if row["policy_id"] != policy:
            return "relaid"
        return "changed" if line.rung < 1 <= row["rung"] else "dun"

    @api.model
    def _facts_now(self, line, row):
        """What has changed of a line that is still reminded of. The level may
        only have fallen: nobody gets a firmer letter than the one reviewed.

        :return: dict of new values
        """
        facts = {
            "amount_open": row["open"],
            "amount_open_company": row["open_company"],
            "amount_held": row["held"],
            "amount_net": row["net"],
            "date_maturity": row["due"],
        }
        if row["rung"] < line.rung:
            return {**facts, "rung": row["rung"], "level_id": row["level_id"]}
        return {name: value for name, value in facts.items() if line[name] != value}

    def _address(self):
        """Find who gets each notice by its channel, and say who would get it but cannot be
        reached.

        :raises UserError: when nobody can be reached by it
        """
        channels = self.env["dunning.channel"]
        for code, notices in self.grouped("channel").items():
            contacts = channels._addressees(code, notices)
            unreached = channels._passed_over(code, notices)
            for notice in notices:
                first = contacts[notice.id][:1]
                if not first:
                    raise UserError(
                        self.env._(
                            "%(customer)s cannot be reached by %(channel)s: complete the contact "
                            "data or choose another channel, then try again.",
                            customer=notice.partner_id.display_name,
                            channel=channels._label(code),
                        )
                    )
                if notice.contact_id != first:
                    notice.contact_id = first
                if notice.id in unreached:
                    notice._log_unreached(unreached[notice.id])

    def _log_unreached(self, contacts):
        self._message_log(
            body=self.env._(
                "Not addressed to %(contacts)s: no usable address for the channel "
                "“%(channel)s”. Complete the contact data.",
                contacts=", ".join(contacts.mapped("display_name")),
                channel=self.env["dunning.channel"]._label(self.channel),
            )
        )

    def _freeze(self, date):
        """Number, date and texts as they go out."""
        # Number and date say all that a tracked change of state would.
        silent = self.with_context(mail_notrack=True)
        for notice, number in zip(silent, self._numbers(date), strict=True):
            notice.name = number
        silent.write(
            {
                "date": date,
                "state": "issued",
                "date_issued": fields.Datetime.now(),
                "error": False,
            }
        )
        self.line_ids.write({"state": "issued", "date": date})
        silent._book_charges()
        self._inform_again(self.company_id, date)
        # Last, so that the words tell the number and the dates that count.
        texts = silent._final_texts()
        for notice, (subject, body) in texts.items():
            notice.write({"own_subject": subject, "own_body": body})

    def _numbers(self, date):
        """The next numbers of the company's sequence, the sequence looked up once.

        :raises UserError: when there is no sequence
        """
        sequence = (
            self.env["ir.sequence"]
            .sudo()
            .search(
                [
                    ("code", "=", "dunning.notice"),
                    ("company_id", "in", [*self.company_id.ids, False]),
                ],
                order="company_id",
                limit=1,
            )
        )
        if not sequence:
            raise UserError(
                self.env._(
                    "Reminders of %s cannot be numbered: ask your administrator to make a "
                    "sequence with the code “dunning.notice”.",
                    self.company_id.name,
                )
            )
        current = self._current_range(sequence, date)
        return [current._next() for _notice in self]

    def _current_range(self, sequence, date):
        """The sequence, or its part for the year of a date, ready to be counted on.

        :raises psycopg2.errors.SerializationFailure: when another worker has just begun the
            same year; the work is then tried again
        """
        if sequence.use_date_range and not self._has_range(sequence, date):
            # Of several workers that begin a year, all but one fail here, not in the log.
            self.env.cr.execute(
                SQL("UPDATE ir_sequence SET id = id WHERE id = %s", sequence.id),
                log_exceptions=False,
            )
        current = sequence._get_current_sequence(date)
        begins = current.date_from if sequence.use_date_range else date
        return current.with_context(ir_sequence_date=date, ir_sequence_date_range=begins)

    def _has_range(self, sequence, date):
        ranges = self.env["ir.sequence.date_range"].sudo()
        around = [("date_from", "<=", date), ("date_to", ">=", date)]
        return ranges.search_count([("sequence_id", "=", sequence.id), *around], limit=1)

    def _final_texts(self):
        """The texts that go out.

        :return: dict of notice to (subject, body)
        :raises UserError: when there are none, or they cannot be filled in
        """
        texts = self._texts(lambda notices: notices._render_texts())
        for notice, (subject, body) in texts.items():
            if not subject or is_html_empty(body):
                raise UserError(
                    self.env._(
                        "Level “%(level)s” of policy “%(policy)s” has no text: choose one there, "
                        "or write the text of this reminder, then try again.",
                        level=notice.level_id.name,
                        policy=notice.policy_id.name,
                    )
                )
        return texts

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
