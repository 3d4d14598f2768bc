from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

BATCH = 100


class DunningHandover(models.Model):
    """How a hand-over begins and ends; dunning waits in between."""

    _inherit = "dunning.handover"

    def action_hand_over(self):
        """Hand the items over: from today on they are not reminded of.

        :raises UserError: when an item is not open, was agreed on, or needs a manager
        """
        self._hand_over(fields.Date.context_today(self))

    def action_hand_over_early(self):
        """As :meth:`action_hand_over`, by a manager who sees what stands against it."""
        if not self.env.user.has_group("dunning_advanced.group_manager"):
            raise UserError(
                self.env._("Only a dunning manager may hand over before the last reminder.")
            )
        self._hand_over(fields.Date.context_today(self), confirmed=True)

    def action_return(self):
        """Ask why the items come back; dunning goes on."""
        self._check_handed()
        return self.env["dunning.reason"]._ask("return", self.env._("Returned"), handover_ids=self)

    def action_close(self):
        """Ask what came of it."""
        self._check_handed()
        return self.env["dunning.reason"]._ask("close", self.env._("Close"), handover_ids=self)

    # Beginning

    def _objections(self, date):
        """Why the hand-over is not for everybody to decide.

        :return: list of sentences, empty where the ladder of all items is finished
        """
        self.ensure_one()
        found = []
        if early := self.line_ids.move_line_id - self._finished(date):
            found.append(
                self.env._(
                    "The last reminder has not been sent, or its time to pay is not over: %s.",
                    ", ".join(early.mapped(lambda item: item.move_name or item.display_name)),
                )
            )
        found.extend(
            self.env._("On hold: %(hold)s (%(held)s).", hold=hold.display_name, held=hold.subject)
            for hold in self._active_holds(date)
        )
        return found

    def _hand_over(self, date, confirmed=False):
        self.check_access("write")
        for handover in self:
            handover._check_ready(date, confirmed)
            handover._refresh_amounts()
            handover.sudo().write(
                {
                    "state": "handed",
                    "date_handed": date,
                    "handed_by_id": self.env.uid,
                    "hold_id": handover._hold(date).id,
                }
            )
            handover._tell_case(
                self.env._(
                    "Handed over to %(agency)s: %(handover)s, %(amount)s.",
                    agency=handover.agency_id.display_name,
                    handover=handover._get_html_link(),
                    amount=handover.summary_handed,
                )
            )
        self._end_decisions()

    def _check_ready(self, date, confirmed):
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._("%s was handed over already.", self.display_name))
        self._check_open()
        self._check_agreements(date)
        objections = self._objections(date)
        if objections and not confirmed:
            raise UserError(
                "\n".join([self.env._("Only a dunning manager may hand this over:"), *objections])
            )
        if objections:
            self._message_log(body=self.env._("Confirmed all the same: %s", " ".join(objections)))

    def _refresh_amounts(self):
        """What is open on the day of the hand-over is what counts."""
        lines = self.line_ids.sudo()
        for line in lines:
            line.amount = line.move_line_id.amount_residual_currency
            line.amount_told = line.amount
        lines._compute_amount_company()

    def _hold(self, date):
        return (
            self.env["dunning.hold"]
            .sudo()
            .create(
                {
                    "reason_id": self.env.ref("dunning_advanced.hold_reason_legal").id,
                    "name": f"{self.name} · {self.agency_id.name}",
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "user_id": self.env.uid,
                    "item_ids": [Command.set(self.line_ids.move_line_id.ids)],
                    "date_from": date,
                }
            )
        )

    def _end_decisions(self):
        cases = self.env["dunning.case"]._open_of(self)
        cases.activity_unlink(["dunning_advanced.mail_activity_decide"])

    # Ending

    def _check_handed(self):
        for handover in self:
            if handover.state != "handed":
                raise UserError(
                    self.env._("%s is not handed over at the moment.", handover.display_name)
                )

    def _end(self, state, reason, date, outcome=False):
        """End hand-overs; dunning of what is still open goes on at the level before.

        :param state: "returned" or "closed"
        :param reason: text
        :param outcome: of a closed one
        :raises UserError: when one is not handed over
        """
        self._check_handed()
        self.check_access("write")
        self.sudo().write(
            {
                "state": state,
                "outcome": outcome,
                "end_reason": reason,
                "date_end": date,
                "ended_by_id": self.env.uid,
            }
        )
        self.hold_id.filtered("active").sudo()._lift(reason, date)
        self.activity_unlink(["dunning_advanced.mail_activity_agency"])
        for handover in self:
            handover._tell_case(
                self.env._(
                    "%(handover)s: %(state)s. %(reason)s",
                    handover=handover._get_html_link(),
                    state=handover._end_name(),
                    reason=reason or "",
                )
            )

    def _end_name(self):
        name = "outcome" if self.outcome else "state"
        return dict(self._fields[name]._description_selection(self.env))[self[name]]

    # Money that came in meanwhile

    @api.model
    def _cron_watch(self):
        """Tell the responsible what was paid or credited of items that were handed
        over: the agency has to know.
        """
        today = fields.Date.context_today(self)
        progress = self.env["ir.cron"]._commit_progress
        while changed := self._changed(BATCH):
            changed._tell_changes(today)
            if not progress(len(changed), remaining=1):
                return
        progress(remaining=0)

    @api.model
    def _changed(self, limit):
        """Hand-overs of which something else is open than the responsible knows."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT i.step_id
                  FROM dunning_handover h
                  JOIN dunning_handover_item i ON i.step_id = h.id
                  LEFT JOIN account_move_line l
                         ON l.id = i.move_line_id AND l.parent_state = 'posted'
                 WHERE h.state = 'handed'
                   AND i.amount_told <> COALESCE(l.amount_residual_currency, 0)
                 ORDER BY i.step_id
                 LIMIT %s
                """,
                limit,
            )
        )
        return self.browse(id_ for [id_] in rows)

    def _tell_changes(self, date):
        """One activity for each of these hand-overs; one that is open gets the news."""
        kind = self.env.ref("dunning_advanced.mail_activity_agency")
        known = self.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)
        open_ones = known.grouped("res_id")
        values = []
        for handover in self:
            text = handover._change_words()
            if handover.id in open_ones:
                open_ones[handover.id].summary = text
            else:
                values.append(handover._change_activity(kind, text, date))
            handover._message_log(body=text)
            for line in handover.line_ids.sudo():
                line.amount_told = line._left()
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(values)

    def _change_words(self):
        return self.env._(
            "Tell %(agency)s: %(settled)s settled, %(left)s still open",
            agency=self.agency_id.name,
            settled=self.summary_settled,
            left=self.summary_left,
        )

    def _change_activity(self, kind, text, date):
        return {
            "res_model_id": self.env["ir.model"]._get_id(self._name),
            "res_id": self.id,
            "activity_type_id": kind.id,
            "summary": text,
            "date_deadline": date,
            "user_id": (self._responsible() or self.handed_by_id).id,
            "automated": True,
        }
