import logging

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..engine.engine import Scope

# Trend: the last months against those before them.
RECENT_MONTHS = 6

_logger = logging.getLogger(__name__)


class DunningBehavior(models.Model):
    """Behavior is told by one statement over the ledger of a company."""

    _inherit = "dunning.behavior"

    @api.model
    def _night_refresh(self, company, date):
        """Classify the debtors of a company, and of each branch on its own, anew; what
        fails in one stays its own.
        """
        for own in company._dunning_companies():
            try:
                with self.env.cr.savepoint():
                    self._refresh(own, date)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception:
                _logger.exception("The payment behavior in %s was not refreshed", own.name)

    @api.model
    def _refresh(self, company, date, partners=None):
        """Classify all debtors of a company and its branches, or some, by one statement.

        :param company: res.company
        :param date: day as of which days and months are counted
        :param partners: res.partner, debtors; None for all
        """
        if partners is not None and not partners:
            return
        scope = Scope(
            company=company, date=date, partner_ids=tuple(partners.ids if partners else ())
        )
        self.env.flush_all()
        with self.env["dunning.engine"]._planned(scope):
            self.env.cr.execute(self._refresh_sql(scope))
        self.invalidate_model()

    def _refresh_sql(self, scope):
        """The statement of :meth:`_refresh`.

        The value date of a payment is the later of the dates of invoice and payment. Each
        partial payment counts with its own days. What credit notes take off an invoice was
        never owed and counts nowhere; entries of general journals, such as offsets and
        write-offs, are no payment, but settle in time or too late.
        """
        columns = SQL(", ").join(map(SQL.identifier, self._refreshed()))
        return SQL(
            """
            WITH items AS (%(items)s), settled AS (%(settled)s), sums AS (%(sums)s),
                 promised AS (%(promised)s), planned AS (%(planned)s),
                 known AS (%(known)s), facts AS (%(facts)s), scored AS (%(scored)s)
            INSERT INTO dunning_behavior (
                partner_id, company_id, date, months, points, is_new, grade, %(columns)s,
                create_uid, create_date, write_uid, write_date)
            SELECT debtor_id, %(company)s, %(date)s, %(months)s, points, is_new,
                   CASE WHEN NOT is_new THEN %(grade)s END, %(columns)s,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM scored
                ON CONFLICT (partner_id, company_id) DO UPDATE SET %(updates)s
            """,
            items=self._items_sql(scope),
            settled=self._settled_sql(scope),
            promised=self._promised_sql(scope),
            planned=self._planned_sql(scope),
            sums=self._sums_sql(scope),
            known=self._known_sql(scope),
            facts=self._facts_sql(scope),
            scored=self._scored_sql(scope),
            columns=columns,
            company=scope.company.id,
            date=scope.date,
            months=scope.company.dunning_behavior_months,
            grade=self._grade_sql(scope.company),
            uid=self.env.uid,
            updates=SQL(", ").join(
                SQL("%(name)s = EXCLUDED.%(name)s", name=SQL.identifier(name))
                for name in (
                    *("date", "months", "points", "is_new", "grade", "write_uid", "write_date"),
                    *self._refreshed(),
                )
            ),
        )

    def _refreshed(self):
        """Fields that the stage ``facts`` has under the same name."""
        return [
            *("settled_count", "on_time_count", "overdue_count"),
            *("amount_settled", "amount_on_time", "amount_overdue"),
            *("days_late", "days_median", "late_share", "days_recent", "days_before", "trend"),
            *("broken_count", "defaulted_count", "oldest_days"),
        ]

    def _start(self, scope):
        return fields.Date.subtract(scope.date, months=scope.company.dunning_behavior_months)

    def _journals(self, *kinds):
        journals = self.env["account.journal"].sudo().with_context(active_test=False)
        return tuple(journals.search([("type", "in", kinds)]).ids or [0])

    def _items_sql(self, scope):
        """Receivable items, open and settled; what was paid back to customers is none."""
        return SQL(
            """
            SELECT aml.id, partner.commercial_partner_id AS debtor_id,
                   COALESCE(aml.date_maturity, aml.date) AS due,
                   aml.amount_currency > 0 AS is_debit,
                   CASE WHEN aml.reconciled IS NOT TRUE THEN aml.amount_residual ELSE 0 END AS open
              FROM account_move_line aml
              JOIN res_partner partner ON partner.id = aml.partner_id
             WHERE aml.amount_currency <> 0
               AND (aml.amount_currency < 0 OR aml.journal_id NOT IN %s) AND %s
            """,
            self._journals("bank", "cash", "credit"),
            self.env["dunning.engine.item"]._receivable(scope),
        )

    def _settled_sql(self, scope):
        """What settled each item in the window, in company currency.

        Differences of exchange rates settle nothing of what was invoiced.
        """
        return SQL(
            """
            SELECT settlement.id,
                   MAX(settlement.late) FILTER (WHERE settlement.money) AS days,
                   BOOL_AND(settlement.late <= %(grace)s) AS on_time,
                   SUM(settlement.amount) AS amount,
                   SUM(settlement.amount) FILTER (WHERE settlement.late <= %(grace)s)
                       AS amount_on_time,
                   SUM(settlement.amount)
                       FILTER (WHERE settlement.money AND settlement.date >= %(recent)s) AS recent,
                   SUM(settlement.amount)
                       FILTER (WHERE settlement.money AND settlement.date < %(recent)s) AS before,
                   SUM(settlement.amount * settlement.late)
                       FILTER (WHERE settlement.money AND settlement.date >= %(recent)s)
                       AS recent_days,
                   SUM(settlement.amount * settlement.late)
                       FILTER (WHERE settlement.money AND settlement.date < %(recent)s)
                       AS before_days
              FROM (SELECT item.id, partial.max_date AS date,
                           credit_aml.journal_id IN %(money)s AS money,
                           partial.amount,
                           GREATEST(0, partial.max_date - item.due) AS late
                      FROM items item
                      JOIN account_partial_reconcile partial ON partial.debit_move_id = item.id
                      JOIN account_move_line credit_aml ON credit_aml.id = partial.credit_move_id
                     WHERE item.is_debit AND partial.max_date BETWEEN %(start)s AND %(date)s
                       AND partial.debit_amount_currency > 0
                       AND credit_aml.journal_id IN %(settling)s) settlement
             GROUP BY settlement.id
            """,
            grace=scope.company.dunning_behavior_grace,
            start=self._start(scope),
            recent=fields.Date.subtract(scope.date, months=RECENT_MONTHS),
            date=scope.date,
            money=self._journals("bank", "cash", "credit"),
            settling=self._journals("bank", "cash", "credit", "general"),
        )

    def _promised_sql(self, scope):
        """Promises that were not, or only partly, kept."""
        return self._counted_sql(
            scope, SQL("SELECT *, date AS day FROM dunning_promise"), "broken", "broken", "partial"
        )

    def _planned_sql(self, scope):
        """Payment plans that failed."""
        return self._counted_sql(
            scope,
            SQL("SELECT *, date_default AS day FROM dunning_payment_plan"),
            "defaulted",
            "defaulted",
        )

    def _counted_sql(self, scope, agreements, name, *states):
        """How many agreements of each debtor came to one of some states in the window."""
        return SQL(
            """
            SELECT partner_id, COUNT(*) AS %s FROM (%s) agreement
             WHERE state IN %s AND company_id IN %s AND day BETWEEN %s AND %s AND %s
             GROUP BY partner_id
            """,
            SQL.identifier(name),
            agreements,
            states,
            tuple(scope.company._dunning_companies().ids),
            self._start(scope),
            scope.date,
            self.env["dunning.engine"]._only(scope, SQL("partner_id")),
        )

    def _sums_sql(self, scope):
        """Sums over the items of each debtor."""
        return SQL(
            """
            SELECT item.debtor_id,
                   COUNT(*) FILTER (WHERE settled.id IS NOT NULL AND item.open = 0)
                       AS settled_count,
                   COUNT(*) FILTER (WHERE settled.on_time AND item.open = 0) AS on_time_count,
                   COUNT(*) FILTER (WHERE %(late)s) AS overdue_count,
                   COALESCE(SUM(settled.amount), 0) AS amount_settled,
                   COALESCE(SUM(settled.amount_on_time), 0) AS amount_on_time,
                   COALESCE(SUM(item.open) FILTER (WHERE item.open > 0 AND item.due < %(date)s), 0)
                       AS overdue,
                   COALESCE(SUM(item.open) FILTER (WHERE %(late)s), 0) AS late,
                   COALESCE(SUM(item.open) FILTER (WHERE item.open < 0), 0) AS credit,
                   COALESCE(%(date)s - MIN(item.due) FILTER (WHERE item.open > 0), 0) AS oldest,
                   SUM(settled.recent) AS recent, SUM(settled.recent_days) AS recent_days,
                   SUM(settled.before) AS before, SUM(settled.before_days) AS before_days,
                   PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY settled.days)
                       FILTER (WHERE item.open = 0) AS median
              FROM items item
              LEFT JOIN settled ON settled.id = item.id
             GROUP BY item.debtor_id
            """,
            late=SQL(
                "item.open > 0 AND item.due + %s < %s",
                scope.company.dunning_behavior_grace,
                scope.date,
            ),
            date=scope.date,
        )

    def _known_sql(self, scope):
        """One row a debtor. Who has no items any more is new again."""
        return SQL(
            """
            SELECT * FROM sums
             UNION ALL
            SELECT asked.id, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL
              FROM (%(asked)s) asked
             WHERE NOT EXISTS (SELECT FROM sums WHERE sums.debtor_id = asked.id)
            """,
            asked=self._without_items_sql(scope),
        )

    def _without_items_sql(self, scope):
        """Debtors that get a row also without any item."""
        if scope.partner_ids:
            return SQL("SELECT id FROM res_partner WHERE id IN %s", scope.partner_ids)
        return SQL(
            "SELECT partner_id AS id FROM dunning_behavior WHERE company_id = %s", scope.company.id
        )

    def _facts_sql(self, scope):
        """The sums as averages and shares, rounded as they are shown and scored."""
        return SQL(
            """
            SELECT known.*, COALESCE(promised.broken, 0) AS broken_count,
                   COALESCE(planned.defaulted, 0) AS defaulted_count,
                   GREATEST(0, overdue + credit) AS amount_overdue,
                   CASE WHEN overdue + credit > 0 THEN oldest ELSE 0 END AS oldest_days,
                   COALESCE(ROUND((COALESCE(recent_days, 0) + COALESCE(before_days, 0))
                       / NULLIF(COALESCE(recent, 0) + COALESCE(before, 0), 0), 1), 0) AS days_late,
                   COALESCE(ROUND(median::numeric, 1), 0) AS days_median,
                   COALESCE(ROUND(100 - 100 * amount_on_time / NULLIF(
                       amount_settled + GREATEST(0, late + credit), 0), 1), 0) AS late_share,
                   COALESCE(ROUND(recent_days / NULLIF(recent, 0), 1), 0) AS days_recent,
                   COALESCE(ROUND(before_days / NULLIF(before, 0), 1), 0) AS days_before,
                   COALESCE(ROUND(recent_days / NULLIF(recent, 0), 1)
                       - ROUND(before_days / NULLIF(before, 0), 1), 0) AS trend
              FROM known
              LEFT JOIN promised ON promised.partner_id = known.debtor_id
              LEFT JOIN planned ON planned.partner_id = known.debtor_id
            """
        )

    def _scored_sql(self, scope):
        steps = self.env["dunning.score.step"]
        return SQL(
            "SELECT facts.*, settled_count + overdue_count < %s AS is_new, %s AS points FROM facts",
            scope.company.dunning_behavior_minimum,
            SQL(" + ").join(
                steps._points_sql(steps._of("behavior", scope.company)[term], SQL.identifier(name))
                for term, name in self._term_fields().items()
            ),
        )

    def _grade_sql(self, company):
        bounds = company._dunning_grade_bounds()
        return SQL(
            "CASE %s ELSE 'A' END",
            SQL(" ").join(
                SQL("WHEN points >= %s THEN %s", bounds[grade], grade)
                for grade in sorted(bounds, reverse=True)
            ),
        )
