from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..mixins.company_day import company_today


class DunningCreditHold(models.Model):
    """Somebody decided that a customer gets nothing more on credit for now."""

    _name = "dunning.credit.hold"
    _description = "Credit Hold"
    _inherit = ["dunning.company.day", "dunning.by.button", "mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    reason = fields.Char(
        required=True, tracking=True, help="Whoever makes an invoice for the customer reads it."
    )
    date = fields.Date(string="Since", required=True, default=company_today)
    user_id = fields.Many2one(
        "res.users", string="Set by", default=lambda self: self.env.user, readonly=True
    )
    active = fields.Boolean(default=True, readonly=True, copy=False)
    date_lifted = fields.Date(string="Lifted on", readonly=True, copy=False)
    lifted_by_id = fields.Many2one("res.users", readonly=True, copy=False)

    _one_active = models.UniqueIndex(
        "(partner_id, company_id) WHERE active",
        "This customer is on credit hold already: lift that one first.",
    )

    @api.depends("partner_id")
    def _compute_display_name(self):
        for hold in self:
            hold.display_name = self.env._("Credit hold: %s", hold.partner_id.display_name)

    @api.constrains("partner_id")
    def _check_debtor(self):
        self.partner_id._check_dunning_debtor()

    @api.model_create_multi
    def create(self, vals_list):
        holds = super().create(vals_list)
        holds._log_on_cases(lambda hold: self.env._("Credit hold: %s", hold.reason))
        return holds

    def action_lift(self):
        """Ask why the customer gets credit again."""
        return self.env["dunning.reason"]._open_dialog(
            "lift_credit", self.env._("Lift credit hold"), credit_hold_ids=self
        )

    @api.model
    def _open_fields(self, state):
        return {
            None: {"company_id", "date", "partner_id", "reason"},
            "active": {"reason"},
        }.get(state, set())

    def _open_state(self):
        return "active" if self.active else "lifted"

    def _lift(self, reason, date):
        """End credit holds.

        :param reason: text
        """
        holds = self._by_button()
        holds.write({"active": False, "date_lifted": date, "lifted_by_id": self.env.uid})
        for hold in holds:
            hold._message_log(body=self.env._("Lifted: %s", reason))
        holds.activity_unlink(["dunning_advanced.mail_activity_credit"])
        holds._log_on_cases(lambda _hold: self.env._("Credit hold lifted: %s", reason))

    def _log_on_cases(self, words):
        for hold in self:
            for case in self.env["dunning.case"]._open_of(hold):
                case._message_log(body=words(hold))

    def _words(self):
        """What whoever makes an invoice has to know."""
        self.ensure_one()
        return self.env._(
            "%(customer)s is on credit hold since %(date)s: %(reason)s. Ask %(user)s before you "
            "deliver on credit.",
            customer=self.partner_id.name,
            date=format_date(self.env, self.date),
            reason=self.reason.rstrip("."),
            user=self.user_id.name,
        )

    @api.model
    def _join(self, keep, others):
        """Lift the credit holds of customers that become one, but one a company.

        :param keep: res.partner that stays
        :param others: res.partner that are merged into it
        """
        holds = self.search([("partner_id", "in", (keep | others).ids)])
        for company, group in holds.grouped("company_id").items():
            kept = group.sorted(lambda hold: (hold.partner_id != keep, hold.id))[0]
            (group - kept)._lift(self.env._("Merged"), company._dunning_today())

    @api.model
    def _night_propose_lift(self, company, date):
        """Ask whoever set a credit hold to lift it when nothing is overdue any more."""
        active = [("active", "=", True), ("company_id", "child_of", company.id)]
        for [own] in self._read_group(active, ["company_id"]):
            self._settled(own, date)._propose_lift(date)

    @api.model
    def _settled(self, company, date):
        """The credit holds of customers with nothing overdue whom nobody asked about."""
        self.env.flush_all()
        balances = self.env["res.partner"]._dunning_balances_sql(
            company,
            date,
            SQL(
                "(SELECT partner_id FROM dunning_credit_hold WHERE active AND company_id = %s)",
                company.id,
            ),
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT credit_hold.id
                  FROM dunning_credit_hold credit_hold
                  LEFT JOIN (SELECT debtor_id, SUM(overdue) AS overdue FROM (%(balances)s) balances
                              GROUP BY debtor_id) owed ON owed.debtor_id = credit_hold.partner_id
                 WHERE credit_hold.active AND credit_hold.company_id = %(company)s
                   AND COALESCE(owed.overdue, 0) <= 0
                   AND NOT EXISTS (SELECT FROM mail_activity activity
                                    WHERE activity.res_model = %(model)s
                                      AND activity.res_id = credit_hold.id
                                      AND activity.activity_type_id = %(kind)s AND activity.active)
                 ORDER BY credit_hold.id
                """,
                balances=balances,
                company=company.id,
                model=self._name,
                kind=self.env.ref("dunning_advanced.mail_activity_credit").id,
            )
        )
        return self.browse(id_ for [id_] in rows)

    def _reviewer(self):
        """Who set it, while still at work; else the responsible of the company."""
        user = self.user_id.filtered("active")
        return user or self.company_id._dunning_responsible(user)

    def _lift_question(self):
        """In the language of whoever is asked."""
        lang = self.company_id._dunning_reader_lang(self._reviewer())
        return self.with_context(lang=lang).env._(
            "Nothing of %s is overdue any more: lift the credit hold?", self.partner_id.name
        )

    def _propose_lift(self, date):
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            [
                {
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "res_id": hold.id,
                    "activity_type_id": self.env.ref("dunning_advanced.mail_activity_credit").id,
                    "summary": hold._lift_question(),
                    "date_deadline": date,
                    "user_id": hold._reviewer().id,
                    "automated": True,
                }
                for hold in self
            ]
        )
