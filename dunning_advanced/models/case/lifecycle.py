from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.engine import COUNTED_ONLY, Scope


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
    def _opening(self, scope):
        """Stages that open a case for each debtor with an overdue item in a run that has
        none, and find a responsible where a rule gives it to a team. They are a part of
        the statement that proposes; its stage ``given`` has them by debtor.
        """
        opened = SQL(
            """
            SELECT d.id, d.team_id, d.user_id,
                   ROW_NUMBER() OVER (PARTITION BY d.team_id ORDER BY d.id) AS place
              FROM debtors d
             WHERE d.id IN (SELECT debtor_id FROM verdicts
                             WHERE due < %(date)s AND verdict NOT IN %(not_overdue)s)
               AND d.id NOT IN (SELECT partner_id FROM dunning_case
                                 WHERE state = 'open' AND company_id = %(company)s)
            """,
            date=scope.date,
            not_overdue=(*COUNTED_ONLY, "excluded", "covered"),
            company=scope.company.id,
        )
        shared = SQL(
            "SELECT id, team_id, place FROM opened WHERE team_id IS NOT NULL AND user_id IS NULL"
        )
        return SQL(
            "opened AS MATERIALIZED (%s), %s, written_cases AS (%s)",
            opened,
            self.env["dunning.team"]._shares(shared),
            self._insert_sql(scope),
        )

    @api.model
    def _insert_sql(self, scope):
        # in order, as the next ones go to who has waited longest
        return SQL(
            """
            INSERT INTO dunning_case (partner_id, company_id, state, date_open, team_id, user_id,
                                      create_uid, create_date, write_uid, write_date)
            SELECT o.id, %(company)s, 'open', %(date)s, o.team_id,
                   COALESCE(o.user_id, given.user_id),
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM opened o
              LEFT JOIN given ON given.id = o.id
             ORDER BY o.id
            ON CONFLICT DO NOTHING
            """,
            company=scope.company.id,
            date=scope.date,
            uid=self.env.uid,
        )
