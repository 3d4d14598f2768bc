from markupsafe import Markup

from odoo import Command, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date


class DunningWriteoff(models.Model):
    """How a proposal is decided and booked."""

    _inherit = "dunning.writeoff"

    def action_approve(self):
        """Approve these proposals and book them.

        :raises AccessError: for others than managers
        :raises UserError: when somebody else has to approve, something is not open any
            more, or the account or journal is missing
        """
        today = fields.Date.context_today(self)
        for writeoff in self:
            writeoff._check_may_approve()
            writeoff._check_open()
            writeoff._check_agreements(today)
            items = writeoff.line_ids.move_line_id
            self.env["dunning.handover.item"]._check_not_handed(items)
            writeoff.line_ids._check_amount()
            writeoff._book()
            writeoff._decide("approved", today)
            writeoff._tell_case(
                self.env._(
                    "Written off %(amount)s: %(links)s",
                    amount=writeoff.summary,
                    links=writeoff._entry_links(),
                )
            )

    def action_reject(self):
        """Ask why these proposals are rejected."""
        self._check_manager()
        return self.env["dunning.reason"]._ask(
            "reject_writeoff", self.env._("Reject"), writeoff_ids=self
        )

    def action_undo(self):
        """Open Odoo's own dialog to reverse the entries: the invoices are open again.

        :raises UserError: when there is nothing to reverse
        """
        self._check_manager()
        entries = self.entry_ids.filtered(lambda entry: not entry.reversal_move_ids)
        if not entries:
            raise UserError(self.env._("There is no entry of this write-off left to reverse."))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_view_account_move_reversal"
        )
        context = {"active_model": "account.move", "active_ids": entries.ids}
        return dict(action, context=context)

    def action_view_entries(self):
        """Open the entries that book the write-off."""
        return self.entry_ids._get_records_action(name=self.env._("Entries"))

    # Checks

    def _check_manager(self):
        if not (self.env.su or self.env.user.has_group("dunning_advanced.group_manager")):
            raise AccessError(self.env._("Only a dunning manager decides about write-offs."))

    def _check_may_approve(self):
        self._check_manager()
        self._check_waits()
        if self._needs_another(self.env.user):
            raise UserError(self._say_another())

    def _check_waits(self):
        for writeoff in self:
            if writeoff.state != "proposed":
                raise UserError(self.env._("%s was decided about already.", writeoff.display_name))

    # Deciding

    def _decide(self, state, date, decision=False):
        self.sudo().write(
            {
                "state": state,
                "decision": decision,
                "date_decided": date,
                "decided_by_id": self.env.uid,
            }
        )
        self.activity_unlink(["dunning_advanced.mail_activity_writeoff"])

    def _reject(self, reason, date):
        """Turn proposals down; the items stay as they are.

        :param reason: text
        :raises UserError: when one was decided about already
        """
        self._check_manager()
        self._check_waits()
        self._decide("rejected", date, reason)
        for writeoff in self:
            writeoff._tell_case(
                self.env._(
                    "Not written off: %(link)s. %(reason)s",
                    link=writeoff._get_html_link(),
                    reason=reason,
                )
            )

    def _ask_for_approval(self):
        """Schedule the task to decide, for the responsible or a manager."""
        user = self._approver()
        if user:
            self.sudo().activity_schedule(
                "dunning_advanced.mail_activity_writeoff",
                self.date_proposed,
                summary=self.env._("Decide: %s", self.display_name),
                user_id=user.id,
            )
        self.env["dunning.case"]._open_of(self).activity_unlink(
            ["dunning_advanced.mail_activity_decide"]
        )

    def _approver(self):
        """The manager who is asked: the responsible of the company if that is one."""
        managers = (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", self.env.ref("dunning_advanced.group_manager").ids),
                    ("company_ids", "in", self.company_id.ids),
                    ("share", "=", False),
                ],
                order="id",
            )
        ).filtered(lambda user: not self._needs_another(user))
        return (self.company_id.dunning_user_id & managers) or managers[:1]

    # Booking

    def _book(self):
        """One entry for each company of the items, reconciled with them.

        Each item is credited with what it is worth in the books, so that nothing is
        left in any currency. Taxes are not corrected: that is left to the accountant.

        :raises UserError: when the account or the journal is missing
        """
        self.ensure_one()
        self._check_settings()
        lines = self.line_ids.sudo()
        lines._compute_amount_company()
        moves = self.env["account.move"]
        for company, own in lines.grouped(lambda line: line.move_line_id.company_id).items():
            move = moves.with_company(company).create(self._entry_values(company, own))
            self._tell_day(move)
            move._post(soft=False)
            own.entry_id = move
            credits = move.line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            ).sorted("sequence")
            self.env["account.move.line"]._reconcile_plan(
                [line.move_line_id | credit for line, credit in zip(own, credits, strict=True)]
            )
            moves |= move
        return moves

    def _check_settings(self):
        company = self.company_id
        for field, what in (
            ("dunning_writeoff_account_id", self.env._("the account for bad debts")),
            ("dunning_writeoff_journal_id", self.env._("the journal for write-offs")),
        ):
            if not company[field]:
                raise UserError(
                    self.env._(
                        "Nothing can be written off in %(company)s yet: choose %(what)s in "
                        "Dunning > Configuration > Settings.",
                        company=company.name,
                        what=what,
                    )
                )

    def _entry_values(self, company, lines):
        rows = []
        for sequence, line in enumerate(lines):
            item = line.move_line_id
            shared = {
                "name": self.env._("Write-off %s", line.name),
                "partner_id": item.partner_id.id,
                "currency_id": line.currency_id.id,
            }
            for account, sign in (
                (item.account_id, -1),
                (self.company_id.dunning_writeoff_account_id, 1),
            ):
                rows.append(
                    {
                        **shared,
                        "sequence": 2 * sequence + (sign > 0),
                        "account_id": account.id,
                        "amount_currency": sign * line.amount,
                        "balance": sign * line.amount_company,
                    }
                )
        return {
            "move_type": "entry",
            "company_id": company.id,
            "journal_id": self.company_id.dunning_writeoff_journal_id.id,
            "date": self.date,
            "ref": self.env._("Write-off: %s", self.partner_id.name),
            "line_ids": [Command.create(row) for row in rows],
        }

    def _tell_day(self, move):
        """Book on the first open day, and say so where that is another one."""
        open_day = move._dunning_open_day(has_tax=False)
        if open_day == move.date:
            return
        wanted, move.date = move.date, open_day
        self._message_log(
            body=self.env._(
                "Booked on %(day)s instead of %(wanted)s, because the books are locked until then.",
                day=format_date(self.env, open_day),
                wanted=format_date(self.env, wanted),
            )
        )

    def _entry_links(self):
        return Markup(", ").join(entry._get_html_link() for entry in self.entry_ids)
