from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, get_lang

from ...tools.format import format_number
from ...tools.parts import IncompleteError
from ...tools.rounding import decimal, round_money, shares
from .kinds import KINDS


class DunningCharge(models.Model):
    """What a reminder costs for one item: a fee, a fixed sum or interest.

    The amount, its basis and its working are kept as they were when the
    reminder was issued, in the language of the customer.
    """

    _name = "dunning.charge"
    _description = "Dunning Charge"
    _inherit = ["dunning.company.day", "dunning.by.button"]
    _part_of = "notice_id"
    _order = "date desc, notice_id desc, kind, id"
    _check_company_auto = True

    name = fields.Char(required=True, readonly=True)
    notice_id = fields.Many2one(
        "dunning.notice", string="Reminder", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    partner_id = fields.Many2one("res.partner", string="Customer", required=True, index=True)
    move_line_id = fields.Many2one(
        "account.move.line", string="Journal item", ondelete="set null", index="btree_not_null"
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    item_name = fields.Char(string="Item", help="Number of the invoice that it is asked for.")
    level_id = fields.Many2one("dunning.level", required=True, ondelete="restrict")
    kind = fields.Selection(selection="_selection_kind", required=True)
    fee_id = fields.Many2one("dunning.fee", ondelete="restrict")
    date = fields.Date(required=True, help="Date of the reminder.")
    currency_id = fields.Many2one("res.currency", required=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    principal = fields.Monetary(string="On", help="The amount that the charge is reckoned on.")
    amount = fields.Monetary(required=True, help="Without tax.")
    amount_tax = fields.Monetary(
        string="Tax",
        readonly=True,
        help="By the fiscal position of the customer; once it is booked, as the invoice has it.",
    )
    amount_company = fields.Monetary(
        string="Amount (company currency)",
        currency_field="company_currency_id",
        help="Converted at the date of the reminder.",
    )
    date_from = fields.Date(string="From", help="First day of the interest.")
    date_until = fields.Date(string="Until", help="Last day of the interest.")
    days = fields.Integer(aggregator=None)
    segments = fields.Json(
        help="Periods of the interest: from, until, days, rate in percent, amount."
    )
    formula = fields.Char(string="Working", help="How the amount comes about.")
    working = fields.Html(string="In full", compute="_compute_working", sanitize=False)
    state = fields.Selection(
        [
            ("named", "Announced"),
            ("open", "Charged"),
            ("waived", "Waived"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        default="open",
        index=True,
        help="Announced: the customer knows of it, and owes it only after another reminder.",
    )
    announced = fields.Boolean(
        string="Only announced", readonly=True, help="It was never owed by this reminder."
    )
    date_closed = fields.Date(
        string="Not owed since", readonly=True, help="Day on which it was waived or cancelled."
    )
    reason = fields.Char(help="Why it was waived.")
    waived_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    charge_move_id = fields.Many2one(related="notice_id.charge_move_id", string="Booked as")

    _closed_on_a_day = models.Constraint(
        "CHECK ((state IN ('waived', 'cancelled')) = (date_closed IS NOT NULL))",
        "A charge is waived or cancelled on a day.",
    )

    # Never twice, whatever the code above does.
    _fee_once = models.UniqueIndex(
        "(move_line_id, level_id, fee_id) WHERE state = 'open' AND kind = 'fee'",
        "This invoice has had this fee at this level already.",
    )

    _fixed_once = models.UniqueIndex(
        "(move_line_id, fee_id) WHERE state = 'open' AND kind = 'fixed'",
        "This invoice has had this compensation already.",
    )

    _interest_once = models.UniqueIndex(
        "(move_line_id, date_from) WHERE state = 'open' AND kind = 'interest'",
        "The interest of this invoice has been charged for these days already.",
    )

    def _register_hook(self):
        """Refuse a kind that names a field which is not there, before anybody books with it."""
        super()._register_hook()
        for kind in self._kinds():
            for model, names in (
                ("res.company", [kind.product]),
                ("dunning.level", kind.asked_by),
            ):
                if missing := [name for name in names if name not in self.env[model]._fields]:
                    raise IncompleteError(
                        f"{type(kind).__module__}.{type(kind).__name__} is not complete: "
                        f"{model} has no field {', '.join(missing)}"
                    )

    @api.depends("formula", "segments")
    def _compute_working(self):
        for charge in self:
            charge.working = self.env["ir.qweb"]._render(
                "dunning_advanced.charge_working",
                {
                    "charge": charge,
                    "rows": charge._segment_rows(),
                    "day": lambda value: format_date(self.env, value),
                },
            )

    @api.depends("name", "item_name")
    def _compute_display_name(self):
        for charge in self:
            named = charge.item_name and charge.item_name in charge.name
            parts = [charge.name] if named else [charge.name, charge.item_name]
            charge.display_name = " · ".join(filter(None, parts))

    # Actions

    def action_waive(self):
        """Ask for the reason, then waive these charges.

        :raises UserError: when there is nothing to waive
        """
        self._check_waivable()
        return self.env["dunning.reason"]._open_dialog(
            "waive", self.env._("Waive charges"), charge_ids=self
        )

    def action_open_notice(self):
        """Open the reminder that raised the charge."""
        self.ensure_one()
        return self.notice_id.get_formview_action()

    # Business

    @api.model
    def _kinds(self):
        """All kinds, in the order in which they are shown. Extension point.

        :return: list of Kind
        """
        return list(KINDS)

    @api.model
    def _kind(self, code):
        """The kind with a code. What is left of one whose module is gone is a fee."""
        kinds = self._kinds()
        return next((kind for kind in kinds if kind.code == code), KINDS[0])

    @api.model
    def _selection_kind(self):
        return [(kind.code, self.env._(kind.label)) for kind in self._kinds()]

    @api.model
    def _kind_label(self, code):
        return self.env._(self._kind(code).label)

    @api.model
    def _asked_by(self):
        """The fields of levels by which any charge is asked for."""
        return list(dict.fromkeys(name for kind in self._kinds() for name in kind.asked_by))

    def _by_kind(self):
        """These charges in the order of their kinds."""
        places = {kind.code: place for place, kind in enumerate(self._kinds())}
        return self.sorted(lambda charge: places.get(charge.kind, len(places)))

    def _segment_rows(self):
        """The periods of the interest as they are shown, see :meth:`_periods`."""
        self.ensure_one()
        return self._periods(self.segments, self.amount, self.currency_id)

    @api.model
    def _periods(self, segments, amount, currency):
        """The periods of an interest. Their amounts add up to it: it was rounded once, so
        each shows what it adds to the sum.

        :param segments: as in the field of that name
        :param amount: the interest
        :return: list of dicts with from, until, days, rate (text), base and amount
        """
        segments = segments or []
        unit, amount = currency._dunning_unit(), decimal(amount)
        exact = [decimal(part["amount"]) for part in segments]
        whole = sum(exact)
        # What was charged before was rounded too, so these may come to a unit more or less.
        total = whole if round_money(whole, unit) == amount else amount
        return [
            {
                "from": fields.Date.to_date(part["from"]),
                "until": fields.Date.to_date(part["until"]),
                "days": part["days"],
                "rate": f"{format_number(decimal(part['rate']), get_lang(self.env))} %",
                "base": float(part["base"]),
                "amount": float(share),
            }
            for part, share in zip(segments, segments and shares(total, exact, unit), strict=True)
        ]

    def _check_waivable(self):
        if not self or any(charge.state not in ("open", "named") for charge in self):
            raise UserError(
                self.env._("Only charges that count can be waived: choose some of these.")
            )

    def _waive(self, reason, date):
        """Let the customer off these charges; what is booked is taken back.

        :param reason: text, shown on the charges
        :param date: since when they are not owed; date of the credit note, where one is needed
        :raises UserError: when a charge does not count any more
        """
        charges = self._by_button()
        self._check_waivable()
        booked = charges.filtered(lambda charge: charge.state == "open")
        charges.write({"reason": reason, **self._waiver(date)})
        for notice, waived in booked.grouped("notice_id").items():
            notice._credit_waived(waived, reason, date)

    @api.model
    def _waiver(self, date):
        """The values of a charge that is waived on a day."""
        return {"state": "waived", "date_closed": date, "waived_by_id": self.env.uid}

    def _summed(self):
        """One row for what belongs together: a fee is one fee for any number of invoices.

        :return: list of (label, why, amount)
        """
        groups = self._by_kind().grouped(
            lambda charge: (charge.kind, *self._kind(charge.kind).together(charge))
        )
        return [
            (group[0].name, group[0]._why(), sum(group.mapped("amount")))
            for group in groups.values()
        ]

    def _why(self):
        """One line that says why the customer owes it."""
        return self._kind(self.kind).why(self)

    def _product(self):
        """The product that charges like this are booked with: of the fee, else of the
        company, else the one that comes with the module.

        :raises UserError: when there is none
        """
        charge = self[:1]
        company, kind = charge.company_id, self._kind(charge.kind)
        product = charge.fee_id.product_id or company[kind.product]
        if not product and kind.shipped:
            # Not env.ref(), which asks the database every time.
            shipped = self.env["ir.model.data"]._xmlid_to_res_id(
                kind.shipped, raise_if_not_found=False
            )
            product = product.browse(shipped or ())
        if not product:
            raise UserError(
                self.env._(
                    "There is no product to book “%(kind)s” with: choose one in Dunning > "
                    "Configuration > Settings.",
                    kind=self._kind_label(charge.kind),
                )
            )
        return product.with_company(company)

    def _check_account(self, product):
        """Refuse a product whose charges would land on just any account.

        :raises UserError: says which product
        """
        if not product.product_tmpl_id.get_product_accounts()["income"]:
            raise UserError(
                self.env._(
                    "Product “%(product)s” has no income account, so charges cannot be booked: "
                    "enter one on the product or on its category “%(category)s”.",
                    product=product.display_name,
                    category=product.categ_id.display_name or "",
                )
            )

    def _spread_tax(self, total):
        """Give each of these charges its part of the tax that the ledger has for all.

        :param total: amount in their currency
        """
        weights = self.mapped("amount_tax")
        if not sum(weights):
            weights = self.mapped("amount")
        unit = self.currency_id._dunning_unit()
        parts = shares(decimal(total), map(decimal, weights), unit)
        for charge, share in zip(self, parts, strict=True):
            charge.amount_tax = float(share)

    def _tax_estimate(self):
        """Tax on these charges by the fiscal position of the customer, before they are booked."""
        total = 0.0
        for charge in self:
            taxes = charge._taxes()
            if taxes:
                result = taxes.compute_all(charge.amount, charge.currency_id)
                total += result["total_included"] - charge.amount
        return total

    def _taxes(self):
        company = self.company_id
        taxes = self._product().taxes_id._filter_taxes_by_company(company)
        if not taxes:
            return taxes
        positions = self.env["account.fiscal.position"].with_company(company)
        return positions._get_fiscal_position(self.partner_id).map_tax(taxes)
