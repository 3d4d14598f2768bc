from odoo import api, models
from odoo.tools import SQL


class DunningEngineGroup(models.AbstractModel):
    """Writes what the stages decided."""

    _inherit = "dunning.engine.group"

    @api.model
    def _propose(self, scope):
        """Write notices and lines of a run, and open the cases, in one statement.

        :param scope: with ``run_id``
        :return: dict of decision to number of items
        """
        self.env.flush_all()
        engine = self.env["dunning.engine"]
        query = SQL(
            """
            %(stages)s, %(opening)s,
            written_notices AS (%(notices)s),
            written_lines AS (%(lines)s)
            SELECT decision, COUNT(*) FROM decisions GROUP BY decision
            """,
            stages=engine._with(scope),
            opening=self._opening(scope),
            notices=self._insert_notices(scope),
            lines=self._insert_lines(scope),
        )
        with engine._planned(scope):
            # Where two companies give cases to one team at once, the second begins again.
            self.env.cr.execute(query, log_exceptions=False)
            counts = dict(self.env.cr.fetchall())
        if self._writes(scope):
            self.env["dunning.notice"]._inform_run(scope)
        self.env.invalidate_all()
        return counts

    @api.model
    def _opening(self, scope):
        """Stages that open cases; a look at a past ledger opens none."""
        if self._writes(scope):
            return self.env["dunning.case"]._opening(scope)
        return SQL("assigned AS (SELECT NULL::int AS id, NULL::int AS user_id)")

    @api.model
    def _insert_notices(self, scope):
        notices = self.env["dunning.notice"]
        compared = notices._comparison_columns()
        return SQL(
            """
            INSERT INTO dunning_notice (
                id, run_id, company_id, partner_id, currency_id, policy_id, level_id, rung, state,
                date, user_id, to_review, channel, contact_id, item_count, date_oldest,
                amount_open, amount_held, amount_credit, amount_total, amount_total_company,
                delivered, %(compared)s, create_uid, create_date, write_uid, write_date)
            SELECT draft.id, %(run)s, %(company)s, draft.debtor_id, draft.currency_id,
                   draft.policy_id,
                   draft.level_id, draft.top - draft.shift, 'proposed', %(date)s,
                   COALESCE(draft.user_id, assigned.user_id, %(user)s),
                   draft.approval OR draft.automatic IS NOT TRUE, draft.channel,
                   draft.contact_ids[1], draft.items, draft.due,
                   draft.open, draft.held, draft.open - draft.held - draft.net, draft.net,
                   ROUND(draft.net_company, %(digits)s), FALSE,
                   %(comparison)s,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM notices draft
              LEFT JOIN assigned ON assigned.id = draft.debtor_id
              LEFT JOIN (%(last)s) last ON last.partner_id = draft.debtor_id
                    AND last.currency_id = draft.currency_id AND last.policy_id = draft.policy_id
                    AND last.early = draft.early
              LEFT JOIN (%(other)s) other ON other.partner_id = draft.debtor_id
                    AND other.currency_id = draft.currency_id AND other.early = draft.early
             WHERE draft.decision IS NULL AND draft.id IS NOT NULL
            """,
            run=scope.run_id,
            company=scope.company.id,
            date=scope.date,
            user=scope.company.dunning_user_id.id or None,
            digits=scope.company.currency_id.decimal_places,
            compared=SQL(", ").join(map(SQL.identifier, compared)),
            comparison=SQL(", ").join(compared.values()),
            last=notices._last_sql(scope, by_policy=True),
            other=notices._last_sql(scope, by_policy=False),
            uid=self.env.uid,
        )

    @api.model
    def _insert_lines(self, scope):
        # Who proposed stands on the run. Checking it for each line, twice, would
        # be a fifth of the work of writing it.
        return SQL(
            """
            INSERT INTO dunning_line (
                run_id, company_id, notice_id, partner_id, move_line_id, name, date,
                date_maturity, currency_id, amount_open, amount_open_company,
                amount_held, amount_net, policy_id, level_id, rung, step, date_next, hold_id,
                verdict, state, create_date, write_date)
            SELECT %(run)s, %(company)s, item.notice_id, item.debtor_id, item.id,
                   item.name, %(date)s,
                   item.due, item.currency_id, item.open, item.open_company,
                   item.held, item.net,
                   item.policy_id, item.level_id, item.rung, item.step,
                   item.start, item.hold_id, item.decision,
                   CASE WHEN item.notice_id IS NULL THEN 'stopped' ELSE 'proposed' END,
                   now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM decisions item
             WHERE item.decision NOT IN %(counted)s
            """,
            run=scope.run_id,
            company=scope.company.id,
            date=scope.date,
            counted=self.env["dunning.engine"]._only_counted(),
        )
