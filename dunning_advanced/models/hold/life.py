from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

BATCH = 100
# What must not be changed on a hold that only managers may lift.
LIFTING = {
    "active",
    "amount",
    "company_id",
    "date_from",
    "date_to",
    "freezes_charges",
    "item_ids",
    "move_id",
    "partner_id",
    "reason_id",
    "scope",
}


class DunningHold(models.Model):
    """Holds end, are lifted, and are looked at again."""

    _inherit = "dunning.hold"

    def write(self, vals):
        if LIFTING & vals.keys():
            self._check_may_lift()
        if "active" in vals:
            lifted = not vals["active"] and fields.Date.context_today(self)
            lifter = lifted and self.env.uid
            vals = {"date_lifted": lifted, "lifted_by_id": lifter, **vals}
        return super().write(vals)

    def _check_may_lift(self):
        """:raises UserError: when the reason of a hold leaves it to managers, or when it ends
        by itself: with its hand-over, or with the answer to its dispute
        """
        if self.env.su:
            return
        self._check_not_handed()
        self._check_manager()
        self._check_not_disputed()

    def _check_manager(self):
        if self.env.user.has_group("dunning_advanced.group_manager"):
            return
        for hold in self.filtered(lambda hold: hold.reason_id.lifted_by == "manager"):
            raise UserError(
                self.env._(
                    "Only a dunning manager may lift or change a hold for “%(reason)s”: ask one "
                    "to do it for %(customer)s.",
                    reason=hold.reason_id.name,
                    customer=hold.partner_id.name,
                )
            )

    def action_lift(self):
        """Ask why these holds end now.

        :raises UserError: when the reason of a hold leaves it to managers
        """
        self._check_may_lift()
        return self.env["dunning.reason"]._ask("lift", self.env._("Lift"), hold_ids=self)

    def action_reviewed(self):
        """Somebody looked: the hold goes on until the next review, the usual days from today."""
        today = fields.Date.context_today(self)
        for hold in self:
            following = hold._usual_day(today)
            ends_before = hold.date_to and hold.date_to <= following
            hold.write({"date_reviewed": today, "date_review": False if ends_before else following})
        self._end_reviews()

    def _lift(self, reason, date):
        """End holds; dunning goes on from the level that was reached.

        :param reason: why, in words, kept on the hold
        :param date: from this day on nothing is held any more
        """
        self.write({"active": False, "date_lifted": date})
        for hold in self:
            hold._message_log(body=self.env._("Lifted: %s", reason))
        self._end_reviews()

    def _end_reviews(self):
        self.activity_unlink(["dunning_advanced.mail_activity_hold"])

    @api.model
    def _frozen_periods(self, items, date):
        """The days up to a date on which items must not cost more, by one query.

        A hold that was lifted since still froze the days before.

        :param items: account.move.line
        :param date: last day that is asked about
        :return: dict of item id to a list of (first day, last day), of the holds with
            ``freezes_charges`` that cover all of the item
        """
        periods = defaultdict(list)
        if not items:
            return periods
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.id, h.date_from,
                       LEAST(h.date_to, h.date_lifted - 1, %(date)s) AS date_until
                  FROM account_move_line l
                  JOIN res_partner p ON p.id = l.partner_id
                  JOIN res_company c ON c.id = l.company_id
                  JOIN dunning_hold h ON h.partner_id = p.commercial_partner_id
                       AND h.freezes_charges AND h.date_from <= %(date)s
                       AND COALESCE(h.amount, 0) = 0
                       AND (h.scope = 'debtor'
                            OR h.scope = 'invoice' AND h.move_id = l.move_id
                            OR h.scope = 'item' AND EXISTS (
                               SELECT FROM dunning_hold_item_rel r
                                WHERE r.dunning_hold_id = h.id AND r.account_move_line_id = l.id))
                  JOIN res_company hc ON hc.id = h.company_id
                       AND c.parent_path LIKE hc.parent_path || '%%'
                 WHERE l.id IN %(items)s
                 ORDER BY l.id, h.date_from
                """,
                items=tuple(items.ids),
                date=date,
            )
        )
        for item, first, last in rows:
            if first <= last:
                periods[item].append((first, last))
        return periods

    # Reviews

    @api.model
    def _cron_review(self):
        """Ask the responsible about each hold whose day of review has come."""
        today = fields.Date.context_today(self)
        progress = self.env["ir.cron"]._commit_progress
        domain = self._to_review_domain(today)
        progress(remaining=self.search_count(domain))
        while holds := self.search(domain, limit=BATCH):
            holds._ask_for_review(today)
            if not progress(len(holds)):
                return

    @api.model
    def _to_review_domain(self, date):
        kind = self.env.ref("dunning_advanced.mail_activity_hold")
        lasting = Domain("date_to", "=", False) | Domain("date_to", ">=", date)
        asked = Domain("activity_ids", "any", [("activity_type_id", "=", kind.id)])
        # The owner of a dispute is asked about the dispute itself.
        disputed = Domain("dispute_ids", "any", [("state", "=", "open")])
        return Domain("date_review", "<=", date) & lasting & ~asked & ~disputed

    def _ask_for_review(self, date):
        responsibles = self._responsibles()
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            [
                {
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "res_id": hold.id,
                    "activity_type_id": self.env.ref("dunning_advanced.mail_activity_hold").id,
                    "summary": self.env._("Should %s stay on hold?", hold.partner_id.name),
                    "date_deadline": date,
                    "user_id": responsibles[hold].id,
                    "automated": True,
                }
                for hold in self
            ]
        )

    def _responsibles(self):
        """Who is asked about each hold: the responsible of the open case, whoever set
        it, the company's.

        :return: dict of hold to res.users, which may be empty
        """
        cases = self.env["dunning.case"].search(
            [("partner_id", "in", self.partner_id.ids), ("state", "=", "open")]
        )
        users = {(case.partner_id, case.company_id): case.user_id for case in cases}
        return {
            hold: hold.company_id._dunning_responsible(
                users.get((hold.partner_id, hold.company_id))
                or hold.user_id.filtered(lambda user: user.active and not user._is_superuser())
            )
            for hold in self
        }
