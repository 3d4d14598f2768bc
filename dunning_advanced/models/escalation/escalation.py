from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..engine.engine import Scope
from ..mixins import picked

# Reasons of holds that come first: what was agreed with the customer, or the law gives.
AGREED = ("dispute", "promise", "plan", "breathing")


class DunningEscalation(models.AbstractModel):
    """A step after the last level over some items of a debtor. A person takes it.

    Who inherits has ``line_ids``, of a model that inherits ``dunning.escalation.item``,
    and ``state``.
    """

    _name = "dunning.escalation"
    _description = "Escalation"
    _inherit = ["dunning.company.day", "dunning.by.button", "mail.thread", "mail.activity.mixin"]
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    item_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        compute="_compute_item_ids",
        inverse="_inverse_item_ids",
        domain="[('partner_id', 'child_of', partner_id), ('parent_state', '=', 'posted'),"
        " ('account_id.account_type', '=', 'asset_receivable'), ('reconciled', '=', False),"
        " ('company_id', 'child_of', company_id), ('amount_residual_currency', '>', 0)]",
    )

    @api.depends("line_ids.move_line_id", "partner_id", "company_id")
    def _compute_item_ids(self):
        for step in self:
            step.item_ids = picked.shown(step)

    def _inverse_item_ids(self):
        for step in self:
            picked.keep(step)

    def _suggested_items(self):
        """What is overdue of the customer and no such step is open for: the items
        whose ladder is finished, or all where there are none.

        :return: account.move.line
        """
        debtor, today = self.partner_id.commercial_partner_id, self._today()
        if not debtor:
            return self.env["account.move.line"]
        domain = [
            *debtor._dunning_items_domain(self.company_id),
            ("amount_residual_currency", ">", 0),
            ("date_maturity", "<", today),
        ]
        items = self.env["account.move.line"].search(domain, order="date_maturity, id")
        items -= self._taken(items).move_line_id
        return (items & self._finished(today)) or items

    def _finished(self, date):
        """The items of the customer that have had the last level of their ladder, and
        whose customer let pass the day until which it asked to pay.

        :return: account.move.line
        """
        debtors = self.partner_id.commercial_partner_id
        scope = Scope(self.company_id, date, partner_ids=tuple(debtors.ids))
        rows = self.env["dunning.engine"]._evaluate(scope)
        ids = [row["id"] for row in rows if row["decision"] == "exhausted"]
        items = self.env["account.move.line"].browse(ids)
        last = items._dunning_last_lines()
        return items.filtered(
            lambda item: item.id not in last or self._pay_until(last[item.id]) < date
        )

    @api.model
    def _pay_until(self, line):
        """The day until which the customer was asked to pay by a line of a reminder."""
        days = line.level_id.pay_within
        return line.notice_id.date_pay or fields.Date.add(line.date, days=days)

    # Checks

    def _taken(self, items):
        """The lines of such steps that are open over these items."""
        lines = self.env[self._fields["line_ids"].comodel_name].sudo()
        return lines.search([("move_line_id", "in", items.ids), ("is_open", "=", True)])

    def _check_free(self, items):
        """:raises ValidationError: when such a step is open over one of the items"""
        if taken := self._taken(items)[:1]:
            raise ValidationError(
                self.env._(
                    "%(item)s is part of “%(record)s” already: leave it out, or finish that first.",
                    item=taken.name,
                    record=taken.step_id.display_name,
                )
            )

    @api.constrains("line_ids", "partner_id", "company_id")
    def _check_items(self):
        for step in self:
            companies = step.company_id._dunning_companies()
            step.partner_id._check_dunning_debtor()
            for item in step.line_ids.move_line_id:
                if (
                    item.partner_id.commercial_partner_id != step.partner_id
                    or item.company_id not in companies
                    or item.account_id.account_type != "asset_receivable"
                ):
                    raise ValidationError(
                        self.env._(
                            "%(item)s is no receivable of %(company)s from %(customer)s: leave "
                            "it out.",
                            item=item.display_name,
                            company=step.company_id.name,
                            customer=step.partner_id.name,
                        )
                    )

    def _check_open(self):
        """:raises UserError: when there are no items, or one is not open any more"""
        self.ensure_one()
        if not self.line_ids:
            raise UserError(
                self.env._("Choose at least one open item of %s.", self.partner_id.name)
            )
        for line in self.line_ids:
            if line._left() <= 0:
                raise UserError(
                    self.env._("Nothing is open on %s any more: leave it out.", line.name)
                )

    def _active_holds(self, date):
        """The holds that cover an item of the step on a date.

        :return: dunning.hold, as superuser
        """
        self.ensure_one()
        items = self.line_ids.move_line_id
        return (
            self.env["dunning.hold"]
            .sudo()
            .search(
                self.env["dunning.hold"]._lasting_domain(date)
                & Domain("partner_id", "=", self.partner_id.id)
                & Domain("company_id", "child_of", self.company_id.id)
                & (
                    Domain("scope", "=", "debtor")
                    | Domain("scope", "=", "invoice") & Domain("move_id", "in", items.move_id.ids)
                    | Domain("scope", "=", "item") & Domain("item_ids", "in", items.ids)
                )
            )
        )

    def _agreed_reasons(self):
        """The reasons of holds that no step may pass over."""
        reasons = self.env["dunning.hold.reason"]
        for name in AGREED:
            xmlid = f"dunning_advanced.hold_reason_{name}"
            reasons |= self.env.ref(xmlid, raise_if_not_found=False) or reasons
        return reasons

    def _check_agreements(self, date):
        """:raises UserError: when an item is disputed, promised, in a plan, or its
        customer has a breathing space
        """
        agreed = self._agreed_reasons()
        for hold in self._active_holds(date):
            if hold.reason_id in agreed:
                raise UserError(
                    self.env._(
                        "%(customer)s is on hold: %(hold)s (%(subject)s). That comes first: wait "
                        "until it has ended, or leave these items out.",
                        customer=self.partner_id.name,
                        hold=hold.display_name,
                        subject=hold.subject,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        for step in steps.filtered(lambda step: not step.line_ids):
            step.item_ids = step._suggested_items()
        return steps

    def _is_editable(self):
        """Whether its items may still be changed."""
        raise NotImplementedError

    # Telling

    def _log_on_case(self, text):
        """Log on the open case of the customer."""
        for case in self.env["dunning.case"]._open_of(self):
            case._message_log(body=text)

    def _responsible(self):
        """Who is asked about it: the responsible of the open case, else of the company."""
        case = self.env["dunning.case"].sudo()._open_of(self)[:1]
        return self.company_id._dunning_responsible(case.user_id)


class DunningEscalationItem(models.AbstractModel):
    """An item of a step, with its open amount when the step was taken.

    Who inherits has ``step_id`` and an index that allows an item one open step.
    """

    _name = "dunning.escalation.item"
    _description = "Item of an Escalation"
    _inherit = ["dunning.by.button"]
    _part_of = "step_id"
    _order = "date_maturity, id"

    move_line_id = fields.Many2one(
        "account.move.line", string="Item", index=True, ondelete="set null"
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    company_id = fields.Many2one("res.company", index=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    name = fields.Char(
        string="Number", compute="_compute_facts", store=True, precompute=True, readonly=True
    )
    date_maturity = fields.Date(
        string="Due date", compute="_compute_facts", store=True, precompute=True
    )
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_facts", store=True, precompute=True
    )
    amount = fields.Monetary(compute="_compute_amount", store=True, readonly=False, precompute=True)
    amount_company = fields.Monetary(
        string="Amount (company currency)",
        currency_field="company_currency_id",
        compute="_compute_amount_company",
        store=True,
        precompute=True,
    )
    amount_left = fields.Monetary(string="Open now", compute="_compute_amount_left")
    is_open = fields.Boolean(compute="_compute_is_open", store=True, precompute=True)

    # An invoice that is reset to draft may lose its item: what it was is kept.

    @api.depends("move_line_id")
    def _compute_facts(self):
        for line in self.filtered("move_line_id"):
            item = line.move_line_id
            line.name = item.move_name or item.display_name
            line.date_maturity = item.date_maturity or item.date
            line.currency_id = item.currency_id

    @api.depends("move_line_id")
    def _compute_amount(self):
        for line in self.filtered("move_line_id"):
            line.amount = line.move_line_id.amount_residual_currency

    @api.depends("amount")
    def _compute_amount_company(self):
        for line in self.filtered("move_line_id"):
            line.amount_company = line._book_value()

    def _book_value(self):
        """What the amount is worth in the books: all that is left of the item, or
        the part of it.
        """
        item = self.move_line_id
        if not item.amount_residual_currency:
            return 0.0
        if not self.currency_id.compare_amounts(self.amount, item.amount_residual_currency):
            return item.amount_residual
        own = item.company_currency_id
        return own.round(item.amount_residual * self.amount / item.amount_residual_currency)

    def _compute_amount_left(self):
        for line in self:
            line.amount_left = line._left()

    def _left(self):
        """What is open of the item, in its currency; nothing where it is gone."""
        item = self.move_line_id
        return item.amount_residual_currency if item.parent_state == "posted" else 0.0

    def _open_state(self):
        return self.step_id.state

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_editable()
        return lines

    def write(self, vals):
        self._check_editable()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        self._check_editable()

    def _check_editable(self):
        """:raises UserError: when the step was taken already"""
        if self.env.su:
            return
        for step in self.step_id.filtered(lambda step: not step._is_editable()):
            raise UserError(
                self.env._("The items of “%s” cannot be changed any more.", step.display_name)
            )
