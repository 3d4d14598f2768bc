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
            "delivery_done": self._source_delivery(SQL("e.state = 'done'"), SQL("e.date_done")),
            "delivery_failed": self._source_delivery(SQL("TRUE"), SQL("e.date_failed"), "danger"),
            "charge_waived": self._source_charge_waived(),
            "level_set": self._source_level_set(),
        }

    @api.model
    def _source_notice_issued(self):
        """A reminder, still there after it was cancelled; the last of its ladder is red."""
        return self._event(
            SQL(
                """
                FROM dunning_notice e
                JOIN dunning_run r ON r.id = e.run_id
               WHERE e.state IN ('issued', 'cancelled')
                """
            ),
            "notice",
            "dunning.notice",
            tone=SQL(
                """
                CASE WHEN e.rung <= 0 THEN 'muted'
                     WHEN e.rung >= (SELECT MAX(v.rung) FROM dunning_level v
                                      WHERE v.policy_id = e.policy_id AND v.active) THEN 'danger'
                     ELSE 'warning' END
                """
            ),
            date=SQL("e.date"),
            moment=SQL("e.date_issued"),
            currency_id=SQL("e.currency_id"),
            amount=SQL("e.amount_total"),
            user_id=SQL("COALESCE(e.user_id, r.user_id)"),
            items=SQL("e.item_count"),
        )

    def _describe_notice_issued(self, notice):
        return self.env._(
            "Reminder %(number)s: %(level)s", number=notice.name, level=notice.level_id.name
        )

    @api.model
    def _source_notice_cancelled(self):
        return self._event(
            SQL("FROM dunning_notice e WHERE e.state = 'cancelled'"),
            "notice",
            "dunning.notice",
            tone=SQL("'muted'"),
            date=self._day(SQL("e.date_cancelled")),
            moment=SQL("e.date_cancelled"),
            currency_id=SQL("e.currency_id"),
            amount=SQL("e.amount_total"),
            user_id=SQL("e.cancelled_by_id"),
            items=SQL("e.item_count"),
        )

    def _describe_notice_cancelled(self, notice):
        return self.env._(
            "Reminder %(number)s cancelled: %(reason)s", number=notice.name, reason=notice.reason
        )

    @api.model
    def _source_delivery(self, condition, moment, tone="muted"):
        """What has arrived, or failed: both are told of one that was tried again.

        :param condition: SQL on the delivery ``e``
        :param moment: SQL of the moment of it
        """
        return self._event(
            SQL(
                """
                FROM dunning_delivery e
                JOIN dunning_notice n ON n.id = e.notice_id
               WHERE %s IS NOT NULL AND %s
                """,
                moment,
                condition,
            ),
            "delivery",
            "dunning.delivery",
            tone=SQL("%s", tone),
            date=self._day(moment),
            moment=moment,
            partner_id=SQL("n.partner_id"),
            company_id=SQL("n.company_id"),
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
                FROM dunning_charge e
               CROSS JOIN LATERAL (
                     SELECT MIN(o.id) AS first, SUM(o.amount) AS amount FROM dunning_charge o
                      WHERE o.notice_id = e.notice_id AND o.state = 'waived'
                        AND o.date_closed = e.date_closed) w
               WHERE e.state = 'waived' AND e.id = w.first
                """
            ),
            "charge",
            "dunning.charge",
            tone=SQL("'muted'"),
            date=SQL("e.date_closed"),
            moment=SQL("e.write_date"),
            currency_id=SQL("e.currency_id"),
            amount=SQL("w.amount"),
            user_id=SQL("e.waived_by_id"),
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
                FROM dunning_line e
               CROSS JOIN LATERAL (
                     SELECT MIN(o.id) AS first, COUNT(*) AS items FROM dunning_line o
                      WHERE o.partner_id = e.partner_id AND o.state = 'moved'
                        AND o.company_id = e.company_id AND o.create_date = e.create_date
                        AND o.level_id IS NOT DISTINCT FROM e.level_id) w
               WHERE e.state = 'moved' AND e.id = w.first
                """
            ),
            "level",
            "dunning.line",
            tone=SQL("'warning'"),
            date=SQL("LEAST(e.date, %s)", self._day(SQL("e.create_date"))),
            moment=SQL("e.create_date"),
            user_id=SQL("e.create_uid"),
            items=SQL("w.items"),
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
