from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


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
        string="Proposed on", default=fields.Date.context_today, readonly=True, copy=False
    )
    date = fields.Date(
        string="Booked on",
        required=True,
        default=fields.Date.context_today,
        copy=False,
        help="If the books are locked on that day, on the first day after it that is open.",
    )
    line_ids = fields.One2many("dunning.writeoff.item", "step_id")
    state = fields.Selection(
        [("proposed", "To approve"), ("approved", "Written off"), ("rejected", "Rejected")],
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
        compute="_compute_entries", help="The entry was reversed: the invoices are open again."
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
            writeoff.objection = own and writeoff._say_another()

    def _needs_another(self, user):
        """Whether it is too much for a user to approve what the same user proposed."""
        limit = self.company_id.dunning_writeoff_limit
        too_much = self.company_currency_id.compare_amounts(self.amount_company, limit) > 0
        return too_much and user == self.user_id

    def _say_another(self):
        return self.env._(
            "Above %(limit)s somebody else than %(user)s has to approve: another dunning manager.",
            limit=self.company_currency_id.format(self.company_id.dunning_writeoff_limit),
            user=self.user_id.name,
        )

    @api.model
    def _by_button(self):
        return {
            "amount_company",
            "date_decided",
            "date_proposed",
            "decided_by_id",
            "decision",
            "state",
            "user_id",
        }

    def _is_editable(self):
        return self.state == "proposed"

    @api.model_create_multi
    def create(self, vals_list):
        writeoffs = super().create(vals_list)
        for writeoff in writeoffs:
            writeoff._check_open()
            writeoff._check_agreements(writeoff.date_proposed)
            items = writeoff.line_ids.move_line_id
            self.env["dunning.handover.item"]._check_not_handed(items)
            writeoff._ask_for_approval()
            writeoff._tell_case(
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


class DunningWriteoffItem(models.Model):
    """An item that is given up, in full or in part."""

    _name = "dunning.writeoff.item"
    _description = "Item Written Off"
    _inherit = ["dunning.escalation.item"]

    step_id = fields.Many2one("dunning.writeoff", required=True, index=True, ondelete="cascade")
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
    def _by_button(self):
        return super()._by_button() | {"entry_id"}

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
