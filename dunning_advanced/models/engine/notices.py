from odoo import api, models
from odoo.tools import SQL


class DunningEngineGroup(models.AbstractModel):
    """Stages of the engine that gather items into notices."""

    _name = "dunning.engine.group"
    _description = "Dunning Engine: Reminders"

    @api.model
    def _stages(self):
        return [
            ("tiers", self._stage_tiers),
            ("groups", self._stage_groups),
            ("levels", self._stage_levels),
            ("contacts", self._stage_contacts),
            ("contacted", self._stage_contacted),
            ("chosen", self._stage_chosen),
            ("decided", self._stage_decided),
            ("notices", self._stage_notices),
            ("decisions", self._stage_decisions),
        ]

    def _stage_tiers(self, scope):
        """Sums per debtor, currency, policy and rung. What is early, reminded before
        its due date, shares no notice with what is overdue.
        """
        return SQL(
            """
            SELECT i.debtor_id, i.currency_id, i.policy_id, i.rung, i.rung < 1 AS early,
                   MAX(MAX(i.rung)) OVER (
                       PARTITION BY i.debtor_id, i.currency_id, i.policy_id, i.rung < 1) AS top,
                   COUNT(*) AS items, MIN(i.due) AS due, SUM(i.open) AS open, SUM(i.net) AS net,
                   SUM(i.held) AS held,
                   SUM(i.net * i.open_company / i.open) AS net_company,
                   MAX(i.wish) AS wish, MAX(i.user_id) AS user_id,
                   bool_or(i.approval) AS approval, bool_or(i.align) AS align
              FROM netted i
             WHERE NOT (%s)
             GROUP BY i.debtor_id, i.currency_id, i.policy_id, i.rung
            """,
            self._credit_gates(scope),
        )

    @api.model
    def _credit_gates(self, scope):
        gates = self.env["dunning.engine"]._gates_of(scope, "credit")
        return SQL(" OR ").join(SQL("(%s)", condition) for _gate, condition in gates)

    def _stage_groups(self, scope):
        """One row a notice to be: what is left at its highest level, and what
        there would be one level down.
        """
        return SQL(
            """
            SELECT t.debtor_id, t.currency_id, t.policy_id, t.early, t.top,
                   SUM(t.items) AS items, MIN(t.due) AS due, SUM(t.open) AS open,
                   SUM(t.net) AS net, SUM(t.held) AS held,
                   SUM(t.net_company) AS net_company,
                   SUM(t.net) FILTER (WHERE t.rung = t.top OR t.align) AS net_top,
                   SUM(t.net) FILTER (WHERE t.rung >= t.top - 1 OR t.align) AS net_lower,
                   MAX(t.wish) AS wish, MAX(t.user_id) AS user_id,
                   bool_or(t.approval) AS approval, bool_or(t.align) AS align
              FROM tiers t
             GROUP BY t.debtor_id, t.currency_id, t.policy_id, t.early, t.top
            """
        )

    def _stage_levels(self, scope):
        """The level that is kept: 0 or 1 below the highest, none when even
        that is under its minimum.
        """
        return SQL(
            """
            SELECT g.*,
                   high_floor.level_id IS NOT NULL AND high_floor.amount IS NULL
                       OR NOT %(high)s AND low_floor.level_id IS NOT NULL
                       AND low_floor.amount IS NULL AS rate_missing,
                   CASE WHEN %(high)s THEN 0 WHEN low.level_id IS NOT NULL AND %(low)s THEN 1
                   END AS shift,
                   high.level_id AS high_level_id, low.level_id AS low_level_id
              FROM groups g
              JOIN ladder high ON high.policy_id = g.policy_id AND high.rung = g.top
              LEFT JOIN ladder low ON low.policy_id = g.policy_id
                    AND low.rung = g.top - 1 AND low.rung >= 1
              LEFT JOIN floors high_floor ON high_floor.level_id = high.level_id
                    AND high_floor.currency_id = g.currency_id
              LEFT JOIN floors low_floor ON low_floor.level_id = low.level_id
                    AND low_floor.currency_id = g.currency_id
              %(balance)s
            """,
            high=self._reaches(SQL("g.net_top"), SQL("high_floor"), scope),
            low=self._reaches(SQL("g.net_lower"), SQL("low_floor"), scope),
            balance=self._balance_join(scope),
        )

    def _reaches(self, amount, floor, scope):
        """Condition: the amount is at or above the minimum of a level."""
        share = (
            SQL("%s.share / 100 * balance.open", floor)
            if self.env["dunning.engine.policy"]._has_shares(scope)
            else SQL("0")
        )
        return SQL(
            "(%(floor)s.level_id IS NULL OR %(amount)s >= GREATEST(%(floor)s.amount, %(share)s))",
            floor=floor,
            amount=amount,
            share=share,
        )

    def _balance_join(self, scope):
        """All that a debtor owes in a currency, due or not: only a minimum
        share asks for it.
        """
        if not self.env["dunning.engine.policy"]._has_shares(scope):
            return SQL("")
        return SQL(
            """
            JOIN (SELECT debtor_id, currency_id, SUM(open) AS open
                    FROM items WHERE open > 0 GROUP BY 1, 2) balance
              ON balance.debtor_id = g.debtor_id AND balance.currency_id = g.currency_id
            """
        )

    def _stage_contacts(self, scope):
        return self.env["dunning.channel"]._contacts_sql(SQL("SELECT debtor_id FROM levels"))

    def _stage_contacted(self, scope):
        return self.env["dunning.contact.cap"]._free_from_sql(
            scope, SQL("SELECT debtor_id FROM levels")
        )

    def _stage_chosen(self, scope):
        """The channel that is used: the wish of the debtor, the one of the
        level, its fallback; the first by which the debtor can be reached.
        """
        channel, contact = self._first_usable(
            SQL("g.wish"), SQL("level.channel"), SQL("level.fallback_channel")
        )
        return SQL(
            """
            SELECT g.*, level.id AS level_id, level.automatic,
                   %s AS channel, %s AS contact_id, contacted.free_from,
                   incoming.total AS incoming
              FROM levels g
              JOIN dunning_level level ON level.id = CASE g.shift
                   WHEN 1 THEN g.low_level_id ELSE g.high_level_id END
              LEFT JOIN contacts ON contacts.debtor_id = g.debtor_id
              LEFT JOIN contacted ON contacted.debtor_id = g.debtor_id
              LEFT JOIN (SELECT DISTINCT debtor_id, currency_id, total FROM incoming_bank) incoming
                     ON incoming.debtor_id = g.debtor_id AND incoming.currency_id = g.currency_id
            """,
            channel,
            contact,
        )

    @api.model
    def _first_usable(self, *wishes):
        codes = self.env["dunning.channel"]._codes()
        contact = SQL(" ").join(
            SQL("WHEN %s THEN contacts.%s", code, SQL.identifier(f"{code}_contact_id"))
            for code in codes
        )
        contacts = [SQL("CASE %s %s END", wish, contact) for wish in wishes]
        channels = [
            SQL("CASE WHEN %s IS NOT NULL THEN %s END", found, wish)
            for found, wish in zip(contacts, wishes, strict=True)
        ]
        return (
            SQL("COALESCE(%s)", SQL(", ").join(channels)),
            SQL("COALESCE(%s)", SQL(", ").join(contacts)),
        )

    def _stage_decided(self, scope):
        """What stops a notice, and whether its debtor gets another one about
        something overdue.
        """
        return SQL(
            """
            SELECT i.*, bool_or(NOT i.early AND i.debtor_verdict IS NULL)
                            OVER (PARTITION BY i.debtor_id) AS overdue_too
              FROM (SELECT i.*, %s AS debtor_verdict FROM chosen i) i
            """,
            self.env["dunning.engine"]._decision(scope, "debtor"),
        )

    @api.model
    def _waits(self, scope):
        """Condition: a reminder before the due date waits for one of what is
        overdue, of this run, under review, or sent on this day.
        """
        underway = SQL("n.state = 'issued' AND n.date = %s", scope.date)
        if not scope.as_of:
            underway = SQL("n.state IN ('proposed', 'confirmed') OR %s", underway)
        return SQL(
            """
            i.early AND (i.overdue_too OR i.debtor_id IN (
                SELECT n.partner_id FROM dunning_notice n
                 WHERE n.company_id = %s AND n.rung > 0 AND (%s)))
            """,
            scope.company.id,
            underway,
        )

    @api.model
    def _writes(self, scope):
        """Whether notices are made; a look at a past ledger leaves lines only."""
        return scope.run_id and not scope.as_of

    def _stage_notices(self, scope):
        number = (
            SQL("nextval('dunning_notice_id_seq')") if self._writes(scope) else SQL("NULL::bigint")
        )
        return SQL(
            """
            SELECT i.*, CASE WHEN i.verdict IS NULL THEN %s END AS id
              FROM (SELECT i.*, COALESCE(i.debtor_verdict, %s) AS verdict FROM decided i) i
            """,
            number,
            self.env["dunning.engine"]._decision(scope, "early"),
        )

    def _stage_decisions(self, scope):
        """One row an item: its verdict and, if dunned, its notice.

        In a lowered notice the highest items go one rung down; a policy that
        aligns gives all items the level of the notice.
        """
        engine = self.env["dunning.engine"]
        credit, none = engine._decision(scope, "credit"), SQL("NULL::date")
        return SQL(
            """
            SELECT i.id, i.name, i.debtor_id, i.currency_id, i.policy_id, i.level_id, i.rung,
                   i.step, i.due, i.open, i.open_company, i.open - i.held AS net,
                   i.held, i.hold_id,
                   %(start)s AS start,
                   i.verdict, NULL::bigint AS notice_id
              FROM gated i
             WHERE i.verdict IS NOT NULL
             UNION ALL
            SELECT i.id, i.name, i.debtor_id, i.currency_id, i.policy_id,
                   CASE WHEN moved.yes THEN n.level_id ELSE i.level_id END,
                   CASE WHEN moved.yes THEN n.top - n.shift ELSE i.rung END,
                   i.step, i.due, i.open, i.open_company, i.net, i.held, i.part_hold_id,
                   GREATEST(i.start, n.free_from, %(after_credits)s, %(after_notice)s),
                   COALESCE(%(credit)s, n.verdict, 'dun'),
                   CASE WHEN %(credit)s IS NULL THEN n.id END
              FROM netted i
              LEFT JOIN notices n ON n.debtor_id = i.debtor_id
                    AND n.currency_id = i.currency_id AND n.policy_id = i.policy_id
                    AND n.early = (i.rung < 1)
              CROSS JOIN LATERAL (
                   SELECT COALESCE(n.align OR (n.shift = 1 AND i.rung = n.top), FALSE)
                          AND n.shift IS NOT NULL AS yes) moved
            """,
            credit=credit,
            start=engine._start(scope, ("item",), SQL("i"), SQL("i.verdict"), SQL("i.start")),
            after_credits=engine._start(scope, ("credit",), SQL("i"), credit, none),
            after_notice=engine._start(
                scope, ("debtor", "early"), SQL("n"), SQL("n.verdict"), none
            ),
        )
