from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, format_date

from ..engine.engine import Scope
from ..mixins.company_day import company_today

# A proposal older than this is not confirmed any more: too much has changed.
STALE_DAYS = 30


class DunningRun(models.Model):
    """One dated execution for a company: proposes notices, is reviewed, confirmed."""

    _name = "dunning.run"
    _description = "Dunning Run"
    _inherit = ["dunning.company.day", "dunning.by.button", "mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    date = fields.Date(required=True, default=company_today)
    user_id = fields.Many2one(
        "res.users", string="Proposed by", default=lambda self: self.env.user, readonly=True
    )
    partner_ids = fields.Many2many(
        "res.partner", string="Only these customers", help="Empty: all customers."
    )
    simulation = fields.Boolean(
        help="Decides on the ledger as it was at the end of that day. Nothing can be sent.",
    )
    state = fields.Selection(
        [
            ("draft", "New"),
            ("proposed", "To review"),
            ("confirmed", "Being issued"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    notice_ids = fields.One2many("dunning.notice", "run_id", string="Reminder", readonly=True)
    line_ids = fields.One2many("dunning.line", "run_id", readonly=True)
    not_due_count = fields.Integer(string="Not due", readonly=True, copy=False)
    waiting_count = fields.Integer(string="Waiting", readonly=True, copy=False)
    pending_count = fields.Integer(string="Already on a reminder", readonly=True, copy=False)
    error = fields.Text(readonly=True, copy=False, help="Why the nightly run stopped.")
    stale = fields.Boolean(
        compute="_compute_stale", help="Proposed so long ago that it is not confirmed any more."
    )
    cancelled_count = fields.Integer(compute="_compute_cancelled", string="Cancelled reminders")
    to_correct_count = fields.Integer(
        compute="_compute_cancelled", string="Reminders that need a correction"
    )
    departure_summary = fields.Char(
        compute="_compute_cancelled",
        string="Already sent",
        help="What was already sent when the reminders were cancelled, and what was stopped.",
    )
    notice_count = fields.Integer(compute="_compute_notice_summary", string="Reminders")
    review_count = fields.Integer(compute="_compute_notice_summary", string="Reminders to review")
    error_count = fields.Integer(
        compute="_compute_notice_summary", string="Reminders with problems"
    )
    print_count = fields.Integer(compute="_compute_print_count", string="Letters to print")
    amount_summary = fields.Char(compute="_compute_notice_summary", string="Amounts")
    level_summary = fields.Char(compute="_compute_notice_summary", string="Levels")
    channel_summary = fields.Char(compute="_compute_notice_summary", string="Channels")
    line_count = fields.Integer(compute="_compute_stop_summary", string="Stopped items")
    unreachable_count = fields.Integer(
        compute="_compute_stop_summary", string="Customers without usable contact data"
    )
    stop_summary = fields.Char(compute="_compute_stop_summary", string="Decisions")
    comparison_summary = fields.Char(compute="_compute_comparison", string="Compared")
    last_run_id = fields.Many2one("dunning.run", compute="_compute_last_run")
    since_label = fields.Char(compute="_compute_last_run")
    since_summary = fields.Char(compute="_compute_last_run")
    contact_count = fields.Integer(compute="_compute_warnings", string="Bad e-mail addresses")
    high_count = fields.Integer(compute="_compute_warnings", string="High first reminders")
    key_count = fields.Integer(compute="_compute_warnings", string="Key customers")
    credit_count = fields.Integer(compute="_compute_warnings", string="Open credits")
    unsent_count = fields.Integer(
        compute="_compute_warnings", string="Reminders of invoices that were never sent"
    )
    bank_last = fields.Date(compute="_compute_bank", string="Newest bank transaction")
    bank_is_old = fields.Boolean(
        compute="_compute_bank",
        help="The bank was not looked at for so long that the night lets nothing out by itself.",
    )
    bank_count = fields.Integer(compute="_compute_bank", string="Bank lines not reconciled")
    bank_since = fields.Date(compute="_compute_bank", string="Not reconciled since")
    has_warnings = fields.Boolean(compute="_compute_has_warnings")

    @api.depends("date", "partner_ids", "company_id")
    def _compute_display_name(self):
        """Runs of one day are numbered from the second on."""
        days = Domain("company_id", "in", self.company_id.ids) & Domain(
            "date", "in", self.mapped("date")
        )
        same = self.sudo().search(days, order="id").grouped(lambda run: (run.company_id, run.date))
        for run in self:
            label = self.env._("Run %s", format_date(self.env, run.date))
            earlier = same.get((run.company_id, run.date), self).ids
            if run._origin.id in earlier[1:]:
                label = f"{label} ({earlier.index(run._origin.id) + 1})"
            only = ", ".join(run.partner_ids[:2].mapped("name"))
            more = "…" if len(run.partner_ids) > 2 else ""
            run.display_name = f"{label} · {only}{more}" if only else label

    @api.depends("date", "state")
    def _compute_stale(self):
        for run in self:
            run.stale = run.state == "proposed" and run._is_stale()

    @api.depends("notice_ids.state")
    def _compute_cancelled(self):
        notices, deliveries = self.env["dunning.notice"], self.env["dunning.delivery"]
        cancelled = [("run_id", "in", self.ids), ("state", "=", "cancelled")]
        counts = dict(notices._read_group(cancelled, ["run_id"], ["__count"]))
        to_correct = dict(
            notices._read_group(
                [("run_id", "in", self.ids), ("to_correct", "=", True)], ["run_id"], ["__count"]
            )
        )
        found = deliveries._departures(SQL("notice.run_id"), self.ids, states=("cancelled",))
        for run in self:
            run.cancelled_count = counts.get(run._origin, 0)
            run.to_correct_count = to_correct.get(run._origin, 0)
            run.departure_summary = deliveries._describe_departures(found.get(run._origin.id, []))

    @api.constrains("partner_ids")
    def _check_partners(self):
        self.partner_ids._check_dunning_debtor()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        for run in self:
            if any(notice.state in ("issued", "cancelled") for notice in run.notice_ids):
                raise UserError(
                    self.env._(
                        "%s has sent reminders and stays as the record of them: "
                        "cancel its reminders instead.",
                        run.display_name,
                    )
                )

    # Actions

    def action_propose(self):
        """Propose, or propose again from the state of today's ledger."""
        self.ensure_one()
        self._check_not_closed("draft", "proposed")
        if self.date > self._today():
            raise UserError(
                self.env._(
                    "The run is dated %s, in the future: nobody knows yet what will be paid "
                    "by then. Choose today or an earlier day.",
                    format_date(self.env, self.date),
                )
            )
        self._by_button()._propose()

    def action_propose_today(self):
        """Propose again as of today what was left for too long. Where reminders
        of the run are on their way already, it is closed and a new one made.
        """
        self.ensure_one()
        self._check_not_closed("draft", "proposed", "confirmed")
        today = self._today()
        run = self._by_button()
        if self._is_under_way():
            run.action_cancel()
            run = run.create(
                {
                    "company_id": self.company_id.id,
                    "date": today,
                    "partner_ids": [fields.Command.set(self.partner_ids.ids)],
                }
            )
        run.date = today
        run.action_propose()
        return run != self and run._get_records_action()

    def action_confirm(self):
        """Confirm all notices that still wait for review, and issue a small run at once."""
        self.ensure_one()
        if self.state != "proposed":
            raise UserError(self.env._("Propose the run before you confirm it."))
        self._check_fresh()
        run = self._by_button()
        run._take_turn()
        run.notice_ids.filtered(lambda notice: notice.state == "proposed")._confirm()
        run.activity_unlink(["dunning_advanced.mail_activity_review"])

    def _take_turn(self):
        """Wait for whoever has just pressed a button of these runs.

        :raises psycopg2.errors.SerializationFailure: when something was changed meanwhile; the
            button then begins again, and what it sees is no error for the log
        """
        self.env.cr.execute(
            SQL("SELECT id FROM dunning_run WHERE id IN %s FOR UPDATE", tuple(self.ids) or (0,)),
            log_exceptions=False,
        )

    def action_cancel(self):
        """Drop what is not issued and close the run."""
        for run in self._by_button().filtered(lambda run: run.state not in ("done", "cancelled")):
            waiting = run.notice_ids.filtered(lambda n: n.state in ("proposed", "confirmed"))
            waiting._drop(self.env._("The run was cancelled."))
            run.state = (
                "done"
                if run.notice_ids.filtered(lambda notice: notice.state == "issued")
                else "cancelled"
            )

    def action_view_notices(self):
        """Open the notices of the run, grouped by level."""
        action = self._action_view("dunning_advanced.action_dunning_notice")
        action["context"] = {"search_default_group_level": 1}
        return action

    def action_view_lines(self):
        """Open all stopped items of the run, grouped by decision."""
        action = self._action_view("dunning_advanced.action_dunning_line")
        action["context"] = {"search_default_stopped": 1, "search_default_group_verdict": 1}
        return action

    def action_print_letters(self):
        """The letters of the run that are to print, as one PDF; they count as delivered.

        :raises UserError: when no letter waits to be printed
        """
        return (
            self.env["dunning.delivery"]
            .search(
                [
                    ("notice_id.run_id", "in", self.ids),
                    ("is_printed", "=", True),
                    ("state", "=", "queued"),
                ],
                order="id",
            )
            .action_print()
        )

    def action_undo(self):
        """Ask for the reason, then cancel all issued notices of the run."""
        action = self._issued_notices().action_cancel()
        # not their ids, of which there may be thousands
        return dict(action, context={"default_run_id": self.id, "default_kind": "cancel"})

    def action_correct(self):
        """Send a correction to all customers who have a cancelled notice of the run.

        :raises UserError: when nobody has to be notified, or nobody can be reached
        """
        self.notice_ids.action_correct()

    def action_export_xlsx(self):
        """Download the run as a workbook."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/dunning/run/{self.id}/xlsx",
            "target": "download",
        }

    def action_send_invoices(self):
        """Send the invoices that were never sent, with Odoo's own dialog."""
        self.ensure_one()
        lines = self.env["dunning.line"].search(
            [("notice_id", "in", self.notice_ids.ids), *self.env["dunning.line"]._unsent_domain()]
        )
        return lines.move_id.action_send_and_print()

    def action_view_bank_lines(self):
        """Open the bank lines that should be reconciled before anybody is reminded."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_bank_statement_line"
        )
        return dict(action, domain=self._bank_domain())

    def action_view_gone(self):
        """Open what the last run sent to customers that this one leaves alone."""
        self.ensure_one()
        gone = self._gone_since(self.last_run_id)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_notice"
        )
        domain = [("run_id", "=", self.last_run_id.id), ("partner_id", "in", list(gone))]
        return dict(action, name=self.since_label, domain=domain, context={})

    # Business

    @api.model
    def _open_fields(self, state):
        return {
            None: {"company_id", "date", "partner_ids", "simulation"},
            "draft": {"company_id", "date", "partner_ids", "simulation"},
            "proposed": {"date", "notice_ids"},
            "confirmed": {"notice_ids"},
        }.get(state, set())

    def _action_view(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return dict(action, domain=[("run_id", "=", self.id)], context={})

    def _propose(self):
        """Decide every open item of the company at the date of the run.

        Anything this run proposed before is replaced.

        :raises UserError: when notices of the run are confirmed or issued
            already, or another proposal is under way
        """
        self.ensure_one()
        self.env["dunning.engine"]._lock(self.company_id)
        self._check_receivable()
        self._forget_proposal()
        if not self.simulation:
            self.env["dunning.team"]._assign_open(self._scope(), SQL("TRUE"))
        counts = self.env["dunning.engine.group"]._propose(self._scope())
        sends = counts.get("dun") and not self.simulation
        self.write(
            {
                "state": "proposed" if sends else "done",
                **self.env["dunning.engine"]._counts(counts),
                "error": False,
            }
        )
        if not self.simulation:
            self.env["dunning.case"]._schedule_contact_search(self)
            self.env["dunning.case"]._schedule_decision(self)
        return counts

    def _forget_proposal(self):
        """Delete what this run proposed before.

        :raises UserError: when notices are confirmed or issued already
        """
        if self._is_under_way():
            raise UserError(
                self.env._("Reminders of this run are on their way already: start a new run.")
            )
        # all at once: there may be a million lines
        self.env.flush_all()
        self.env.cr.execute(SQL("DELETE FROM dunning_line WHERE run_id = %s", self.id))
        self.env["dunning.notice"]._erase(self)

    def _is_under_way(self):
        """Whether any notice of the run has been confirmed or issued."""
        domain = [("run_id", "in", self.ids), ("state", "not in", ("proposed", "dropped"))]
        return bool(self.env["dunning.notice"].search_count(domain, limit=1))

    def _check_receivable(self):
        """A company in which nobody can owe anything is told so.

        :raises UserError: when it has no receivable account
        """
        companies = (
            self.env["res.company"].sudo().search([("id", "child_of", self.company_id.root_id.id)])
        )
        accounts = self.env["dunning.engine.item"]._receivables()
        if not accounts.company_ids & companies:
            raise UserError(
                self.env._(
                    "%s has no receivable account, so no customer can owe it anything. Install "
                    "its chart of accounts in the settings of Invoicing, or make an account of "
                    "the type “Receivable”, and propose again. If it never sends invoices, "
                    "switch off “Propose reminders every night” in its settings.",
                    self.company_id.name,
                )
            )

    def _is_stale(self):
        return (self._today() - self.date).days > STALE_DAYS

    def _check_not_closed(self, *states):
        """:raises UserError: when a run is in another state"""
        for run in self:
            if run.state not in states:
                raise UserError(self.env._("%s is closed: start a new run.", run.display_name))

    def _check_fresh(self):
        """Refuse a proposal that was left for too long.

        :raises UserError: says to propose again
        """
        for run in self.filtered(lambda run: run._is_stale()):
            raise UserError(
                self.env._(
                    "%(run)s was proposed more than %(days)s days ago and much has changed "
                    "since: choose “Propose again as of today” on it.",
                    run=run.display_name,
                    days=STALE_DAYS,
                )
            )
        for run in self.filtered(lambda run: run._is_redated()):
            raise UserError(
                self.env._(
                    "The date of %(run)s was changed after it was proposed: choose “Propose "
                    "again” on it.",
                    run=run.display_name,
                )
            )

    def _is_redated(self):
        """Whether its reminders were proposed as of another day."""
        domain = [("run_id", "=", self.id), ("state", "=", "proposed"), ("date", "!=", self.date)]
        return bool(self.env["dunning.notice"].search_count(domain, limit=1))

    def _scope(self):
        return Scope(
            company=self.company_id,
            date=self.date,
            partner_ids=tuple(self.partner_ids.ids),
            run_id=self.id,
            as_of=self.simulation,
        )

    def _refresh_state(self):
        """Follow the notices: done when none waits any more."""
        for run in self:
            groups = self.env["dunning.notice"]._read_group([("run_id", "=", run.id)], ["state"])
            states = {state for [state] in groups}
            if "proposed" in states:
                run.state = "proposed"
            elif "confirmed" in states:
                run.state = "confirmed"
            elif run.state not in ("draft", "cancelled"):
                run.state = "done"

    # The run of every night: proposes, lets go out what may, asks for the rest.

    @api.model
    def _night_propose(self, company, date):
        """Propose for a company that wishes it, confirm what levels and rules let go out
        by themselves, and ask people to review the rest.
        """
        if company.dunning_nightly:
            self._propose_nightly(company, date)

    @api.model
    def _propose_nightly(self, company, date):
        """The run of one company and night; its failure stays its own.

        :return: dunning.run
        """
        run = self._nightly_run(company, date)
        if run.state != "draft":
            return run
        try:
            with self.env.cr.savepoint():
                run._propose()
                if not run._bank_is_old():
                    run.notice_ids.filtered(
                        lambda notice: notice.state == "proposed" and not notice.to_review
                    )._confirm()
                run._schedule_review()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:  # noqa: BLE001 - one company never stops the others
            if run.error != str(error):
                run.message_post(body=self.env._("The nightly run stopped: %s", error))
            run.error = str(error)
        return run

    @api.model
    def _nightly_run(self, company, date):
        """The run of a night: one that is there, also the one that failed the
        nights before, else a new one.
        """
        run = self.search(
            Domain("company_id", "=", company.id)
            & Domain("simulation", "=", False)
            & Domain("partner_ids", "=", False)
            & (
                Domain("date", "=", date)
                | Domain("state", "=", "draft") & Domain("error", "!=", False)
            ),
            order="date desc, id desc",
            limit=1,
        )
        if not run:
            return self.create({"company_id": company.id, "date": date})
        if run.state == "draft":
            run.date = date
        return run

    def _schedule_review(self, responsible=None):
        """One activity for each responsible with notices to review.

        :param responsible: res.users, to ask this one only
        """
        for run in self:
            domain = [("run_id", "=", run.id), ("state", "=", "proposed")]
            if responsible:
                domain.append(("user_id", "=", responsible.id))
            groups = self.env["dunning.notice"]._read_group(domain, ["user_id"], ["__count"])
            for user, count in groups:
                reader = run.company_id._dunning_responsible(user)
                words = run.with_context(lang=run.company_id._dunning_reader_lang(reader)).env
                run.activity_schedule(
                    "dunning_advanced.mail_activity_review",
                    date_deadline=run.date,
                    summary=words._("Review %s reminders", count),
                    user_id=reader.id,
                )

    # Cancelling a whole run, and notifying the customers who have it already.

    def _issued_notices(self):
        """The notices that can be cancelled.

        :raises UserError: when there are none
        """
        self.ensure_one()
        issued = self.notice_ids.filtered(lambda notice: notice.state == "issued")
        if not issued:
            raise UserError(self.env._("This run has sent nothing that could be cancelled."))
        return issued
