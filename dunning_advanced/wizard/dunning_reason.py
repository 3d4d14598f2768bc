from odoo import api, fields, models


class DunningReason(models.TransientModel):
    """Asks why reminders are left out or cancelled, holds lifted, or charges waived."""

    _name = "dunning.reason"
    _description = "Reason"
    _inherit = ["dunning.bulk"]

    run_id = fields.Many2one("dunning.run", help="All its issued reminders, not only some.")
    notice_ids = fields.Many2many(required=False)
    hold_ids = fields.Many2many("dunning.hold", context={"active_test": False})
    charge_ids = fields.Many2many("dunning.charge")
    notice_count = fields.Integer(compute="_compute_counts")
    left_count = fields.Integer(compute="_compute_counts")
    kind = fields.Selection(
        [
            ("drop", "Leave out"),
            ("cancel", "Cancel"),
            ("lift", "Lift"),
            ("waive", "Waive charges"),
        ],
        required=True,
    )
    reason = fields.Char(required=True)
    correct = fields.Boolean(
        string="Send a correction",
        help="An e-mail that asks the customers who have the reminder already to disregard it.",
    )

    @api.depends("run_id", "notice_ids")
    def _compute_counts(self):
        for wizard in self:
            notices = wizard._notices()
            wizard.notice_count = len(notices)
            wizard.left_count = len(notices._left()) if wizard.kind == "cancel" else 0

    def _notices(self):
        return self.run_id._issued_notices() if self.run_id else self.notice_ids

    def action_apply(self):
        """Leave out or cancel the reminders, lift the holds, or waive the charges,
        with this reason.
        """
        today = fields.Date.context_today(self)
        notices = self._notices()
        if self.kind == "lift":
            self.hold_ids._lift(self.reason, today)
        elif self.kind == "drop":
            notices._leave_out(self.reason)
        elif self.kind == "waive":
            self._waive(notices, today)
        else:
            notices._cancel(self.reason, today)
            if self.correct:
                notices._correct()
        return {"type": "ir.actions.act_window_close"}

    def _waive(self, notices, today):
        if self.charge_ids:
            self.charge_ids._waive(self.reason, today)
        else:
            notices._waive_coming(self.reason)
