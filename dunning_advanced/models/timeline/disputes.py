from odoo import api, models
from odoo.tools import SQL

from ..mixins.labels import labels


class DunningTimeline(models.Model):
    """What customers did not agree with, and what was answered."""

    _inherit = "dunning.timeline"
    _depends = {
        "dunning.dispute": [
            "amount",
            "amount_accepted",
            "company_id",
            "currency_id",
            "date_decided",
            "date_open",
            "decided_by_id",
            "move_id",
            "opened_by",
            "partner_id",
            "state",
        ],
        "dunning.hold": ["move_id", "reason_id", "scope"],
    }

    @api.model
    def _sources(self):
        return {
            **super()._sources(),
            "dispute_opened": self._source_dispute_opened(),
            "dispute_decided": self._source_dispute_decided(),
        }

    @api.model
    def _own_holds(self):
        """A dispute has a hold for each amount that was disputed in its time."""
        return SQL(
            """
            %s AND NOT EXISTS (
               SELECT FROM dunning_dispute dispute
                WHERE dispute.partner_id = event.partner_id AND dispute.move_id = event.move_id
                  AND event.reason_id = %s AND event.date_from >= dispute.date_open)
            """,
            super()._own_holds(),
            self.env["ir.model.data"]._xmlid_to_res_id("dunning_advanced.hold_reason_dispute"),
        )

    @api.model
    def _source_dispute_opened(self):
        return self._event(
            SQL("FROM dunning_dispute event"),
            "dispute",
            "dunning.dispute",
            tone=SQL("'primary'"),
            date=SQL("event.date_open"),
            moment=SQL("event.create_date"),
            currency_id=SQL("event.currency_id"),
            amount=SQL("event.amount"),
            user_id=SQL("CASE WHEN event.opened_by = 'user' THEN event.create_uid END"),
        )

    def _describe_dispute_opened(self, dispute):
        return self.env._(
            "%(invoice)s disputed: %(reason)s",
            invoice=dispute.move_id.name,
            reason=dispute.reason_id.name,
        )

    @api.model
    def _source_dispute_decided(self):
        """The amount is what was accepted, or all that was disputed."""
        return self._event(
            SQL("FROM dunning_dispute event WHERE event.state <> 'open'"),
            "dispute",
            "dunning.dispute",
            tone=SQL(
                """
                CASE event.state WHEN 'rejected' THEN 'warning' WHEN 'withdrawn' THEN 'muted'
                             ELSE 'success' END
                """
            ),
            date=SQL("event.date_decided"),
            moment=SQL("event.write_date"),
            currency_id=SQL("event.currency_id"),
            amount=SQL("COALESCE(NULLIF(event.amount_accepted, 0), event.amount)"),
            user_id=SQL("event.decided_by_id"),
        )

    def _describe_dispute_decided(self, dispute):
        answers = labels(dispute, "state")
        return self.env._(
            "Dispute of %(invoice)s: %(answer)s",
            invoice=dispute.move_id.name,
            answer=answers[dispute.state],
        )
