from datetime import time

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_time

from ..mixins.labels import label

# Outcomes for which somebody of the customer was on the line.
CONVERSATIONS = ("reached", "promise", "dispute", "callback")


class DunningCall(models.Model):
    """A call to a customer, and what came of it."""

    _name = "dunning.call"
    _description = "Dunning Call"
    _inherit = ["dunning.by.button"]
    _order = "date desc, id desc"
    _check_company_auto = True

    case_id = fields.Many2one("dunning.case", required=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one(
        related="case_id.partner_id", string="Customer", store=True, precompute=True, index=True
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True, precompute=True)
    contact_id = fields.Many2one("res.partner", string="Spoke with", index="btree_not_null")
    number = fields.Char(help="As it was dialed.")
    date = fields.Date(
        required=True, compute="_compute_date", store=True, readonly=False, precompute=True
    )
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, required=True)
    outcome = fields.Selection(
        [
            ("reached", "Reached"),
            ("voicemail", "Voicemail"),
            ("wrong", "Wrong number"),
            ("promise", "Promises to pay"),
            ("dispute", "Disputes an invoice"),
            ("callback", "Call back"),
        ],
        required=True,
        default="reached",
    )
    conversation = fields.Boolean(
        compute="_compute_conversation",
        store=True,
        precompute=True,
        help="Somebody spoke with the customer: it counts as a contact.",
    )
    date_callback = fields.Date(string="Call back on")
    hour_callback = fields.Float(string="Call back at", help="Time of the day; 0:00 for any.")
    note = fields.Text()

    @api.depends("case_id")
    def _compute_date(self):
        for call in self:
            call.date = call.date or call.case_id._today()

    @api.depends("outcome")
    def _compute_conversation(self):
        for call in self:
            call.conversation = call.outcome in CONVERSATIONS

    @api.depends("outcome", "date")
    def _compute_display_name(self):
        for call in self:
            call.display_name = f"{call._outcome_name()} {call.date}"

    @api.constrains("outcome", "date", "date_callback")
    def _check_callback(self):
        for call in self:
            missing = call.outcome == "callback" and not call.date_callback
            if missing or (call.date_callback and call.date_callback < call.date):
                raise ValidationError(
                    self.env._("On which day should be called back? Choose today or later.")
                )

    @api.constrains("hour_callback")
    def _check_hour(self):
        for call in self:
            if not 0 <= round(call.hour_callback * 60) < 24 * 60:
                raise ValidationError(
                    self.env._("Call back at a time of the day, from 0:00 to 23:59.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        calls = super().create(vals_list)
        for call in calls:
            call.case_id._message_log(body=call._summary())
            call._apply_outcome()
        return calls

    @api.model
    def _open_fields(self, state):
        if state:
            return {"note"}
        return {
            "case_id",
            "contact_id",
            "date",
            "date_callback",
            "hour_callback",
            "note",
            "number",
            "outcome",
        }

    def _open_state(self):
        return self.outcome

    def _outcome_name(self):
        return label(self, "outcome")

    def _summary(self):
        """The call as one line of the timeline."""
        who = " ".join(filter(None, (self.contact_id.name, self.number)))
        parts = (self.env._("Call: %s", self._outcome_name()), who, self.note)
        return " · ".join(filter(None, parts))

    def _apply_outcome(self):
        """What follows without asking: tasks that the call answers, and new ones."""
        case = self.case_id
        if self.conversation:
            answered = ["mail.mail_activity_data_call", "dunning_advanced.mail_activity_promise"]
            case.activity_feedback(answered, feedback=self._summary())
        if self.date_callback:
            case.activity_schedule(
                "mail.mail_activity_data_call",
                self.date_callback,
                summary=self._callback_summary(),
                note=self.note,
                user_id=self.user_id.id,
            )
        if self.outcome == "wrong":
            responsible = case.company_id._dunning_responsible(case.user_id or self.user_id)
            words = self.with_context(lang=case.company_id._dunning_reader_lang(responsible)).env
            case.activity_schedule(
                "dunning_advanced.mail_activity_phone",
                self.date,
                summary=words._("Wrong number: %s", self.number or self.contact_id.name),
                user_id=responsible.id,
            )

    def _callback_summary(self):
        name = self.contact_id.name or self.case_id.partner_id.name
        if self.outcome == "voicemail":
            what = self.env._("Try again: %s", name)
        else:
            what = self.env._("Call back %s", name)
        minutes = round(self.hour_callback * 60)
        if not minutes:
            return what
        at = format_time(self.env, time(minutes // 60, minutes % 60), time_format="short")
        return self.env._("%(what)s at %(time)s", what=what, time=at)
