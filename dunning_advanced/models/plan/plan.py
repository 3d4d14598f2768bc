from odoo import api, fields, models
from odoo.tools import format_date

LIVE = ("offered", "running")
CHANNELS = [
    ("phone", "Phone"),
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("portal", "Customer's page"),
    ("person", "In person"),
]


class DunningPaymentPlan(models.Model):
    """An agreed schedule over named items. Dunning of these waits while it is kept."""

    _name = "dunning.payment.plan"
    _description = "Payment Plan"
    _inherit = [
        "dunning.installment.terms",
        "dunning.batch",
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(string="Number", required=True, readonly=True, copy=False, default="/")
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        tracking=True,
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("to_approve", "To approve"),
            ("offered", "Offered"),
            ("running", "Running"),
            ("completed", "Completed"),
            ("defaulted", "Defaulted"),
            ("replaced", "Replaced"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
        group_expand=True,
    )
    to_book = fields.Boolean(
        readonly=True, copy=False, help="Completed, but charges or interest are not booked yet."
    )
    error = fields.Text(readonly=True, copy=False, help="Why the plan could not be judged.")

    # What was agreed
    line_ids = fields.One2many("dunning.payment.plan.item", "plan_id", string="Items")
    installment_ids = fields.One2many("dunning.installment", "plan_id", copy=False)
    replace_promises = fields.Boolean(help="Promises about these items end with the plan.")

    # What it comes to
    amount_items = fields.Monetary(string="Invoices", readonly=True, copy=False)
    amount_interest = fields.Monetary(
        string="Interest in all", readonly=True, copy=False, help="With tax, where there is any."
    )
    amount_total = fields.Monetary(
        string="Total", compute="_compute_amounts", store=True, tracking=True
    )
    amount_credited = fields.Monetary(string="Credited", compute="_compute_amounts", store=True)
    amount_paid = fields.Monetary(string="Paid", compute="_compute_amounts", store=True)
    amount_open = fields.Monetary(string="To pay", compute="_compute_amounts", store=True)
    installment_count = fields.Integer(
        string="Number of installments", compute="_compute_amounts", store=True
    )
    progress = fields.Float(string="Paid (%)", compute="_compute_progress")
    date_last = fields.Date(
        string="Last installment", compute="_compute_amounts", store=True, tracking=True
    )
    date_next = fields.Date(
        string="Next installment",
        compute="_compute_amounts",
        store=True,
        help="The first one that is not paid.",
    )
    amount_next = fields.Monetary(string="Next amount", compute="_compute_amounts", store=True)

    # Its life
    date_offered = fields.Date(string="Offered on", readonly=True, copy=False)
    date_valid = fields.Date(
        string="Valid until", copy=False, help="The customer may accept it until this day."
    )
    date_start = fields.Date(string="Accepted on", readonly=True, copy=False, tracking=True)
    accepted_channel = fields.Selection(CHANNELS, string="Accepted how", readonly=True, copy=False)
    signed_by = fields.Char(string="Accepted by", readonly=True, copy=False)
    signed_on = fields.Datetime(string="Signed at", readonly=True, copy=False)
    signature = fields.Image(readonly=True, copy=False, attachment=True, max_width=1024)
    date_arrears = fields.Date(
        string="In arrears since", readonly=True, copy=False, tracking=True, index="btree_not_null"
    )
    date_cure = fields.Date(
        string="Make up by", readonly=True, copy=False, help="After it somebody decides."
    )
    date_proposed = fields.Date(
        string="End proposed on",
        readonly=True,
        copy=False,
        help="The arrears were not made up for: somebody has to decide.",
    )
    arrears_count = fields.Integer(string="Times in arrears", readonly=True, copy=False)
    date_default = fields.Date(string="Defaulted on", readonly=True, copy=False)
    date_end = fields.Date(string="Ended on", readonly=True, copy=False)
    ended_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approval_reason = fields.Text(string="Needs approval", readonly=True, copy=False)
    approved_by_id = fields.Many2one("res.users", string="Approved by", readonly=True, copy=False)
    date_approved = fields.Date(string="Approved on", readonly=True, copy=False)
    version = fields.Integer(default=1, readonly=True, copy=False)
    replaces_id = fields.Many2one(
        "dunning.payment.plan",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    replaced_by_ids = fields.One2many(
        "dunning.payment.plan", "replaces_id", string="Replaced by", copy=False
    )
    hold_id = fields.Many2one("dunning.hold", readonly=True, copy=False)
    interest_move_id = fields.Many2one(
        "account.move", string="Invoice of the interest", readonly=True, copy=False
    )

    _live = models.Index("(id) WHERE state IN ('offered', 'running')")
    _of_debtor = models.Index("(partner_id, company_id) WHERE state IN ('offered', 'running')")

    @api.depends(
        "installment_ids.amount",
        "installment_ids.amount_credited",
        "installment_ids.amount_paid",
        "installment_ids.date",
    )
    def _compute_amounts(self):
        for plan in self:
            rows = plan.installment_ids.sorted("date")
            left = rows.filtered(lambda row: row.currency_id.compare_amounts(row.amount_open, 0))
            plan.amount_total = sum(rows.mapped("amount"))
            plan.amount_credited = sum(rows.mapped("amount_credited"))
            plan.amount_paid = sum(rows.mapped("amount_paid"))
            plan.amount_open = sum(rows.mapped("amount_open"))
            plan.installment_count = len(rows.filtered("sequence"))
            plan.date_last = rows[-1:].date
            plan.date_next = left[:1].date
            plan.amount_next = left[:1].amount_open

    @api.depends("amount_total", "amount_open")
    def _compute_progress(self):
        for plan in self:
            done = plan.amount_total - plan.amount_open
            plan.progress = plan.amount_total and 100 * done / plan.amount_total

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = f"{plan.name} · {plan.partner_id.name}"

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for plan in self:
            plan.access_url = f"/my/payment-plans/{plan.id}"
        return result

    @api.model_create_multi
    def create(self, vals_list):
        for values in vals_list:
            company = values.get("company_id") or self.env.company.id
            sequence = self.env["ir.sequence"].with_company(company)
            values["name"] = sequence.next_by_code(self._name, values.get("date_made")) or "/"
        plans = super().create(vals_list)
        for plan in plans:
            plan._check_items()
            plan._plan_installments()
        return plans

    def _has_items(self):
        """Whether the items of the plan are its own: no other plan may cover them. A plan
        that replaces another takes them over when it is accepted.
        """
        self.ensure_one()
        return self.state == "running" or (self.state == "offered" and not self.replaces_id)

    def _say_day(self, date):
        return format_date(self.env, date)
