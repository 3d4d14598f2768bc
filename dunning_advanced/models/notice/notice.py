from odoo import api, fields, models
from odoo.exceptions import UserError


class DunningNotice(models.Model):
    """One reminder for a debtor, currency and policy; frozen when issued."""

    _name = "dunning.notice"
    _description = "Reminder"
    _inherit = ["mail.thread", "mail.activity.mixin", "dunning.batch"]
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
    rung = fields.Integer(string="Level no.", readonly=True, aggregator=None)
    date = fields.Date(required=True, readonly=True)
    date_pay = fields.Date(string="Pay until", compute="_compute_date_pay")
    user_id = fields.Many2one("res.users", string="Responsible", domain=[("share", "=", False)])
    to_review = fields.Boolean(
        string="Needs review", readonly=True, help="Does not go out by itself at night."
    )
    state = fields.Selection(
        [
            ("proposed", "To review"),
            ("confirmed", "Confirmed"),
            ("issued", "Issued"),
            ("dropped", "Dropped"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="proposed",
        readonly=True,
        tracking=True,
    )
    reason = fields.Char(readonly=True, help="Why it was dropped or cancelled.")
    error = fields.Text(
        readonly=True, help="Why it could not be issued. It is tried again on request."
    )
    channel = fields.Selection(selection=lambda self: self.env["dunning.channel"]._selection())
    contact_id = fields.Many2one("res.partner", string="Addressed to")
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
    # Indexed, or the deletion of any attachment in Odoo would read all notices.
    attachment_id = fields.Many2one(
        "ir.attachment", string="Letter", readonly=True, index="btree_not_null"
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

    @api.depends("date", "level_id.pay_within")
    def _compute_date_pay(self):
        for notice in self:
            notice.date_pay = notice.date and fields.Date.add(
                notice.date, days=notice.level_id.pay_within
            )

    @api.depends("date", "date_oldest")
    def _compute_days_overdue(self):
        for notice in self:
            oldest = notice.date_oldest or notice.date
            notice.days_overdue = (notice.date - oldest).days if notice.date else 0

    @api.depends("own_subject", "own_body", "level_id", "contact_id", "date", "amount_total")
    def _compute_texts(self):
        texts = self._texts(lambda notices: notices._try_render_texts())
        for notice, (subject, body) in texts.items():
            notice.subject, notice.body = subject, body

    def _inverse_subject(self):
        for notice in self:
            notice._check_in_review()
            notice.own_subject = notice.subject

    def _inverse_body(self):
        for notice in self:
            notice._check_in_review()
            notice.own_body = notice.body

    @api.depends("subject", "body", "channel", "line_ids", "delivery_ids")
    def _compute_preview(self):
        for notice in self:
            notice.preview = notice._sent_email_body() or notice._render_email_body()

    def write(self, vals):
        if {"level_id", "channel", "contact_id"} & vals.keys():
            self._check_in_review()
        if "level_id" in vals and not self.env.context.get("dunning_lower"):
            raise UserError(self.env._("Use “Lower level” to choose another level."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        if any(notice.state in ("issued", "cancelled") for notice in self):
            raise UserError(
                self.env._("An issued reminder cannot be deleted: cancel it with a reason.")
            )

    def _ask_reason(self, kind, title, wizard="dunning.reason"):
        return self.env[wizard]._ask(kind, title, notice_ids=self)

    def action_view_items(self):
        """Open the invoices of the notice."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", self.line_ids.move_id.ids)],
        }
