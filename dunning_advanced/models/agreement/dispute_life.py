from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

ACTIVITY = "dunning_advanced.mail_activity_dispute"


class DunningDispute(models.Model):
    """How a dispute begins, becomes less or more, and ends."""

    _inherit = "dunning.dispute"

    def _begin(self):
        """The disputed amount is not asked for from now on, and the owner is asked to answer."""
        for dispute in self:
            dispute.amount_open = dispute.amount
            dispute._hold(dispute.date_open)
            dispute._tell_case(
                self.env._(
                    "Dispute: %(dispute)s, made by %(channel)s.",
                    dispute=dispute._get_html_link(),
                    channel=dispute._channel_name(),
                )
            )
        self._ask_owner()

    def _channel_name(self):
        return dict(self._fields["channel"]._description_selection(self.env))[self.channel]

    def _hold(self, date):
        """Hold what is still disputed from a day on. It has no last day: what nobody
        has answered is not asked for.
        """
        self.hold_id = self.env["dunning.hold"].create(
            {
                "reason_id": self.env.ref("dunning_advanced.hold_reason_dispute").id,
                "name": self.reason_id.name,
                "company_id": self.move_id.company_id.id,
                "partner_id": self.partner_id.id,
                "user_id": self.user_id.id,
                "move_id": self.move_id.id,
                "amount": self.amount_open,
                "date_from": date,
                "date_to": False,
                "date_review": max(self.date_deadline, date),
                "freezes_charges": self.reason_id.freezes_charges,
            }
        )

    def _release(self, reason, date):
        """End the hold; dunning of the amount goes on from the level that was reached."""
        self.hold_id.filtered("active").sudo()._lift(reason, date)

    def _follow(self, vals):
        """What a user changed while the dispute is open holds for what follows too."""
        today = fields.Date.context_today(self)
        if {"date_deadline", "reason_id"} & vals.keys():
            for dispute in self:
                dispute._release(self.env._("Changed"), today)
                dispute._hold(today)
        if {"date_deadline", "user_id", "reason_id"} & vals.keys():
            self.activity_unlink([ACTIVITY])
            self._ask_owner()
        if "amount" in vals:
            self._settle(today)

    def _ask_owner(self, **values):
        # Whoever becomes the owner of a record is told so by Odoo: no second e-mail.
        for dispute in self.with_context(mail_activity_quick_update=True):
            dispute.activity_schedule(
                ACTIVITY,
                dispute.date_deadline,
                summary=self.env._("Answer the dispute of %s", dispute.partner_id.name),
                user_id=dispute.user_id.id or self.env.uid,
                **values,
            )

    def _note_draft(self, waiting):
        """Say once that the invoice is being corrected, and once that it is back."""
        if waiting != self.is_waiting:
            self.is_waiting = waiting
            self._message_log(
                body=self.env._("The invoice was reset to draft. The dispute waits for it.")
                if waiting
                else self.env._("The invoice was posted again.")
            )

    def _adjust(self, amount, date):
        """Dispute less, or more again. A new hold takes the place of the former, so that
        past days keep what they knew.
        """
        if not self.currency_id.compare_amounts(amount, self.amount_open):
            return
        self.amount_open = amount
        note = self.env._("Still disputed: %s", self.currency_id.format(amount))
        self._release(note, date)
        self._hold(date)
        self._message_log(body=note)

    # Ending

    def _check_open(self):
        """:raises UserError: when one of them is decided already"""
        if closed := self.filtered(lambda dispute: dispute.state != "open")[:1]:
            raise UserError(
                self.env._(
                    "The dispute %(dispute)s was decided on %(date)s already.",
                    dispute=closed.display_name,
                    date=format_date(self.env, closed.date_decided),
                )
            )

    def _end(self, state, date, why=None):
        """Close disputes with an answer; their holds end with them.

        :param state: accepted, partial, rejected or withdrawn
        :param why: in words, where nobody decided it here
        """
        person = self.env.user.filtered(lambda user: not user._is_superuser())
        self.write(
            {
                "state": state,
                "amount_open": 0,
                "date_decided": date,
                "decided_by_id": person.id,
                "is_waiting": False,
            }
        )
        label = dict(self._fields["state"]._description_selection(self.env))[state]
        said = f"{label}: {why}" if why else label
        self._release(said, date)
        self.activity_unlink([ACTIVITY])
        for dispute in self:
            if why:
                dispute._message_log(body=said)
            dispute._tell_case(
                self.env._(
                    "Dispute %(dispute)s: %(answer)s",
                    dispute=dispute._get_html_link(),
                    answer=said,
                )
            )
