from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError


class ChargesExceedDebtError(UserError):
    """The costs of a reminder are more than what it asks for; a person decides."""


class DunningNotice(models.Model):
    """What a reminder costs."""

    _inherit = "dunning.notice"

    has_charges = fields.Boolean(related="level_id.has_charges")
    charge_ids = fields.One2many("dunning.charge", "notice_id", readonly=True)
    charge_mode = fields.Selection(related="policy_id.charge_mode", string="Booking of charges")
    charge_move_id = fields.Many2one(
        "account.move",
        string="Charges booked as",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    charge_move_state = fields.Selection(related="charge_move_id.state", string="Booking status")
    amount_charges = fields.Monetary(
        string="Charges",
        compute="_compute_amount_charges",
        store=True,
        help="Fees, fixed sums and interest of this reminder that were not waived, without tax.",
    )
    amount_charge_tax = fields.Monetary(
        string="Tax on charges", compute="_compute_amount_charges", store=True
    )
    amount_charges_before = fields.Monetary(
        string="Earlier charges",
        readonly=True,
        help="Of earlier reminders of the same invoices, printed on them and not booked, with tax.",
    )
    amount_due = fields.Monetary(
        string="To pay with charges",
        compute="_compute_amount_due",
        help="The open invoices and all charges, with tax.",
    )
    charge_question = fields.Boolean(
        readonly=True, help="The charges are more than the debt: somebody has to decide."
    )
    charge_decision = fields.Selection(
        [("charge", "Charge anyway"), ("waive", "Waive")], readonly=True, copy=False
    )
    charge_reason = fields.Char(string="Why charges are waived", readonly=True, copy=False)
    charge_estimate = fields.Html(
        compute="_compute_charge_estimate",
        sanitize=False,
        help="What the reminder would cost if it went out on its date.",
    )

    @api.depends("charge_ids.amount", "charge_ids.amount_tax", "charge_ids.state")
    def _compute_amount_charges(self):
        for notice in self:
            counted = notice.charge_ids.filtered(lambda charge: charge.state == "open")
            notice.amount_charges = sum(counted.mapped("amount"))
            notice.amount_charge_tax = sum(counted.mapped("amount_tax"))

    @api.depends("amount_total", "amount_charges", "amount_charge_tax", "amount_charges_before")
    def _compute_amount_due(self):
        for notice in self:
            notice.amount_due = (
                notice.amount_total
                + notice.amount_charges
                + notice.amount_charge_tax
                + notice.amount_charges_before
            )

    @api.depends("level_id", "line_ids.state", "charge_decision", "date")
    def _compute_charge_estimate(self):
        for notice in self:
            values = notice._origin and notice._frame_values()
            notice.charge_estimate = values and self.env["ir.qweb"]._render(
                "dunning_advanced.charge_estimate", values, lang=self.env.lang
            )

    # Before the reminder goes out

    def _charge(self, date):
        """Write what these reminders cost. Where no level costs anything, nothing is asked.

        :param date: date of the reminders
        :raises UserError: when something is missing, or the costs exceed the debt
        """
        costly = self.filtered("has_charges")
        if not costly:
            return
        found = self.env["dunning.charging"]._compute_charges(costly, date)
        for notice in costly:
            notice._check_debt(found.get(notice.id, []))
        rows = [row for notice in costly for row in notice._decided(found.get(notice.id, []))]
        charges = self.env["dunning.charge"].sudo().create(rows)
        for charge in charges:
            charge.amount_tax = charge._tax_estimate()
        for notice, before in costly._charges_before().items():
            notice.amount_charges_before = before

    def _decided(self, rows):
        """The values with their worth in company currency, waived if a person said so."""
        if not rows:
            return rows
        own = self.company_id.currency_id
        worth = float(
            self.currency_id._dunning_convert(Decimal(1), own, self.company_id, rows[0]["date"])
        )
        decided = {}
        if self.charge_decision == "waive":
            waiver = self.env["dunning.charge"]._waiver(rows[0]["date"])
            decided = {"reason": self.charge_reason, **waiver}
        return [
            {
                **row,
                "amount_company": own.round(row["amount"] * worth),
                "announced": row["state"] == "named",
                **decided,
            }
            for row in rows
        ]

    def _check_debt(self, rows):
        """Ask a person before costs are more than the debt itself.

        :raises ChargesExceedDebtError: says both amounts
        """
        costs = sum(
            row["amount"] for row in rows if row["state"] == "open" and row["kind"] != "interest"
        )
        if self.charge_decision or self.currency_id.compare_amounts(costs, self.amount_total) <= 0:
            return
        raise ChargesExceedDebtError(
            self.env._(
                "The costs of this reminder (%(costs)s) are more than the debt (%(debt)s). "
                "Choose “Charge anyway” or “Waive charges”.",
                costs=self.currency_id.format(costs),
                debt=self.currency_id.format(self.amount_total),
            )
        )

    def _charges_before(self):
        """What earlier reminders asked for the same items and nobody booked.

        :return: dict of notice to amount, with tax
        """
        charges = (
            self.env["dunning.charge"]
            .sudo()
            .search(
                [
                    ("move_line_id", "in", self.line_ids.move_line_id.ids),
                    ("notice_id", "not in", self.ids),
                    ("state", "=", "open"),
                    "|",
                    ("notice_id.charge_move_id", "=", False),
                    ("notice_id.charge_move_id.state", "=", "draft"),
                ]
            )
        )
        return {
            notice: sum(
                charge.amount + charge.amount_tax
                for charge in charges
                if charge.move_line_id in notice.line_ids.move_line_id
            )
            for notice in self
        }

    def _explain(self, error):
        self.charge_question = isinstance(error, ChargesExceedDebtError)
        return super()._explain(error)

    # Decisions

    def action_charge_anyway(self):
        """Let the charges stand although they are more than the debt, and issue."""
        self._check_in_review()
        self.write({"charge_decision": "charge", "charge_question": False})
        self.action_retry()

    def action_waive_charges(self):
        """Ask for the reason, then let the customer off all charges of the reminder.

        Before it is issued: those that it would raise.
        """
        charges = self.charge_ids.filtered(lambda charge: charge.state in ("open", "named"))
        if charges:
            return charges.action_waive()
        self._check_in_review()
        return self._ask_reason("waive", self.env._("Waive charges"))

    def _waive_coming(self, reason):
        """Issue these reminders without charges.

        :param reason: text, kept with the charges
        """
        self._check_in_review()
        self.write({"charge_decision": "waive", "charge_reason": reason, "charge_question": False})
        self.filtered(lambda notice: notice.state == "confirmed" and notice.error).action_retry()

    def action_view_charge_move(self):
        """Open the invoice that books the charges."""
        self.ensure_one()
        return self.charge_move_id.get_formview_action()
