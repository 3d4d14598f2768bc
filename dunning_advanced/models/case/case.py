from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class DunningCase(models.Model):
    """The follow-up of one debtor while anything is overdue: the accountant's desk."""

    _name = "dunning.case"
    _description = "Dunning Case"
    _inherit = ["mail.thread", "mail.activity.mixin", "dunning.batch"]
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
    team_id = fields.Many2one(
        "dunning.team",
        tracking=True,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="Without a responsible, the case goes to a member of the team with the next run.",
    )
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")], required=True, default="open", tracking=True
    )
    date_open = fields.Date(default=fields.Date.context_today, required=True)
    date_close = fields.Date(readonly=True)
    closed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    note = fields.Html()

    _one_open = models.UniqueIndex(
        "(partner_id, company_id) WHERE state = 'open'",
        "This customer has an open case already: work on that one.",
    )

    @api.depends("partner_id")
    def _compute_display_name(self):
        for case in self:
            case.display_name = case.partner_id.display_name

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
        self._settle()

    def action_view_notices(self):
        """Open all notices of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_notice"
        )
        return dict(action, domain=self._debtor_domain(), context={})

    def action_view_items(self):
        """Open the open items of the customer."""
        self.ensure_one()
        return self.partner_id.with_company(self.company_id).action_dunning_items()

    # Business

    def _debtor_domain(self):
        return [
            ("partner_id", "in", self.partner_id.ids),
            ("company_id", "in", self.company_id.ids),
        ]

    def _close(self):
        today = fields.Date.context_today(self)
        self.write({"state": "closed", "date_close": today, "closed_by_id": self.env.uid})

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
                case.call_ids.case_id = kept
                case._close()

    @api.model
    def _ask_for_contact_data(self, run):
        """Schedule the task to find contact data, once, on the open case of each
        debtor that a run could not reach.

        :param run: dunning.run, proposed
        """
        self._end_search_for_contact_data(run)
        self._ask_once(
            run,
            "dunning_advanced.mail_activity_contact",
            self.env._("Find an e-mail or postal address"),
            SQL(
                "SELECT partner_id FROM dunning_line WHERE run_id = %s AND verdict = 'unreachable'",
                run.id,
            ),
        )

    @api.model
    def _ask_once(self, run, kind, summary, debtors, again=None):
        """Schedule a task on the open cases of some debtors that do not have it.

        Written by one statement: there may be thousands, and an e-mail about each
        of them helps nobody.

        :param run: dunning.run, proposed
        :param kind: XML id of the type of the activity
        :param debtors: SQL of a query that gives the ids of the debtors
        :param again: who has had the task and did it after this day is not asked;
            None: whoever did it is asked again
        """
        self.env.flush_all()
        query = SQL(
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
                   AND c.partner_id IN (%(debtors)s)
                   AND NOT EXISTS (SELECT FROM mail_activity a
                                    WHERE a.res_model = 'dunning.case' AND a.res_id = c.id
                                      AND a.activity_type_id = %(kind)s
                                      AND (a.active OR a.date_done > %(again)s))
                """,
            model=self.env["ir.model"]._get_id(self._name),
            kind=self.env.ref(kind).id,
            summary=summary,
            date=run.date,
            user=run.company_id._dunning_responsible(self.env["res.users"]).id or None,
            company=run.company_id.id,
            debtors=debtors,
            again=again,
            uid=self.env.uid,
        )
        with self.env["dunning.engine"]._planned(run._scope()):
            self.env.cr.execute(query)
        self.env.invalidate_all()

    @api.model
    def _end_search_for_contact_data(self, run):
        """Who is reached again needs no search any more: take the task back."""
        tasks = self.env["mail.activity"].sudo()
        kind = self.env.ref("dunning_advanced.mail_activity_contact")
        asked = tasks.search(
            [
                ("res_model", "=", self._name),
                ("activity_type_id", "=", kind.id),
                ("automated", "=", True),
            ]
        )
        cases = (
            self.browse(asked.mapped("res_id"))
            .exists()
            .filtered(lambda case: case.company_id == run.company_id)
        )
        reached = self.env["dunning.notice"]._read_group(
            [
                ("run_id", "=", run.id),
                ("state", "=", "proposed"),
                ("partner_id", "in", cases.partner_id.ids),
            ],
            ["partner_id"],
        )
        partners = {partner for [partner] in reached}
        done = cases.filtered(lambda case: case.partner_id in partners)
        asked.filtered(lambda task: task.res_id in done._ids).unlink()
