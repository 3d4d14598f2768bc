from odoo import api, fields, models


class DunningReason(models.TransientModel):
    """Asks why something is done, and does it with this reason.

    Each kind has a method ``_apply_<kind>``, which gets the day.
    """

    _name = "dunning.reason"
    _description = "Reason"
    _inherit = ["dunning.bulk"]

    run_id = fields.Many2one("dunning.run", help="All its issued reminders, not only some.")
    notice_ids = fields.Many2many(required=False)
    hold_ids = fields.Many2many("dunning.hold", context={"active_test": False})
    charge_ids = fields.Many2many("dunning.charge")
    notice_count = fields.Integer(compute="_compute_counts", string="Reminders to change")
    left_count = fields.Integer(compute="_compute_counts", string="Already sent")
    kind = fields.Selection(
        [
            ("drop", "Leave out"),
            ("cancel", "Cancel"),
            ("lift", "Lift"),
            ("waive", "Waive charges"),
            ("lift_credit", "Lift credit hold"),
            ("reject_writeoff", "Reject"),
            ("return", "Mark as returned"),
            ("close", "Close"),
        ],
        required=True,
    )
    reason = fields.Char(required=True)
    correct = fields.Boolean(
        string="Send a correction",
        help="An e-mail that asks the customers who have the reminder already to disregard it.",
    )
    credit_hold_ids = fields.Many2many("dunning.credit.hold")
    writeoff_ids = fields.Many2many("dunning.writeoff", string="Write-offs")
    handover_ids = fields.Many2many("dunning.handover", string="Hand-overs")
    outcome = fields.Selection(
        selection=lambda self: (
            self.env["dunning.handover"]._fields["outcome"]._description_selection(self.env)
        ),
        default="unsuccessful",
    )

    @api.depends("run_id", "notice_ids")
    def _compute_counts(self):
        for wizard in self:
            notices = wizard._notices()
            wizard.notice_count = len(notices)
            wizard.left_count = len(notices._left()) if wizard.kind == "cancel" else 0

    # Actions

    def action_apply(self):
        """Do what was asked for, with this reason."""
        getattr(self, f"_apply_{self.kind}")()
        return {"type": "ir.actions.act_window_close"}

    # Business

    def _notices(self):
        return self.run_id._issued_notices() if self.run_id else self.notice_ids

    def _apply_drop(self):
        self._notices()._leave_out(self.reason)

    def _apply_cancel(self):
        notices = self._notices()
        for today, own in notices._by_day():
            own._cancel(self.reason, today)
        if self.correct:
            notices._correct()

    def _apply_lift(self):
        for today, holds in self.hold_ids._by_day():
            holds._lift(self.reason, today)

    def _apply_waive(self):
        if not self.charge_ids:
            self._notices()._waive_coming(self.reason)
        for today, charges in self.charge_ids._by_day():
            charges._waive(self.reason, today)

    def _apply_lift_credit(self):
        for today, holds in self.credit_hold_ids._by_day():
            holds._lift(self.reason, today)

    def _apply_reject_writeoff(self):
        for today, writeoffs in self.writeoff_ids._by_day():
            writeoffs._reject(self.reason, today)

    def _apply_return(self):
        for today, handovers in self.handover_ids._by_day():
            handovers._end("returned", self.reason, today)

    def _apply_close(self):
        for today, handovers in self.handover_ids._by_day():
            handovers._end("closed", self.reason, today, self.outcome)
