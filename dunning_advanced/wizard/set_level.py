from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.mixins.company_day import company_today


class DunningSetLevel(models.TransientModel):
    """Sets the level of a customer's open items by hand, with a reason."""

    _name = "dunning.set.level"
    _description = "Set Level"

    partner_id = fields.Many2one("res.partner", string="Customer", required=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    item_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        compute="_compute_item_ids",
        store=True,
        readonly=False,
        domain="[('id', 'in', open_item_ids)]",
    )
    open_item_ids = fields.Many2many("account.move.line", compute="_compute_open_item_ids")
    level_id = fields.Many2one(
        "dunning.level",
        string="Last level sent",
        help="The items go on as if this level had been sent. Empty: they start again.",
    )
    date = fields.Date(
        string="Sent on",
        required=True,
        default=company_today,
        help="The next level is reckoned from this day.",
    )
    reason = fields.Char(required=True)

    @api.depends("partner_id", "company_id")
    def _compute_open_item_ids(self):
        for wizard in self:
            wizard.open_item_ids = self.env["account.move.line"].search(
                [
                    ("partner_id", "child_of", wizard.partner_id.commercial_partner_id.id),
                    ("account_id.account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("amount_residual", ">", 0),
                    ("company_id", "child_of", wizard.company_id.id),
                ]
            )

    @api.depends("open_item_ids")
    def _compute_item_ids(self):
        for wizard in self:
            wizard.item_ids = wizard.open_item_ids

    def action_apply(self):
        """Set the level, and say so on the case.

        :raises UserError: when an item is on a reminder that is not sent yet
        """
        self.ensure_one()
        if not self.item_ids:
            raise UserError(self.env._("Choose the items whose level is to be set."))
        pending = self.env["dunning.line"].search(
            [("move_line_id", "in", self.item_ids.ids), ("state", "=", "proposed")], limit=1
        )
        if pending:
            raise UserError(
                self.env._(
                    "%(item)s is on a reminder that is not sent yet: leave it out there first.",
                    item=pending.name,
                )
            )
        lines = self.env["dunning.line"].with_company(self.company_id)
        lines._set_level(self.item_ids, self.level_id, self.date, self.reason)
        self._log_on_case()
        return {"type": "ir.actions.act_window_close"}

    def _log_on_case(self):
        case = self.env["dunning.case"].search(
            [
                ("partner_id", "=", self.partner_id.commercial_partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "open"),
            ]
        )
        for record in case:
            record.message_post(
                body=self.env._(
                    "Level set to “%(level)s” for %(items)s: %(reason)s",
                    level=self.level_id.name or self.env._("none"),
                    items=", ".join(self.item_ids.mapped("move_name")),
                    reason=self.reason,
                )
            )
