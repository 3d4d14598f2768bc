from collections import defaultdict
from datetime import date as Date

from odoo import api, models
from odoo.tools import SQL

from ...tools.waiting import CONSUMER, Reminder


class DunningCharging(models.AbstractModel):
    """What is known of the items of some reminders, read once for all of them."""

    _inherit = "dunning.charging"

    @api.model
    def _past_charges(self, lines):
        """What was charged, waived or named for these items before.

        :return: dict of item id to dunning.charge
        """
        found = (
            self.env["dunning.charge"]
            .sudo()
            .search(
                [
                    ("move_line_id", "in", lines.move_line_id.ids),
                    ("state", "!=", "cancelled"),
                ],
                order="date, id",
            )
        )
        return {item.id: charges for item, charges in found.grouped("move_line_id").items()}

    @api.model
    def _booked_moves(self, lines):
        """Ids of the invoices among these that book charges themselves."""
        booked = (
            self.env["dunning.notice"]
            .sudo()
            .search([("charge_move_id", "in", lines.move_line_id.move_id.ids)])
        )
        return set(booked.charge_move_id.ids)

    @api.model
    def _reminders(self, lines):
        """Reminders after the due date that reached the consumers among the customers.

        The day that counts is the one on which a delivery succeeded.

        :return: dict of item id to a list of (notice id, Reminder), oldest first
        """
        reminders = defaultdict(list)
        consumers = lines.filtered(lambda line: line.partner_id._dunning_party() == CONSUMER)
        if not consumers.move_line_id:
            return reminders
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (h.move_line_id, n.id)
                       h.move_line_id, n.id, n.date, d.date_done, COALESCE(d.channel, n.channel)
                  FROM dunning_line h
                  JOIN dunning_notice n ON n.id = h.notice_id AND n.delivered
                  LEFT JOIN dunning_delivery d ON d.notice_id = n.id AND d.state = 'done'
                 WHERE h.move_line_id IN %s AND h.state = 'issued' AND h.rung > 0
                 ORDER BY h.move_line_id, n.id, d.date_done
                """,
                tuple(consumers.move_line_id.ids),
            )
        )
        for item, notice, date, done, channel in rows:
            sent = max(date, done.date()) if done else date
            reminders[item].append((notice, Reminder(sent, by_post=channel == "letter")))
        for known in reminders.values():
            known.sort(key=lambda pair: pair[1].sent)
        return reminders

    @api.model
    def _payments(self, lines):
        """What came in for these items, on the day of its own entry.

        :return: dict of item id to a list of (date, amount in the currency of the
            item), oldest first
        """
        payments: dict[int, list[tuple[Date, float]]] = defaultdict(list)
        if not lines.move_line_id:
            return payments
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.debit_move_id, c.date, SUM(r.debit_amount_currency)
                  FROM account_partial_reconcile r
                  JOIN account_move_line c ON c.id = r.credit_move_id
                 WHERE r.debit_move_id IN %s AND r.debit_amount_currency <> 0
                 GROUP BY r.debit_move_id, c.date
                 ORDER BY r.debit_move_id, c.date
                """,
                tuple(lines.move_line_id.ids),
            )
        )
        for item, date, amount in rows:
            payments[item].append((date, float(amount)))
        return payments
