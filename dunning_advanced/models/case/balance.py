from odoo import api, fields, models


class DunningCase(models.Model):
    """What stands open at the customer of a case, read from the ledger when it is shown."""

    _inherit = "dunning.case"

    amount_overdue = fields.Monetary(
        string="Overdue",
        currency_field="company_currency_id",
        compute="_compute_balance",
        help="All that is overdue, less open credits, in company currency.",
    )
    amount_summary = fields.Char(string="Overdue by currency", compute="_compute_balance")
    amount_disputed = fields.Monetary(
        string="Of which disputed",
        currency_field="company_currency_id",
        compute="_compute_balance",
        help="What the customer disputes of all that is overdue, in company currency.",
    )
    disputed_summary = fields.Char(string="Disputed by currency", compute="_compute_balance")
    days_overdue = fields.Integer(string="Oldest (days)", compute="_compute_balance")
    item_count = fields.Integer(string="Overdue items", compute="_compute_balance")
    item_ids = fields.One2many("account.move.line", compute="_compute_records", string="Open items")
    notice_ids = fields.One2many("dunning.notice", compute="_compute_records")
    hold_id = fields.Many2one("dunning.hold", string="On hold", compute="_compute_hold")
    hold_ids = fields.One2many("dunning.hold", compute="_compute_records")
    blocked_item_ids = fields.One2many("account.move.line", compute="_compute_records")
    level_id = fields.Many2one(
        "dunning.level", compute="_compute_level", help="The highest level of the open items."
    )
    rung = fields.Integer(string="Level no.", compute="_compute_level")
    is_last = fields.Boolean(string="Last level", compute="_compute_level")
    last_notice_id = fields.Many2one("dunning.notice", compute="_compute_last_notice")
    last_date = fields.Date(string="Last reminder", compute="_compute_last_notice")
    notice_count = fields.Integer(string="Reminders", compute="_compute_last_notice")

    def _compute_balance(self):
        today = fields.Date.context_today(self)
        balances = self.partner_id._dunning_balances(self.company_id, today)
        for case in self:
            rows = balances.get((case.company_id.id, case.partner_id.id), [])
            case.amount_overdue = sum(row["overdue_company"] for row in rows)
            case.amount_disputed = sum(row["disputed_company"] for row in rows)
            case.item_count = sum(row["items"] for row in rows)
            oldest = min((row["due"] for row in rows if row["due"]), default=today)
            case.days_overdue = (today - oldest).days
            case.amount_summary = self._by_currency(rows, "overdue")
            case.disputed_summary = self._by_currency(rows, "disputed")

    def _by_currency(self, rows, column):
        """The amounts of a column of balances in words, those that are not zero."""
        return " + ".join(
            self.env["res.currency"].browse(row["currency_id"]).format(row[column])
            for row in rows
            if row[column]
        )

    @api.depends("partner_id", "company_id")
    def _compute_records(self):
        for case in self:
            case.item_ids = self.env["account.move.line"].search(
                case.partner_id._dunning_items_domain(case.company_id), order="date_maturity, id"
            )
            case.notice_ids = self.env["dunning.notice"].search(case._debtor_domain())
            case.hold_ids = self.env["dunning.hold"].search(
                [
                    ("partner_id", "=", case.partner_id.id),
                    ("company_id", "child_of", case.company_id.ids),
                ]
            )
            case.blocked_item_ids = case.item_ids.filtered_domain(
                self.env["dunning.hold"]._blocked_domain()
            )

    def _compute_hold(self):
        today = fields.Date.context_today(self)
        holds = self.env["dunning.hold"].search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "child_of", self.company_id.ids),
                ("date_from", "<=", today),
                ("amount", "in", (False, 0)),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", today),
            ],
            order="date_next",
        )
        # A hold of everything says more than that of one invoice.
        found = {
            (hold.partner_id, company): hold
            for hold in holds.sorted(lambda hold: hold.scope == "debtor")
            for company in hold.company_id.sudo().parent_ids
        }
        for case in self:
            case.hold_id = found.get((case.partner_id, case.company_id))

    def _compute_last_notice(self):
        notices = self.env["dunning.notice"]
        groups = notices._read_group(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("state", "=", "issued"),
            ],
            ["partner_id", "company_id"],
            ["id:max", "__count"],
        )
        lasts = notices.browse(last for _partner, _company, last, _count in groups)
        found = {
            (partner.id, company.id): (last, count)
            for (partner, company, _id, count), last in zip(groups, lasts, strict=True)
        }
        for case in self:
            last, count = found.get((case.partner_id.id, case.company_id.id), (notices, 0))
            case.last_notice_id = last
            case.last_date = last.date
            case.notice_count = count

    def _compute_level(self):
        levels = {company: self.partner_id._dunning_levels(company) for company in self.company_id}
        for case in self:
            case.level_id = levels.get(case.company_id, {}).get(case.partner_id.id)
            case.rung = case.level_id.rung
            case.is_last = case.level_id.is_last
