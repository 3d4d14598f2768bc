from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class DunningRun(models.Model):
    """Taking a whole run back, and telling the customers who have it already."""

    _inherit = "dunning.run"

    cancelled_count = fields.Integer(compute="_compute_cancelled", string="Cancelled reminders")
    to_correct_count = fields.Integer(
        compute="_compute_cancelled", string="Reminders that need a correction"
    )
    departure_summary = fields.Char(
        compute="_compute_cancelled",
        string="What had left",
        help="What had left already when the reminders were cancelled, and what was stopped.",
    )

    @api.depends("notice_ids.state")
    def _compute_cancelled(self):
        notices, deliveries = self.env["dunning.notice"], self.env["dunning.delivery"]
        cancelled = [("run_id", "in", self.ids), ("state", "=", "cancelled")]
        counts = dict(notices._read_group(cancelled, ["run_id"], ["__count"]))
        to_correct = dict(
            notices._read_group(
                [("run_id", "in", self.ids), ("to_correct", "=", True)], ["run_id"], ["__count"]
            )
        )
        found = deliveries._departures(SQL("n.run_id"), self.ids, states=("cancelled",))
        for run in self:
            run.cancelled_count = counts.get(run._origin, 0)
            run.to_correct_count = to_correct.get(run._origin, 0)
            run.departure_summary = deliveries._tell_departures(found.get(run._origin.id, []))

    def _issued_notices(self):
        """The notices that can be taken back.

        :raises UserError: when there are none
        """
        self.ensure_one()
        issued = self.notice_ids.filtered(lambda notice: notice.state == "issued")
        if not issued:
            raise UserError(self.env._("This run has sent nothing that could be taken back."))
        return issued

    def action_undo(self):
        """Ask for the reason, then take back all issued notices of the run."""
        action = self._issued_notices().action_cancel()
        # not their ids, of which there may be thousands
        return dict(action, context={"default_run_id": self.id, "default_kind": "cancel"})

    def action_correct(self):
        """Send a correction to all customers who have a cancelled notice of the run.

        :raises UserError: when nobody has to be told, or nobody can be reached
        """
        self.notice_ids.action_correct()
