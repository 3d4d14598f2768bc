from odoo import api, models
from odoo.tools import SQL


class DunningPromise(models.Model):
    """What becomes of a promise when money that counted for it is taken back: a direct debit
    bounces, a payment is cancelled, a reconciliation was wrong.
    """

    _inherit = "dunning.promise"

    @api.model
    def _judge_again(self, items, date):
        """Judge the promises about items of which a reconciliation was just undone: one
        query where there is none.

        :param items: account.move.line
        :param date: day on which they are judged
        """
        promises = self.search(
            [
                ("line_ids.move_line_id", "in", items.ids),
                ("state", "in", ("open", "kept", "partial")),
            ]
        )
        if not promises:
            return
        self.env.flush_all()
        judged = self._judged_sql(SQL("p.id IN %s", tuple(promises.ids)), date)
        for id_, paid, state in self.env.execute_query(judged):
            promise = self.browse(id_)
            promise.amount_paid = paid
            if promise.state != (state or "open"):
                promise._undo(state, date)

    def _undo(self, state, date):
        """Go on with a promise that was kept, or partly kept, by money that is gone.

        :param state: what it is now, None when its time is not over
        :param date: day on which it is judged
        """
        self._case()._message_log(
            body=self.env._(
                "A payment that counted for promise %s was undone.", self._get_html_link()
            )
        )
        if not state and self._taken(self.item_ids):
            # One open promise an item: the later one goes on.
            state = "partial" if self.amount_paid else "broken"
        if state:
            self._end(state, date)
        else:
            self._reopen(date)

    def _reopen(self, date):
        self.write({"state": "open", "date_closed": False, "closed_by_id": False})
        self._hold(date)
        self._tell_case(
            self.env._(
                "Promise %(promise)s is open again, %(paid)s paid.",
                promise=self._get_html_link(),
                paid=self.currency_id.format(self.amount_paid),
            )
        )
