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
               SELECT FROM dunning_dispute x
                WHERE x.partner_id = e.partner_id AND x.move_id = e.move_id
                  AND e.reason_id = %s AND e.date_from >= x.date_open)
            """,
            super()._own_holds(),
            self.env["ir.model.data"]._xmlid_to_res_id("dunning_advanced.hold_reason_dispute"),
        )

    @api.model
    def _source_dispute_opened(self):
        return self._event(
            SQL("FROM dunning_dispute e"),
            "dispute",
            "dunning.dispute",
            tone=SQL("'primary'"),
            date=SQL("e.date_open"),
            moment=SQL("e.create_date"),
            currency_id=SQL("e.currency_id"),
            amount=SQL("e.amount"),
            user_id=SQL("CASE WHEN e.opened_by = 'user' THEN e.create_uid END"),
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
            SQL("FROM dunning_dispute e WHERE e.state <> 'open'"),
            "dispute",
            "dunning.dispute",
            tone=SQL(
                """
                CASE e.state WHEN 'rejected' THEN 'warning' WHEN 'withdrawn' THEN 'muted'
                             ELSE 'success' END
                """
            ),
            date=SQL("e.date_decided"),
            moment=SQL("e.write_date"),
            currency_id=SQL("e.currency_id"),
            amount=SQL("COALESCE(NULLIF(e.amount_accepted, 0), e.amount)"),
            user_id=SQL("e.decided_by_id"),
        )

    def _describe_dispute_decided(self, dispute):
        answers = labels(dispute, "state")
        return self.env._(
            "Dispute of %(invoice)s: %(answer)s",
            invoice=dispute.move_id.name,
            answer=answers[dispute.state],
        )
