import json
import logging
from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from ..engine.engine import Scope
from ..mixins.batch import BATCH

# Who answered “nothing yet” is asked again after so many days.
ASK_AGAIN = 30

_logger = logging.getLogger(__name__)


class DunningCase(models.Model):
    """A case is opened, given to somebody as the customer, its follow-up rule or the company
    says, and closed.
    """

    _inherit = "dunning.case"

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
        self.env["dunning.team"]._assign_open(scope, SQL("kase.id IN %s", tuple(self.ids)))

    @api.model
    def _opening(self, scope):
        """Stages that open a case for each debtor with an overdue item in a run that has
        none, and find a responsible where a rule gives it to a team. They are a part of
        the statement that proposes; its stage ``assigned`` has them by debtor.
        """
        opened = SQL(
            """
            SELECT debtor.id, debtor.team_id, debtor.user_id,
                   ROW_NUMBER() OVER (PARTITION BY debtor.team_id ORDER BY debtor.id) AS place
              FROM debtors debtor
             WHERE debtor.id IN (SELECT debtor_id FROM decisions
                             WHERE due < %(date)s AND decision NOT IN %(not_overdue)s)
               AND debtor.id NOT IN (SELECT partner_id FROM dunning_case
                                 WHERE state = 'open' AND company_id = %(company)s)
            """,
            date=scope.date,
            not_overdue=self.env["dunning.engine"]._not_overdue(),
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
            SELECT opened.id, %(company)s, 'open', %(date)s, opened.team_id,
                   COALESCE(opened.user_id, assigned.user_id),
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM opened
              LEFT JOIN assigned ON assigned.id = opened.id
             ORDER BY opened.id
            ON CONFLICT DO NOTHING
            """,
            company=scope.company.id,
            date=scope.date,
            uid=self.env.uid,
        )

    # Cases close by themselves when nothing is overdue any more.

    @api.model
    def _night_close(self, company, date):
        """Close the cases of customers of a company with nothing overdue, batch by batch.
        One that cannot be closed says why, and the others go on.

        :return: whether all are done
        """
        for batch in split_every(BATCH, self._settled_ids(company, date)):
            cases = self._take_next([("id", "in", batch), ("state", "=", "open")])
            cases._all_or_each(lambda some: some._close_settled())
            if not self.env["ir.cron"]._commit_progress(len(batch), remaining=1):
                return False
        return True

    @api.model
    def _settled_ids(self, company, date):
        """Open cases of debtors with nothing overdue, found by one query for the company
        and each of its branches that has any.

        :return: list of ids
        """
        self.env.flush_all()
        found = []
        open_ = Domain("state", "=", "open") & Domain("company_id", "child_of", company.id)
        for [company] in self._read_group(open_, ["company_id"]):
            own = SQL("kase.company_id = %s", company.id)
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT kase.id FROM dunning_case kase
                     WHERE kase.state = 'open' AND %s AND kase.partner_id NOT IN (
                           SELECT debtor_id FROM (%s) owing)
                     ORDER BY kase.id
                    """,
                    own,
                    self._company_balances_sql(company, date, own),
                )
            )
            found += [id_ for [id_] in rows]
        return found

    def _close_settled(self):
        """Close cases, and take back what was asked of people because something was owed."""
        self._close()
        self.write({"error": False})
        self.sudo().activity_ids.filtered("automated").unlink()

    def _explain(self, error):
        if isinstance(error, UserError):
            return str(error)
        _logger.error("%s could not be closed", self, exc_info=error)
        return self.env._("%(error)s. Ask your administrator to look at the log.", error=error)

    # What a case goes through with its customer, and the tasks that runs leave on it.

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
    def _schedule_contact_search(self, run):
        """Schedule the task to find contact data, once, on the open case of each
        debtor that a run could not reach.

        :param run: dunning.run, proposed
        """
        self._unschedule_contact_search(run)
        self._schedule_once(
            run,
            "dunning_advanced.mail_activity_contact",
            lambda env: env._("Find an e-mail or postal address"),
            SQL(
                "SELECT partner_id FROM dunning_line WHERE run_id = %s AND verdict = 'unreachable'",
                run.id,
            ),
        )

    @api.model
    def _schedule_once(self, run, kind, summary, debtors, again=None):
        """Schedule a task on the open cases of some debtors that do not have it.

        Written by one statement: there may be thousands, and an e-mail about each
        of them helps nobody.

        :param run: dunning.run, proposed
        :param kind: XML id of the type of the activity
        :param summary: function of an environment that gives the words in its language
        :param debtors: SQL of a query that gives the ids of the debtors
        :param again: who has had the task and did it after this day is not asked;
            None: whoever did it is asked again
        """
        company = run.company_id
        usual = company._dunning_reader_lang(self.env["res.users"])
        words = self._in_all_languages(summary, usual)
        self.env.flush_all()
        query = SQL(
            """
                INSERT INTO mail_activity (
                    res_model_id, res_model, res_id, res_name, activity_type_id, summary,
                    date_deadline, user_id, automated, active,
                    create_uid, create_date, write_uid, write_date)
                SELECT %(model)s, 'dunning.case', kase.id, partner.complete_name, %(kind)s,
                       COALESCE(%(summaries)s::jsonb ->> person.lang, %(summary)s),
                       %(date)s, COALESCE(kase.user_id, %(user)s), TRUE, TRUE,
                       %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM dunning_case kase
                  JOIN res_partner partner ON partner.id = kase.partner_id
                  LEFT JOIN res_users responsible
                         ON responsible.id = COALESCE(kase.user_id, %(user)s)
                  LEFT JOIN res_partner person ON person.id = responsible.partner_id
                 WHERE kase.state = 'open' AND kase.company_id = %(company)s
                   AND kase.partner_id IN (%(debtors)s)
                   AND NOT EXISTS (SELECT FROM mail_activity activity
                                    WHERE activity.res_model = 'dunning.case'
                                      AND activity.res_id = kase.id
                                      AND activity.activity_type_id = %(kind)s
                                      AND (activity.active OR activity.date_done > %(again)s))
                """,
            model=self.env["ir.model"]._get_id(self._name),
            kind=self.env.ref(kind).id,
            summary=words[usual],
            summaries=json.dumps(words),
            date=run.date,
            user=company._dunning_responsible(self.env["res.users"]).id or None,
            company=company.id,
            debtors=debtors,
            again=again,
            uid=self.env.uid,
        )
        with self.env["dunning.engine"]._planned(run._scope()):
            self.env.cr.execute(query)
        self.env.invalidate_all()

    @api.model
    def _in_all_languages(self, summary, usual):
        """Words in each language that somebody may read, by its code.

        :param summary: function of an environment that gives the words in its language
        :param usual: code that is among them in any case
        """
        codes = {usual, *(code for code, _name in self.env["res.lang"].get_installed())}
        return {code: summary(self.with_context(lang=code).env) for code in codes}

    @api.model
    def _unschedule_contact_search(self, run):
        """Who is reached again needs no search any more: take the task back."""
        tasks = self.env["mail.activity"].sudo()
        kind = self.env.ref("dunning_advanced.mail_activity_contact")
        own = self._search([("company_id", "=", run.company_id.id), ("state", "=", "open")])
        asked = tasks.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", own),
                ("activity_type_id", "=", kind.id),
                ("automated", "=", True),
            ]
        )
        cases = self.browse(asked.mapped("res_id"))
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

    @api.model
    def _open_of(self, records):
        """The open cases of the debtors of some records.

        :param records: of any model with partner_id (a debtor) and company_id
        """
        cases = self.search(
            [
                ("partner_id", "in", records.partner_id.ids),
                ("company_id", "in", records.company_id.ids),
                ("state", "=", "open"),
            ]
        )
        pairs = {(record.partner_id, record.company_id) for record in records}
        return cases.filtered(lambda case: (case.partner_id, case.company_id) in pairs)

    @api.model
    def _schedule_decision(self, run):
        """Schedule the task to decide, once, on the open case of each debtor with an
        item whose ladder is finished and whose customer let the last term pass.

        Nobody is asked about what is on hold, handed over or proposed to be written off.

        :param run: dunning.run, proposed
        """
        self._schedule_once(
            run,
            "dunning_advanced.mail_activity_decide",
            lambda env: env._(
                "All reminders are sent: hand over, write off, or agree on something?"
            ),
            SQL(
                """
                SELECT line.partner_id
                  FROM dunning_line line
                  CROSS JOIN LATERAL (
                       SELECT reminded.date + level.pay_within AS term
                         FROM dunning_line reminded
                         JOIN dunning_level level ON level.id = reminded.level_id
                        WHERE reminded.move_line_id = line.move_line_id
                          AND reminded.state IN ('issued', 'moved')
                        ORDER BY reminded.step DESC, reminded.id DESC
                        LIMIT 1) last
                 WHERE line.run_id = %s AND line.verdict = 'exhausted' AND line.hold_id IS NULL
                   AND last.term < line.date
                   AND NOT EXISTS (SELECT FROM dunning_handover_item handed
                                    WHERE handed.move_line_id = line.move_line_id
                                      AND handed.is_open)
                   AND NOT EXISTS (SELECT FROM dunning_writeoff_item written
                                    WHERE written.move_line_id = line.move_line_id
                                      AND written.is_open)
                """,
                run.id,
            ),
            again=run.date - timedelta(days=ASK_AGAIN),
        )
