from odoo import api, fields, models
from odoo.tools import SQL

from .dunning_engine import COUNTED_ONLY, Scope


class DunningCase(models.Model):
    """Who works a case: as the customer, its follow-up rule or the company says."""

    _inherit = "dunning.case"

    @api.model_create_multi
    def create(self, vals_list):
        cases = super().create(vals_list)
        open_ = cases.filtered(lambda case: case.state == "open" and not case.user_id)
        for company, ours in open_.grouped("company_id").items():
            ours._assign(company, fields.Date.context_today(self))
        return cases

    def _assign(self, company, date):
        """Give new cases of a company the team and responsible that a run would.

        :param date: day on which the follow-up rules are asked
        """
        scope = Scope(company=company, date=date, partner_ids=tuple(self.partner_id.ids))
        found = self.env["dunning.engine.policy"]._choices(scope)
        for case in self:
            choice = found.get(case.partner_id.id, {})
            case.update(
                {
                    "team_id": case.team_id.id or choice.get("team_id"),
                    "user_id": None if case.team_id else choice.get("user_id"),
                }
            )
        self.env["dunning.team"]._give_out(scope, SQL("c.id IN %s", tuple(self.ids)))

    @api.model
    def _insert_sql(self, scope):
        """SQL that opens a case for each debtor with an overdue item in a run that has
        none; a part of the statement that proposes.
        """
        if not self.env["dunning.engine.group"]._writes(scope):
            return SQL("SELECT")
        return SQL(
            """
            INSERT INTO dunning_case (partner_id, company_id, state, date_open, team_id, user_id,
                                      create_uid, create_date, write_uid, write_date)
            SELECT d.id, %(company)s, 'open', %(date)s, d.team_id, d.user_id,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM debtors d
              JOIN (SELECT DISTINCT debtor_id FROM verdicts
                     WHERE due < %(date)s AND verdict NOT IN %(not_overdue)s) v
                ON v.debtor_id = d.id
            ON CONFLICT DO NOTHING
            """,
            company=scope.company.id,
            date=scope.date,
            not_overdue=(*COUNTED_ONLY, "excluded", "covered"),
            uid=self.env.uid,
        )

    @api.model
    def _give_out(self, run):
        """Give the cases of teams that nobody has to their members, and the reminders of a
        run to the responsible of their case where the rules name a team.

        :param run: dunning.run, proposed
        """
        scope = run._scope()
        self.env["dunning.team"]._give_out(scope, SQL("TRUE"))
        query = SQL(
            """
            UPDATE dunning_notice n SET user_id = c.user_id
              FROM dunning_case c
             WHERE n.run_id = %s AND n.user_id IS NULL AND c.partner_id = n.partner_id
               AND c.company_id = n.company_id AND c.state = 'open'
            """,
            run.id,
        )
        with self.env["dunning.engine"]._planned(scope):
            self.env.cr.execute(query)
        self.env.invalidate_all()
