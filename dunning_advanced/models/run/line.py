from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..mixins.unchecked import UncheckedMany2one


class DunningLine(models.Model):
    """One item as one run saw it: its decision and, if dunned, its notice.

    Lines are the only memory of dunning: reminder number, level and last notice of an
    item are read from the lines whose state is issued.

    Three columns keep the words that they were stored with: ``verdict`` is the decision,
    ``rung`` the level number, ``step`` the reminder number.
    """

    _name = "dunning.line"
    _description = "Dunning Line"
    _inherit = ["dunning.by.button"]
    _part_of = "notice_id"
    _order = "date_maturity, id"

    run_id = fields.Many2one(
        "dunning.run",
        ondelete="cascade",
        index=True,
        help="Empty where somebody set the level by hand.",
    )
    # Run, reminder and journal item keep the company and the currency by foreign keys of their
    # own; used levels, and with them their policies, refuse to be deleted.
    company_id = UncheckedMany2one("res.company", required=True)
    notice_id = fields.Many2one(
        "dunning.notice", string="Reminder", ondelete="cascade", index="btree_not_null"
    )
    partner_id = fields.Many2one("res.partner", string="Customer", required=True)
    move_line_id = fields.Many2one(
        "account.move.line", string="Journal item", ondelete="set null", index="btree_not_null"
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    name = fields.Char(string="Number", help="Number of the invoice when the run saw it.")
    date = fields.Date(string="Run date", required=True)
    date_maturity = fields.Date(string="Due date")
    days_overdue = fields.Integer(
        compute="_compute_days_overdue", help="Days from the due date to the date of the run."
    )
    currency_id = UncheckedMany2one("res.currency", required=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    amount_open = fields.Monetary(string="Open")
    amount_open_company = fields.Monetary(
        string="Open (company currency)", currency_field="company_currency_id"
    )
    amount_held = fields.Monetary(
        string="Disputed", help="Part of the open amount that a hold covers: it is not asked for."
    )
    amount_net = fields.Monetary(
        string="To pay",
        help="Open amount less what is disputed and the credits that clear this item.",
    )
    policy_id = UncheckedMany2one("dunning.policy")
    level_id = UncheckedMany2one("dunning.level")
    rung = fields.Integer(
        string="Level number",
        help="Place of the level on the ladder: 1 is the first after the due date.",
    )
    step = fields.Integer(
        string="Reminder number",
        help="How many reminders the item has had, this one included.",
    )
    date_next = fields.Date(
        string="Next level from", help="First day on which this level applies to the item."
    )
    hold_id = fields.Many2one("dunning.hold", ondelete="set null")
    verdict = fields.Selection(selection="_selection_decision", string="Decision", required=True)
    state = fields.Selection(
        [
            ("stopped", "Stopped"),
            ("proposed", "Proposed"),
            ("issued", "Issued"),
            ("void", "Released"),
            ("moved", "Set by hand"),
            ("info", "For information"),
        ],
        string="Status",
        required=True,
        default="stopped",
        help="Only issued lines, and levels set by hand, count for the level of an item.",
    )
    reason = fields.Char(
        help="Why the level was set by hand, or what became of the item after it was proposed."
    )
    amount_original = fields.Monetary(
        string="Amount", compute="_compute_amount_original", help="Of the item before payments."
    )

    # One notice per item and reminder number, whatever the code above does.
    _item_step = models.UniqueIndex(
        "(move_line_id, step DESC) WHERE state IN ('proposed', 'issued')",
        "This item is already on another reminder: open that one, or propose again.",
    )

    _partner_idx = models.Index("(partner_id, date)")

    _open_idx = models.Index("(move_line_id) WHERE state = 'proposed'")

    _moved_idx = models.Index("(partner_id) WHERE state = 'moved'")

    @api.depends("date", "date_maturity")
    def _compute_days_overdue(self):
        for line in self:
            due = line.date_maturity or line.date
            line.days_overdue = (line.date - due).days if line.date else 0

    @api.depends("name", "date_maturity")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.name or self.env._("Item")

    @api.depends("move_line_id.amount_currency", "amount_open")
    def _compute_amount_original(self):
        for line in self:
            line.amount_original = abs(line.move_line_id.amount_currency) or line.amount_open

    # Actions

    def action_drop(self):
        """Take items off a notice that is not issued yet."""
        if any(line.state != "proposed" or line.notice_id.state != "proposed" for line in self):
            raise UserError(
                self.env._("Items can only be left out while a reminder is being reviewed.")
            )
        lines = self._by_button()
        lines.write({"state": "void", "verdict": "dropped"})
        lines.notice_id._refresh_amounts()

    def action_open_invoice(self):
        """Open the invoice or entry behind the line."""
        return self._existing_item().move_id.get_formview_action()

    def action_explain(self):
        """Open what every rule says of the item, on the day of the run."""
        action = self._existing_item().with_company(self.company_id).action_dunning_explain()
        return dict(action, context={**action["context"], "default_date": self.date})

    # Business

    @api.model
    def _last_level_domain(self, key, levels):
        """Items, or their entries, whose last reminder had one of these levels.

        :param key: "move_line_id" for items, "move_id" for their entries
        :param levels: ids of dunning.level, and False for those that never had a reminder or
            were set to no level by hand since
        :return: Domain on the items or entries
        """
        self.flush_model()
        last = SQL(
            """
            SELECT DISTINCT ON (item.%(key)s) item.%(key)s AS id, line.level_id
              FROM dunning_line line
              JOIN (SELECT id AS move_line_id, move_id FROM account_move_line) item
                   ON item.move_line_id = line.move_line_id
             WHERE line.state IN ('issued', 'moved')
             ORDER BY item.%(key)s, line.step DESC, line.id DESC
            """,
            key=SQL.identifier(key),
        )
        chosen = tuple(level for level in levels if level) or (0,)
        domain = Domain(
            "id", "in", SQL("(SELECT id FROM (%s) last WHERE level_id IN %s)", last, chosen)
        )
        if False in levels:
            domain |= Domain(
                "id", "not in", SQL("(SELECT id FROM (%s) last WHERE level_id IS NOT NULL)", last)
            )
        return domain

    @api.model
    def _selection_decision(self):
        """What was decided about an item: "dun", the gate that stopped it, or what happened to
        it afterwards. The column is called ``verdict``.
        """
        gates = {gate.code: self.env._(gate.label) for gate in self.env["dunning.engine"]._gates()}
        labels = {
            "dun": self.env._("Reminded"),
            **gates,
            "moved": self.env._("Level set by hand"),
            "changed": self.env._("Changed since the proposal"),
            "info": self.env._("For information"),
            "relaid": self.env._("Policy changed since the proposal"),
            "dropped": self.env._("Left out in review"),
        }
        return list(labels.items())

    @api.model
    def _unsent_domain(self):
        """Lines of invoices of which nobody knows that the customer got them."""
        return [
            ("state", "=", "proposed"),
            ("move_line_id.move_id.is_move_sent", "=", False),
            ("move_line_id.move_id.move_type", "in", ("out_invoice", "out_receipt")),
        ]

    @api.autovacuum
    def _gc_stopped(self):
        """Delete lines of stopped items when the company keeps them no longer."""
        for company in self.env["res.company"].search([("dunning_retention", ">", 0)]):
            today = company._dunning_today()
            first = fields.Date.subtract(today, days=company.dunning_retention)
            self.search(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", "stopped"),
                    ("date", "<", first),
                ],
                limit=100_000,
            ).unlink()

    @api.model
    def _set_level(self, items, level, date, reason):
        """Set items to a level by hand, as if its reminder had gone out.

        The number of reminders that an item has had stays as it is.

        :param items: account.move.line, receivable
        :param level: dunning.level, empty to start from the beginning
        :param date: the next level is reckoned from this day
        :param reason: text, kept with each item
        :return: dunning.line, one for each item
        """
        last = items._dunning_last_lines()
        company = self.env.company
        return self.sudo().create(
            [
                {
                    "company_id": company.id,
                    "partner_id": item.partner_id.commercial_partner_id.id,
                    "move_line_id": item.id,
                    "name": item.move_name,
                    "date": date,
                    "date_maturity": item.date_maturity or item.date,
                    "currency_id": item.currency_id.id,
                    "amount_open": item.amount_residual_currency,
                    "amount_open_company": item.amount_residual,
                    "policy_id": level.policy_id.id,
                    "level_id": level.id,
                    "rung": level.rung,
                    "step": last[item.id].step if item.id in last else 0,
                    "verdict": "moved",
                    "state": "moved",
                    "reason": reason,
                }
                for item in items
            ]
        )

    def _existing_item(self):
        self.ensure_one()
        if not self.move_line_id:
            raise UserError(
                self.env._("%s was deleted after this run; the line keeps what it was.", self.name)
            )
        return self.move_line_id

    def _customer_url(self):
        """The page of the invoice; without its token before the notice is issued."""
        self.ensure_one()
        move = self.move_id
        if not move.is_sale_document(include_receipts=True):
            return ""
        token = f"?access_token={move.access_token}" if move.access_token else ""
        return f"{self.get_base_url()}{move.access_url}{token}"
