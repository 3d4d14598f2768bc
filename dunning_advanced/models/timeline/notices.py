from odoo import api, models
from odoo.tools import SQL


class DunningTimeline(models.Model):
    """Reminders, what became of them, what they cost, and levels that were set by hand."""

    _inherit = "dunning.timeline"
    _depends = {
        "dunning.notice": [
            "amount_total",
            "cancelled_by_id",
            "company_id",
            "currency_id",
            "date",
            "date_cancelled",
            "date_issued",
            "item_count",
            "partner_id",
            "policy_id",
            "run_id",
            "rung",
            "state",
            "user_id",
        ],
        "dunning.level": ["active", "policy_id", "rung"],
        "dunning.run": ["user_id"],
        "dunning.delivery": ["correction", "date_done", "date_failed", "notice_id", "state"],
        "dunning.charge": [
            "amount",
            "company_id",
            "currency_id",
            "date_closed",
            "notice_id",
            "partner_id",
            "state",
            "waived_by_id",
        ],
        "dunning.line": ["company_id", "date", "level_id", "partner_id", "reason", "state"],
    }

    @api.model
    def _sources(self):
        return {
            **super()._sources(),
            "notice_issued": self._source_notice_issued(),
            "notice_cancelled": self._source_notice_cancelled(),
            "delivery_done": self._source_delivery(
                SQL("event.state = 'done'"), SQL("event.date_done")
            ),
            "delivery_failed": self._source_delivery(
                SQL("TRUE"), SQL("event.date_failed"), "danger"
            ),
            "charge_waived": self._source_charge_waived(),
            "level_set": self._source_level_set(),
        }

    @api.model
    def _source_notice_issued(self):
        """A reminder, still there after it was cancelled; the last of its ladder is red."""
        return self._event(
            SQL(
                """
                FROM dunning_notice event
                JOIN dunning_run run ON run.id = event.run_id
               WHERE event.state IN ('issued', 'cancelled')
                """
            ),
            "notice",
            "dunning.notice",
            tone=SQL(
                """
                CASE WHEN event.rung <= 0 THEN 'muted'
                     WHEN event.rung >= (SELECT MAX(level.rung) FROM dunning_level level
                                      WHERE level.policy_id = event.policy_id AND level.active)
                     THEN 'danger'
                     ELSE 'warning' END
                """
            ),
            date=SQL("event.date"),
            moment=SQL("event.date_issued"),
            currency_id=SQL("event.currency_id"),
            amount=SQL("event.amount_total"),
            user_id=SQL("COALESCE(event.user_id, run.user_id)"),
            items=SQL("event.item_count"),
        )

    def _describe_notice_issued(self, notice):
        return self.env._(
            "Reminder %(number)s: %(level)s", number=notice.name, level=notice.level_id.name
        )

    @api.model
    def _source_notice_cancelled(self):
        return self._event(
            SQL("FROM dunning_notice event WHERE event.state = 'cancelled'"),
            "notice",
            "dunning.notice",
            tone=SQL("'muted'"),
            date=self._day(SQL("event.date_cancelled")),
            moment=SQL("event.date_cancelled"),
            currency_id=SQL("event.currency_id"),
            amount=SQL("event.amount_total"),
            user_id=SQL("event.cancelled_by_id"),
            items=SQL("event.item_count"),
        )

    def _describe_notice_cancelled(self, notice):
        return self.env._(
            "Reminder %(number)s cancelled: %(reason)s", number=notice.name, reason=notice.reason
        )

    @api.model
    def _source_delivery(self, condition, moment, tone="muted"):
        """What has arrived, or failed: both are told of one that was tried again.

        :param condition: SQL on the delivery ``event``
        :param moment: SQL of the moment of it
        """
        return self._event(
            SQL(
                """
                FROM dunning_delivery event
                JOIN dunning_notice notice ON notice.id = event.notice_id
               WHERE %s IS NOT NULL AND %s
                """,
                moment,
                condition,
            ),
            "delivery",
            "dunning.delivery",
            tone=SQL("%s", tone),
            date=self._day(moment, SQL("notice.company_id")),
            moment=moment,
            partner_id=SQL("notice.partner_id"),
            company_id=SQL("notice.company_id"),
        )

    def _describe_delivery_done(self, delivery):
        values = self._delivery_words(delivery)
        if delivery.correction:
            return self.env._(
                "Correction of %(number)s delivered (%(channel)s): %(address)s", **values
            )
        return self.env._("%(number)s delivered (%(channel)s): %(address)s", **values)

    def _describe_delivery_failed(self, delivery):
        values = self._delivery_words(delivery)
        if delivery.error:
            return self.env._(
                "%(number)s not delivered (%(channel)s): %(address)s, %(error)s",
                error=" ".join(delivery.error.split()),
                **values,
            )
        return self.env._("%(number)s not delivered at first (%(channel)s): %(address)s", **values)

    def _own_icons(self):
        """A delivery has the icon of its channel."""
        events = self.filtered(lambda event: event.res_model == "dunning.delivery")
        deliveries = self.env["dunning.delivery"].sudo().browse(events.mapped("res_id"))
        channels = [self.env["dunning.channel"]._get(delivery.channel) for delivery in deliveries]
        return {
            **super()._own_icons(),
            **{
                event: channel.icon
                for event, channel in zip(events, channels, strict=True)
                if channel
            },
        }

    def _delivery_words(self, delivery):
        return {
            "number": delivery.notice_id.name,
            "channel": self.env["dunning.channel"]._label(delivery.channel),
            "address": delivery.address or "",
        }

    @api.model
    def _source_charge_waived(self):
        """What was waived of a reminder on a day is one event."""
        return self._event(
            SQL(
                """
                FROM dunning_charge event
               CROSS JOIN LATERAL (
                     SELECT MIN(charge.id) AS first, SUM(charge.amount) AS amount
                       FROM dunning_charge charge
                      WHERE charge.notice_id = event.notice_id AND charge.state = 'waived'
                        AND charge.date_closed = event.date_closed) waived
               WHERE event.state = 'waived' AND event.id = waived.first
                """
            ),
            "charge",
            "dunning.charge",
            tone=SQL("'muted'"),
            date=SQL("event.date_closed"),
            moment=SQL("event.write_date"),
            currency_id=SQL("event.currency_id"),
            amount=SQL("waived.amount"),
            user_id=SQL("event.waived_by_id"),
        )

    def _describe_charge_waived(self, charge):
        return self.env._(
            "Charges of %(number)s waived: %(reason)s",
            number=charge.notice_id.name,
            reason=charge.reason,
        )

    @api.model
    def _source_level_set(self):
        """Items whose level was set together are one event."""
        return self._event(
            SQL(
                """
                FROM dunning_line event
               CROSS JOIN LATERAL (
                     SELECT MIN(line.id) AS first, COUNT(*) AS items FROM dunning_line line
                      WHERE line.partner_id = event.partner_id AND line.state = 'moved'
                        AND line.company_id = event.company_id
                        AND line.create_date = event.create_date
                        AND line.level_id IS NOT DISTINCT FROM event.level_id) together
               WHERE event.state = 'moved' AND event.id = together.first
                """
            ),
            "level",
            "dunning.line",
            tone=SQL("'warning'"),
            date=SQL("LEAST(event.date, %s)", self._day(SQL("event.create_date"))),
            moment=SQL("event.create_date"),
            user_id=SQL("event.create_uid"),
            items=SQL("together.items"),
        )

    def _describe_level_set(self, line):
        level = line.level_id.name or self.env._("none")
        return self.env._(
            "Level set to “%(level)s” by hand: %(reason)s", level=level, reason=line.reason
        )

    def _opened(self, record):
        if record._name == "dunning.line":
            return record._existing_item().move_id
        return super()._opened(record)
