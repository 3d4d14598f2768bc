from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL


class DunningTeam(models.Model):
    """People who share the cases of some customers: a new one goes to whoever has the fewest."""

    _name = "dunning.team"
    _description = "Dunning Team"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to offer the team in every company."
    )
    member_ids = fields.Many2many(
        "res.users",
        string="Members",
        required=True,
        check_company=True,
        domain=[("share", "=", False)],
        help="Each new case is assigned to the member with the fewest open cases; among several, "
        "to the one who has waited longest for a new one.",
    )
    leader_id = fields.Many2one(
        "res.users",
        check_company=True,
        domain=[("share", "=", False)],
        help="Gets the cases when none of the members is active any more.",
    )
    last_user_id = fields.Many2one(
        "res.users", string="Last case assigned to", readonly=True, copy=False
    )
    rule_ids = fields.One2many("dunning.rule", "team_id")
    case_count = fields.Integer(string="Open cases", compute="_compute_case_count")

    @api.constrains("member_ids", "leader_id")
    def _check_members(self):
        for team in self.with_context(active_test=False):
            if not team.member_ids:
                raise ValidationError(
                    self.env._("Team “%s” has no members: add who works its cases.", team.name)
                )
            for user in team.member_ids | team.leader_id:
                if user.active and not user.has_group("dunning_advanced.group_user"):
                    raise ValidationError(
                        self.env._(
                            "%(user)s cannot open the cases of team “%(team)s”: give this user "
                            "the right “Dunning: User” first, or choose somebody else.",
                            user=user.name,
                            team=team.name,
                        )
                    )

    @api.constrains("active", "company_id")
    def _check_rules(self):
        self._check_company(["company_id"])
        for team in self.filtered(lambda team: not team.active):
            if rule := team.rule_ids[:1]:
                raise ValidationError(self._used_message(rule))

    def _compute_case_count(self):
        groups = self.env["dunning.case"]._read_group(
            [("team_id", "in", self.ids), ("state", "=", "open")], ["team_id"], ["__count"]
        )
        counts = dict(groups)
        for team in self:
            team.case_count = counts.get(team, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        rules = self.env["dunning.rule"].sudo().with_context(active_test=False)
        if rule := rules.search([("team_id", "in", self.ids)], limit=1):
            raise UserError(self._used_message(rule))
        cases = self.env["dunning.case"].sudo()
        if case := cases.search([("team_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "Team “%s” has worked on cases and cannot be deleted: archive it instead.",
                    case.team_id.name,
                )
            )

    def _used_message(self, rule):
        return self.env._(
            "Team “%(team)s” is assigned by follow-up rule “%(rule)s”: choose another team or a "
            "responsible there first.",
            team=rule.team_id.name,
            rule=rule.name,
        )

    # Actions

    def action_view_cases(self):
        """Open the open cases of the team, by responsible."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_case"
        )
        context = {"search_default_open": 1, "search_default_group_user": 1}
        return dict(action, domain=[("team_id", "=", self.id)], context=context)

    # Round robin

    def _next_member(self):
        """Who gets the next case, were there one now.

        :return: res.users; the leader where no member is active, may be empty
        """
        self.ensure_one()
        self.env.flush_all()
        waiting = SQL("SELECT %s AS team_id, 1 AS total", self.id)
        rows = self.env.execute_query(SQL("SELECT users[1] FROM (%s) turns", self._turns(waiting)))
        users = self.env["res.users"]
        return users.browse(rows[0]) if rows else self.leader_id.filtered("active")

    @api.model
    def _assign_open(self, scope, condition):
        """Give the open cases that have a team and no responsible to members, by one
        statement.

        :param scope: Scope with the company of the cases
        :param condition: SQL on the row ``kase`` of dunning_case
        """
        self.env.flush_all()
        fresh = SQL(
            """
            SELECT kase.id, kase.team_id,
                   ROW_NUMBER() OVER (PARTITION BY kase.team_id ORDER BY kase.id) AS place
              FROM dunning_case kase
             WHERE kase.state = 'open' AND kase.team_id IS NOT NULL AND kase.user_id IS NULL
               AND kase.company_id = %s AND %s
            """,
            scope.company.id,
            condition,
        )
        query = SQL(
            "WITH %s UPDATE dunning_case kase SET user_id = assigned.user_id FROM assigned"
            " WHERE assigned.id = kase.id AND assigned.user_id IS NOT NULL",
            self._shares(fresh),
        )
        with self.env["dunning.engine"]._planned(scope):
            # That another transaction gives out cases of the team is no error.
            self.env.cr.execute(query, log_exceptions=False)
        self.env.invalidate_all()

    @api.model
    def _shares(self, fresh):
        """Stages of a statement that give new cases to the members of their teams.

        Each goes to the member with the fewest open cases in any team or company; among
        several to the one who has waited longest for a new one. The teams are written too:
        of two transactions that give out cases of one team at the same time the second
        fails and begins again, and counts what the first has given.

        :param fresh: SQL of a query with the columns id, team_id and place, which counts
            from 1 on for each team
        :return: SQL; its stage ``assigned`` has the columns id and user_id
        """
        return SQL(
            """
            fresh AS MATERIALIZED (%(fresh)s),
            waiting AS MATERIALIZED (
                SELECT team_id, COUNT(*) AS total FROM fresh GROUP BY team_id),
            assigned AS MATERIALIZED (
                SELECT fresh.id, COALESCE(turns.users[fresh.place], leader.id) AS user_id,
                       fresh.team_id, fresh.place
                  FROM fresh
                  JOIN dunning_team team ON team.id = fresh.team_id
                  LEFT JOIN (%(turns)s) turns ON turns.team_id = fresh.team_id
                  LEFT JOIN res_users leader ON leader.id = team.leader_id AND leader.active),
            marked AS (
                UPDATE dunning_team team SET last_user_id = assigned.user_id
                  FROM assigned JOIN waiting ON waiting.team_id = assigned.team_id
                       AND waiting.total = assigned.place
                 WHERE team.id = assigned.team_id AND assigned.user_id IS NOT NULL)
            """,
            fresh=fresh,
            turns=self._turns(SQL("SELECT * FROM waiting")),
        )

    @api.model
    def _turns(self, waiting):
        """Who comes when in the next cases of teams.

        As if they were given one after the other: a member who has ``had`` so many cases
        comes before those with more. Among equals, who gets a second one now has just had
        one, and so waits for those who have not. One array for each team, because cases
        and turns joined by team and place would be compared one with each other.

        :param waiting: SQL of a query with the columns team_id and total, the number of
            cases to give
        :return: SQL of a query with the columns team_id and users, at least so many
        """
        return SQL(
            """
            SELECT member.team_id,
                   array_agg(member.user_id
                       ORDER BY had, member.cases DESC, member.latest, member.user_id) AS users
              FROM (SELECT wanted.team_id, link.res_users_id AS user_id,
                           COALESCE(load.cases, 0) AS cases,
                           COALESCE(load.latest, 0) AS latest,
                           CEIL((wanted.total + SUM(COALESCE(load.cases, 0)) OVER team)
                                / COUNT(*) OVER team) AS level
                      FROM (%(waiting)s) wanted
                      JOIN dunning_team_res_users_rel link ON link.dunning_team_id = wanted.team_id
                      JOIN res_users person ON person.id = link.res_users_id AND person.active
                      LEFT JOIN (SELECT user_id, COUNT(*) FILTER (WHERE state = 'open') AS cases,
                                        MAX(id) AS latest
                                   FROM dunning_case WHERE user_id IS NOT NULL
                                  GROUP BY user_id) load ON load.user_id = person.id
                    WINDOW team AS (PARTITION BY wanted.team_id)) member
             CROSS JOIN LATERAL generate_series(member.cases, member.level::bigint - 1) had
             GROUP BY member.team_id
            """,
            waiting=waiting,
        )
