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
            ("named", self._stage_named),
            ("contacts", self._stage_contacts),
            ("contacted", self._stage_contacted),
            ("chosen", self._stage_chosen),
            ("decided", self._stage_decided),
            ("notices", self._stage_notices),
            ("decisions", self._stage_decisions),
        ]

    def _stage_tiers(self, scope):
        """Sums per debtor, currency, policy and level number. What is early, reminded before
        its due date, shares no notice with what is overdue.
        """
        return SQL(
            """
            SELECT item.debtor_id, item.currency_id, item.policy_id, item.rung,
                   item.rung < 1 AS early,
                   MAX(MAX(item.rung)) OVER (
                       PARTITION BY item.debtor_id, item.currency_id, item.policy_id, item.rung < 1)
                       AS top,
                   COUNT(*) AS items, MIN(item.due) AS due, SUM(item.open) AS open,
                   SUM(item.net) AS net,
                   SUM(item.held) AS held,
                   SUM(item.net * item.open_company / item.open) AS net_company,
                   MAX(item.preferred_channel) AS preferred_channel, MAX(item.user_id) AS user_id,
                   bool_or(item.approval) AS approval, bool_or(item.align) AS align
              FROM netted item
             WHERE NOT (%s)
             GROUP BY item.debtor_id, item.currency_id, item.policy_id, item.rung
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
            SELECT tier.debtor_id, tier.currency_id, tier.policy_id, tier.early, tier.top,
                   SUM(tier.items) AS items, MIN(tier.due) AS due, SUM(tier.open) AS open,
                   SUM(tier.net) AS net, SUM(tier.held) AS held,
                   SUM(tier.net_company) AS net_company,
                   SUM(tier.net) FILTER (WHERE tier.rung = tier.top OR tier.align) AS net_top,
                   SUM(tier.net) FILTER (WHERE tier.rung >= tier.top - 1 OR tier.align)
                       AS net_lower,
                   MAX(tier.preferred_channel) AS preferred_channel, MAX(tier.user_id) AS user_id,
                   bool_or(tier.approval) AS approval, bool_or(tier.align) AS align
              FROM tiers tier
             GROUP BY tier.debtor_id, tier.currency_id, tier.policy_id, tier.early, tier.top
            """
        )

    def _stage_levels(self, scope):
        """The level that is kept: 0 or 1 below the highest, none when even
        that is under its minimum.
        """
        return SQL(
            """
            SELECT draft.*, ROW_NUMBER() OVER () AS key,
                   high_floor.level_id IS NOT NULL AND high_floor.amount IS NULL
                       OR NOT %(high)s AND low_floor.level_id IS NOT NULL
                       AND low_floor.amount IS NULL AS rate_missing,
                   CASE WHEN %(high)s THEN 0 WHEN low.level_id IS NOT NULL AND %(low)s THEN 1
                   END AS shift,
                   high.level_id AS high_level_id, low.level_id AS low_level_id
              FROM groups draft
              JOIN ladder high ON high.policy_id = draft.policy_id AND high.rung = draft.top
              LEFT JOIN ladder low ON low.policy_id = draft.policy_id
                    AND low.rung = draft.top - 1 AND low.rung >= 1
              LEFT JOIN floors high_floor ON high_floor.level_id = high.level_id
                    AND high_floor.currency_id = draft.currency_id
              LEFT JOIN floors low_floor ON low_floor.level_id = low.level_id
                    AND low_floor.currency_id = draft.currency_id
              %(balance)s
            """,
            high=self._reaches(SQL("draft.net_top"), SQL("high_floor"), scope),
            low=self._reaches(SQL("draft.net_lower"), SQL("low_floor"), scope),
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
              ON balance.debtor_id = draft.debtor_id AND balance.currency_id = draft.currency_id
            """
        )

    def _stage_named(self, scope):
        """The contacts to whom the invoices of a notice are made out, where that is not the
        debtor itself; what is due first comes first.
        """
        return SQL(
            """
            SELECT contact.debtor_id, contact.currency_id, contact.policy_id, contact.early,
                   array_agg(contact.id ORDER BY contact.due, contact.id) AS contact_ids,
                   SUM(contact.items) AS items
              FROM (SELECT item.debtor_id, item.currency_id, item.policy_id,
                           item.rung < 1 AS early, move.partner_id AS id,
                           MIN(item.due) AS due, COUNT(*) AS items
                      FROM netted item
                      JOIN account_move move ON move.id = item.move_id
                           AND move.partner_id <> item.debtor_id
                     WHERE NOT (%s)
                     GROUP BY 1, 2, 3, 4, 5) contact
             GROUP BY 1, 2, 3, 4
            """,
            self._credit_gates(scope),
        )

    def _stage_contacts(self, scope):
        """Who is reached by which channel, for each notice to be."""
        asked = SQL(
            """
            SELECT draft.key, draft.debtor_id, named.contact_ids,
                   COALESCE(named.items, 0) < draft.items AS others,
                   policy.every_contact IS TRUE AS every
              FROM levels draft
              JOIN dunning_policy policy ON policy.id = draft.policy_id
              LEFT JOIN named ON named.debtor_id = draft.debtor_id
                    AND named.currency_id = draft.currency_id
                    AND named.policy_id = draft.policy_id AND named.early = draft.early
            """
        )
        return self.env["dunning.channel"]._addressees_sql(asked)

    def _stage_contacted(self, scope):
        return self.env["dunning.contact.cap"]._free_from_sql(
            scope, SQL("SELECT debtor_id FROM levels")
        )

    def _stage_chosen(self, scope):
        """The channel that is used: the one that the debtor prefers, that of the
        level, its fallback; the first by which the debtor can be reached.
        """
        channel, contact = self._first_usable(
            SQL("draft.preferred_channel"), SQL("level.channel"), SQL("level.fallback_channel")
        )
        return SQL(
            """
            SELECT draft.*, level.id AS level_id, level.automatic,
                   %s AS channel, %s AS contact_ids, contacted.free_from,
                   incoming.total AS incoming
              FROM levels draft
              JOIN dunning_level level ON level.id = CASE draft.shift
                   WHEN 1 THEN draft.low_level_id ELSE draft.high_level_id END
              LEFT JOIN contacts ON contacts.key = draft.key
              LEFT JOIN contacted ON contacted.debtor_id = draft.debtor_id
              LEFT JOIN (SELECT DISTINCT debtor_id, currency_id, total FROM incoming_bank) incoming
                     ON incoming.debtor_id = draft.debtor_id
                    AND incoming.currency_id = draft.currency_id
            """,
            channel,
            contact,
        )

    @api.model
    def _first_usable(self, *channels):
        codes = self.env["dunning.channel"]._codes()
        contact = SQL(" ").join(
            SQL("WHEN %s THEN contacts.%s", code, SQL.identifier(f"{code}_contact_ids"))
            for code in codes
        )
        contacts = [SQL("CASE %s %s END", channel, contact) for channel in channels]
        usable = [
            SQL("CASE WHEN %s IS NOT NULL THEN %s END", found, channel)
            for found, channel in zip(contacts, channels, strict=True)
        ]
        return (
            SQL("COALESCE(%s)", SQL(", ").join(usable)),
            SQL("COALESCE(%s)", SQL(", ").join(contacts)),
        )

    def _stage_decided(self, scope):
        """What stops a notice, and whether its debtor gets another one about
        something overdue.
        """
        return SQL(
            """
            SELECT draft.*, bool_or(NOT draft.early AND draft.debtor_decision IS NULL)
                            OVER (PARTITION BY draft.debtor_id) AS overdue_too
              FROM (SELECT draft.*, %s AS debtor_decision FROM chosen draft) draft
            """,
            self.env["dunning.engine"]._decision(scope, "debtor"),
        )

    @api.model
    def _waits(self, scope):
        """Condition: a reminder before the due date waits for one of what is
        overdue, of this run, under review, or sent on this day.
        """
        underway = SQL("notice.state = 'issued' AND notice.date = %s", scope.date)
        if not scope.as_of:
            underway = SQL("notice.state IN ('proposed', 'confirmed') OR %s", underway)
        return SQL(
            """
            draft.early AND (draft.overdue_too OR draft.debtor_id IN (
                SELECT notice.partner_id FROM dunning_notice notice
                 WHERE notice.company_id = %s AND notice.rung > 0 AND (%s)))
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
            SELECT draft.*, CASE WHEN draft.decision IS NULL THEN %s END AS id
              FROM (SELECT draft.*, COALESCE(draft.debtor_decision, %s) AS decision
                      FROM decided draft) draft
            """,
            number,
            self.env["dunning.engine"]._decision(scope, "early"),
        )

    def _stage_decisions(self, scope):
        """One row an item: its decision and, if dunned, its notice.

        In a lowered notice the highest items go one level down; a policy that
        aligns gives all items the level of the notice.
        """
        engine = self.env["dunning.engine"]
        credit, none = engine._decision(scope, "credit"), SQL("NULL::date")
        return SQL(
            """
            SELECT item.id, item.name, item.debtor_id, item.currency_id, item.policy_id,
                   item.level_id, item.rung,
                   item.step, item.due, item.open, item.open_company, item.open - item.held AS net,
                   item.held, item.hold_id,
                   %(start)s AS start,
                   item.decision, NULL::bigint AS notice_id
              FROM gated item
             WHERE item.decision IS NOT NULL
             UNION ALL
            SELECT item.id, item.name, item.debtor_id, item.currency_id, item.policy_id,
                   CASE WHEN moved.yes THEN draft.level_id ELSE item.level_id END,
                   CASE WHEN moved.yes THEN draft.top - draft.shift ELSE item.rung END,
                   item.step, item.due, item.open, item.open_company, item.net, item.held,
                   item.part_hold_id,
                   GREATEST(item.start, draft.free_from, %(after_credits)s, %(after_notice)s),
                   COALESCE(%(credit)s, draft.decision, 'dun'),
                   CASE WHEN %(credit)s IS NULL THEN draft.id END
              FROM netted item
              LEFT JOIN notices draft ON draft.debtor_id = item.debtor_id
                    AND draft.currency_id = item.currency_id AND draft.policy_id = item.policy_id
                    AND draft.early = (item.rung < 1)
              CROSS JOIN LATERAL (
                   SELECT COALESCE(
                              draft.align OR (draft.shift = 1 AND item.rung = draft.top), FALSE)
                          AND draft.shift IS NOT NULL AS yes) moved
            """,
            credit=credit,
            start=engine._start(
                scope, ("item",), SQL("item"), SQL("item.decision"), SQL("item.start")
            ),
            after_credits=engine._start(scope, ("credit",), SQL("item"), credit, none),
            after_notice=engine._start(
                scope, ("debtor", "early"), SQL("draft"), SQL("draft.decision"), none
            ),
        )
