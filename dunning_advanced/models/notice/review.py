from odoo import fields, models
from odoo.exceptions import UserError


class DunningNotice(models.Model):
    """What people do with reminders before they go out, one or thousands at once:
    confirm, lower, bring by another channel, assign, leave out.
    """

    _inherit = "dunning.notice"

    def _check_in_review(self):
        if any(notice.state not in ("proposed", "confirmed") for notice in self):
            raise UserError(self.env._("Only reminders that are not issued yet can be changed."))

    def action_confirm(self):
        """Confirm the chosen notices; small numbers are issued at once."""
        self.run_id._check_fresh(fields.Date.context_today(self))
        self.filtered(lambda notice: notice.state == "proposed")._confirm()

    def action_lower_level(self):
        """Send the text of the level before; the items stay one rung lower too.
        Among several, those at the lowest level stay as they are.

        :raises UserError: when there is no lower level for any of them
        """
        self._check_in_review()
        lowest = self.browse()
        for level, notices in self.grouped("level_id").items():
            if lower := level._below():
                notices._lower_to(lower)
            else:
                lowest |= notices
        if lowest == self:
            raise UserError(
                self.env._(
                    "%(notice)s is at the lowest level already: drop it if nothing should be sent.",
                    notice=lowest[:1].display_name,
                )
            )
        if not lowest:
            return None
        return lowest._tell(
            self.env._("At the lowest level already, unchanged: %s", lowest._label())
        )

    def _lower_to(self, level):
        self.with_context(dunning_lower=True).write(
            {"level_id": level.id, "rung": level.rung, "own_subject": False, "own_body": False}
        )
        self.line_ids.filtered(lambda line: line.rung > level.rung).write(
            {"level_id": level.id, "rung": level.rung}
        )

    def action_drop(self):
        """Ask for the reason, then leave the notices out."""
        self._check_in_review()
        return self._ask_reason("drop", self.env._("Leave out"))

    def action_change_channel(self):
        """Ask for the channel, then bring the notices by it."""
        self._check_in_review()
        return self._ask_reason("channel", self.env._("Change channel"), "dunning.change")

    def action_assign(self):
        """Ask for the responsible, then assign the notices."""
        self._check_in_review()
        return self._ask_reason("assign", self.env._("Assign"), "dunning.change")

    def _leave_out(self, reason):
        """Drop notices on a person's word, and say so on their run.

        :param reason: text that is shown on the notices
        """
        self._drop(reason)
        for run, notices in self.grouped("run_id").items():
            run._message_log(
                body=self.env._(
                    "Left out: %(notices)s. Reason: %(reason)s",
                    notices=notices._label(),
                    reason=reason,
                )
            )

    def _drop(self, reason):
        """Leave notices out before they are issued; their items are free again.

        :param reason: text that is shown on the notice
        """
        self._check_in_review()
        self.line_ids.write({"state": "void", "verdict": "dropped"})
        # The reason on each says it all; a message more on thousands helps nobody.
        silent = self.with_context(mail_notrack=True)
        silent.write({"state": "dropped", "reason": reason, "error": False})
        self.run_id._refresh_state()

    def _change_channel(self, channel):
        """Bring notices by another channel, to the contact that it reaches.

        :param channel: code of the channel
        :return: dunning.notice that it cannot reach; they stay as they are
        """
        self._check_in_review()
        contacts = self.env["dunning.channel"]._contacts(channel, self)
        reached = self.filtered(lambda notice: contacts[notice.id])
        for notice in reached:
            notice.write({"channel": channel, "contact_id": contacts[notice.id].id})
        return self - reached

    def _assign(self, user):
        """Give notices to a responsible, who is asked to review them.

        :param user: res.users
        """
        self._check_in_review()
        # No “you have been assigned” for each of them.
        self.with_context(tracking_disable=True).write({"user_id": user.id})
        waiting = self.filtered(lambda notice: notice.state == "proposed")
        if user != self.env.user:
            waiting.run_id._ask_for_review(user)

    def _label(self):
        """These notices in a few words: how many, and the first customers."""
        names = ", ".join(notice.partner_id.display_name for notice in self[:3])
        if len(self) <= 3:
            return names
        return self.env._("%(count)s reminders (%(names)s, …)", count=len(self), names=names)

    def _tell(self, message):
        """A note on the screen of the user, which then shows the new state."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": message,
                "sticky": True,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _why_empty(self):
        """What took the last items off, in the words of their verdicts."""
        lines = self.env["dunning.line"]
        groups = lines._read_group(
            [("notice_id", "=", self.id), ("state", "=", "void")], ["verdict"]
        )
        labels = dict(lines._selection_verdict())
        return self.env._(
            "No item is left to remind of: %s.",
            ", ".join(labels.get(verdict, verdict) for [verdict] in groups),
        )

    def _refresh_amounts(self):
        """Sum the items that are left; a notice without items is dropped."""
        for notice in self:
            lines = notice.line_ids.filtered(lambda line: line.state in ("proposed", "issued"))
            if not lines:
                notice._drop(notice.reason or notice._why_empty())
                continue
            top = max(lines, key=lambda line: (line.rung, line.id))
            notice.with_context(dunning_lower=True).write(
                {
                    "item_count": len(lines),
                    "date_oldest": min(line.date_maturity for line in lines),
                    "amount_open": sum(lines.mapped("amount_open")),
                    "amount_total": sum(lines.mapped("amount_net")),
                    "amount_held": sum(lines.mapped("amount_held")),
                    "amount_credit": sum(
                        line.amount_open - line.amount_held - line.amount_net for line in lines
                    ),
                    "amount_total_company": sum(
                        line.amount_open_company * line.amount_net / line.amount_open
                        for line in lines
                    ),
                    "level_id": top.level_id.id,
                    "rung": top.rung,
                }
            )
