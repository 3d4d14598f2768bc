from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..models.agreement.agreement import CHANNELS
from ..models.mixins.company_day import company_today
from ..models.plan.terms import TERMS


class DunningPlan(models.TransientModel):
    """Asks how a customer pays in installments, and shows what comes of it."""

    _name = "dunning.plan"
    _description = "Make a Payment Plan"
    _inherit = ["dunning.installment.terms"]

    partner_id = fields.Many2one(index=False, ondelete="cascade")
    company_id = fields.Many2one(index=False)
    replaces_id = fields.Many2one("dunning.payment.plan")
    open_item_ids = fields.Many2many("account.move.line", compute="_compute_open_item_ids")
    item_ids = fields.Many2many(
        "account.move.line",
        string="Invoices",
        compute="_compute_item_ids",
        store=True,
        readonly=False,
        domain="[('id', 'in', open_item_ids)]",
    )
    date_first = fields.Date(
        compute="_compute_date_first", store=True, precompute=True, readonly=False
    )
    promise_ids = fields.Many2many(
        "dunning.promise", string="Promises", compute="_compute_promise_ids"
    )
    replace_promises = fields.Boolean(string="Replace the promise")
    amount_items = fields.Monetary(string="Open on the invoices", compute="_compute_preview")
    amount_interest = fields.Monetary(string="Interest", compute="_compute_preview")
    amount_total = fields.Monetary(string="Total", compute="_compute_preview")
    date_last = fields.Date(string="Last installment", compute="_compute_preview")
    schedule = fields.Html(compute="_compute_preview", sanitize=False)
    error = fields.Text(compute="_compute_preview")
    limits = fields.Text(compute="_compute_preview")
    can_approve = fields.Boolean(compute="_compute_can_approve")

    @api.depends_context("uid")
    def _compute_can_approve(self):
        for wizard in self:
            wizard.can_approve = wizard._may_approve()

    @api.depends("partner_id", "company_id", "currency_id")
    def _compute_open_item_ids(self):
        for wizard in self:
            found = self.env["account.move.line"].search(
                [
                    *wizard.partner_id._dunning_items_domain(wizard.company_id),
                    ("currency_id", "=", wizard.currency_id.id),
                    ("amount_residual_currency", ">", 0),
                    ("no_followup", "=", False),
                ],
                order="date_maturity, id",
            )
            taken = self.env["dunning.payment.plan.item"].search(wizard._planned_domain(found))
            wizard.open_item_ids = found - taken.move_line_id - wizard._disputed(found)

    def _planned_domain(self, items):
        return [*super()._planned_domain(items), ("plan_id", "!=", self.replaces_id.id)]

    @api.depends("open_item_ids", "fees")
    def _compute_item_ids(self):
        for wizard in self:
            today = wizard._today()
            items = wizard.open_item_ids
            charges = items.filtered("move_id.dunning_charge_notice_ids")
            if wizard.replaces_id:
                wizard.item_ids = items & wizard.replaces_id._items()
                continue
            due = items.filtered(
                lambda item, today=today: (item.date_maturity or item.date) < today
            )
            wizard.item_ids = (due or items) - charges
            if wizard.fees == "include":
                wizard.item_ids |= charges

    @api.depends("frequency", "date_made")
    def _compute_date_first(self):
        for wizard in self:
            days = {"week": 7, "fortnight": 14}.get(wizard.frequency, 0)
            months = {"month": 1, "quarter": 1}.get(wizard.frequency, 0)
            made = wizard.date_made
            wizard.date_first = made and fields.Date.add(made, days=days, months=months)

    @api.depends("item_ids")
    def _compute_promise_ids(self):
        for wizard in self:
            wizard.promise_ids = wizard._promises(wizard.item_ids._origin)

    @api.depends("item_ids", *TERMS)
    def _compute_preview(self):
        for wizard in self:
            wizard.amount_items = sum(wizard.item_ids.mapped("amount_residual_currency"))
            rows, interest, wizard.error = wizard._preview()
            wizard.amount_interest = float(interest)
            wizard.amount_total = float(sum(row.amount for row in rows))
            wizard.date_last = rows and rows[-1].date
            wizard.limits = rows and "\n".join(wizard._limits_passed(rows))
            wizard.schedule = rows and wizard._render_schedule(rows)

    def _preview(self):
        """:return: (installments, interest with tax, or why there are none)"""
        if not self.item_ids:
            return (), 0, False
        try:
            rows, _net, interest = self._split(self.amount_items)
            self._check_days(self.date_made)
        except UserError as error:
            return (), 0, str(error)
        return rows, interest, False

    def _render_schedule(self, rows):
        return self.env["ir.qweb"]._render(
            "dunning_advanced.plan_schedule",
            {
                "rows": [
                    (
                        position + (not self.down_payment),
                        format_date(self.env, row.date),
                        self.currency_id.format(float(row.amount)),
                    )
                    for position, row in enumerate(rows)
                ]
            },
        )

    # Actions

    @api.model
    def _open_dialog(self, partner, company, currency, **defaults):
        """The dialog for a customer.

        :return: action
        """
        given = {"partner_id": partner.id, "company_id": company.id, "currency_id": currency.id}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payment plan"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {f"default_{name}": value for name, value in {**given, **defaults}.items()},
        }

    def action_draft(self):
        """Make the plan and look at it before it goes out."""
        return self._create_plan()._get_records_action()

    def action_offer(self):
        """Make the plan and offer it.

        :raises UserError: when something is wrong, or a manager has to approve it
        """
        plan = self._create_plan()
        plan.action_offer()
        return plan._get_records_action()

    def action_ask_approval(self):
        """Make the plan and put it before a dunning manager."""
        plan = self._create_plan()
        plan.action_ask_approval()
        return plan._get_records_action()

    def _create_plan(self):
        self.ensure_one()
        values = self._convert_to_write({name: self[name] for name in TERMS})
        return self.env["dunning.payment.plan"]._make(
            {
                **values,
                "replace_promises": self.replace_promises,
                "replaces_id": self.replaces_id.id,
            },
            self.item_ids,
        )


class DunningPlanAccept(models.TransientModel):
    """Asks who accepted a payment plan, when and how."""

    _name = "dunning.plan.accept"
    _description = "Accept a Payment Plan"

    plan_id = fields.Many2one("dunning.payment.plan", required=True, readonly=True)
    name = fields.Char(string="Accepted by", required=True)
    date = fields.Date(string="On", required=True, default=company_today)
    channel = fields.Selection(
        [channel for channel in CHANNELS if channel[0] != "portal"],
        string="How",
        required=True,
        default="phone",
    )

    @api.model
    def _open_dialog(self, plan):
        """The dialog for a plan.

        :return: action
        """
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accept the plan"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {"default_plan_id": plan.id, "default_name": plan.contact_id.name},
        }

    def action_apply(self):
        """From now on the plan runs."""
        self.plan_id._accept(self.name, self.date, channel=self.channel)
        return {"type": "ir.actions.act_window_close"}


class DunningPlanAmend(models.TransientModel):
    """Asks which invoices join a payment plan, and which installments pay for them."""

    _name = "dunning.plan.amend"
    _description = "Add Invoices to a Payment Plan"

    plan_id = fields.Many2one("dunning.payment.plan", required=True, readonly=True)
    currency_id = fields.Many2one(related="plan_id.currency_id")
    open_item_ids = fields.Many2many("account.move.line", compute="_compute_open_item_ids")
    item_ids = fields.Many2many(
        "account.move.line",
        string="Invoices",
        required=True,
        domain="[('id', 'in', open_item_ids)]",
    )
    amount = fields.Monetary(string="They come to", compute="_compute_amount")
    how = fields.Selection(
        [("raise", "Raise the installments to come"), ("append", "Append installments")],
        required=True,
        default="raise",
    )
    number = fields.Integer(string="How many", default=1)

    @api.depends("plan_id")
    def _compute_open_item_ids(self):
        for wizard in self:
            plan = wizard.plan_id
            wizard.open_item_ids = self.env["account.move.line"].search(
                [
                    *plan.partner_id._dunning_items_domain(plan.company_id),
                    ("currency_id", "=", plan.currency_id.id),
                    ("amount_residual_currency", ">", 0),
                    ("id", "not in", plan._items().ids),
                ]
            )

    @api.depends("item_ids")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = sum(wizard.item_ids.mapped("amount_residual_currency"))

    def action_apply(self):
        """Add the invoices; the customer gets the new schedule."""
        self.plan_id._amend(
            self.item_ids,
            self.plan_id._today(),
            append=self.number if self.how == "append" else 0,
        )
        return {"type": "ir.actions.act_window_close"}
