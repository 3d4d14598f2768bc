from odoo import fields, models
from odoo.exceptions import UserError


class DunningNotice(models.Model):
    """What people do with reminders before they go out: confirm, change, leave out."""

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

        :raises UserError: when there is no lower level
        """
        for notice in self:
            notice._check_in_review()
            lower = notice.policy_id.level_ids.filtered(
                lambda level, notice=notice: (
                    level.active
                    and level.rung < notice.level_id.rung
                    and (level.rung > 0 or notice.level_id.rung <= 0)
                )
            )[-1:]
            if not lower:
                raise UserError(
                    self.env._(
                        "%(notice)s is at the lowest level already: drop it if nothing "
                        "should be sent.",
                        notice=notice.display_name,
                    )
                )
            notice.with_context(dunning_lower=True).write(
                {"level_id": lower.id, "rung": lower.rung, "own_subject": False, "own_body": False}
            )
            notice.line_ids.filtered(lambda line, lower=lower: line.rung > lower.rung).write(
                {"level_id": lower.id, "rung": lower.rung}
            )

    def action_drop(self):
        """Ask for the reason, then leave the notices out."""
        self._check_in_review()
        return self._ask_reason("drop", self.env._("Leave out"))

    def _drop(self, reason):
        """Leave notices out before they are issued; their items are free again.

        :param reason: text that is shown on the notice
        """
        self._check_in_review()
        self.line_ids.write({"state": "void", "verdict": "dropped"})
        self.write({"state": "dropped", "reason": reason, "error": False})
        self.run_id._refresh_state()

    def _refresh_amounts(self):
        """Sum the items that are left; a notice without items is dropped."""
        for notice in self:
            lines = notice.line_ids.filtered(lambda line: line.state in ("proposed", "issued"))
            if not lines:
                notice._drop(notice.reason or self.env._("No item is left to remind of."))
                continue
            top = max(lines, key=lambda line: (line.rung, line.id))
            notice.with_context(dunning_lower=True).write(
                {
                    "item_count": len(lines),
                    "date_oldest": min(line.date_maturity for line in lines),
                    "amount_open": sum(lines.mapped("amount_open")),
                    "amount_total": sum(lines.mapped("amount_net")),
                    "amount_credit": sum(line.amount_open - line.amount_net for line in lines),
                    "amount_total_company": sum(
                        line.amount_open_company * line.amount_net / line.amount_open
                        for line in lines
                    ),
                    "level_id": top.level_id.id,
                    "rung": top.rung,
                }
            )
