from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..mixins.batch import BATCH
from ..mixins.labels import label

OPEN = ("draft", "handed")


class DunningHandover(models.Model):
    """Items that a collection agency, a lawyer or a court follows up instead of us."""

    _name = "dunning.handover"
    _description = "Hand-over"
    _inherit = ["dunning.escalation"]
    _order = "id desc"

    name = fields.Char(string="Number", readonly=True, copy=False)
    kind = fields.Selection(
        [("agency", "Collection agency"), ("lawyer", "Lawyer"), ("court", "Court")],
        required=True,
        default="agency",
        tracking=True,
    )
    agency_id = fields.Many2one(
        "res.partner",
        string="Handed over to",
        required=True,
        ondelete="restrict",
        default=lambda self: self.env.company.dunning_agency_id,
        tracking=True,
    )
    reference = fields.Char(string="Their reference", tracking=True)
    note = fields.Text(
        string="Message", help="What they should know. It stands on the first page of the file."
    )
    line_ids = fields.One2many("dunning.handover.item", "step_id")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("handed", "Handed over"),
            ("returned", "Returned"),
            ("closed", "Closed"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
        index=True,
    )
    outcome = fields.Selection(
        [("paid", "Paid"), ("unsuccessful", "Unsuccessful"), ("withdrawn", "Withdrawn by us")],
        readonly=True,
        copy=False,
        tracking=True,
    )
    end_reason = fields.Char(string="Why it ended", readonly=True, copy=False)
    date_handed = fields.Date(string="Handed over on", readonly=True, copy=False)
    handed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    date_end = fields.Date(string="Ended on", readonly=True, copy=False)
    ended_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    hold_id = fields.Many2one("dunning.hold", readonly=True, copy=False)
    fee_ids = fields.One2many("dunning.handover.fee", "handover_id", copy=False)
    attachment_id = fields.Many2one("ir.attachment", string="File", readonly=True, copy=False)
    date_package = fields.Datetime(string="File made on", readonly=True, copy=False)
    amount_handed = fields.Monetary(
        string="Handed over (value)",
        currency_field="company_currency_id",
        compute="_compute_amount_handed",
        store=True,
        help="What was open on the day of the hand-over, in company currency.",
    )
    amount_left = fields.Monetary(
        string="Open now (value)",
        currency_field="company_currency_id",
        compute="_compute_amounts_left",
        help="What is still open of the items, in company currency.",
    )
    amount_settled = fields.Monetary(
        string="Settled since (value)",
        currency_field="company_currency_id",
        compute="_compute_amounts_left",
        help="Paid or credited since the hand-over, in company currency.",
    )
    summary_handed = fields.Char(string="Open at hand-over", compute="_compute_summaries")
    summary_left = fields.Char(string="Open now", compute="_compute_summaries")
    summary_settled = fields.Char(string="Settled since", compute="_compute_summaries")
    summary_fees = fields.Char(string="Their fees", compute="_compute_summaries")
    notice_ids = fields.One2many("dunning.notice", string="Reminder", compute="_compute_history")
    charge_ids = fields.One2many("dunning.charge", compute="_compute_history")
    objection = fields.Text(
        compute="_compute_objection", help="Why a manager has to confirm the hand-over."
    )

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for handover in self:
            handover.display_name = " · ".join(
                filter(None, (handover.name, handover.partner_id.display_name))
            )

    @api.depends("line_ids.amount_company")
    def _compute_amount_handed(self):
        for handover in self:
            handover.amount_handed = sum(handover.line_ids.mapped("amount_company"))

    @api.depends("amount_handed", "line_ids.move_line_id")
    def _compute_amounts_left(self):
        for handover in self:
            items = handover.line_ids.move_line_id.filtered(
                lambda item: item.parent_state == "posted"
            )
            handover.amount_left = sum(items.mapped("amount_residual"))
            handover.amount_settled = handover.amount_handed - handover.amount_left

    @api.depends("line_ids.amount", "line_ids.move_line_id", "fee_ids.amount")
    def _compute_summaries(self):
        for handover in self:
            lines = handover.line_ids
            handover.summary_handed = lines._by_currency(lambda line: line.amount)
            handover.summary_left = lines._by_currency(lambda line: line._left())
            handover.summary_settled = lines._by_currency(lambda line: line.amount - line._left())
            handover.summary_fees = handover.fee_ids._by_currency(lambda fee: fee.amount)

    @api.depends("line_ids.move_line_id")
    def _compute_history(self):
        for handover in self:
            items = handover.line_ids.move_line_id
            handover.notice_ids = (
                self.env["dunning.line"]
                .search([("move_line_id", "in", items.ids), ("state", "=", "issued")])
                .notice_id.filtered(lambda notice: notice.state == "issued")
                .sorted(lambda notice: (notice.date, notice.id))
            )
            handover.charge_ids = self.env["dunning.charge"].search(
                [("move_line_id", "in", items.ids), ("state", "=", "open")], order="date, id"
            )

    @api.depends("line_ids.move_line_id", "state")
    def _compute_objection(self):
        for handover in self:
            saved = handover._origin and handover.state == "draft"
            handover.objection = saved and "\n".join(
                handover._origin._objections(handover._today())
            )

    @api.model_create_multi
    def create(self, vals_list):
        handovers = super().create(vals_list)
        for handover in handovers.sudo():
            sequence = self.env["ir.sequence"].with_company(handover.company_id).sudo()
            handover.name = sequence.next_by_code("dunning.handover")
        return handovers

    @api.ondelete(at_uninstall=False)
    def _unlink_except_handed(self):
        if any(handover.state != "draft" for handover in self):
            raise UserError(
                self.env._("A hand-over that took place stays as the record of it: close it.")
            )

    # Actions

    def action_hand_over(self):
        """Hand the items over: from today on they are not reminded of.

        :raises UserError: when an item is not open, was agreed on, or needs a manager
        """
        for today, handovers in self._by_day():
            handovers._hand_over(today)

    def action_hand_over_early(self):
        """As :meth:`action_hand_over`, by a manager who sees what stands against it."""
        if not self.env.user.has_group("dunning_advanced.group_manager"):
            raise UserError(
                self.env._("Only a dunning manager may hand over before the last reminder.")
            )
        for today, handovers in self._by_day():
            handovers._hand_over(today, confirmed=True)

    def action_return(self):
        """Ask why the items come back; dunning goes on."""
        self._check_handed()
        return self.env["dunning.reason"]._open_dialog(
            "return", self.env._("Mark as returned"), handover_ids=self
        )

    def action_close(self):
        """Ask what came of it."""
        self._check_handed()
        return self.env["dunning.reason"]._open_dialog(
            "close", self.env._("Close"), handover_ids=self
        )

    def action_build_package(self):
        """Make the file, or make it again, and download it.

        :raises UserError: when there are no items
        """
        self.ensure_one()
        self.check_access("write")
        self._build_package(self._today())
        return self.action_download()

    def action_download(self):
        """Download the file as it was made."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "download",
        }

    def action_send(self):
        """Open an e-mail to the agency with the file attached; made first where it is
        missing.
        """
        self.ensure_one()
        if not self.agency_id.email:
            raise UserError(
                self.env._("%s has no e-mail address: enter one.", self.agency_id.display_name)
            )
        if not self.attachment_id:
            self._build_package(self._today())
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send the file"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_template_id": self.env.ref(
                    "dunning_advanced.mail_template_handover", raise_if_not_found=False
                ).id,
                "default_attachment_ids": self.attachment_id.ids,
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "force_email": True,
            },
        }

    # Business

    @api.model
    def _open_fields(self, state):
        drafted = {"agency_id", "fee_ids", "item_ids", "kind", "note", "reference"}
        return {
            None: drafted | {"company_id", "partner_id"},
            "draft": drafted,
            "handed": {"fee_ids", "note", "reference"},
        }.get(state, {"fee_ids", "reference"})

    def _is_editable(self):
        return self.state == "draft"

    # How it begins

    def _objections(self, date):
        """Why the hand-over is not for everybody to decide.

        :return: list of sentences, empty where the ladder of all items is finished
        """
        self.ensure_one()
        found = []
        if early := self.line_ids.move_line_id - self._finished(date):
            found.append(
                self.env._(
                    "The last reminder has not been sent, or its time to pay is not over: %s.",
                    ", ".join(early.mapped(lambda item: item.move_name or item.display_name)),
                )
            )
        found.extend(
            self.env._("On hold: %(hold)s (%(held)s).", hold=hold.display_name, held=hold.subject)
            for hold in self._active_holds(date)
        )
        return found

    def _hand_over(self, date, confirmed=False):
        self.check_access("write")
        for handover in self:
            handover._check_ready(date, confirmed)
            handover._refresh_amounts()
            handover.sudo().write(
                {
                    "state": "handed",
                    "date_handed": date,
                    "handed_by_id": self.env.uid,
                    "hold_id": handover._hold(date).id,
                }
            )
            handover._log_on_case(
                self.env._(
                    "Handed over to %(agency)s: %(handover)s, %(amount)s.",
                    agency=handover.agency_id.display_name,
                    handover=handover._get_html_link(),
                    amount=handover.summary_handed,
                )
            )
        self._end_decisions()

    def _check_ready(self, date, confirmed):
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._("%s was handed over already.", self.display_name))
        self._check_open()
        self._check_agreements(date)
        objections = self._objections(date)
        if objections and not confirmed:
            raise UserError(
                "\n".join([self.env._("Only a dunning manager may hand this over:"), *objections])
            )
        if objections:
            self._message_log(body=self.env._("Confirmed all the same: %s", " ".join(objections)))

    def _refresh_amounts(self):
        """What is open on the day of the hand-over is what counts."""
        lines = self.line_ids.sudo()
        for line in lines:
            line.amount = line.move_line_id.amount_residual_currency
            line.amount_told = line.amount
        lines._compute_amount_company()

    def _hold(self, date):
        return (
            self.env["dunning.hold"]
            .sudo()
            .create(
                {
                    "reason_id": self.env.ref("dunning_advanced.hold_reason_legal").id,
                    "name": f"{self.name} · {self.agency_id.name}",
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "user_id": self.env.uid,
                    "item_ids": [Command.set(self.line_ids.move_line_id.ids)],
                    "date_from": date,
                }
            )
        )

    def _end_decisions(self):
        cases = self.env["dunning.case"]._open_of(self)
        cases.activity_unlink(["dunning_advanced.mail_activity_decide"])

    def _check_handed(self):
        for handover in self:
            if handover.state != "handed":
                raise UserError(
                    self.env._("%s is not handed over at the moment.", handover.display_name)
                )

    def _end(self, state, reason, date, outcome=False):
        """End hand-overs; dunning of what is still open goes on at the level before.

        :param state: "returned" or "closed"
        :param reason: text
        :param outcome: of a closed one
        :raises UserError: when one is not handed over
        """
        self._check_handed()
        self.check_access("write")
        self.sudo().write(
            {
                "state": state,
                "outcome": outcome,
                "end_reason": reason,
                "date_end": date,
                "ended_by_id": self.env.uid,
            }
        )
        self.hold_id.filtered("active").sudo()._lift(reason, date)
        self.activity_unlink(["dunning_advanced.mail_activity_agency"])
        for handover in self:
            handover._log_on_case(
                self.env._(
                    "%(handover)s: %(state)s. %(reason)s",
                    handover=handover._get_html_link(),
                    state=handover._end_name(),
                    reason=reason or "",
                )
            )

    def _end_name(self):
        name = "outcome" if self.outcome else "state"
        return label(self, name)

    @api.model
    def _night_watch(self, company, date):
        """Tell the responsible what was paid or credited of items of a company that were
        handed over: the agency has to know.

        :return: whether all are done
        """
        while changed := self._changed(company, BATCH):
            changed._notify_changes(date)
            if not self.env["ir.cron"]._commit_progress(len(changed), remaining=1):
                return False
        return True

    @api.model
    def _changed(self, company, limit):
        """Hand-overs of which something else is open than the responsible knows."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT handed.step_id
                  FROM dunning_handover handover
                  JOIN dunning_handover_item handed ON handed.step_id = handover.id
                  LEFT JOIN account_move_line aml
                         ON aml.id = handed.move_line_id AND aml.parent_state = 'posted'
                 WHERE handover.state = 'handed' AND handover.company_id IN %s
                   AND handed.amount_told <> COALESCE(aml.amount_residual_currency, 0)
                 ORDER BY handed.step_id
                 LIMIT %s
                """,
                company._dunning_companies()._ids,
                limit,
            )
        )
        return self.browse(id_ for [id_] in rows)

    def _notify_changes(self, date):
        """One activity for each of these hand-overs; one that is open gets the news."""
        kind = self.env.ref("dunning_advanced.mail_activity_agency")
        known = self.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)
        open_ones = known.grouped("res_id")
        values = []
        for handover in self:
            lang = handover.company_id._dunning_reader_lang(handover._informed())
            text = handover.with_context(lang=lang)._change_words()
            if handover.id in open_ones:
                open_ones[handover.id].summary = text
            else:
                values.append(handover._change_activity(kind, text, date))
            handover._message_log(body=text)
            for line in handover.line_ids.sudo():
                line.amount_told = line._left()
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(values)

    def _change_words(self):
        return self.env._(
            "Notify %(agency)s: %(settled)s settled, %(left)s still open",
            agency=self.agency_id.name,
            settled=self.summary_settled,
            left=self.summary_left,
        )

    def _change_activity(self, kind, text, date):
        return {
            "res_model_id": self.env["ir.model"]._get_id(self._name),
            "res_id": self.id,
            "activity_type_id": kind.id,
            "summary": text,
            "date_deadline": date,
            "user_id": self._informed().id,
            "automated": True,
        }

    def _informed(self):
        """Who tells the agency what changed."""
        return self._responsible() or self.handed_by_id


class DunningHandoverItem(models.Model):
    """An item that was handed over; the database allows it one open hand-over."""

    _name = "dunning.handover.item"
    _description = "Item Handed Over"
    _inherit = ["dunning.escalation.item"]

    step_id = fields.Many2one(
        "dunning.handover", string="Hand-over", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="step_id.company_id", store=True, precompute=True)
    amount = fields.Monetary(string="Open at hand-over", readonly=True)
    amount_told = fields.Monetary(
        string="Open when last notified",
        readonly=True,
        help="What was open when the responsible was notified the last time.",
    )

    _one_open = models.UniqueIndex(
        "(move_line_id) WHERE is_open",
        "One of these items is in another hand-over: return or close that one first.",
    )

    @api.depends("step_id.state")
    def _compute_is_open(self):
        for line in self:
            line.is_open = line.step_id.state in OPEN

    @api.model
    def _check_not_handed(self, items):
        """
        :param items: account.move.line
        :raises UserError: while an agency works on one of them
        """
        handed = self.sudo().search(
            [("move_line_id", "in", items.ids), ("step_id.state", "=", "handed")], limit=1
        )
        if handed:
            raise UserError(
                self.env._(
                    "%(item)s is handed over: %(handover)s. Close the hand-over first.",
                    item=handed.name,
                    handover=handed.step_id.display_name,
                )
            )

    def _by_currency(self, amount):
        pairs = [(line.currency_id, amount(line)) for line in self]
        return self.env["res.currency"]._dunning_sums(pairs)

    def _facts(self, date):
        """The item as a row of the claim."""
        item = self.move_line_id
        invoiced = item.move_id.invoice_date or item.date
        return {
            "name": self.name,
            "date": invoiced,
            "due": self.date_maturity,
            "days": max((date - self.date_maturity).days, 0),
            "original": item.amount_currency,
            "paid": item.amount_currency - self.amount_left,
            "open": self.amount_left,
        }


class DunningHandoverFee(models.Model):
    """What the agency, the lawyer or the court asks of us."""

    _name = "dunning.handover.fee"
    _description = "Fee of a Hand-over"
    _inherit = ["dunning.by.button"]
    _part_of = "handover_id"
    _order = "date, id"
    _check_company_auto = True

    handover_id = fields.Many2one(
        "dunning.handover", string="Hand-over", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="handover_id.company_id", store=True, precompute=True)
    date = fields.Date(
        required=True, compute="_compute_date", store=True, readonly=False, precompute=True
    )
    name = fields.Char(string="For", required=True)
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    amount = fields.Monetary(required=True)
    bill_id = fields.Many2one(
        "account.move",
        string="Vendor bill",
        domain="[('move_type', 'in', ('in_invoice', 'in_receipt')),"
        " ('company_id', 'child_of', company_id)]",
        ondelete="set null",
        index="btree_not_null",
    )

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A fee is an amount above zero: enter what they ask."
    )

    @api.depends("handover_id")
    def _compute_date(self):
        for fee in self:
            fee.date = fee.date or fee.handover_id._today()

    @api.model
    def _open_fields(self, state):
        asked = {"amount", "bill_id", "currency_id", "date", "name"}
        return asked if state else asked | {"handover_id"}

    def _open_state(self):
        return self.handover_id.state

    def _by_currency(self, amount):
        pairs = [(fee.currency_id, amount(fee)) for fee in self]
        return self.env["res.currency"]._dunning_sums(pairs)
