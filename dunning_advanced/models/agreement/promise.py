from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date


class DunningPromise(models.Model):
    """A debtor's promise to pay an amount by a date. Dunning waits for it."""

    _name = "dunning.promise"
    _description = "Promise to Pay"
    _inherit = ["dunning.agreement", "mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    amount = fields.Monetary(required=True, tracking=True)
    date = fields.Date(string="Pays by", required=True, tracking=True)
    date_made = fields.Date(
        string="Promised on", required=True, default=fields.Date.context_today, readonly=True
    )
    tolerance = fields.Integer(
        string="Days of tolerance",
        compute="_compute_tolerance",
        store=True,
        readonly=False,
        precompute=True,
        help="Banks need time: the promise is judged so many days after its date.",
    )
    date_end = fields.Date(
        string="Dunning waits until", compute="_compute_date_end", store=True, precompute=True
    )
    channel = fields.Selection(
        [
            ("phone", "Phone"),
            ("email", "E-mail"),
            ("letter", "Letter"),
            ("portal", "Customer's page"),
            ("person", "In person"),
        ],
        string="Made by",
        required=True,
        default="phone",
    )
    user_id = fields.Many2one(
        "res.users", string="Taken by", default=lambda self: self.env.user, readonly=True
    )
    note = fields.Char()
    line_ids = fields.One2many("dunning.promise.item", "promise_id")
    item_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        compute="_compute_item_ids",
        inverse="_inverse_item_ids",
        domain="[('partner_id', 'child_of', partner_id), ('parent_state', '=', 'posted'),"
        " ('account_id.account_type', '=', 'asset_receivable'), ('reconciled', '=', False),"
        " ('currency_id', '=', currency_id), ('amount_residual_currency', '>', 0)]",
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("kept", "Kept"),
            ("partial", "Partly kept"),
            ("broken", "Broken"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="open",
        copy=False,
        tracking=True,
    )
    date_closed = fields.Date(string="Closed on", readonly=True, copy=False)
    closed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    amount_paid = fields.Monetary(string="Paid", readonly=True, copy=False)
    hold_id = fields.Many2one("dunning.hold", readonly=True, copy=False)
    thanked = fields.Boolean(readonly=True, copy=False)

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A promise is about an amount above zero: enter what will be paid."
    )
    _tolerance_positive = models.Constraint(
        "CHECK (tolerance >= 0)", "The days of tolerance cannot be negative: enter 0 for none."
    )
    _open_of_debtor = models.Index("(partner_id) WHERE state = 'open'")

    @api.depends("company_id")
    def _compute_tolerance(self):
        for promise in self:
            promise.tolerance = promise.company_id.dunning_promise_tolerance

    @api.depends("date", "tolerance")
    def _compute_date_end(self):
        for promise in self:
            promise.date_end = promise.date and fields.Date.add(
                promise.date, days=promise.tolerance
            )

    @api.depends("line_ids.move_line_id", "partner_id", "company_id", "currency_id")
    def _compute_item_ids(self):
        for promise in self:
            given = promise.line_ids.move_line_id
            promise.item_ids = given if promise._origin else given or promise._suggested_items()

    def _inverse_item_ids(self):
        for promise in self:
            known = promise.line_ids.move_line_id
            promise._check_free(promise.item_ids - known)
            promise.line_ids = [
                *(
                    Command.delete(line.id)
                    for line in promise.line_ids
                    if line.move_line_id not in promise.item_ids
                ),
                *(Command.create({"move_line_id": item.id}) for item in promise.item_ids - known),
            ]

    def _taken(self, items):
        """Those of some items that are in an open promise.

        :return: dunning.promise.item
        """
        return self.env["dunning.promise.item"].search(
            [("move_line_id", "in", items.ids), ("is_open", "=", True)]
        )

    def _check_free(self, items):
        """:raises ValidationError: when an item is promised already"""
        if taken := self._taken(items)[:1]:
            raise ValidationError(
                self.env._(
                    "%(item)s is promised already: %(promise)s. Wait for that promise, or cancel "
                    "it first.",
                    item=taken.move_line_id.display_name,
                    promise=taken.promise_id.display_name,
                )
            )

    @api.depends("amount", "currency_id", "date")
    def _compute_display_name(self):
        for promise in self:
            promise.display_name = self.env._(
                "%(amount)s by %(date)s",
                amount=promise.currency_id.format(promise.amount),
                date=format_date(self.env, promise.date),
            )

    @api.onchange("item_ids")
    def _onchange_item_ids(self):
        self.amount = sum(self.item_ids.mapped("amount_residual_currency"))

    @api.constrains("amount", "item_ids", "line_ids")
    def _check_amount(self):
        for promise in self.filtered(lambda promise: promise.state == "open" and promise.item_ids):
            debt = sum(promise.item_ids.mapped("amount_residual_currency"))
            if promise.currency_id.compare_amounts(promise.amount, debt) > 0:
                raise ValidationError(
                    self.env._(
                        "The promise is about more than is owed: %(debt)s are open on these "
                        "items. Promise up to that, or choose more items.",
                        debt=promise.currency_id.format(debt),
                    )
                )

    @api.constrains("date", "date_made")
    def _check_date(self):
        for promise in self:
            days = promise.company_id.dunning_promise_days
            last = fields.Date.add(promise.date_made, days=days)
            if promise.date < promise.date_made:
                raise ValidationError(
                    self.env._(
                        "%s is in the past: choose the day by which will be paid.",
                        format_date(self.env, promise.date),
                    )
                )
            if promise.date > last:
                raise ValidationError(
                    self.env._(
                        "A promise reaches %(days)s days ahead at most: choose a day up to "
                        "%(last)s, or agree on a payment plan.",
                        days=days,
                        last=format_date(self.env, last),
                    )
                )

    @api.constrains("item_ids", "line_ids", "partner_id", "currency_id")
    def _check_items(self):
        for promise in self:
            for item in promise.item_ids:
                if (
                    item.partner_id.commercial_partner_id != promise.partner_id
                    or item.currency_id != promise.currency_id
                    or item.account_id.account_type != "asset_receivable"
                ):
                    raise ValidationError(
                        self.env._(
                            "%(item)s is no open item of %(customer)s in %(currency)s: leave it "
                            "out of the promise.",
                            item=item.display_name,
                            customer=promise.partner_id.name,
                            currency=promise.currency_id.name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        promises = super().create(vals_list)
        for promise in promises:
            if not promise.line_ids:
                promise.item_ids = promise._suggested_items()
            if not promise.line_ids:
                raise ValidationError(
                    self.env._(
                        "%(customer)s owes nothing in %(currency)s that could be promised.",
                        customer=promise.partner_id.name,
                        currency=promise.currency_id.name,
                    )
                )
        promises._begin()
        return promises

    def _suggested_items(self):
        """What is open of the customer in the currency and not promised yet: what is
        due by now, or all where nothing is.

        :return: account.move.line
        """
        items = self.env["account.move.line"].search(
            [
                *self.partner_id._dunning_items_domain(self.company_id),
                ("currency_id", "=", self.currency_id.id),
                ("amount_residual_currency", ">", 0),
                ("no_followup", "=", False),
            ]
        )
        items -= self._taken(items).move_line_id
        made = self.date_made or fields.Date.context_today(self)
        return items.filtered(lambda item: (item.date_maturity or item.date) <= made) or items


class DunningPromiseItem(models.Model):
    """An item that a promise covers; the database allows it one open promise."""

    _name = "dunning.promise.item"
    _description = "Promised Item"

    promise_id = fields.Many2one("dunning.promise", required=True, index=True, ondelete="cascade")
    move_line_id = fields.Many2one(
        "account.move.line", string="Item", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="promise_id.company_id", store=True, precompute=True)
    is_open = fields.Boolean(compute="_compute_is_open", store=True, precompute=True)

    _one_open = models.UniqueIndex(
        "(move_line_id) WHERE is_open",
        "One of these items is promised already: wait for that promise, or cancel it first.",
    )
    _item_once = models.UniqueIndex(
        "(promise_id, move_line_id)", "This item is in the promise already: list it once."
    )

    @api.depends("promise_id.state")
    def _compute_is_open(self):
        for line in self:
            line.is_open = line.promise_id.state == "open"
