from odoo import fields, models
from odoo.fields import Domain


class AccountMove(models.Model):
    _inherit = "account.move"

    dunning_policy_id = fields.Many2one(
        "dunning.policy",
        string="Dunning policy of this invoice",
        copy=False,
        index="btree_not_null",
        check_company=True,
        groups="dunning_advanced.group_user",
        help="Only where this invoice should be reminded differently than the customer's others.",
    )
    dunning_line_ids = fields.One2many(
        "dunning.line",
        compute="_compute_dunning",
        string="Dunning lines",
        groups="dunning_advanced.group_user",
    )
    dunning_level_id = fields.Many2one(
        "dunning.level",
        string="Dunning level",
        compute="_compute_dunning",
        search="_search_dunning_level_id",
        groups="dunning_advanced.group_user",
    )
    dunning_status = fields.Char(
        string="Dunning", compute="_compute_dunning", groups="dunning_advanced.group_user"
    )

    def _compute_dunning(self):
        lines = self.env["dunning.line"].search(
            [("move_line_id.move_id", "in", self.ids)], order="step, id"
        )
        grouped = lines.grouped("move_id")
        for move in self:
            own = grouped.get(move, lines.browse())
            last = own.filtered(lambda line: line.state in ("issued", "moved"))[-1:]
            move.dunning_line_ids = own
            move.dunning_level_id = last.level_id
            move.dunning_status = last.level_id and self.env._(
                "%(level)s on %(date)s",
                level=last.level_id.name,
                date=self.env["ir.qweb.field.date"].value_to_html(last.date, {}),
            )

    def _search_dunning_level_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        levels = [level for level in value if level]
        domain = Domain("line_ids", "any", [("dunning_level_id", "in", levels)])
        if False in value:
            domain |= Domain("line_ids", "not any", [("dunning_level_id", "!=", False)])
        return domain

    def action_dunning_explain(self):
        """Open the answer to why this invoice is reminded today, or not."""
        self.ensure_one()
        items = self.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).sorted(lambda line: (line.reconciled, line.date_maturity or line.date))
        return items[:1].action_dunning_explain()

    def action_dunning_lines(self):
        """Open what dunning runs said about this invoice."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_line"
        )
        return dict(action, domain=[("move_line_id.move_id", "=", self.id)], context={})

    def button_draft(self):
        """Plans let go of invoices that are no longer what was agreed."""
        self._dunning_leave_plans()
        return super().button_draft()

    def _dunning_leave_plans(self):
        lines = (
            self.env["dunning.payment.plan.item"]
            .sudo()
            .search([("move_line_id.move_id", "in", self.ids), ("is_running", "=", True)])
        )
        for own in lines.grouped("move_id").values():
            own.plan_id._release(
                own.move_line_id,
                fields.Date.context_today(self),
                self.env._("reset to draft, so it is no longer in the plan."),
            )

    def _dunning_bank(self, company, currency):
        """The account to pay these invoices to: their own, else the best of the company.

        :return: res.partner.bank
        """
        own = self.partner_bank_id
        if len(own) == 1 and own.partner_id == company.partner_id:
            return own
        return company._dunning_bank(currency)
