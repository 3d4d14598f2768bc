from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..mixins.company_day import company_today
from ..mixins.labels import label, labels

ACTIVITY = "dunning_advanced.mail_activity_dispute"


class DunningDispute(models.Model):
    """A customer does not agree with an invoice, or a part of it. What is disputed is
    held until somebody answers; the rest is asked for as before.
    """

    _name = "dunning.dispute"
    _description = "Dispute"
    _inherit = ["dunning.by.button", "dunning.agreement", "mail.thread", "mail.activity.mixin"]
    _order = "date_deadline, id"
    _check_company_auto = True

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('commercial_partner_id', '=', partner_id), ('state', '=', 'posted'),"
        " ('move_type', 'in', ('out_invoice', 'out_receipt')), ('amount_residual', '>', 0)]",
    )
    partner_id = fields.Many2one(
        compute="_compute_partner_id", store=True, readonly=False, precompute=True
    )
    company_id = fields.Many2one(
        compute="_compute_company_id", store=True, readonly=False, precompute=True, default=None
    )
    currency_id = fields.Many2one(
        related="move_id.currency_id", store=True, precompute=True, default=None
    )
    move_residual = fields.Monetary(related="move_id.amount_residual", string="Open on the invoice")
    move_state = fields.Selection(related="move_id.state", string="State of the invoice")
    amount = fields.Monetary(
        string="Disputed",
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    amount_open = fields.Monetary(
        string="Still disputed",
        readonly=True,
        copy=False,
        help="Less what was credited since, and no more than is open on the invoice.",
    )
    amount_accepted = fields.Monetary(string="Accepted", readonly=True, copy=False)
    reason_id = fields.Many2one(
        "dunning.dispute.reason",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        check_company=True,
    )
    text = fields.Text(string="What the customer says")
    attachment_ids = fields.Many2many("ir.attachment", string="Attachments", copy=False)
    opened_by = fields.Selection(
        [("user", "One of us"), ("customer", "The customer")],
        string="Entered by",
        required=True,
        readonly=True,
        default="user",
    )
    channel = fields.Selection(
        selection=lambda self: (
            self.env["dunning.promise"]._fields["channel"]._description_selection(self.env)
        ),
        string="Made by",
        required=True,
        default="phone",
    )
    call_id = fields.Many2one("dunning.call", readonly=True, ondelete="set null")
    date_open = fields.Date(
        string="Disputed on",
        required=True,
        default=company_today,
        readonly=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        domain=[("share", "=", False)],
    )
    date_deadline = fields.Date(
        string="Answer by",
        compute="_compute_date_deadline",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("accepted", "Accepted"),
            ("partial", "Partly accepted"),
            ("rejected", "Rejected"),
            ("withdrawn", "Withdrawn"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="open",
        copy=False,
        tracking=True,
    )
    date_decided = fields.Date(string="Decided on", readonly=True, copy=False)
    decided_by_id = fields.Many2one("res.users", string="Decided by", readonly=True, copy=False)
    answer = fields.Text(string="Answer to the customer", readonly=True, copy=False)
    date_told = fields.Date(string="Customer notified on", readonly=True, copy=False)
    credit_move_id = fields.Many2one(
        "account.move",
        string="Credit note",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    credit_state = fields.Selection(related="credit_move_id.state", string="State of credit note")
    hold_id = fields.Many2one("dunning.hold", readonly=True, copy=False, index="btree_not_null")
    is_waiting = fields.Boolean(
        readonly=True, copy=False, help="The invoice was reset to draft, which was noted here."
    )

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A dispute is about an amount above zero: enter what is disputed."
    )

    _one_open = models.UniqueIndex(
        "(move_id) WHERE state = 'open'",
        "This invoice is disputed already: change the amount of that dispute, or answer it first.",
    )

    _open_of_debtor = models.Index("(partner_id) WHERE state = 'open'")

    @api.depends("move_id")
    def _compute_partner_id(self):
        for dispute in self:
            dispute.partner_id = dispute.move_id.commercial_partner_id or dispute.partner_id

    @api.depends("move_id")
    def _compute_company_id(self):
        for dispute in self:
            # The one whose case it is: that of the invoice, or one above it.
            above = dispute.move_id.company_id.sudo().parent_ids
            if above and dispute.company_id not in above:
                dispute.company_id = (above & self.env.companies or above)[:1]
            else:
                dispute.company_id = dispute.company_id or self.env.company

    @api.depends("move_id")
    def _compute_amount(self):
        for dispute in self:
            dispute.amount = dispute.move_id.amount_residual

    @api.depends("reason_id", "partner_id", "company_id")
    def _compute_user_id(self):
        cases = self._cases()
        for dispute in self:
            case = cases.get(dispute._key(), self.env["dunning.case"])
            dispute.user_id = (
                dispute.reason_id.user_id
                or dispute.company_id._dunning_responsible(case.user_id)
                or dispute.user_id
            )

    @api.depends("reason_id", "date_open")
    def _compute_date_deadline(self):
        for dispute in self:
            begin, reason = dispute.date_open, dispute.reason_id
            dispute.date_deadline = (
                begin and reason and fields.Date.add(begin, days=reason.default_days)
            )

    @api.depends("move_id.name", "amount", "reason_id.name")
    def _compute_display_name(self):
        for dispute in self:
            amount = dispute.currency_id and dispute.currency_id.format(dispute.amount)
            parts = (dispute.move_id.name, amount, dispute.reason_id.name)
            dispute.display_name = " · ".join(filter(None, parts))

    @api.constrains("move_id", "amount")
    def _check_amount(self):
        for dispute in self.filtered(lambda dispute: dispute.state == "open"):
            move = dispute.move_id
            if move.state != "posted" or not move.is_sale_document(include_receipts=True):
                raise ValidationError(
                    self.env._("%s is no posted customer invoice: choose one.", move.display_name)
                )
            dispute._check_open_amount(move.amount_residual)

    @api.constrains("date_open", "date_deadline")
    def _check_deadline(self):
        for dispute in self:
            if dispute.date_deadline < dispute.date_open:
                raise ValidationError(
                    self.env._(
                        "The dispute cannot be answered before it was made, on %s: choose a "
                        "later day.",
                        format_date(self.env, dispute.date_open),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        disputes = super().create(vals_list)
        disputes._own_attachments()
        disputes.sudo()._begin()
        return disputes

    def write(self, vals):
        if "move_id" in vals and any(dispute.move_id.id != vals["move_id"] for dispute in self):
            raise UserError(
                self.env._(
                    "A dispute stays with its invoice: withdraw it, and open one for the other."
                )
            )
        result = super().write(vals)
        if "attachment_ids" in vals:
            self._own_attachments()
        if {"amount", "date_deadline", "user_id", "reason_id"} & vals.keys():
            self.sudo().filtered(lambda dispute: dispute.state == "open")._propagate(vals)
        return result

    # Actions

    def action_accept(self):
        """Odoo's dialog for a credit note, with the reason and what is disputed. The
        dispute is accepted, all of it or in part, once that credit note is booked.

        :raises UserError: when the dispute is decided already
        """
        self.ensure_one()
        self._check_open()
        if self.credit_state == "draft":
            return self.credit_move_id.get_formview_action()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit note for %s", self.move_id.name),
            "res_model": "account.move.reversal",
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": "account.move",
                "active_ids": self.move_id.ids,
                "default_dunning_dispute_id": self.id,
                "default_dunning_amount": self.amount_open,
                "default_reason": self._for_customer().reason_id.name,
            },
        }

    def action_reject(self):
        """Ask for the answer to the customer, then reject the dispute."""
        self._check_open()
        return self._open_answer_dialog(self.env._("Reject"))

    def action_tell(self):
        """Ask for words to the customer about a dispute that is decided."""
        return self._open_answer_dialog(self.env._("Write to the customer"))

    def action_mark_told(self):
        """The customer was told in another way."""
        decided = self._by_button().filtered(lambda dispute: dispute.state != "open")
        for today, disputes in decided._by_day():
            disputes.date_told = today

    def action_withdraw(self):
        """The customer does not dispute any more; dunning goes on.

        :raises UserError: when it is decided already
        """
        self._check_open()
        for today, disputes in self._by_button()._by_day():
            disputes._end("withdrawn", today)

    def action_view_credit(self):
        """Open the credit note."""
        self.ensure_one()
        return self.credit_move_id.get_formview_action()

    # Business

    @api.model
    def _open_fields(self, state):
        changing = {
            "amount",
            "attachment_ids",
            "date_deadline",
            "reason_id",
            "text",
            "user_id",
        }
        if state:
            return changing if state == "open" else set()
        return changing | {"call_id", "channel", "company_id", "move_id", "partner_id"}

    def _check_open_amount(self, residual):
        invoice, currency = self.move_id.name, self.currency_id
        if self.move_id.move_type == "out_refund" or residual <= 0:
            raise ValidationError(
                self.env._("Nothing is open on %s: choose an invoice that is not paid.", invoice)
            )
        if currency.compare_amounts(self.amount, residual) > 0:
            raise ValidationError(
                self.env._(
                    "The dispute is about more than is open: %(open)s on %(invoice)s. Dispute up "
                    "to that.",
                    open=currency.format(residual),
                    invoice=invoice,
                )
            )

    @api.model
    def _open_dialog(self, **defaults):
        """The dialog that asks what is disputed.

        :param defaults: default values, as ``default_move_id``
        :return: action
        """
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dispute"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": defaults,
        }

    def _own_attachments(self):
        """Files that were added in the form belong to the dispute: who may read it reads them."""
        for dispute in self:
            loose = dispute.attachment_ids.sudo().filtered(lambda file: not file.res_id)
            loose.write({"res_model": self._name, "res_id": dispute.id})

    # How a dispute begins, becomes less or more, and ends.

    def _begin(self):
        """The disputed amount is not asked for from now on, and the owner is asked to answer."""
        for dispute in self:
            dispute.amount_open = dispute.amount
            dispute._hold(dispute.date_open)
            dispute._log_on_case(
                self.env._(
                    "Dispute: %(dispute)s, made by %(channel)s.",
                    dispute=dispute._get_html_link(),
                    channel=dispute._channel_name(),
                )
            )
        self._schedule_for_owner()

    def _channel_name(self):
        return label(self, "channel")

    def _hold(self, date):
        """Hold what is still disputed from a day on. It has no last day: what nobody
        has answered is not asked for.
        """
        self.hold_id = self.env["dunning.hold"].create(
            {
                "reason_id": self.env.ref("dunning_advanced.hold_reason_dispute").id,
                "name": self.reason_id.name,
                "company_id": self.move_id.company_id.id,
                "partner_id": self.partner_id.id,
                "user_id": self.user_id.id,
                "move_id": self.move_id.id,
                "amount": self.amount_open,
                "date_from": date,
                "date_to": False,
                "date_review": max(self.date_deadline, date),
                "freezes_charges": self.reason_id.freezes_charges,
            }
        )

    def _release(self, reason, date):
        """End the hold; dunning of the amount goes on from the level that was reached."""
        self.hold_id.filtered("active").sudo()._lift(reason, date)

    def _propagate(self, vals):
        """What a user changed while the dispute is open holds for what follows too."""
        if {"date_deadline", "reason_id"} & vals.keys():
            for dispute in self:
                today = dispute._today()
                dispute._release(self.env._("Changed"), today)
                dispute._hold(today)
        if {"date_deadline", "user_id", "reason_id"} & vals.keys():
            self.activity_unlink([ACTIVITY])
            self._schedule_for_owner()
        if "amount" in vals:
            for today, disputes in self._by_day():
                disputes._update_state(today)

    def _schedule_for_owner(self, **values):
        # Whoever becomes the owner of a record is told so by Odoo: no second e-mail.
        for dispute in self.with_context(mail_activity_quick_update=True):
            user = dispute.user_id or self.env.user
            lang = dispute.company_id._dunning_reader_lang(user)
            words = dispute.with_context(lang=lang).env
            dispute.activity_schedule(
                ACTIVITY,
                dispute.date_deadline,
                summary=words._("Answer the dispute of %s", dispute.partner_id.name),
                user_id=user.id,
                **values,
            )

    def _note_draft(self, waiting):
        """Say once that the invoice is being corrected, and once that it is back."""
        if waiting != self.is_waiting:
            self.is_waiting = waiting
            self._message_log(
                body=self.env._("The invoice was reset to draft. The dispute waits for it.")
                if waiting
                else self.env._("The invoice was posted again.")
            )

    def _adjust(self, amount, date):
        """Dispute less, or more again. A new hold takes the place of the former, so that
        past days keep what they knew.
        """
        if not self.currency_id.compare_amounts(amount, self.amount_open):
            return
        self.amount_open = amount
        note = self.env._("Still disputed: %s", self.currency_id.format(amount))
        self._release(note, date)
        self._hold(date)
        self._message_log(body=note)

    # Ending

    def _check_open(self):
        """:raises UserError: when one of them is decided already"""
        if closed := self.filtered(lambda dispute: dispute.state != "open")[:1]:
            raise UserError(
                self.env._(
                    "The dispute %(dispute)s was decided on %(date)s already.",
                    dispute=closed.display_name,
                    date=format_date(self.env, closed.date_decided),
                )
            )

    def _end(self, state, date, why=None):
        """Close disputes with an answer; their holds end with them.

        :param state: accepted, partial, rejected or withdrawn
        :param why: in words, where nobody decided it here
        """
        person = self.env.user.filtered(lambda user: not user._is_superuser())
        self.write(
            {
                "state": state,
                "amount_open": 0,
                "date_decided": date,
                "decided_by_id": person.id,
                "is_waiting": False,
            }
        )
        words = labels(self, "state")[state]
        said = f"{words}: {why}" if why else words
        self._release(said, date)
        self.activity_unlink([ACTIVITY])
        for dispute in self:
            if why:
                dispute._message_log(body=said)
            dispute._log_on_case(
                self.env._(
                    "Dispute %(dispute)s: %(answer)s",
                    dispute=dispute._get_html_link(),
                    answer=said,
                )
            )

    # How somebody answers a dispute: with a credit note, with words, or both.

    def _open_answer_dialog(self, title):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "dunning.dispute.answer",
            "view_mode": "form",
            "target": "new",
            "context": {"default_dispute_id": self.id},
        }

    def _for_customer(self):
        """The dispute in the language of the customer."""
        lang = self.contact_id._dunning_lang(self.partner_id, self.company_id)
        return self.with_context(lang=lang)

    def _reject(self, text, date):
        """Reject the dispute and say why.

        :param text: what the customer is told
        """
        self._check_open()
        disputes = self._by_button()
        disputes._end("rejected", date)
        disputes._notify_customer(text, date)

    def _notify_customer(self, text, date):
        """Send the answer by e-mail. Where that is not possible it is kept, and the form
        says that the customer has to be told in another way.
        """
        disputes = self._by_button()
        disputes.write({"answer": text, "date_told": False})
        told = disputes._mail("mail_template_dispute", self.env._("The answer was not sent"))
        told.date_told = date

    def _link_credit(self, move, date):
        """A credit note was made from the dispute, which ends once it is booked.

        :param move: account.move
        """
        dispute = self._by_button()
        dispute.credit_move_id = move
        dispute._message_log(body=self.env._("Credit note: %s", move._get_html_link()))
        dispute._update_state(date)
