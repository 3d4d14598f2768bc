from odoo import api, fields, models

from ..tools.waiting import working_day


class DunningCallLog(models.TransientModel):
    """Asks what came of a call."""

    _name = "dunning.call.log"
    _description = "Log Call"

    case_id = fields.Many2one("dunning.case", required=True)
    contact_ids = fields.Many2many("res.partner", related="case_id.contact_ids")
    contact_id = fields.Many2one(
        "res.partner",
        string="Called",
        compute="_compute_contact_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', contact_ids)]",
    )
    phone = fields.Html(related="contact_id.dunning_phone")
    phone_problem = fields.Char(related="contact_id.dunning_phone_problem")
    outcome = fields.Selection(
        selection=lambda self: (
            self.env["dunning.call"]._fields["outcome"]._description_selection(self.env)
        ),
        required=True,
        default="reached",
    )
    date_callback = fields.Date(
        string="Call back on", compute="_compute_date_callback", store=True, readonly=False
    )
    hour_callback = fields.Float(string="At")
    note = fields.Text()

    @api.depends("case_id")
    def _compute_contact_id(self):
        for wizard in self:
            wizard.contact_id = wizard.case_id.call_contact_id

    @api.depends("outcome")
    def _compute_date_callback(self):
        """After a voicemail the next try is on the next day of work, unless somebody
        chooses otherwise.
        """
        for wizard in self:
            today = wizard.case_id._today()
            wizard.date_callback = wizard.outcome == "voicemail" and working_day(today, 1)

    def action_apply(self):
        """Log the call; a promise or a dispute is asked for in its own form."""
        today = self.case_id._today()
        again = self.outcome in ("callback", "voicemail")
        call = self.env["dunning.call"].create(
            {
                "case_id": self.case_id.id,
                "contact_id": self.contact_id.id,
                "number": self.contact_id and self.contact_id._dunning_phone().dialed,
                "outcome": self.outcome,
                "date": today,
                "date_callback": again and self.date_callback,
                "hour_callback": again and self.date_callback and self.hour_callback,
                "note": self.note,
            }
        )
        if self.outcome == "promise":
            return self.case_id.action_promise()
        if self.outcome == "dispute":
            return self.case_id.action_dispute(call)
        return {"type": "ir.actions.act_window_close"}

    def action_fix(self):
        """Correct the contact data of who was called."""
        return self.contact_id.action_dunning_fix()
