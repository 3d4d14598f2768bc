from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..agreement.agreement import CHANNELS
from ..mixins.labels import label, labels
from .terms import TERMS

# The report that prints it.
PLAN = "dunning_advanced.payment_plan"

LIVE = ("offered", "running")

# Terms that stay as the plan was made with.
FIXED = {"partner_id", "company_id", "currency_id", "date_made"}


class DunningPaymentPlan(models.Model):
    """An agreed schedule over named items. Dunning of these waits while it is kept."""

    _name = "dunning.payment.plan"
    _description = "Payment Plan"
    _inherit = [
        "dunning.by.button",
        "dunning.installment.terms",
        "dunning.batch",
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(string="Number", required=True, readonly=True, copy=False, default="/")
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        tracking=True,
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("to_approve", "To approve"),
            ("offered", "Offered"),
            ("running", "Running"),
            ("completed", "Completed"),
            ("defaulted", "Defaulted"),
            ("replaced", "Replaced"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
        group_expand=True,
    )
    to_book = fields.Boolean(
        readonly=True, copy=False, help="Completed, but charges or interest are not booked yet."
    )
    error = fields.Text(readonly=True, copy=False, help="Why the plan could not be updated.")
    # What was agreed
    line_ids = fields.One2many("dunning.payment.plan.item", "plan_id", string="Items")
    installment_ids = fields.One2many("dunning.installment", "plan_id", copy=False)
    replace_promises = fields.Boolean(help="Promises about these items end with the plan.")
    # What it comes to
    amount_items = fields.Monetary(string="Invoices", readonly=True, copy=False)
    amount_interest = fields.Monetary(
        string="Interest in all", readonly=True, copy=False, help="With tax, where there is any."
    )
    amount_total = fields.Monetary(
        string="Total", compute="_compute_amounts", store=True, tracking=True
    )
    amount_credited = fields.Monetary(string="Credited", compute="_compute_amounts", store=True)
    amount_paid = fields.Monetary(string="Paid", compute="_compute_amounts", store=True)
    amount_open = fields.Monetary(string="To pay", compute="_compute_amounts", store=True)
    installment_count = fields.Integer(
        string="Number of installments", compute="_compute_amounts", store=True
    )
    progress = fields.Float(string="Paid (%)", compute="_compute_progress")
    date_last = fields.Date(
        string="Last installment", compute="_compute_amounts", store=True, tracking=True
    )
    date_next = fields.Date(
        string="Next installment",
        compute="_compute_amounts",
        store=True,
        help="The first one that is not paid.",
    )
    amount_next = fields.Monetary(string="Next amount", compute="_compute_amounts", store=True)
    # Its life
    date_offered = fields.Date(string="Offered on", readonly=True, copy=False)
    date_valid = fields.Date(
        string="Valid until", copy=False, help="The customer may accept it until this day."
    )
    date_start = fields.Date(string="Accepted on", readonly=True, copy=False, tracking=True)
    accepted_channel = fields.Selection(CHANNELS, string="Accepted how", readonly=True, copy=False)
    signed_by = fields.Char(string="Accepted by", readonly=True, copy=False)
    signed_on = fields.Datetime(string="Signed at", readonly=True, copy=False)
    signature = fields.Image(readonly=True, copy=False, attachment=True, max_width=1024)
    date_arrears = fields.Date(
        string="In arrears since", readonly=True, copy=False, tracking=True, index="btree_not_null"
    )
    date_cure = fields.Date(
        string="Make up by", readonly=True, copy=False, help="After it somebody decides."
    )
    date_proposed = fields.Date(
        string="End proposed on",
        readonly=True,
        copy=False,
        help="The arrears were not made up for: somebody has to decide.",
    )
    arrears_count = fields.Integer(string="Times in arrears", readonly=True, copy=False)
    date_default = fields.Date(string="Defaulted on", readonly=True, copy=False)
    date_end = fields.Date(string="Ended on", readonly=True, copy=False)
    ended_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approval_reason = fields.Text(string="Needs approval", readonly=True, copy=False)
    approved_by_id = fields.Many2one("res.users", string="Approved by", readonly=True, copy=False)
    date_approved = fields.Date(string="Approved on", readonly=True, copy=False)
    version = fields.Integer(default=1, readonly=True, copy=False)
    replaces_id = fields.Many2one(
        "dunning.payment.plan",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    replaced_by_ids = fields.One2many(
        "dunning.payment.plan", "replaces_id", string="Replaced by", copy=False
    )
    hold_id = fields.Many2one("dunning.hold", readonly=True, copy=False)
    interest_move_id = fields.Many2one(
        "account.move", string="Invoice of the interest", readonly=True, copy=False
    )
    settlement = fields.Monetary(
        string="To settle it today",
        compute="_compute_settlement",
        help="What is open, with the interest of today.",
    )
    settlement_note = fields.Char(compute="_compute_settlement")
    decline_reason = fields.Text(
        string="Declined because", readonly=True, copy=False, help="In the customer's words."
    )
    lang = fields.Char(
        compute="_compute_lang",
        string="Language",
        help="Of the contact, else of the customer, else of the company.",
    )
    greeting = fields.Char(compute="_compute_greeting", help="For the texts of the e-mails.")
    attachment_id = fields.Many2one(
        "ir.attachment",
        string="Agreement (PDF)",
        readonly=True,
        copy=False,
        help="The plan as it was accepted, or as it was changed last.",
    )

    _live = models.Index("(id) WHERE state IN ('offered', 'running')")

    _of_debtor = models.Index("(partner_id, company_id) WHERE state IN ('offered', 'running')")

    @api.depends(
        "installment_ids.amount",
        "installment_ids.amount_credited",
        "installment_ids.amount_paid",
        "installment_ids.date",
    )
    def _compute_amounts(self):
        for plan in self:
            rows = plan.installment_ids.sorted("date")
            left = rows.filtered(lambda row: row.currency_id.compare_amounts(row.amount_open, 0))
            plan.amount_total = sum(rows.mapped("amount"))
            plan.amount_credited = sum(rows.mapped("amount_credited"))
            plan.amount_paid = sum(rows.mapped("amount_paid"))
            plan.amount_open = sum(rows.mapped("amount_open"))
            plan.installment_count = len(rows.filtered("sequence"))
            plan.date_last = rows[-1:].date
            plan.date_next = left[:1].date
            plan.amount_next = left[:1].amount_open

    @api.depends("amount_total", "amount_open")
    def _compute_progress(self):
        for plan in self:
            done = plan.amount_total - plan.amount_open
            plan.progress = plan.amount_total and 100 * done / plan.amount_total

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = f"{plan.name} · {plan.partner_id.name}"

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for plan in self:
            plan.access_url = f"/my/payment-plans/{plan.id}"
        return result

    @api.model_create_multi
    def create(self, vals_list):
        for values in vals_list:
            company = values.get("company_id") or self.env.company.id
            sequence = self.env["ir.sequence"].with_company(company)
            values["name"] = sequence.next_by_code(self._name, values.get("date_made")) or "/"
        plans = super().create(vals_list)
        for plan in plans:
            plan._check_items()
            plan._plan_installments()
        return plans

    def write(self, vals):
        result = super().write(vals)
        if {*TERMS, "line_ids"} & vals.keys():
            self._check_state("draft")
            for plan in self.sudo():
                plan._plan_installments()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_live(self):
        for plan in self.filtered(lambda plan: plan.state in LIVE):
            raise UserError(
                self.env._(
                    "Payment plan %s counts for the customer: cancel it, then delete it.", plan.name
                )
            )

    # Actions

    def action_accept(self):
        """Ask who accepted the plan, and how."""
        self.ensure_one()
        self._check_state("offered")
        return self.env["dunning.plan.accept"]._open_dialog(self)

    def action_cancel(self):
        """Cancel plans, whatever was kept of them up to now; dunning goes on.

        :raises UserError: when one has ended already
        """
        self._check_state("draft", "to_approve", "offered", "running")
        for today, plans in self._by_button()._by_day():
            plans._end("cancelled", today, self.env._("Cancelled"))
            plans._notify_end(today)

    def action_offer(self):
        """Send the plans to their customers.

        :raises UserError: when something is wrong, or a manager has to approve it
        """
        for plan in self._by_button():
            today = plan._today()
            plan._check_state("draft", "to_approve")
            plan._refresh()
            plan._check_ready(today)
            passed = plan._passed()
            if passed and not plan._may_approve():
                raise UserError(
                    self.env._(
                        "%(limits)s\nOr ask a dunning manager: “Ask for approval”.",
                        limits="\n".join(passed),
                    )
                )
            if passed:
                plan._approve("\n".join(passed), today)
            plan._offer(today)

    def action_ask_approval(self):
        """Put the plans before a dunning manager."""
        for plan in self._by_button():
            today = plan._today()
            plan._check_state("draft")
            plan._refresh()
            plan._check_ready(today)
            plan.write({"state": "to_approve", "approval_reason": "\n".join(plan._passed())})
            plan._schedule_for_manager(today)

    def action_draft(self):
        """Set plans that do not run back to draft, to change them."""
        self._check_state("offered", "to_approve", "cancelled")
        plans = self._by_button()
        for today, own in plans._by_day():
            own._lift(self.env._("Set back to draft"), today)
        plans.activity_unlink(["dunning_advanced.mail_activity_plan_approve"])
        plans.write(
            {
                "state": "draft",
                "date_offered": False,
                "date_valid": False,
                "decline_reason": False,
            }
        )

    def action_default(self):
        """End plans that are not kept: everything is due again, and their items go on at
        the step where they were.

        :raises UserError: when one is not in arrears
        """
        self._check_state("running")
        for plan in self.filtered(lambda plan: not plan.date_arrears):
            raise UserError(
                self.env._(
                    "Payment plan %s is kept up to now: there is no reason to end it. Cancel it "
                    "instead.",
                    plan.name,
                )
            )
        for today, plans in self._by_button()._by_day():
            plans._end("defaulted", today, self.env._("Not kept: everything is due again."))
            plans._notify_end(today)

    def action_extend(self):
        """Give plans in arrears the usual time once more."""
        for plan in self._by_button():
            plan._extend(fields.Date.add(plan._today(), days=plan.company_id.dunning_plan_cure))

    def action_amend(self):
        """Ask which invoices join the plan."""
        self.ensure_one()
        self._check_state("running")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add invoices"),
            "res_model": "dunning.plan.amend",
            "view_mode": "form",
            "target": "new",
            "context": {"default_plan_id": self.id},
        }

    def action_refinance(self):
        """Ask how the rest is paid instead."""
        self.ensure_one()
        self._check_state("running", "defaulted")
        wizards = self.env["dunning.plan"]
        return wizards._open_dialog(
            self.partner_id,
            self.company_id,
            self.currency_id,
            replaces_id=self.id,
            interest=self.interest,
            fees=self.fees,
        )

    def action_export_xlsx(self):
        """Download schedule and invoices as a workbook."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/dunning/plan/{self.id}/xlsx",
            "target": "download",
        }

    def action_credit_interest(self):
        """Credit the part of the fixed interest that belongs to the days after today, for a
        customer who settles early. It shortens the plan from its end.

        :raises UserError: when there is nothing to credit
        """
        for plan in self._by_button():
            plan._check_state("running", "defaulted")
            plan._credit_interest(plan._today())

    def action_customer_page(self):
        """Show the plan as the customer sees it."""
        self.ensure_one()
        self._check_state("offered", "running", "completed", "defaulted", "replaced", "cancelled")
        return {"type": "ir.actions.act_url", "url": self.access_url, "target": "new"}

    def action_print(self):
        """Show the letters of these plans as PDF."""
        return {
            "type": "ir.actions.act_url",
            "url": f"/report/pdf/{PLAN}/{','.join(map(str, self.ids))}",
            "target": "new",
        }

    def action_send_again(self):
        """Send offers and agreements once more, with the plan as it is now."""
        self._check_state("offered", "running")
        for plan in self._by_button():
            today = plan._today()
            plan._send_offer(today) if plan.state == "offered" else plan._send_agreement(today)

    # Business

    @api.model
    def _open_fields(self, state):
        return {
            "draft": {*TERMS, "date_valid", "replace_promises", "user_id"} - FIXED,
            "to_approve": {"date_valid", "user_id"},
            "offered": {"user_id"},
            "running": {"user_id"},
        }.get(state, set())

    @api.model
    def _make(self, values, items):
        """A draft over open invoices, for a user who may make plans.

        :param values: dict of field to value
        :param items: account.move.line
        :raises UserError: when the terms make no plan, or an item cannot be in it
        """
        self.check_access("create")
        items.check_access("read")
        lines = [Command.create({"move_line_id": item.id}) for item in items]
        return self.sudo().create({**values, "line_ids": lines}).with_env(self.env)

    def _has_items(self):
        """Whether the items of the plan are its own: no other plan may cover them. A plan
        that replaces another takes them over when it is accepted.
        """
        self.ensure_one()
        return self.state == "running" or (self.state == "offered" and not self.replaces_id)

    def _format_day(self, date):
        return format_date(self.env, date)

    # A draft, a plan that was accepted and runs, and its end.

    def _check_state(self, *states):
        """:raises UserError: when one of the plans is in another state"""
        for plan in self.filtered(lambda plan: plan.state not in states):
            raise UserError(
                self.env._(
                    "Payment plan %(plan)s is “%(state)s”: this can only be done while it is "
                    "“%(wanted)s”.",
                    plan=plan.name,
                    state=label(plan, "state"),
                    wanted=labels(self, "state")[states[0]],
                )
            )

    def _plan_installments(self):
        """The installments of a draft, made anew from its terms."""
        self.ensure_one()
        total = self._left()
        rows, _net, interest = self._split(total)
        first = 0 if self.down_payment else 1
        self.write(
            {
                "amount_items": total,
                "amount_interest": float(interest),
                "installment_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "sequence": first + position,
                                "date": row.date,
                                "amount": float(row.amount),
                            }
                        )
                        for position, row in enumerate(rows)
                    ),
                ],
            }
        )

    def _refresh(self):
        """Reckon a plan again whose items were paid in part since it was made."""
        if self.currency_id.compare_amounts(self.amount_items, self._left()):
            self.line_ids._compute_facts()
            self._plan_installments()

    def _accept(self, name, date, signature=None, channel="portal", signed_on=None):
        """The customer agreed: from now on the plan runs.

        :param name: who agreed for the customer
        :param date: day of the agreement
        :param signature: image in base64, where it was signed on the customer's page
        :param channel: how; a key of the field ``accepted_channel``
        :param signed_on: UTC datetime of the signature
        :raises UserError: when the plan is not offered, the offer is over, or an item
            is settled or disputed by now
        """
        self.ensure_one()
        self._check_acceptable(name, date)
        plan = self._by_button()
        plan._take_over(date)
        plan.write(
            {
                "state": "running",
                "date_start": date,
                "accepted_channel": channel,
                "signed_by": name,
                "signature": signature,
                "signed_on": signed_on,
            }
        )
        plan._promises(plan._items())._end("cancelled", date)
        if plan.amount_interest:
            plan._book_fixed_interest(date)
        plan._hold_on(date)
        plan._message_log(
            body=self.env._(
                "Accepted by %(name)s on %(date)s", name=name, date=self._format_day(date)
            )
        )
        plan._log_on_case(self.env._("Payment plan runs: %s", self._get_html_link()))
        plan._send_agreement(date)
        plan._update_state(date)

    def _end(self, state, date, why):
        """End plans; what their hold kept quiet goes on at the step where it was.

        :param state: completed, defaulted, replaced or cancelled
        :param why: text for the chatter and the case
        """
        self._lift(why, date)
        self.activity_unlink(["dunning_advanced.mail_activity_plan_approve"])
        self._answered("mail_activity_plan")
        values = {"state": state, "date_end": date, "ended_by_id": self.env.uid}
        if state == "defaulted":
            values["date_default"] = date
        self.write(values)
        for plan in self:
            plan._message_log(body=why)
            plan._log_on_case(
                self.env._("Payment plan %(plan)s: %(why)s", plan=plan._get_html_link(), why=why)
            )

    def _complete(self, date):
        """All is paid: the hold ends, the customer is thanked.

        Nothing is booked in the middle of a reconciliation: that is left to the cron.
        """
        self._end("completed", date, self.env._("All is paid."))
        self.to_book = self.fees == "waive" or self.interest == "running"
        if self.to_book:
            self.env.ref("dunning_advanced.ir_cron_book")._trigger()
        self._thank()

    def _book_end(self):
        """What a completed plan leaves to the books: charges are waived, interest charged."""
        self.write({"to_book": False, "error": False})
        if self.fees == "waive":
            self._waive_charges(self.date_end)
        if self.interest == "running":
            self._book_running_interest(self.date_end)

    # Approval of a plan, and its offer to the customer.

    def _schedule_for_manager(self, date):
        managers = self.company_id._dunning_managers()[:1]
        words = self.with_context(lang=self.company_id._dunning_reader_lang(managers)).env
        self.activity_schedule(
            "dunning_advanced.mail_activity_plan_approve",
            date,
            summary=words._("Approve the payment plan of %s", self.partner_id.name),
            note=self.approval_reason,
            user_id=managers.id or self.env.uid,
        )

    def _approve(self, reason, date):
        self.write(
            {"approval_reason": reason, "approved_by_id": self.env.uid, "date_approved": date}
        )
        self._message_log(body=self.env._("Approved: %s", reason))
        self.activity_feedback(["dunning_advanced.mail_activity_plan_approve"])

    def _offer(self, date):
        """The document goes out; dunning waits for the answer.

        :param date: day of the offer
        """
        self.ensure_one()
        valid = fields.Date.add(date, days=self.company_id.dunning_plan_valid)
        first = self.installment_ids.sorted("date")[:1].date
        self.write(
            {
                "state": "offered",
                "date_offered": date,
                "date_valid": self.date_valid or max(date, min(valid, first)),
            }
        )
        self._hold(date)
        self._log_on_case(self.env._("Payment plan offered: %s", self._get_html_link()))
        self._send_offer(date)
