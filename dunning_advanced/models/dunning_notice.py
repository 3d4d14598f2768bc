from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, is_html_empty


class DunningNotice(models.Model):
    """One reminder for a debtor, currency and policy; frozen when issued."""

    _name = "dunning.notice"
    _description = "Reminder"
    _inherit = ["mail.thread", "mail.activity.mixin"]
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
    amount_credit = fields.Monetary(string="Credits", readonly=True)
    amount_total = fields.Monetary(string="To pay", readonly=True)
    amount_total_company = fields.Monetary(
        string="To pay (company currency)", currency_field="company_currency_id", readonly=True
    )
    own_subject = fields.Char(readonly=True)
    own_body = fields.Html(readonly=True)
    subject = fields.Char(compute="_compute_texts", inverse="_inverse_subject")
    body = fields.Html(compute="_compute_texts", inverse="_inverse_body")
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    date_issued = fields.Datetime(readonly=True)
    delivered = fields.Boolean(
        readonly=True, help="The next level waits until the reminder has reached the customer."
    )
    delivery_ids = fields.One2many("dunning.delivery", "notice_id", readonly=True)
    attachment_id = fields.Many2one("ir.attachment", string="Letter", readonly=True)

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
        own = self.filtered(lambda n: n.own_subject and not is_html_empty(n.own_body))
        rendered = (self - own)._try_render_texts()
        for notice in self:
            subject, body = rendered.get(notice.id, ("", ""))
            notice.subject = notice.own_subject or subject
            notice.body = body if is_html_empty(notice.own_body) else notice.own_body

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

    # Review

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

    def action_cancel(self):
        """Ask for the reason, then take back issued notices."""
        return self._ask_reason("cancel", self.env._("Cancel reminders"))

    def _ask_reason(self, kind, title):
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "dunning.reason",
            "view_mode": "form",
            "target": "new",
            "context": {"default_notice_ids": self.ids, "default_kind": kind},
        }

    def _drop(self, reason):
        """Leave notices out before they are issued; their items are free again.

        :param reason: text that is shown on the notice
        """
        self._check_in_review()
        self.line_ids.write({"state": "void", "verdict": "dropped"})
        self.write({"state": "dropped", "reason": reason, "error": False})
        self.run_id._refresh_state()

    def _cancel(self, reason):
        """Take issued notices back; the steps of their items return by themselves.

        :param reason: text that is shown on the notice
        :raises UserError: when an item has a later notice, with its name
        """
        not_issued = self.filtered(lambda notice: notice.state != "issued")
        if not_issued:
            raise UserError(
                self.env._("%s is not issued: drop it instead.", not_issued[0].display_name)
            )
        for notice, later in self._later_notices():
            raise UserError(
                self.env._(
                    "%(notice)s cannot be cancelled: %(later)s reminded the same items "
                    "later. Cancel that one first.",
                    notice=notice.display_name,
                    later=later.display_name,
                )
            )
        self.line_ids.write({"state": "void"})
        self.write({"state": "cancelled", "reason": reason})
        self.delivery_ids._withdraw()

    def _later_notices(self):
        """Notices outside of these that reminded the same items after them.

        :return: list of (one of these notices, later notice)
        """
        if not self:
            return []
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT own.notice_id, later.notice_id
                  FROM dunning_line own
                  JOIN dunning_line later ON later.move_line_id = own.move_line_id
                       AND later.step > own.step AND later.state IN ('proposed', 'issued')
                 WHERE own.notice_id IN %(notices)s AND own.state = 'issued'
                   AND later.notice_id NOT IN %(notices)s
                 ORDER BY own.notice_id, later.step DESC
                 LIMIT 1
                """,
                notices=tuple(self.ids),
            )
        )
        return [(self.browse(own), self.browse(later)) for own, later in rows]

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
