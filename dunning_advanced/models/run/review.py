from odoo import fields, models
from odoo.tools import SQL, format_date


class DunningRun(models.Model):
    """What the reviewer of a run sees first: what is new since the last one, and
    what deserves a second look.
    """

    _inherit = "dunning.run"

    comparison_summary = fields.Char(compute="_compute_comparison", string="Compared")
    last_run_id = fields.Many2one("dunning.run", compute="_compute_last_run")
    since_label = fields.Char(compute="_compute_last_run")
    since_summary = fields.Char(compute="_compute_last_run")
    contact_count = fields.Integer(compute="_compute_warnings", string="Bad e-mail addresses")
    high_count = fields.Integer(compute="_compute_warnings", string="High first reminders")
    key_count = fields.Integer(compute="_compute_warnings", string="Key customers")
    credit_count = fields.Integer(compute="_compute_warnings", string="Open credits")
    bank_count = fields.Integer(compute="_compute_bank", string="Bank lines not reconciled")
    bank_since = fields.Date(compute="_compute_bank", string="Not reconciled since")
    has_warnings = fields.Boolean(compute="_compute_has_warnings")

    def _compute_comparison(self):
        groups = self.env["dunning.notice"]._read_group(
            [("run_id", "in", self.ids), ("state", "not in", ("dropped", "cancelled"))],
            ["run_id", "comparison"],
            ["__count"],
        )
        counts = {(run, code): count for run, code, count in groups}
        words = {
            "new": self.env._("new"),
            "higher": self.env._("at a higher level"),
            "same": self.env._("at the same level"),
            "lower": self.env._("at a lower level"),
        }
        for run in self:
            parts = [(counts.get((run._origin, code)), word) for code, word in words.items()]
            run.comparison_summary = ", ".join(f"{n} {word}" for n, word in parts if n)

    def _compute_last_run(self):
        for run in self:
            run.last_run_id = last = run._last_run()
            gone = run._gone_since(last)
            paid = sum(gone.values())
            parts = [
                (paid, self.env._("customers paid: %s", paid)),
                (len(gone) - paid, self.env._("not reminded now: %s", len(gone) - paid)),
            ]
            run.since_summary = ", ".join(words for count, words in parts if count)
            since = self.env._("Since the run of %s", format_date(self.env, last.date))
            run.since_label = since if last else False

    def _compute_warnings(self):
        notices = self.env["dunning.notice"]
        for code, domain in notices._warning_domains().items():
            counts = dict(
                notices._read_group(
                    domain & fields.Domain("run_id", "in", self.ids), ["run_id"], ["__count"]
                )
            )
            for run in self:
                run[f"{code}_count"] = counts.get(run._origin, 0)

    def _compute_bank(self):
        for run in self:
            [(run.bank_count, run.bank_since)] = self.env[
                "account.bank.statement.line"
            ]._read_group(run._bank_domain(), [], ["__count", "date:min"])

    def _compute_has_warnings(self):
        for run in self:
            run.has_warnings = run.state == "proposed" and any(
                run[name]
                for name in (
                    *("unreachable_count", "contact_count", "high_count"),
                    *("key_count", "credit_count", "bank_count"),
                )
            )

    # Actions

    def action_view_bank_lines(self):
        """Open the bank lines that should be reconciled before anybody is reminded."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_bank_statement_line"
        )
        return dict(action, domain=self._bank_domain())

    def action_view_gone(self):
        """Open what the last run sent to customers that this one leaves alone."""
        self.ensure_one()
        gone = self._gone_since(self.last_run_id)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_notice"
        )
        domain = [("run_id", "=", self.last_run_id.id), ("partner_id", "in", list(gone))]
        return dict(action, name=self.since_label, domain=domain, context={})

    # Business

    def _bank_domain(self):
        """Money at the bank that nobody has matched for too long, by the settings."""
        days = self.company_id.dunning_bank_days
        if not days or self.state != "proposed":
            return fields.Domain.FALSE
        return fields.Domain(
            [
                ("company_id", "child_of", self.company_id.id),
                ("is_reconciled", "=", False),
                ("state", "=", "posted"),
                ("amount", ">", 0),
                ("date", "<", fields.Date.subtract(self.date, days=days)),
            ]
        )

    def _last_run(self):
        """The run before this one that sent anything to customers at large."""
        if self.partner_ids or self.simulation or not self.ids:
            return self.browse()
        return self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_ids", "=", False),
                ("notice_ids.state", "=", "issued"),
                "|",
                ("date", "<", self.date),
                *("&", ("date", "=", self.date), ("id", "<", self.ids[0])),
            ],
            limit=1,
        )

    def _gone_since(self, last):
        """Customers of the last run that this one does not remind.

        :return: dict of partner id to whether all that was reminded is settled
        """
        if not last:
            return {}
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT n.partner_id, bool_and(l.state <> 'issued' OR i.id IS NULL
                                                  OR i.reconciled IS TRUE)
                      FROM dunning_notice n
                      JOIN dunning_line l ON l.notice_id = n.id
                      LEFT JOIN account_move_line i ON i.id = l.move_line_id
                           AND i.parent_state = 'posted'
                     WHERE n.run_id = %(last)s AND n.state = 'issued'
                       AND NOT EXISTS (
                           SELECT FROM dunning_notice own
                            WHERE own.run_id = %(run)s AND own.partner_id = n.partner_id
                              AND own.state NOT IN ('dropped', 'cancelled'))
                     GROUP BY n.partner_id
                    """,
                    last=last.id,
                    run=self.ids[0],
                )
            )
        )
