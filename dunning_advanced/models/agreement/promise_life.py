from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

BATCH = 100


class DunningPromise(models.Model):
    """How a promise begins, is judged by the money that came in, and ends."""

    _inherit = "dunning.promise"

    def action_cancel(self):
        """Cancel open promises; dunning goes on.

        :raises UserError: when one was judged already
        """
        if closed := self.filtered(lambda promise: promise.state != "open")[:1]:
            raise UserError(
                self.env._("The promise %s is closed already.", closed.display_name),
            )
        self._end("cancelled", fields.Date.context_today(self))

    def _begin(self):
        """Dunning of the promised items waits until the tolerance is over."""
        self._hold()
        for promise in self:
            promise._tell_case(
                self.env._(
                    "Promise: %(promise)s, made by %(channel)s.",
                    promise=promise._get_html_link(),
                    channel=promise._channel_name(),
                )
            )

    def _hold(self, date=None):
        """Hold the promised items.

        :param date: first day, that of each promise when empty
        """
        reason = self.env.ref("dunning_advanced.hold_reason_promise")
        holds = self.env["dunning.hold"].create(
            [
                {
                    "reason_id": reason.id,
                    "name": promise.display_name,
                    "company_id": promise.company_id.id,
                    "partner_id": promise.partner_id.id,
                    "user_id": promise.user_id.id,
                    "item_ids": [Command.set(promise.item_ids.ids)],
                    "date_from": date or promise.date_made,
                    "date_to": promise.date_end,
                }
                for promise in self
            ]
        )
        for promise, hold in zip(self, holds, strict=True):
            promise.hold_id = hold

    def _channel_name(self):
        return dict(self._fields["channel"]._description_selection(self.env))[self.channel]

    # Judging

    @api.model
    def _judged_sql(self, condition, date):
        """What became of promises, from the reconciliations of their items.

        What counts is the day of value: the later of the dates of the invoice and of the
        payment, from the day of the promise to the end of its tolerance. Credit notes
        are no payment; where they leave nothing open, the promise has no object any
        more.

        :param condition: SQL on the row ``p`` of dunning_promise
        :param date: day on which they are judged
        :return: SQL of a query with the columns id, paid and state; state is NULL for
            one of which nothing can be said yet
        """
        return SQL(
            """
            SELECT p.id, money.paid,
                   CASE WHEN money.paid >= p.amount - c.rounding / 2 THEN 'kept'
                        WHEN money.left <= 0 AND money.late = 0 THEN
                             CASE WHEN money.paid > 0 THEN 'kept' ELSE 'cancelled' END
                        WHEN p.date_end >= %(date)s THEN NULL
                        WHEN money.paid > 0 THEN 'partial'
                        ELSE 'broken' END AS state
              FROM dunning_promise p
              JOIN res_currency c ON c.id = p.currency_id
              CROSS JOIN LATERAL (
                   SELECT COALESCE(SUM(came.paid), 0) AS paid,
                          COALESCE(SUM(came.late), 0) AS late,
                          COALESCE(SUM(l.amount_residual_currency), 0) AS left
                     FROM dunning_promise_item i
                     JOIN account_move_line l ON l.id = i.move_line_id
                     CROSS JOIN LATERAL (
                          SELECT SUM(r.debit_amount_currency)
                                     FILTER (WHERE r.max_date <= p.date_end) AS paid,
                                 SUM(r.debit_amount_currency)
                                     FILTER (WHERE r.max_date > p.date_end) AS late
                            FROM account_partial_reconcile r
                            JOIN account_move_line cl ON cl.id = r.credit_move_id
                            JOIN account_move m ON m.id = cl.move_id
                           WHERE r.debit_move_id = i.move_line_id
                             AND m.move_type <> 'out_refund'
                             AND r.max_date >= p.date_made) came
                    WHERE i.promise_id = p.id) money
             WHERE %(condition)s
            """,
            date=date,
            condition=condition,
        )

    def _judge(self, date):
        """Judge these promises on a date. One that was broken is kept after all when
        money turns up that had come in time.
        """
        self.env.flush_all()
        self._apply(
            self.env.execute_query(self._judged_sql(SQL("p.id IN %s", tuple(self.ids)), date)), date
        )

    @api.model
    def _cron_judge(self):
        """Judge all open promises, batch by batch."""
        today = fields.Date.context_today(self)
        progress = self.env["ir.cron"]._commit_progress
        while rows := self._next_judged(today):
            if not progress(self._apply(rows, today), remaining=1):
                return
        progress(remaining=0)

    @api.model
    def _next_judged(self, date):
        self.env.flush_all()
        judged = self._judged_sql(SQL("p.state = 'open'"), date)
        return self.env.execute_query(
            SQL("SELECT * FROM (%s) j WHERE state IS NOT NULL ORDER BY id LIMIT %s", judged, BATCH)
        )

    @api.model
    def _apply(self, rows, date):
        """Write what was judged, the promises of one answer at a time.

        :param rows: list of (id, paid, state)
        :return: number of promises that were looked at
        """
        ended = {}
        for id_, paid, state in rows:
            promise = self.browse(id_)
            promise.amount_paid = paid
            if state != promise.state and (promise.state == "open" or state == "kept"):
                ended.setdefault(state, []).append(id_)
        for state, ids in ended.items():
            if state:
                self.browse(ids)._end(state, date)
        return len(rows)

    # Ending

    def _end(self, state, date):
        """Close promises with an answer; their holds end with them."""
        self.write({"state": state, "date_closed": date, "closed_by_id": self.env.uid})
        label = dict(self._fields["state"]._description_selection(self.env))[state]
        self.hold_id.filtered("active").sudo()._lift(label, date)
        for promise in self:
            promise._tell_case(
                self.env._(
                    "Promise %(promise)s: %(answer)s, %(paid)s paid.",
                    promise=promise._get_html_link(),
                    answer=label,
                    paid=promise.currency_id.format(promise.amount_paid),
                )
            )
        if state in ("broken", "partial"):
            self._ask_responsible("mail_activity_promise", date, type(self)._broken_summary)
        if state == "kept":
            self._answered("mail_activity_promise")
            self._thank()

    def _broken_summary(self):
        return self.env._(
            "Promised %(amount)s by %(date)s, %(paid)s came",
            amount=self.currency_id.format(self.amount),
            date=format_date(self.env, self.date),
            paid=self.currency_id.format(self.amount_paid),
        )

    def _thank(self):
        """Thank for kept promises by e-mail, where the company does that."""
        thanked = self.filtered(
            lambda promise: (
                promise.company_id.dunning_promise_thanks
                and not promise.thanked
                and promise.contact_id
                and promise._may_mail()
            )
        )
        sent = thanked._mail("mail_template_promise_kept", self.env._("No thank-you was sent"))
        sent.thanked = True

    def _may_mail(self):
        """Whether the contact of a promise wants e-mails and gets them; says so if not."""
        contact = self.contact_id.sudo()
        if contact.is_blacklisted:
            why = self.env._("%s does not want e-mails", contact.email)
        elif contact.message_bounce:
            why = self.env._("e-mails to %s come back", contact.email)
        else:
            return True
        self._message_log(body=self.env._("No thank-you was sent: %s", why))
        return False
