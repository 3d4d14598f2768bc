from odoo import api, fields, models
from odoo.tools import SQL


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    dunning_level_id = fields.Many2one(
        "dunning.level",
        string="Dunning level",
        compute="_compute_dunning",
        search="_search_dunning_level_id",
        groups="dunning_advanced.group_user",
    )
    dunning_step = fields.Integer(
        string="Reminders",
        compute="_compute_dunning",
        groups="dunning_advanced.group_user",
        help="How many reminders the item has had.",
    )
    dunning_date = fields.Date(
        string="Last reminder", compute="_compute_dunning", groups="dunning_advanced.group_user"
    )

    dunning_days = fields.Integer(
        string="Days overdue",
        compute="_compute_dunning_days",
        groups="dunning_advanced.group_user",
        help="Days since the due date; negative before it.",
    )

    @api.depends("date_maturity", "date", "company_id")
    def _compute_dunning_days(self):
        for item in self:
            today = (item.company_id or self.env.company)._dunning_today()
            item.dunning_days = (today - (item.date_maturity or item.date or today)).days

    def _compute_dunning(self):
        found = self._dunning_last_lines()
        for item in self:
            line = found.get(item.id, self.env["dunning.line"])
            item.dunning_level_id = line.level_id
            item.dunning_step = line.step
            item.dunning_date = line.date

    def _dunning_last_lines(self):
        """The line of the last notice of each item, or of its level set by hand since.

        :return: dict of item id to dunning.line
        """
        lines = self.env["dunning.line"].search(
            [("move_line_id", "in", self.ids), ("state", "in", ("issued", "moved"))],
            order="step, id",
        )
        return {line.move_line_id.id: line for line in lines}

    def _search_dunning_level_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self.env["dunning.line"]._last_level_domain("move_line_id", value)

    def action_dunning_explain(self):
        """Open the answer to why this item is reminded today, or not."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_explain"
        )
        context = {
            "default_move_line_id": self.id,
            "default_company_id": self.company_id.root_id.id,
        }
        return dict(action, context=context)

    def action_dunning_follow_up(self):
        """Take the mark "No Follow-Up" off these items: they are reminded again."""
        self.no_followup = False

    def _dunning_agreements(self):
        """Promises and plans about these items that can still be kept, by one query.

        :return: list of (model, ids)
        """
        for model in ("dunning.promise", "dunning.payment.plan"):
            self.env[model].flush_model(["state"])
            self.env[f"{model}.item"].flush_model()
        return self.env.execute_query(
            SQL(
                """
                SELECT 'dunning.promise', array_agg(DISTINCT promised.promise_id)
                  FROM dunning_promise_item promised
                  JOIN dunning_promise promise ON promise.id = promised.promise_id
                       AND promise.state IN ('open', 'partial', 'broken')
                 WHERE promised.move_line_id IN %(items)s
                HAVING COUNT(*) > 0
                 UNION ALL
                SELECT 'dunning.payment.plan', array_agg(DISTINCT plan_id)
                  FROM dunning_payment_plan_item
                 WHERE move_line_id IN %(items)s AND is_running
                HAVING COUNT(*) > 0
                """,
                items=tuple(self.ids) or (0,),
            )
        )

    def _update_dunning_agreements(self, date):
        for model, ids in self._dunning_agreements():
            self.env[model].sudo().browse(ids)._update_state(date)

    def _reconcile_post_hook(self, data):
        """Money or a credit note has come in: promises to pay these items may be kept now,
        installments paid, disputes about their invoices answered.
        """
        result = super()._reconcile_post_hook(data)
        for company, items in self.grouped("company_id").items():
            today = company._dunning_today()
            items._update_dunning_agreements(today)
            self.env["dunning.dispute"].sudo()._update_for_moves(items.move_id, today)
        return result
