from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.points import CLASSES
from ..mixins.company_day import company_today
from .stages import SHOWN


class DunningCase(models.Model):
    """The follow-up of one debtor while anything is overdue: the accountant's desk."""

    _name = "dunning.case"
    _description = "Dunning Case"
    _inherit = [
        "dunning.company.day",
        "dunning.by.button",
        "mail.thread",
        "mail.activity.mixin",
        "dunning.batch",
    ]
    _order = "state desc, id desc"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    user_id = fields.Many2one(
        "res.users", string="Responsible", tracking=True, domain=[("share", "=", False)]
    )
    team_id = fields.Many2one(
        "dunning.team",
        tracking=True,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="Without a responsible, the case is assigned to a member of the team with the next "
        "run.",
    )
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")],
        string="Status",
        required=True,
        default="open",
        readonly=True,
        tracking=True,
    )
    date_open = fields.Date(default=company_today, required=True, readonly=True)
    date_close = fields.Date(readonly=True)
    closed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    note = fields.Html()
    promise_ids = fields.One2many("dunning.promise", compute="_compute_promises")
    broken_count = fields.Integer(
        string="Broken promises",
        compute="_compute_broken_count",
        help="Promises of this customer that were not, or only partly, kept.",
    )
    call_ids = fields.One2many("dunning.call", "case_id")
    contact_ids = fields.Many2many(
        "res.partner", string="Contacts", compute="_compute_contacts", help="Whom to call."
    )
    addressee_ids = fields.Many2many(
        "res.partner",
        string="Reminders go to",
        compute="_compute_addressees",
        help="To whom the reminder under review, else the last one, is addressed; "
        "before the first one, who would get it.",
    )
    call_contact_id = fields.Many2one(
        "res.partner",
        compute="_compute_contacts",
        help="The first whose number can be dialed: dunning contact, customer, others.",
    )
    phone = fields.Html(compute="_compute_contacts", sanitize=False)
    phone_problem = fields.Char(compute="_compute_contacts")
    plan_ids = fields.One2many("dunning.payment.plan", compute="_compute_plan_ids")
    dispute_ids = fields.One2many("dunning.dispute", compute="_compute_disputes")
    timeline_ids = fields.One2many("dunning.timeline", compute="_compute_timeline_ids")
    charge_ids = fields.One2many("dunning.charge", compute="_compute_charge_ids")
    credit_hold_id = fields.Many2one("dunning.credit.hold", compute="_compute_escalation")
    credit_hold_reason = fields.Char(string="On credit hold", compute="_compute_escalation")
    handover_count = fields.Integer(string="Hand-overs", compute="_compute_escalation")
    writeoff_count = fields.Integer(string="Write-offs", compute="_compute_escalation")
    amount_overdue = fields.Monetary(
        string="Overdue",
        currency_field="company_currency_id",
        compute="_compute_balance",
        help="All that is overdue, less open credits, in company currency.",
    )
    amount_summary = fields.Char(string="Overdue by currency", compute="_compute_balance")
    amount_disputed = fields.Monetary(
        string="Of which disputed",
        currency_field="company_currency_id",
        compute="_compute_balance",
        help="What the customer disputes of all that is overdue, in company currency.",
    )
    disputed_summary = fields.Char(string="Disputed by currency", compute="_compute_balance")
    days_overdue = fields.Integer(string="Oldest (days)", compute="_compute_balance")
    item_count = fields.Integer(string="Overdue items", compute="_compute_balance")
    item_ids = fields.One2many("account.move.line", compute="_compute_records", string="Open items")
    notice_ids = fields.One2many("dunning.notice", string="Reminder", compute="_compute_records")
    hold_id = fields.Many2one("dunning.hold", string="On hold", compute="_compute_hold")
    hold_ids = fields.One2many("dunning.hold", compute="_compute_records")
    blocked_item_ids = fields.One2many("account.move.line", compute="_compute_records")
    level_id = fields.Many2one(
        "dunning.level", compute="_compute_level", help="The highest level of the open items."
    )
    rung = fields.Integer(string="Level number", compute="_compute_level")
    is_last = fields.Boolean(string="Last level", compute="_compute_level")
    last_notice_id = fields.Many2one(
        "dunning.notice", string="Last reminder sent", compute="_compute_last_notice"
    )
    last_date = fields.Date(string="Last reminder", compute="_compute_last_notice")
    notice_count = fields.Integer(string="Reminders", compute="_compute_last_notice")
    age_summary = fields.Html(
        string="Overdue by age",
        compute="_compute_age_summary",
        sanitize=False,
        help="Overdue = its parts by age, less open credits. Not in it: what is not due yet, "
        "and charges that were asked for and not booked.",
    )
    error = fields.Char(readonly=True, copy=False, help="Why the case could not be closed.")
    next_code = fields.Char(string="Kind of next action", compute="_compute_next")
    next_button = fields.Char(string="Button of next action", compute="_compute_next")
    next_action = fields.Char(compute="_compute_next", help="What is to be done next, and why.")
    next_date = fields.Date(string="Next on", compute="_compute_next", search="_search_next_date")
    behavior_id = fields.Many2one(
        "dunning.behavior", string="Payment behavior", compute="_compute_behavior_id"
    )
    grade = fields.Selection(
        [(letter, letter) for letter in CLASSES],
        string="Class",
        compute="_compute_behavior_id",
        search="_search_grade",
        help="How the customer pays: A reliably, E hardly ever; empty for new customers.",
    )
    priority = fields.Integer(
        compute="_compute_priority",
        aggregator=None,
        help="Points for amount, age, payment behavior, level, and what is due. The highest "
        "comes first.",
    )
    priority_reasons = fields.Html(compute="_compute_priority_reasons", sanitize=False)
    stage = fields.Selection(
        [(stage.code, stage.label) for stage in SHOWN],
        compute="_compute_stage",
        search="_search_stage",
        group_expand="_group_expand_stage",
        help="To do: nobody has been contacted yet, or an activity is due.",
    )

    _one_open = models.UniqueIndex(
        "(partner_id, company_id) WHERE state = 'open'",
        "This customer has an open case already: work on that one.",
    )

    @api.depends("partner_id")
    def _compute_display_name(self):
        for case in self:
            case.display_name = case.partner_id.display_name

    @api.depends("partner_id")
    def _compute_contacts(self):
        contacts = self.env["res.partner"].search(
            [("commercial_partner_id", "in", self.partner_id.ids)]
        )
        contacts |= self.partner_id
        contacts.mapped("dunning_phone")  # of all cases at once
        found = contacts.grouped("commercial_partner_id")
        for case in self:
            own = found.get(case.partner_id, case.partner_id)
            case.contact_ids = own.sorted(
                lambda contact, debtor=case.partner_id: (
                    contact.type != "dunning",
                    contact != debtor,
                    contact.type != "invoice",
                    contact.id,
                )
            )
            usable = case.contact_ids.filtered("dunning_phone")
            case.call_contact_id = (usable or case.partner_id)[:1]
            case.phone = case.call_contact_id.dunning_phone
            case.phone_problem = case.call_contact_id.dunning_phone_problem

    @api.depends("partner_id", "company_id")
    def _compute_addressees(self):
        rows = self.env["dunning.notice"]._read_group(
            [*self._debtor_domain(), ("state", "in", ("proposed", "confirmed", "issued"))],
            ["partner_id", "company_id"],
            ["id:max"],
        )
        notices = self.env["dunning.notice"].browse(newest for *_key, newest in rows)
        last = {(notice.partner_id, notice.company_id): notice for notice in notices}
        usual = self.env["dunning.channel"]._first_reached(self.partner_id)
        for case in self:
            notice = last.get((case.partner_id, case.company_id))
            case.addressee_ids = notice.contact_ids if notice else usual.get(case.partner_id)

    def _compute_promises(self):
        promises = self.env["dunning.promise"].search(self._debtor_domain())
        found = promises.grouped(lambda promise: (promise.partner_id, promise.company_id))
        for case in self:
            case.promise_ids = found.get((case.partner_id, case.company_id))

    def _compute_broken_count(self):
        groups = self.env["dunning.promise"]._read_group(
            [*self._debtor_domain(), ("state", "in", ("broken", "partial"))],
            ["partner_id", "company_id"],
            ["__count"],
        )
        found = {(partner, company): count for partner, company, count in groups}
        for case in self:
            case.broken_count = found.get((case.partner_id, case.company_id), 0)

    def _compute_plan_ids(self):
        plans = self.env["dunning.payment.plan"].search(self._debtor_domain())
        found = plans.grouped(lambda plan: (plan.partner_id, plan.company_id))
        for case in self:
            case.plan_ids = found.get((case.partner_id, case.company_id))

    def _compute_disputes(self):
        disputes = self.env["dunning.dispute"].search(self._debtor_domain())
        found = disputes.grouped(lambda dispute: dispute._key())
        for case in self:
            case.dispute_ids = found.get((case.partner_id, case.company_id))

    @api.depends("partner_id", "company_id")
    def _compute_timeline_ids(self):
        for case in self:
            case.timeline_ids = self.env["dunning.timeline"].search(
                [
                    ("partner_id", "=", case.partner_id.id),
                    ("company_id", "child_of", case.company_id.ids),
                ]
            )

    @api.depends("partner_id", "company_id")
    def _compute_charge_ids(self):
        for case in self:
            case.charge_ids = self.env["dunning.charge"].search(case._debtor_domain())

    def _compute_escalation(self):
        for case in self:
            own = case._debtor_domain()
            case.credit_hold_id = self.env["dunning.credit.hold"].search(own, limit=1)
            case.credit_hold_reason = case.credit_hold_id.reason
            case.handover_count = self.env["dunning.handover"].search_count(own)
            case.writeoff_count = self.env["dunning.writeoff"].search_count(own)

    def _register_hook(self):
        super()._register_hook()
        self._check_steps()
        self._check_stages()

    @api.model_create_multi
    def create(self, vals_list):
        cases = super().create(vals_list)
        open_ = cases.filtered(lambda case: case.state == "open" and not case.user_id)
        for company, ours in open_.grouped("company_id").items():
            ours._assign(company, company._dunning_today())
        return cases

    # Actions

    def action_remind(self):
        """A run for this customer alone, opened for review."""
        self.ensure_one()
        return self.partner_id.with_company(self.company_id)._dunning_remind()

    def action_close(self):
        """Close cases in which nothing is overdue any more."""
        for case in self:
            if case.item_count:
                raise UserError(
                    self.env._(
                        "%(customer)s still owes %(amount)s that is overdue: the case stays open.",
                        customer=case.partner_id.name,
                        amount=case.amount_summary,
                    )
                )
        self._by_button().filtered(lambda case: case.state == "open")._close_settled()

    def action_view_notices(self):
        """Open all notices of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_notice"
        )
        return dict(action, domain=self._debtor_domain(), context={})

    def action_view_items(self):
        """Open the open items of the customer."""
        self.ensure_one()
        return self.partner_id.with_company(self.company_id).action_dunning_items()

    def action_log_call(self):
        """Ask what came of a call."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Log call"),
            "res_model": "dunning.call.log",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_id": self.id},
        }

    def action_fix_phone(self):
        """Correct the contact whose number cannot be dialed."""
        self.ensure_one()
        return self.call_contact_id.action_dunning_fix()

    def action_promise(self):
        """Ask what the customer promised to pay, and by when."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Promise"),
            "res_model": "dunning.promise",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
                "default_currency_id": self._main_currency().id,
            },
        }

    def action_next_customer(self):
        """Open the most urgent case of my worklist where I have not been yet, counted from
        where I began; say so when there is none.
        """
        self.ensure_one()
        seen = [*self.env.context.get("dunning_seen", []), self.id]
        following = self.search(
            [*self._worklist_domain(), ("id", "not in", seen)], order="priority desc, id", limit=1
        )
        if not following:
            return self._notify_finished(len(set(seen)))
        return {**following._open(), "name": self.env._("To do"), "context": {"dunning_seen": seen}}

    def action_plan(self):
        """Ask how the customer pays in installments."""
        self.ensure_one()
        return self.env["dunning.plan"]._open_dialog(
            self.partner_id, self.company_id, self._main_currency()
        )

    def action_dispute(self, call=None):
        """Ask which invoice the customer disputes, and why.

        :param call: dunning.call in which the customer said so
        """
        self.ensure_one()
        overdue = self.item_ids.filtered(lambda item: item.dunning_days > 0).move_id
        told = {"default_call_id": call.id, "default_text": call.note} if call else {}
        return self.env["dunning.dispute"]._open_dialog(
            default_partner_id=self.partner_id.id,
            default_company_id=self.company_id.id,
            default_move_id=len(overdue) == 1 and overdue.id,
            **told,
        )

    def action_escalate(self):
        """Ask which step is taken."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Escalate"),
            "res_model": "dunning.escalate",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_id": self.id},
        }

    def action_lift_credit(self):
        """Ask why the customer gets credit again."""
        return self.credit_hold_id.action_lift()

    def action_view_handovers(self):
        """Open the hand-overs of the customer."""
        return self._view_steps("dunning_advanced.action_dunning_handover")

    def action_view_writeoffs(self):
        """Open the proposals to write off what the customer owes."""
        return self._view_steps("dunning_advanced.action_dunning_writeoff")

    def action_next(self):
        """Do the next action, or open what it is about."""
        self.ensure_one()
        rows = self._next_rows()
        code, _date, about = rows.get(self.id, (False, False, False))
        record = self._next_records(rows.values()).get((code, about))
        return self._steps()[code].act(self, record) if code else self._open()

    def action_explain_priority(self):
        """Open which facts give the case its priority."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("%s: priority", self.partner_id.display_name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(self.env.ref("dunning_advanced.dunning_case_view_priority").id, "form")],
            "target": "new",
        }

    def action_explain_grade(self):
        """Classify the customer as of today and open the class with its reasons."""
        self.ensure_one()
        return self.env["dunning.behavior"]._explain(self.partner_id, self.company_id)

    # Business

    @api.model
    def _open_fields(self, state):
        return {
            None: {"company_id", "note", "partner_id", "team_id", "user_id"},
            "open": {"note", "team_id", "user_id"},
            "closed": {"note"},
        }[state]

    def _debtor_domain(self):
        return [
            ("partner_id", "in", self.partner_id.ids),
            ("company_id", "in", self.company_id.ids),
        ]

    def _close(self):
        for today, cases in self._by_day():
            cases.write({"state": "closed", "date_close": today, "closed_by_id": self.env.uid})

    # What people do with the customer of a case, and what came of it.

    def _main_currency(self):
        """The currency in which the customer owes the most."""
        balances = self.partner_id._dunning_balances(self.company_id)
        rows = balances.get((self.company_id.id, self.partner_id.id), [])
        largest = max(rows, key=lambda row: row["overdue_company"], default={})
        return self.env["res.currency"].browse(
            largest.get("currency_id", self.company_id.currency_id.id)
        )

    # From one customer to the next.

    def _worklist_domain(self):
        """Open cases that are mine or nobody's."""
        return [
            ("state", "=", "open"),
            ("user_id", "in", (self.env.uid, False)),
            ("company_id", "in", self.env.companies.ids),
        ]

    def _notify_finished(self, count):
        if count == 1:
            message = self.env._("There is no other customer on your list.")
        else:
            message = self.env._("You have been at all %s customers of your list.", count)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("That was the last one"),
                "message": message,
            },
        }

    # What can be done when reminders are of no use any more.

    def _view_steps(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return dict(action, domain=self._debtor_domain(), context=self._step_defaults())

    def _step_defaults(self):
        return {
            "default_partner_id": self.partner_id.id,
            "default_company_id": self.company_id.id,
        }
