from odoo import api, fields, models
from odoo.exceptions import UserError

OPEN = ("draft", "handed")


class DunningHandover(models.Model):
    """Items that a collection agency, a lawyer or a court follows up instead of us."""

    _name = "dunning.handover"
    _description = "Hand-over"
    _inherit = ["dunning.escalation"]
    _order = "id desc"

    name = fields.Char(string="Number", readonly=True, copy=False)
    kind = fields.Selection(
        [("agency", "Collection agency"), ("lawyer", "Lawyer"), ("court", "Court")],
        required=True,
        default="agency",
        tracking=True,
    )
    agency_id = fields.Many2one(
        "res.partner",
        string="Handed over to",
        required=True,
        ondelete="restrict",
        default=lambda self: self.env.company.dunning_agency_id,
        tracking=True,
    )
    reference = fields.Char(string="Their reference", tracking=True)
    note = fields.Text(
        string="Message", help="What they should know. It stands on the first page of the file."
    )
    line_ids = fields.One2many("dunning.handover.item", "step_id")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("handed", "Handed over"),
            ("returned", "Returned"),
            ("closed", "Closed"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
        index=True,
    )
    outcome = fields.Selection(
        [("paid", "Paid"), ("unsuccessful", "Unsuccessful"), ("withdrawn", "Withdrawn by us")],
        readonly=True,
        copy=False,
        tracking=True,
    )
    end_reason = fields.Char(string="Why it ended", readonly=True, copy=False)
    date_handed = fields.Date(string="Handed over on", readonly=True, copy=False)
    handed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    date_end = fields.Date(string="Ended on", readonly=True, copy=False)
    ended_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    hold_id = fields.Many2one("dunning.hold", readonly=True, copy=False)
    fee_ids = fields.One2many("dunning.handover.fee", "handover_id", copy=False)
    attachment_id = fields.Many2one("ir.attachment", string="File", readonly=True, copy=False)
    date_package = fields.Datetime(string="File made on", readonly=True, copy=False)
    amount_handed = fields.Monetary(
        string="Handed over (value)",
        currency_field="company_currency_id",
        compute="_compute_amount_handed",
        store=True,
        help="What was open on the day of the hand-over, in company currency.",
    )
    amount_left = fields.Monetary(
        string="Open now (value)",
        currency_field="company_currency_id",
        compute="_compute_amounts_left",
        help="What is still open of the items, in company currency.",
    )
    amount_settled = fields.Monetary(
        string="Settled since (value)",
        currency_field="company_currency_id",
        compute="_compute_amounts_left",
        help="Paid or credited since the hand-over, in company currency.",
    )
    summary_handed = fields.Char(string="Open then", compute="_compute_summaries")
    summary_left = fields.Char(string="Open now", compute="_compute_summaries")
    summary_settled = fields.Char(string="Settled since", compute="_compute_summaries")
    summary_fees = fields.Char(string="Their fees", compute="_compute_summaries")
    notice_ids = fields.One2many("dunning.notice", compute="_compute_history")
    charge_ids = fields.One2many("dunning.charge", compute="_compute_history")
    objection = fields.Text(
        compute="_compute_objection", help="Why a manager has to confirm the hand-over."
    )

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for handover in self:
            handover.display_name = " · ".join(
                filter(None, (handover.name, handover.partner_id.display_name))
            )

    @api.depends("line_ids.amount_company")
    def _compute_amount_handed(self):
        for handover in self:
            handover.amount_handed = sum(handover.line_ids.mapped("amount_company"))

    @api.depends("amount_handed", "line_ids.move_line_id")
    def _compute_amounts_left(self):
        for handover in self:
            items = handover.line_ids.move_line_id.filtered(
                lambda item: item.parent_state == "posted"
            )
            handover.amount_left = sum(items.mapped("amount_residual"))
            handover.amount_settled = handover.amount_handed - handover.amount_left

    @api.depends("line_ids.amount", "line_ids.move_line_id", "fee_ids.amount")
    def _compute_summaries(self):
        for handover in self:
            lines = handover.line_ids
            handover.summary_handed = lines._by_currency(lambda line: line.amount)
            handover.summary_left = lines._by_currency(lambda line: line._left())
            handover.summary_settled = lines._by_currency(lambda line: line.amount - line._left())
            handover.summary_fees = handover.fee_ids._by_currency(lambda fee: fee.amount)

    @api.depends("line_ids.move_line_id")
    def _compute_history(self):
        for handover in self:
            items = handover.line_ids.move_line_id
            handover.notice_ids = (
                self.env["dunning.line"]
                .search([("move_line_id", "in", items.ids), ("state", "=", "issued")])
                .notice_id.filtered(lambda notice: notice.state == "issued")
                .sorted(lambda notice: (notice.date, notice.id))
            )
            handover.charge_ids = self.env["dunning.charge"].search(
                [("move_line_id", "in", items.ids), ("state", "=", "open")], order="date, id"
            )

    @api.depends("line_ids.move_line_id", "state")
    def _compute_objection(self):
        today = fields.Date.context_today(self)
        for handover in self:
            saved = handover._origin and handover.state == "draft"
            handover.objection = saved and "\n".join(handover._origin._objections(today))

    @api.model
    def _by_button(self):
        return {
            "amount_handed",
            "attachment_id",
            "date_end",
            "date_handed",
            "date_package",
            "end_reason",
            "ended_by_id",
            "handed_by_id",
            "hold_id",
            "name",
            "outcome",
            "state",
        }

    def _is_editable(self):
        return self.state == "draft"

    @api.model_create_multi
    def create(self, vals_list):
        handovers = super().create(vals_list)
        for handover in handovers.sudo():
            sequence = self.env["ir.sequence"].with_company(handover.company_id).sudo()
            handover.name = sequence.next_by_code("dunning.handover")
        return handovers

    @api.ondelete(at_uninstall=False)
    def _unlink_except_handed(self):
        if any(handover.state != "draft" for handover in self):
            raise UserError(
                self.env._("A hand-over that took place stays as the record of it: close it.")
            )


class DunningHandoverItem(models.Model):
    """An item that was handed over; the database allows it one open hand-over."""

    _name = "dunning.handover.item"
    _description = "Item Handed Over"
    _inherit = ["dunning.escalation.item"]

    step_id = fields.Many2one("dunning.handover", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="step_id.company_id", store=True, precompute=True)
    amount = fields.Monetary(string="Open then", readonly=True)
    amount_told = fields.Monetary(
        readonly=True, help="What was open when the responsible was told the last time."
    )

    _one_open = models.UniqueIndex(
        "(move_line_id) WHERE is_open",
        "One of these items is in another hand-over: return or close that one first.",
    )

    @api.depends("step_id.state")
    def _compute_is_open(self):
        for line in self:
            line.is_open = line.step_id.state in OPEN

    @api.model
    def _by_button(self):
        return super()._by_button() | {"amount", "amount_told"}

    @api.model
    def _check_not_handed(self, items):
        """
        :param items: account.move.line
        :raises UserError: while an agency works on one of them
        """
        handed = self.sudo().search(
            [("move_line_id", "in", items.ids), ("step_id.state", "=", "handed")], limit=1
        )
        if handed:
            raise UserError(
                self.env._(
                    "%(item)s is handed over: %(handover)s. Close the hand-over first.",
                    item=handed.name,
                    handover=handed.step_id.display_name,
                )
            )

    def _by_currency(self, amount):
        pairs = [(line.currency_id, amount(line)) for line in self]
        return self.env["res.currency"]._dunning_sums(pairs)


class DunningHandoverFee(models.Model):
    """What the agency, the lawyer or the court asks of us."""

    _name = "dunning.handover.fee"
    _description = "Fee of a Hand-over"
    _order = "date, id"
    _check_company_auto = True

    handover_id = fields.Many2one("dunning.handover", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="handover_id.company_id", store=True, precompute=True)
    date = fields.Date(required=True, default=fields.Date.context_today)
    name = fields.Char(string="For", required=True)
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    amount = fields.Monetary(required=True)
    bill_id = fields.Many2one(
        "account.move",
        string="Vendor bill",
        domain="[('move_type', 'in', ('in_invoice', 'in_receipt')),"
        " ('company_id', 'child_of', company_id)]",
        ondelete="set null",
        index="btree_not_null",
    )

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A fee is an amount above zero: enter what they ask."
    )

    @api.model
    def _check_not_handed(self, items):
        """
        :param items: account.move.line
        :raises UserError: while an agency works on one of them
        """
        handed = self.sudo().search(
            [("move_line_id", "in", items.ids), ("step_id.state", "=", "handed")], limit=1
        )
        if handed:
            raise UserError(
                self.env._(
                    "%(item)s is handed over: %(handover)s. Close the hand-over first.",
                    item=handed.name,
                    handover=handed.step_id.display_name,
                )
            )

    def _by_currency(self, amount):
        pairs = [(fee.currency_id, amount(fee)) for fee in self]
        return self.env["res.currency"]._dunning_sums(pairs)
