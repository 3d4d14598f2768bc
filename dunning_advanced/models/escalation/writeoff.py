from markupsafe import Markup

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_date

from ..mixins.company_day import company_today


class DunningWriteoff(models.Model):
    """A proposal to give up items; approved, Odoo books it."""

    _name = "dunning.writeoff"
    _description = "Write-off"
    _inherit = ["dunning.escalation"]
    _order = "id desc"

    reason = fields.Text(required=True, tracking=True)
    user_id = fields.Many2one(
        "res.users",
        string="Proposed by",
        default=lambda self: self.env.user,
        readonly=True,
        copy=False,
    )
    date_proposed = fields.Date(
        string="Proposed on",
        default=company_today,
        readonly=True,
        copy=False,
    )
    date = fields.Date(
        string="Booked on",
        required=True,
        default=company_today,
        copy=False,
        help="If the books are locked on that day, on the first day after it that is open.",
    )
    line_ids = fields.One2many("dunning.writeoff.item", "step_id")
    state = fields.Selection(
        [("proposed", "To approve"), ("approved", "Written off"), ("rejected", "Rejected")],
        string="Status",
        required=True,
        readonly=True,
        default="proposed",
        copy=False,
        tracking=True,
        index=True,
    )
    decided_by_id = fields.Many2one("res.users", string="Decided by", readonly=True, copy=False)
    date_decided = fields.Date(string="Decided on", readonly=True, copy=False)
    decision = fields.Char(string="Why it was rejected", readonly=True, copy=False)
    entry_ids = fields.Many2many("account.move", string="Entries", compute="_compute_entries")
    is_reversed = fields.Boolean(
        string="Cancelled",
        compute="_compute_entries",
        help="The entry was reversed: the invoices are open again.",
    )
    amount_company = fields.Monetary(
        string="Amount",
        currency_field="company_currency_id",
        compute="_compute_amount_company",
        store=True,
        help="In company currency, as it stands in the books.",
    )
    summary = fields.Char(string="To write off", compute="_compute_summary")
    can_approve = fields.Boolean(compute="_compute_can_approve")
    objection = fields.Char(
        compute="_compute_can_approve", help="Why you cannot approve it, if you are a manager."
    )

    @api.depends("partner_id", "amount_company")
    def _compute_display_name(self):
        for writeoff in self:
            writeoff.display_name = writeoff.partner_id and self.env._(
                "Write-off %(customer)s, %(amount)s",
                customer=writeoff.partner_id.name,
                amount=writeoff.company_currency_id.format(writeoff.amount_company),
            )

    @api.depends("line_ids.amount_company")
    def _compute_amount_company(self):
        for writeoff in self:
            writeoff.amount_company = sum(writeoff.line_ids.mapped("amount_company"))

    @api.depends("line_ids.amount")
    def _compute_summary(self):
        for writeoff in self:
            pairs = [(line.currency_id, line.amount) for line in writeoff.line_ids]
            writeoff.summary = self.env["res.currency"]._dunning_sums(pairs)

    @api.depends("line_ids.entry_id")
    def _compute_entries(self):
        for writeoff in self:
            entries = writeoff.line_ids.entry_id
            writeoff.entry_ids = entries
            writeoff.is_reversed = bool(entries) and all(
                entry.sudo().reversal_move_ids.filtered(lambda move: move.state == "posted")
                for entry in entries
            )

    @api.depends_context("uid")
    @api.depends("state", "user_id", "amount_company")
    def _compute_can_approve(self):
        manager = self.env.user.has_group("dunning_advanced.group_manager")
        for writeoff in self:
            waits = manager and writeoff.state == "proposed"
            own = waits and writeoff._needs_another(self.env.user)
            writeoff.can_approve = waits and not own
            writeoff.objection = own and writeoff._describe_another()

    @api.model_create_multi
    def create(self, vals_list):
        writeoffs = super().create(vals_list)
        for writeoff in writeoffs:
            writeoff._check_open()
            writeoff._check_agreements(writeoff.date_proposed)
            items = writeoff.line_ids.move_line_id
            self.env["dunning.handover.item"]._check_not_handed(items)
            writeoff._schedule_approval()
            writeoff._log_on_case(
                self.env._(
                    "Proposed to write off %(amount)s: %(link)s",
                    amount=writeoff.summary,
                    link=writeoff._get_html_link(),
                )
            )
        return writeoffs

    @api.ondelete(at_uninstall=False)
    def _unlink_except_approved(self):
        if any(writeoff.state == "approved" for writeoff in self):
            raise UserError(
                self.env._("What was written off stays as the record of it: reverse its entry.")
            )

    # Actions

    def action_approve(self):
        """Approve these proposals and book them.

        :raises AccessError: for others than managers
        :raises UserError: when somebody else has to approve, something is not open any
            more, or the account or journal is missing
        """
        for writeoff in self:
            today = writeoff._today()
            writeoff._check_may_approve()
            writeoff._check_open()
            writeoff._check_agreements(today)
            items = writeoff.line_ids.move_line_id
            self.env["dunning.handover.item"]._check_not_handed(items)
            writeoff.line_ids._check_amount()
            writeoff._book()
            writeoff._decide("approved", today)
            writeoff._log_on_case(
                self.env._(
                    "Written off %(amount)s: %(links)s",
                    amount=writeoff.summary,
                    links=writeoff._entry_links(),
                )
            )

    def action_reject(self):
        """Ask why these proposals are rejected."""
        self._check_manager()
        return self.env["dunning.reason"]._open_dialog(
            "reject_writeoff", self.env._("Reject"), writeoff_ids=self
        )

    def action_undo(self):
        """Open Odoo's own dialog to reverse the entries: the invoices are open again.

        :raises UserError: when there is nothing to reverse
        """
        self._check_manager()
        entries = self.entry_ids.filtered(lambda entry: not entry.reversal_move_ids)
        if not entries:
            raise UserError(self.env._("There is no entry of this write-off left to reverse."))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_view_account_move_reversal"
        )
        context = {"active_model": "account.move", "active_ids": entries.ids}
        return dict(action, context=context)

    def action_view_entries(self):
        """Open the entries that book the write-off."""
        return self.entry_ids._get_records_action(name=self.env._("Entries"))

    # Business

    def _needs_another(self, user):
        """Whether it is too much for a user to approve what the same user proposed."""
        limit = self.company_id.dunning_writeoff_limit
        too_much = self.company_currency_id.compare_amounts(self.amount_company, limit) > 0
        return too_much and user == self.user_id

    def _describe_another(self):
        return self.env._(
            "Above %(limit)s somebody else than %(user)s has to approve: another dunning manager.",
            limit=self.company_currency_id.format(self.company_id.dunning_writeoff_limit),
            user=self.user_id.name,
        )

    @api.model
    def _open_fields(self, state):
        return {
            None: {"company_id", "date", "item_ids", "line_ids", "partner_id", "reason"},
            "proposed": {"date", "item_ids", "line_ids", "reason"},
        }.get(state, set())

    def _is_editable(self):
        return self.state == "proposed"

    # Checks

    def _check_manager(self):
        if not (self.env.su or self.env.user.has_group("dunning_advanced.group_manager")):
            raise AccessError(self.env._("Only a dunning manager decides about write-offs."))

    def _check_may_approve(self):
        self._check_manager()
        self._check_waits()
        if self._needs_another(self.env.user):
            raise UserError(self._describe_another())

    def _check_waits(self):
        for writeoff in self:
            if writeoff.state != "proposed":
                raise UserError(self.env._("%s was decided about already.", writeoff.display_name))

    # Deciding

    def _decide(self, state, date, decision=False):
        self.sudo().write(
            {
                "state": state,
                "decision": decision,
                "date_decided": date,
                "decided_by_id": self.env.uid,
            }
        )
        self.activity_unlink(["dunning_advanced.mail_activity_writeoff"])

    def _reject(self, reason, date):
        """Turn proposals down; the items stay as they are.

        :param reason: text
        :raises UserError: when one was decided about already
        """
        self._check_manager()
        self._check_waits()
        self._decide("rejected", date, reason)
        for writeoff in self:
            writeoff._log_on_case(
                self.env._(
                    "Not written off: %(link)s. %(reason)s",
                    link=writeoff._get_html_link(),
                    reason=reason,
                )
            )

    def _schedule_approval(self):
        """Schedule the task to decide, for the responsible or a manager."""
        user = self._approver()
        if user:
            words = self.with_context(lang=self.company_id._dunning_reader_lang(user))
            self.sudo().activity_schedule(
                "dunning_advanced.mail_activity_writeoff",
                self.date_proposed,
                summary=words.env._("Decide: %s", words.display_name),
                user_id=user.id,
            )
        self.env["dunning.case"]._open_of(self).activity_unlink(
            ["dunning_advanced.mail_activity_decide"]
        )

    def _approver(self):
        """The manager who is asked: the responsible of the company if that is one."""
        managers = self.company_id._dunning_managers()
        managers = managers.filtered(lambda user: not self._needs_another(user))
        return (self.company_id.dunning_user_id & managers) or managers[:1]

    # Booking

    def _book(self):
        """One entry for each company of the items, reconciled with them.

        Each item is credited with what it is worth in the books, so that nothing is
        left in any currency. Taxes are not corrected: that is left to the accountant.

        :raises UserError: when the account or the journal is missing
        """
        self.ensure_one()
        self._check_settings()
        lines = self.line_ids.sudo()
        lines._compute_amount_company()
        moves = self.env["account.move"]
        for company, own in lines.grouped(lambda line: line.move_line_id.company_id).items():
            move = moves.with_company(company).create(self._entry_values(company, own))
            self._log_day(move)
            move._post(soft=False)
            own.entry_id = move
            credits = move.line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            ).sorted("sequence")
            self.env["account.move.line"]._reconcile_plan(
                [line.move_line_id | credit for line, credit in zip(own, credits, strict=True)]
            )
            moves |= move
        return moves

    def _check_settings(self):
        company = self.company_id
        needed = {
            "dunning_writeoff_account_id": self.env._("the account for bad debts"),
            "dunning_writeoff_journal_id": self.env._("the journal for write-offs"),
        }
        for field, what in needed.items():
            if not company[field]:
                raise UserError(
                    self.env._(
                        "Nothing can be written off in %(company)s yet: choose %(what)s in "
                        "Dunning > Configuration > Settings.",
                        company=company.name,
                        what=what,
                    )
                )

    def _entry_values(self, company, lines):
        rows = []
        for sequence, line in enumerate(lines):
            item = line.move_line_id
            shared = {
                "name": self.env._("Write-off %s", line.name),
                "partner_id": item.partner_id.id,
                "currency_id": line.currency_id.id,
            }
            for account, sign in (
                (item.account_id, -1),
                (self.company_id.dunning_writeoff_account_id, 1),
            ):
                rows.append(
                    {
                        **shared,
                        "sequence": 2 * sequence + (sign > 0),
                        "account_id": account.id,
                        "amount_currency": sign * line.amount,
                        "balance": sign * line.amount_company,
                    }
                )
        return {
            "move_type": "entry",
            "company_id": company.id,
            "journal_id": self.company_id.dunning_writeoff_journal_id.id,
            "date": self.date,
            "ref": self.env._("Write-off: %s", self.partner_id.name),
            "line_ids": [Command.create(row) for row in rows],
        }

    def _log_day(self, move):
        """Book on the first open day, and say so where that is another one."""
        open_day = move._dunning_open_day(has_tax=False)
        if open_day == move.date:
            return
        wanted, move.date = move.date, open_day
        self._message_log(
            body=self.env._(
                "Booked on %(day)s instead of %(wanted)s, because the books are locked until then.",
                day=format_date(self.env, open_day),
                wanted=format_date(self.env, wanted),
            )
        )

    def _entry_links(self):
        return Markup(", ").join(entry._get_html_link() for entry in self.entry_ids)


class DunningWriteoffItem(models.Model):
    """An item that is given up, in full or in part."""

    _name = "dunning.writeoff.item"
    _description = "Item Written Off"
    _inherit = ["dunning.escalation.item"]

    step_id = fields.Many2one(
        "dunning.writeoff", string="Write-off", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="step_id.company_id", store=True, precompute=True)
    amount = fields.Monetary(string="To write off")
    entry_id = fields.Many2one(
        "account.move", readonly=True, ondelete="restrict", index="btree_not_null"
    )

    _one_open = models.UniqueIndex(
        "(move_line_id) WHERE is_open",
        "It is proposed already to write off one of these items: approve or reject that first.",
    )

    @api.depends("step_id.state")
    def _compute_is_open(self):
        for line in self:
            line.is_open = line.step_id.state == "proposed"

    @api.model
    def _open_fields(self, state):
        return {"amount"} if state == "proposed" else set()

    @api.constrains("amount")
    def _check_amount(self):
        for line in self.filtered(lambda line: line.move_line_id and line.is_open):
            compare = line.currency_id.compare_amounts
            if compare(line.amount, 0) <= 0 or compare(line.amount, line._left()) > 0:
                raise ValidationError(
                    self.env._(
                        "%(amount)s of %(item)s cannot be written off: %(left)s are open. Enter "
                        "an amount above zero and up to that.",
                        amount=line.currency_id.format(line.amount),
                        item=line.name,
                        left=line.currency_id.format(line._left()),
                    )
                )
