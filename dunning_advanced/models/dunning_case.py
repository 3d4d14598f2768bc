from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class DunningCase(models.Model):
    """The follow-up of one debtor while anything is overdue: the accountant's desk."""

    _name = "dunning.case"
    _description = "Dunning Case"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state desc, id desc"
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
    user_id = fields.Many2one(
        "res.users", string="Responsible", tracking=True, domain=[("share", "=", False)]
    )
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")], required=True, default="open", tracking=True
    )
    date_open = fields.Date(default=fields.Date.context_today, required=True)
    date_close = fields.Date(readonly=True)
    note = fields.Html()
    amount_overdue = fields.Monetary(
        string="Overdue", currency_field="company_currency_id", compute="_compute_balance",
        help="All that is overdue, less open credits, in company currency.",
    )
    amount_summary = fields.Char(string="Overdue by currency", compute="_compute_balance")
    days_overdue = fields.Integer(string="Oldest (days)", compute="_compute_balance")
    item_count = fields.Integer(string="Overdue items", compute="_compute_balance")
    item_ids = fields.One2many(
        "account.move.line", compute="_compute_records", string="Open items"
    )
    notice_ids = fields.One2many("dunning.notice", compute="_compute_records")
    hold_id = fields.Many2one("dunning.hold", string="On hold", compute="_compute_hold")
    level_id = fields.Many2one(
        "dunning.level", compute="_compute_level", help="The highest level of the open items."
    )
    rung = fields.Integer(string="Level no.", compute="_compute_level")
    is_last = fields.Boolean(string="Last level", compute="_compute_level")
    last_notice_id = fields.Many2one("dunning.notice", compute="_compute_last_notice")
    last_date = fields.Date(string="Last reminder", compute="_compute_last_notice")
    notice_count = fields.Integer(string="Reminders", compute="_compute_last_notice")

    _one_open = models.UniqueIndex(
        "(partner_id, company_id) WHERE state = 'open'",
        "This customer has an open case already: work on that one.",
    )

    @api.depends("partner_id")
    def _compute_display_name(self):
        for case in self:
            case.display_name = case.partner_id.display_name

    @api.depends_context("uid")
    def _compute_balance(self):
        today = fields.Date.context_today(self)
        balances = self.partner_id._dunning_balances(self.company_id, today)
        for case in self:
            rows = balances.get((case.company_id.id, case.partner_id.id), [])
            case.amount_overdue = sum(row["overdue_company"] for row in rows)
            case.item_count = sum(row["items"] for row in rows)
            oldest = min((row["due"] for row in rows if row["due"]), default=today)
            case.days_overdue = (today - oldest).days
            case.amount_summary = " + ".join(
                self.env["res.currency"].browse(row["currency_id"]).format(row["overdue"])
                for row in rows
                if row["overdue"]
            )

    @api.depends("partner_id", "company_id")
    def _compute_records(self):
        for case in self:
            case.item_ids = self.env["account.move.line"].search(
                case.partner_id._dunning_items_domain(case.company_id), order="date_maturity, id"
            )
            case.notice_ids = self.env["dunning.notice"].search(case._notices_domain())

    def _compute_hold(self):
        today = fields.Date.context_today(self)
        holds = self.env["dunning.hold"].search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("date_from", "<=", today),
                ("date_to", ">=", today),
            ],
            order="date_to",
        )
        # A hold of everything says more than that of one invoice.
        found = {
            (hold.partner_id, hold.company_id): hold
            for hold in holds.sorted(lambda hold: not hold.move_id)
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
        levels = {
            company: self.partner_id._dunning_levels(company) for company in self.company_id
        }
        for case in self:
            case.level_id = levels[case.company_id].get(case.partner_id.id)
            case.rung = case.level_id.rung
            case.is_last = case.level_id.is_last

    # Actions

    def action_remind(self):
        """A run for this customer alone, opened for review."""
        self.ensure_one()
        return self.partner_id.with_company(self.company_id)._dunning_remind()

    def action_close(self):
        """Close cases in which nothing is overdue any more."""
        for case in self:
            if case.item_count:
                raise UserError(
                    self.env._(
                        "%(customer)s still owes %(amount)s that is overdue: the case stays open.",
                        customer=case.partner_id.name,
                        amount=case.amount_summary,
                    )
                )
        self._close()

    def action_view_notices(self):
        """Open all notices of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_notice"
        )
        return dict(action, domain=self._notices_domain(), context={})

    def action_view_items(self):
        """Open the open items of the customer."""
        self.ensure_one()
        return self.partner_id.with_company(self.company_id).action_dunning_items()

    # Business

    def _notices_domain(self):
        return [
            ("partner_id", "in", self.partner_id.ids),
            ("company_id", "in", self.company_id.ids),
        ]

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        # The worklist starts with the most money and age, which are not stored.
        today = fields.Date.context_today(self)
        terms = {
            "amount_overdue": lambda balance: SQL("COALESCE(%s.overdue, 0)", balance),
            "days_overdue": lambda balance: SQL("%s - COALESCE(%s.due, %s)", today, balance, today),
        }
        if field_name not in terms:
            return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
        balance = query.make_alias(alias, "balance")
        query.add_join(
            "LEFT JOIN",
            balance,
            SQL("(%s)", self._balances_sql(today)),
            SQL(
                "%s.debtor_id = %s AND %s.company_id = %s",
                SQL.identifier(balance),
                SQL.identifier(alias, "partner_id"),
                SQL.identifier(balance),
                SQL.identifier(alias, "company_id"),
            ),
        )
        return SQL("%s %s", terms[field_name](SQL.identifier(balance)), direction)

    @api.model
    def _balances_sql(self, date):
        """What the debtors with an open case owe, as in :meth:`_compute_balance`."""
        self.env["account.move.line"].flush_model()
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT debtor_id, %s AS company_id, SUM(overdue_company) AS overdue,"
                " MIN(due) AS due FROM (%s) balances GROUP BY debtor_id",
                company.id,
                self.env["res.partner"]._dunning_balances_sql(
                    company,
                    date,
                    SQL(
                        "(SELECT partner_id FROM dunning_case"
                        " WHERE state = 'open' AND company_id = %s)",
                        company.id,
                    ),
                ),
            )
            for company in self.env.companies
        )

    def _close(self):
        self.write({"state": "closed", "date_close": fields.Date.context_today(self)})

    @api.model
    def _open_for(self, run):
        """Open a case for each debtor with an overdue item in a run, if it has none.

        :param run: dunning.run, proposed
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO dunning_case (partner_id, company_id, state, date_open, user_id,
                                          create_uid, create_date, write_uid, write_date)
                SELECT l.partner_id, l.company_id, 'open', l.date, MAX(n.user_id),
                       %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM dunning_line l
                  LEFT JOIN dunning_notice n ON n.id = l.notice_id
                 WHERE l.run_id = %(run)s AND l.date_maturity < l.date
                   AND l.verdict NOT IN ('excluded', 'covered')
                 GROUP BY l.partner_id, l.company_id, l.date
                ON CONFLICT DO NOTHING
                """,
                run=run.id,
                uid=self.env.uid,
            )
        )
        self.env.invalidate_all()

    @api.model
    def _join_open(self, keep, others):
        """Close the open cases of customers that become one, but one a company.

        Their messages and activities go on in the case that is kept.

        :param keep: res.partner that stays
        :param others: res.partner that are merged into it
        """
        cases = self.search([("partner_id", "in", (keep | others).ids), ("state", "=", "open")])
        for group in cases.grouped("company_id").values():
            kept = group.sorted(lambda case: (case.partner_id != keep, case.id))[0]
            for case in group - kept:
                case.message_change_thread(kept)
                case.activity_ids.write({"res_id": kept.id})
                case._close()

    @api.model
    def _cron_close(self):
        """Close the cases of customers with nothing overdue."""
        cases = self.search([("state", "=", "open")])
        cases.filtered(lambda case: not case.item_count)._close()

    @api.model
    def _ask_for_contact_data(self, run):
        """Schedule the task to find contact data, once, on the open case of each
        debtor that a run could not reach.

        Written by one statement: there may be thousands, and an e-mail about each
        of them helps nobody.

        :param run: dunning.run, proposed
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mail_activity (
                    res_model_id, res_model, res_id, res_name, activity_type_id, summary,
                    date_deadline, user_id, automated, active,
                    create_uid, create_date, write_uid, write_date)
                SELECT %(model)s, 'dunning.case', c.id, p.complete_name, %(kind)s, %(summary)s,
                       %(date)s, COALESCE(c.user_id, %(user)s), TRUE, TRUE,
                       %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM dunning_case c
                  JOIN res_partner p ON p.id = c.partner_id
                 WHERE c.state = 'open' AND c.company_id = %(company)s
                   AND c.partner_id IN (SELECT partner_id FROM dunning_line
                                         WHERE run_id = %(run)s AND verdict = 'unreachable')
                   AND NOT EXISTS (SELECT FROM mail_activity a
                                    WHERE a.res_model = 'dunning.case' AND a.res_id = c.id
                                      AND a.activity_type_id = %(kind)s AND a.active)
                """,
                model=self.env["ir.model"]._get_id(self._name),
                kind=self.env.ref("dunning_advanced.mail_activity_contact").id,
                summary=self.env._("Find an e-mail or postal address"),
                date=run.date,
                user=run.company_id._dunning_responsible(self.env["res.users"]).id or None,
                company=run.company_id.id,
                run=run.id,
                uid=self.env.uid,
            )
        )
        self.env.invalidate_all()
