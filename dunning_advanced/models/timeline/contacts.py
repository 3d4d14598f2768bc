from odoo import api, models
from odoo.tools import SQL, format_date

from ..mixins.labels import labels


class DunningTimeline(models.Model):
    """What was said and agreed: calls, messages, promises, holds, and the case itself."""

    _inherit = "dunning.timeline"
    _depends = {
        "dunning.call": ["case_id", "company_id", "conversation", "date", "partner_id", "user_id"],
        "mail.message": ["date", "message_type", "model", "res_id", "subtype_id"],
        "dunning.promise": [
            "amount",
            "closed_by_id",
            "company_id",
            "currency_id",
            "date_closed",
            "date_end",
            "date_made",
            "hold_id",
            "partner_id",
            "state",
            "user_id",
        ],
        "dunning.hold": [
            "active",
            "company_id",
            "date_from",
            "date_lifted",
            "date_to",
            "lifted_by_id",
            "partner_id",
            "user_id",
        ],
        "dunning.case": [
            "closed_by_id",
            "company_id",
            "date_close",
            "date_open",
            "partner_id",
            "state",
            "user_id",
        ],
    }

    @api.model
    def _sources(self):
        return {
            **super()._sources(),
            "case_opened": self._source_case_opened(),
            "call": self._source_call(),
            "message": self._source_message(),
            "promise_made": self._source_promise_made(),
            "promise_closed": self._source_promise_closed(),
            "hold_set": self._source_hold_set(),
            "hold_lifted": self._source_hold_lifted(),
            "hold_ended": self._source_hold_ended(),
            "case_closed": self._source_case_closed(),
        }

    @api.model
    def _source_call(self):
        return self._event(
            SQL("FROM dunning_call event"),
            "call",
            "dunning.call",
            tone=SQL("CASE WHEN event.conversation THEN 'normal' ELSE 'muted' END"),
            date=SQL("event.date"),
            moment=SQL("event.create_date"),
            user_id=SQL("event.user_id"),
        )

    def _describe_call(self, call):
        return call._summary()

    @api.model
    def _source_message(self):
        """What was written to the customer on the case, statements of account among it,
        and what came back. The e-mails of reminders are told as deliveries.
        """
        return self._event(
            SQL(
                """
                FROM dunning_case kase
                JOIN mail_message event ON event.model = 'dunning.case' AND event.res_id = kase.id
               WHERE (event.message_type IN ('email', 'email_outgoing')
                      OR event.message_type = 'comment' AND event.subtype_id = %s)
                 AND NOT EXISTS (SELECT FROM dunning_delivery delivery
                                  WHERE delivery.message_id = event.id)
                """,
                self.env.ref("mail.mt_comment").id,
            ),
            "message",
            "mail.message",
            date=self._day(SQL("event.date"), SQL("kase.company_id")),
            moment=SQL("event.date"),
            partner_id=SQL("kase.partner_id"),
            company_id=SQL("kase.company_id"),
            user_id=SQL("CASE WHEN event.message_type <> 'email' THEN event.create_uid END"),
        )

    def _describe_message(self, message):
        words = message.subject or message.preview or ""
        if message.message_type == "email":
            return self.env._("Received: %s", words)
        return self.env._("Sent: %s", words)

    def _opened(self, record):
        if record._name == "mail.message":
            return self.env[record.model].browse(record.res_id)
        return super()._opened(record)

    @api.model
    def _source_promise_made(self):
        return self._event(
            SQL("FROM dunning_promise event"),
            "promise",
            "dunning.promise",
            tone=SQL("'info'"),
            date=SQL("event.date_made"),
            moment=SQL("event.create_date"),
            currency_id=SQL("event.currency_id"),
            amount=SQL("event.amount"),
            user_id=SQL("event.user_id"),
        )

    def _describe_promise_made(self, promise):
        channels = labels(promise, "channel")
        values = {
            "date": format_date(self.env, promise.date),
            "channel": channels[promise.channel],
        }
        if promise.note:
            return self.env._(
                "Promise to pay by %(date)s (%(channel)s): %(note)s", note=promise.note, **values
            )
        return self.env._("Promise to pay by %(date)s (%(channel)s)", **values)

    @api.model
    def _source_promise_closed(self):
        return self._event(
            SQL("FROM dunning_promise event WHERE event.state <> 'open'"),
            "promise",
            "dunning.promise",
            tone=SQL(
                """
                CASE event.state WHEN 'kept' THEN 'success' WHEN 'partial' THEN 'warning'
                             WHEN 'broken' THEN 'danger' ELSE 'muted' END
                """
            ),
            date=SQL("COALESCE(event.date_closed, event.date_end)"),
            moment=SQL("event.write_date"),
            currency_id=SQL("event.currency_id"),
            amount=SQL("event.amount"),
            user_id=SQL("event.closed_by_id"),
        )

    def _describe_promise_closed(self, promise):
        day = format_date(self.env, promise.date)
        if promise.state == "kept":
            return self.env._("Promise to pay by %s kept", day)
        if promise.state == "cancelled":
            return self.env._("Promise to pay by %s cancelled", day)
        if promise.state == "broken":
            return self.env._("Promise to pay by %s broken", day)
        return self.env._(
            "Promise to pay by %(date)s partly kept: %(paid)s came",
            date=day,
            paid=promise.currency_id.format(promise.amount_paid),
        )

    # A hold that belongs to something else is told by that.

    @api.model
    def _own_holds(self):
        """Condition on a hold ``event``: somebody set it for its own sake. To be extended."""
        return SQL(
            "NOT EXISTS (SELECT FROM dunning_promise promise"
            " WHERE promise.partner_id = event.partner_id AND promise.hold_id = event.id)"
        )

    @api.model
    def _source_hold(self, condition, **columns):
        return self._event(
            SQL("FROM dunning_hold event WHERE %s AND %s", condition, self._own_holds()),
            "hold",
            "dunning.hold",
            **columns,
        )

    @api.model
    def _source_hold_set(self):
        """A hold that begins later is told on the day on which it was set."""
        return self._source_hold(
            SQL("TRUE"),
            tone=SQL("'primary'"),
            date=SQL("LEAST(event.date_from, %s)", self._day(SQL("event.create_date"))),
            moment=SQL("event.create_date"),
            user_id=SQL("event.user_id"),
        )

    def _describe_hold_set(self, hold):
        values = {"reason": hold.display_name, "what": hold.subject}
        if hold.date_to:
            until = format_date(self.env, hold.date_to)
            return self.env._("On hold until %(date)s: %(what)s, %(reason)s", date=until, **values)
        return self.env._("On hold: %(what)s, %(reason)s", **values)

    @api.model
    def _source_hold_lifted(self):
        return self._source_hold(
            SQL(
                "event.active IS NOT TRUE"
                " AND event.date_lifted <= COALESCE(event.date_to, 'infinity')"
            ),
            date=SQL("event.date_lifted"),
            moment=SQL("event.write_date"),
            user_id=SQL("event.lifted_by_id"),
        )

    def _describe_hold_lifted(self, hold):
        return self.env._("Hold lifted: %s", hold.display_name)

    @api.model
    def _source_hold_ended(self):
        """A hold whose last day is over."""
        return self._source_hold(
            SQL(
                "event.date_to < %s AND (event.active OR event.date_lifted > event.date_to)",
                self.env["res.company"]._dunning_today_sql(SQL("event.company_id")),
            ),
            date=SQL("event.date_to"),
            moment=SQL("event.date_to + INTERVAL '1 day'"),
        )

    def _describe_hold_ended(self, hold):
        return self.env._("Last day of the hold: %s", hold.display_name)

    # The case

    @api.model
    def _source_case_opened(self):
        return self._event(
            SQL("FROM dunning_case event"),
            "case",
            "dunning.case",
            tone=SQL("'muted'"),
            date=SQL("event.date_open"),
            moment=SQL("event.create_date"),
            user_id=SQL("event.create_uid"),
        )

    def _describe_case_opened(self, case):
        return self.env._("Case opened")

    @api.model
    def _source_case_closed(self):
        return self._event(
            SQL("FROM dunning_case event WHERE event.state = 'closed'"),
            "case",
            "dunning.case",
            tone=SQL("'muted'"),
            date=SQL("event.date_close"),
            moment=SQL("event.write_date"),
            user_id=SQL("event.closed_by_id"),
        )

    def _describe_case_closed(self, case):
        return self.env._("Case closed")
