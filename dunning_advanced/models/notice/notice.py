from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.text import one_line
from ..reach.delivery import STUCK

# The report that prints it.
REPORT = "dunning_advanced.letter"


class DunningNotice(models.Model):
    """One reminder for a debtor, currency and policy; frozen when issued."""

    _name = "dunning.notice"
    _description = "Reminder"
    _inherit = [
        "dunning.company.day",
        "dunning.by.button",
        "mail.thread",
        "mail.activity.mixin",
        "dunning.batch",
    ]
    _order = "date desc, rung desc, amount_total_company desc, id desc"
    _check_company_auto = True

    name = fields.Char(string="Number", copy=False, readonly=True, index="btree_not_null")
    run_id = fields.Many2one("dunning.run", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", required=True)
    partner_id = fields.Many2one("res.partner", string="Customer", required=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    policy_id = fields.Many2one("dunning.policy", required=True, ondelete="restrict")
    level_id = fields.Many2one("dunning.level", required=True, ondelete="restrict")
    is_last = fields.Boolean(related="level_id.is_last")
    rung = fields.Integer(string="Level number", readonly=True, aggregator=None)
    date = fields.Date(required=True, readonly=True)
    date_pay = fields.Date(string="Pay until", compute="_compute_date_pay")
    user_id = fields.Many2one("res.users", string="Responsible", domain=[("share", "=", False)])
    to_review = fields.Boolean(
        string="Needs review", readonly=True, help="Does not go out by itself at night."
    )
    status = fields.Selection(
        selection="_selection_status",
        string="Status and delivery",
        compute="_compute_status",
        help="As the status, and whether the customer has it.",
    )
    state = fields.Selection(
        [
            ("proposed", "To review"),
            ("confirmed", "Confirmed"),
            ("issued", "Issued"),
            ("dropped", "Left out"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        default="proposed",
        readonly=True,
        tracking=True,
    )
    reason = fields.Char(readonly=True, help="Why it was left out or cancelled.")
    error = fields.Text(
        readonly=True, help="Why it could not be issued. It is tried again on request."
    )
    channel = fields.Selection(selection=lambda self: self.env["dunning.channel"]._selection())
    is_paper = fields.Boolean(
        compute="_compute_is_paper", string="By letter", help="The customer gets it by post."
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Main contact",
        readonly=True,
        help="The first of those to whom it is addressed, whose language it is written in.",
    )
    own_contact_ids = fields.Many2many(
        "res.partner",
        relation="dunning_notice_own_contact_rel",
        string="Chosen contacts",
        readonly=True,
        help="Whom somebody chose in review instead of the usual contacts.",
    )
    contact_ids = fields.Many2many(
        "res.partner",
        string="Addressed to",
        compute="_compute_contacts",
        inverse="_inverse_contacts",
        help="Everybody who gets it. Until it is issued, whoever would get it now.",
    )
    unreached_ids = fields.Many2many(
        "res.partner",
        string="Without an address",
        compute="_compute_contacts",
        help="Contacts who would get it too, and whom its channel cannot reach.",
    )
    contact_email = fields.Char(related="contact_id.email", string="E-mail")
    line_ids = fields.One2many(
        "dunning.line", "notice_id", domain=[("verdict", "=", "dun")], readonly=True
    )
    item_count = fields.Integer(string="Items", readonly=True)
    date_oldest = fields.Date(string="Due since", readonly=True)
    days_overdue = fields.Integer(compute="_compute_days_overdue")
    amount_open = fields.Monetary(string="Open", readonly=True)
    amount_held = fields.Monetary(
        string="Disputed", readonly=True, help="Held parts of the invoices: not asked for."
    )
    amount_credit = fields.Monetary(string="Credits", readonly=True)
    amount_total = fields.Monetary(string="To pay", readonly=True)
    amount_total_company = fields.Monetary(
        string="To pay (company currency)", currency_field="company_currency_id", readonly=True
    )
    own_subject = fields.Char(readonly=True)
    # Cleaned as the body of a message is, for it goes there as it is.
    own_body = fields.Html(readonly=True, sanitize_style=True)
    subject = fields.Char(compute="_compute_texts", inverse="_inverse_subject")
    body = fields.Html(compute="_compute_texts", inverse="_inverse_body")
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    date_issued = fields.Datetime(readonly=True)
    delivered = fields.Boolean(
        readonly=True, help="The next level waits until the reminder has reached the customer."
    )
    delivery_ids = fields.One2many("dunning.delivery", "notice_id", readonly=True)
    chain_ids = fields.One2many(
        "dunning.chain.entry", "notice_id", string="Entries of the chain", readonly=True
    )
    # Indexed, or the deletion of any attachment in Odoo would read all notices.
    attachment_id = fields.Many2one(
        "ir.attachment", string="Letter", readonly=True, index="btree_not_null"
    )
    date_cancelled = fields.Datetime(readonly=True, copy=False)
    cancelled_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    departure_summary = fields.Char(
        compute="_compute_departure_summary",
        string="Already sent",
        help="What was already sent when the reminder was cancelled, and what was stopped.",
    )
    to_correct = fields.Boolean(
        compute="_compute_to_correct",
        search="_search_to_correct",
        string="Needs a correction",
        help="It was already sent when it was cancelled, and the customer has not been notified.",
    )
    has_charges = fields.Boolean(related="level_id.has_charges")
    charge_ids = fields.One2many("dunning.charge", "notice_id", readonly=True)
    charge_mode = fields.Selection(related="policy_id.charge_mode", string="Booking of charges")
    charge_move_id = fields.Many2one(
        "account.move",
        string="Charges booked as",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    charge_move_state = fields.Selection(related="charge_move_id.state", string="Booking status")
    amount_charges = fields.Monetary(
        string="Charges",
        compute="_compute_amount_charges",
        store=True,
        help="Fees, compensation and interest of this reminder that were not waived, without tax.",
    )
    amount_charge_tax = fields.Monetary(
        string="Tax on charges", compute="_compute_amount_charges", store=True
    )
    amount_charges_before = fields.Monetary(
        string="Earlier charges",
        readonly=True,
        help="Of earlier reminders of the same invoices, printed on them and not booked, with tax.",
    )
    amount_due = fields.Monetary(
        string="To pay with charges",
        compute="_compute_amount_due",
        help="The open invoices and all charges, with tax.",
    )
    amount_asked = fields.Monetary(
        string="Asked for",
        compute="_compute_amount_asked",
        compute_sudo=True,
        help="What the reminder asks for, with all charges. Until it is issued, the charges are "
        "those of its date.",
    )
    charge_question = fields.Boolean(
        readonly=True, help="The charges are more than the debt: somebody has to decide."
    )
    charge_decision = fields.Selection(
        [("charge", "Charge anyway"), ("waive", "Waive")], readonly=True, copy=False
    )
    charge_reason = fields.Char(string="Why charges are waived", readonly=True, copy=False)
    charge_estimate = fields.Html(
        compute="_compute_charge_estimate",
        sanitize=False,
        help="What the reminder would cost if it went out on its date.",
    )
    letter_preview = fields.Binary(
        compute="_compute_letter_preview", help="The letter as PDF, where the channel is one."
    )
    last_date = fields.Date(string="Last reminder", readonly=True)
    last_rung = fields.Integer(string="Last level number", readonly=True, aggregator=None)
    last_total = fields.Monetary(string="Last amount", readonly=True)
    comparison = fields.Selection(
        [
            ("new", "New"),
            ("higher", "Level up"),
            ("same", "Same level"),
            ("lower", "Level down"),
        ],
        string="Compared",
        compute="_compute_comparison",
        store=True,
        help="With the last reminder of the customer in this currency and policy.",
    )
    amount_change = fields.Monetary(
        string="Change",
        compute="_compute_comparison",
        store=True,
        help="More or less to pay than on the last reminder.",
    )
    warning = fields.Char(string="Attention", compute="_compute_warning", search="_search_warning")
    warning_text = fields.Char(compute="_compute_warning")
    lang = fields.Char(
        compute="_compute_lang",
        string="Language",
        help="Of the contact, else of the customer, else of the company.",
    )
    greeting = fields.Char(compute="_compute_greeting", help="For the texts of the levels.")
    info_ids = fields.One2many(
        "dunning.line",
        "notice_id",
        domain=[("verdict", "=", "info")],
        string="For information",
        readonly=True,
    )

    _number_unique = models.UniqueIndex(
        "(company_id, name) WHERE name IS NOT NULL",
        "There is a reminder with this number already: check the sequence.",
    )

    _waiting_idx = models.Index("(state, company_id) WHERE state IN ('proposed', 'confirmed')")

    @api.depends("name", "level_id", "partner_id")
    def _compute_display_name(self):
        for notice in self:
            label = notice.name or notice.level_id.name or self.env._("Reminder")
            notice.display_name = f"{label} · {notice.partner_id.display_name}"

    @api.model
    def _selection_status(self):
        states = self._fields["state"]._description_selection(self.env)
        return [*states, ("undelivered", self.env._("Not delivered"))]

    @api.depends("state", "delivered", "delivery_ids.state", "delivery_ids.correction")
    def _compute_status(self):
        for notice in self:
            lost = notice.delivery_ids.filtered(
                lambda delivery: delivery.state in STUCK and not delivery.correction
            )
            undelivered = notice.state == "issued" and not notice.delivered and lost
            notice.status = "undelivered" if undelivered else notice.state

    @api.depends("date", "level_id.pay_within")
    def _compute_date_pay(self):
        for notice in self:
            notice.date_pay = notice.date and fields.Date.add(
                notice.date, days=notice.level_id.pay_within
            )

    @api.depends("channel")
    def _compute_is_paper(self):
        paper = self.env["dunning.channel"]._on_paper()
        for notice in self:
            notice.is_paper = notice.channel in paper

    @api.depends("channel", "contact_id", "own_contact_ids", "state", "line_ids", "delivery_ids")
    def _compute_contacts(self):
        waiting = self.browse()
        # Of all at once: each list of contacts asks whether they are archived.
        (self.contact_id | self.delivery_ids.contact_id).mapped("active")
        for notice in self:
            sent = notice.delivery_ids.filtered(
                lambda delivery, channel=notice.channel: (
                    delivery.channel == channel and not delivery.correction
                )
            )
            notice.contact_ids = sent.sorted("id").contact_id or notice.contact_id
            notice.unreached_ids = False
            if notice._origin and not sent and notice.state in ("proposed", "confirmed", "issued"):
                waiting |= notice
        channels = self.env["dunning.channel"]
        for code, notices in waiting.grouped("channel").items():
            contacts = channels._addressees(code, notices._origin)
            unreached = channels._passed_over(code, notices._origin)
            self.contact_id.union(*contacts.values(), *unreached.values()).mapped("active")
            for notice in notices:
                notice.contact_ids = contacts.get(notice._origin.id)
                notice.unreached_ids = unreached.get(notice._origin.id)

    def _inverse_contacts(self):
        for notice in self:
            notice._check_in_review()
            notice.sudo().own_contact_ids = notice.contact_ids
            notice.sudo().contact_id = notice.contact_ids[:1]

    @api.depends("date", "date_oldest")
    def _compute_days_overdue(self):
        for notice in self:
            oldest = notice.date_oldest or notice.date
            notice.days_overdue = (notice.date - oldest).days if notice.date else 0

    @api.depends("own_subject", "own_body", "level_id", "contact_id", "date", "amount_asked")
    def _compute_texts(self):
        texts = self._texts(lambda notices: notices._try_render_texts())
        for notice, (subject, body) in texts.items():
            notice.subject, notice.body = subject, body

    def _inverse_subject(self):
        for notice in self:
            notice._check_in_review()
            notice.sudo().own_subject = one_line(notice.subject)

    def _inverse_body(self):
        for notice in self:
            notice._check_in_review()
            notice.sudo().own_body = notice.body

    @api.depends("subject", "body", "channel", "line_ids", "delivery_ids")
    def _compute_preview(self):
        for notice in self:
            notice.preview = notice._sent_email_body() or notice._render_email_body()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        if any(notice.state in ("issued", "cancelled") for notice in self):
            raise UserError(
                self.env._("An issued reminder cannot be deleted: cancel it with a reason.")
            )

    # Actions

    def action_view_items(self):
        """Open the invoices of the notice."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", self.line_ids.move_id.ids)],
            "name": self.env._("Invoices"),
        }

    def action_cancel(self):
        """Ask for the reason, then cancel issued notices."""
        return self._open_reason_dialog("cancel", self.env._("Cancel reminders"))

    def action_correct(self):
        """Send a correction to the customers who have these cancelled notices.

        :raises UserError: when nobody has to be notified, or nobody can be reached
        """
        missing = self.filtered("to_correct")
        if not missing:
            raise UserError(
                self.env._(
                    "Nobody has to be notified: these reminders were not cancelled, were not sent "
                    "yet, or have a correction already."
                )
            )
        if not missing._correct():
            raise UserError(
                self.env._(
                    "No e-mail address for a correction: call or write to %s, then choose "
                    "“Mark as notified” on the reminder.",
                    ", ".join(missing.partner_id[:10].mapped("display_name")),
                )
            )

    def action_mark_corrected(self):
        """Somebody has notified the customers in another way."""
        missing = self._by_button().filtered("to_correct")
        told = missing.env["dunning.delivery"].create(
            [
                {
                    "notice_id": notice.id,
                    "channel": notice.channel,
                    "address": self.env._("Notified by %s", self.env.user.name),
                    "correction": True,
                    "state": "done",
                    "date_done": fields.Datetime.now(),
                }
                for notice in missing
            ]
        )
        told._record("corrected")

    def action_charge_anyway(self):
        """Let the charges stand although they are more than the debt, and issue."""
        self._check_in_review()
        self._by_button().write({"charge_decision": "charge", "charge_question": False})
        self.action_retry()

    def action_waive_charges(self):
        """Ask for the reason, then let the customer off all charges of the reminder.

        Before it is issued: those that it would raise.
        """
        charges = self.charge_ids.filtered(lambda charge: charge.state in ("open", "named"))
        if charges:
            return charges.action_waive()
        self._check_in_review()
        return self._open_reason_dialog("waive", self.env._("Waive charges"))

    def action_view_charge_move(self):
        """Open the invoice that books the charges."""
        self.ensure_one()
        return self.charge_move_id.get_formview_action()

    def action_retry(self):
        """Try again to issue notices that failed."""
        failed = self._by_button().filtered(lambda notice: notice.state == "confirmed")
        failed.error = False
        failed._confirm()

    def action_preview_letter(self):
        """Show the letter as PDF; nothing is marked as printed by that."""
        return {
            "type": "ir.actions.act_url",
            "url": f"/report/pdf/{REPORT}/{','.join(map(str, self.ids))}",
            "target": "new",
        }

    def action_print_letters(self):
        """All letters of these notices as one PDF; those to print count as delivered.

        :raises UserError: when none of them is a letter
        """
        letters = self.delivery_ids.filtered(
            lambda delivery: delivery.is_printed and delivery.state != "withdrawn"
        )
        return letters.action_print()

    def action_confirm(self):
        """Confirm the chosen notices; small numbers are issued at once."""
        self.run_id._check_fresh()
        self._by_button().filtered(lambda notice: notice.state == "proposed")._confirm()

    def action_lower_level(self):
        """Send the text of the level before; the items stay one level lower too.
        Among several, those at the lowest level stay as they are.

        :raises UserError: when there is no lower level for any of them
        """
        self._check_in_review()
        lowest = self.browse()
        for level, notices in self._by_button().grouped("level_id").items():
            if lower := level._below():
                notices._lower_to(lower)
            else:
                lowest |= notices
        if lowest == self:
            raise UserError(
                self.env._(
                    "%(notice)s is at the lowest level already: leave it out if nothing should be "
                    "sent.",
                    notice=lowest[:1].display_name,
                )
            )
        if not lowest:
            return None
        return lowest._notify_user(
            self.env._("At the lowest level already, unchanged: %s", lowest._label())
        )

    def action_drop(self):
        """Ask for the reason, then leave the notices out."""
        self._check_in_review()
        return self._open_reason_dialog("drop", self.env._("Leave out"))

    def action_change_channel(self):
        """Ask for the channel, then bring the notices by it."""
        self._check_in_review()
        return self._open_reason_dialog("channel", self.env._("Change channel"), "dunning.change")

    def action_assign(self):
        """Ask for the responsible, then assign the notices."""
        self._check_in_review()
        return self._open_reason_dialog("assign", self.env._("Assign"), "dunning.change")

    # Business

    @api.model
    def _open_fields(self, state):
        if state in ("proposed", "confirmed"):
            return {"body", "channel", "contact_ids", "subject", "user_id"}
        return set()

    def _open_reason_dialog(self, kind, title, wizard="dunning.reason"):
        return self.env[wizard]._open_dialog(kind, title, notice_ids=self)
