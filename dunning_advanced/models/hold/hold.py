from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..mixins.batch import BATCH
from ..mixins.company_day import company_today

SCOPES = ("item", "invoice", "debtor")


# What must not be changed on a hold that only managers may lift.
LIFTING = {
    "active",
    "amount",
    "company_id",
    "date_from",
    "date_to",
    "freezes_charges",
    "item_ids",
    "move_id",
    "partner_id",
    "reason_id",
    "scope",
}


class DunningHold(models.Model):
    """Stops dunning for a customer, an invoice or single items, while it is active."""

    _name = "dunning.hold"
    _description = "Dunning Hold"
    _inherit = ["dunning.company.day", "dunning.by.button", "mail.thread", "mail.activity.mixin"]
    _order = "date_next, id desc"
    _check_company_auto = True

    name = fields.Char(
        string="Note", tracking=True, help="In neutral words; nothing about anybody's health."
    )
    reason_id = fields.Many2one(
        "dunning.hold.reason",
        required=True,
        default=lambda self: self.env["dunning.hold.reason"]._default(),
        ondelete="restrict",
        index=True,
        tracking=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    scope = fields.Selection(
        [("debtor", "Everything"), ("invoice", "One invoice"), ("item", "Single items")],
        string="Holds",
        required=True,
        compute="_compute_scope",
        store=True,
        readonly=False,
        precompute=True,
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        index="btree_not_null",
        ondelete="cascade",
        domain="[('commercial_partner_id', '=', partner_id), ('state', '=', 'posted')]",
    )
    item_ids = fields.Many2many(
        "account.move.line",
        "dunning_hold_item_rel",
        string="Items",
        domain="[('partner_id', 'child_of', partner_id), ('parent_state', '=', 'posted'),"
        " ('account_id.account_type', '=', 'asset_receivable'), ('reconciled', '=', False)]",
    )
    subject = fields.Char(string="What is held", compute="_compute_subject")
    user_id = fields.Many2one(
        "res.users", string="Set by", default=lambda self: self.env.user, readonly=True
    )
    date_from = fields.Date(required=True, default=company_today, tracking=True)
    date_to = fields.Date(
        string="Until",
        compute="_compute_date_to",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Last day of the hold.",
    )
    date_review = fields.Date(
        string="Review on",
        compute="_compute_date_review",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="On this day somebody is asked whether the hold should go on.",
    )
    date_next = fields.Date(
        string="Ends or is reviewed",
        compute="_compute_date_next",
        store=True,
        precompute=True,
        index=True,
    )
    date_reviewed = fields.Date(string="Last reviewed", readonly=True, copy=False)
    freezes_charges = fields.Boolean(
        string="Freezes fees and interest",
        compute="_compute_freezes_charges",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    can_lift = fields.Boolean(compute="_compute_can_lift")
    active = fields.Boolean(
        default=True, copy=False, readonly=True, help="Not active: the hold was lifted."
    )
    date_lifted = fields.Date(string="Lifted on", readonly=True, copy=False)
    lifted_by_id = fields.Many2one("res.users", string="Lifted by", readonly=True, copy=False)
    amount = fields.Monetary(
        string="Amount held",
        copy=False,
        readonly=True,
        tracking=True,
        help="Only so much of the invoice is held. 0: all of it.",
    )
    currency_id = fields.Many2one(related="move_id.currency_id")
    dispute_ids = fields.One2many("dunning.dispute", "hold_id")

    _dates_in_order = models.Constraint(
        "CHECK (date_to >= date_from)",
        "The hold ends before it begins: choose a later last day.",
    )

    _review_in_order = models.Constraint(
        "CHECK (date_review >= date_from)",
        "The hold is reviewed before it begins: choose a later day for the review.",
    )

    _never_forever = models.Constraint(
        "CHECK (date_to IS NOT NULL OR date_review IS NOT NULL)",
        "Nothing is held for ever: choose a last day, or a day on which to look at it again.",
    )

    _invoice_given = models.Constraint(
        "CHECK (scope <> 'invoice' OR move_id IS NOT NULL)",
        "Choose the invoice that is held.",
    )

    _amount_of_invoice = models.Constraint(
        "CHECK (COALESCE(amount, 0) = 0 OR amount > 0 AND scope = 'invoice')",
        "Only of one invoice an amount can be held, and it is above zero: choose the invoice.",
    )

    @api.depends("move_id", "item_ids")
    def _compute_scope(self):
        for hold in self:
            given = "item" if hold.item_ids else "invoice" if hold.move_id else "debtor"
            hold.scope = hold.scope or given

    @api.depends("scope", "move_id", "item_ids", "amount")
    def _compute_subject(self):
        for hold in self:
            if hold.scope == "debtor":
                hold.subject = self.env._("Everything")
            else:
                held = hold.move_id if hold.scope == "invoice" else hold.item_ids.move_id
                hold.subject = ", ".join(held.mapped(lambda move: move.name or move.display_name))
            if hold.amount:
                hold.subject = f"{hold.subject} ({hold.currency_id.format(hold.amount)})"

    @api.depends("reason_id", "date_from")
    def _compute_date_to(self):
        for hold in self:
            hold.date_to = not hold.reason_id.review and hold._usual_day(hold.date_from)

    @api.depends("reason_id", "date_from")
    def _compute_date_review(self):
        for hold in self:
            hold.date_review = hold.reason_id.review and hold._usual_day(hold.date_from)

    @api.depends("date_to", "date_review")
    def _compute_date_next(self):
        for hold in self:
            hold.date_next = min(filter(None, (hold.date_to, hold.date_review)), default=False)

    @api.depends("reason_id")
    def _compute_freezes_charges(self):
        for hold in self:
            hold.freezes_charges = hold.reason_id.freezes_charges

    @api.depends_context("uid")
    @api.depends("reason_id.lifted_by", "active", "dispute_ids.state")
    def _compute_can_lift(self):
        manager = self.env.user.has_group("dunning_advanced.group_manager")
        for hold in self:
            may = manager or hold.reason_id.lifted_by == "user"
            hold.can_lift = hold.active and may and not hold._disputed()

    @api.depends("reason_id", "name")
    def _compute_display_name(self):
        for hold in self:
            hold.display_name = ": ".join(filter(None, (hold.reason_id.name, hold.name)))

    @api.constrains("partner_id", "move_id", "item_ids", "scope")
    def _check_debtor(self):
        for hold in self:
            hold.partner_id._check_dunning_debtor()
            hold._check_owner(hold.move_id | hold.item_ids.move_id)

    @api.constrains("scope", "item_ids")
    def _check_items(self):
        if any(hold.scope == "item" and not hold.item_ids for hold in self):
            raise ValidationError(self.env._("Choose the items that are held."))

    @api.constrains("reason_id", "date_from", "date_to", "date_review", "date_reviewed")
    def _check_length(self):
        for hold in self:
            reason = hold.reason_id
            since = max(filter(None, (hold.date_from, hold.date_reviewed)))
            last = fields.Date.add(since, days=reason.maximum_days)
            if hold.date_next and hold.date_next > last:
                raise ValidationError(
                    self.env._(
                        "A hold for “%(reason)s” ends or is looked at again after %(days)s days "
                        "at most: choose a day up to %(last)s.",
                        reason=reason.name,
                        days=reason.maximum_days,
                        last=format_date(self.env, last),
                    )
                )

    def write(self, vals):
        if LIFTING & vals.keys():
            self._check_may_lift()
        if "active" not in vals:
            return super().write(vals)
        for today, holds in self._by_day():
            lifted = not vals["active"] and today
            lifter = lifted and self.env.uid
            super(DunningHold, holds).write({"date_lifted": lifted, "lifted_by_id": lifter, **vals})
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_except_needed(self):
        self._check_may_lift()

    # Actions

    def action_lift(self):
        """Ask why these holds end now.

        :raises UserError: when the reason of a hold leaves it to managers
        """
        self._check_may_lift()
        return self.env["dunning.reason"]._open_dialog("lift", self.env._("Lift"), hold_ids=self)

    def action_reviewed(self):
        """Somebody looked: the hold goes on until the next review, the usual days from today."""
        holds = self._by_button().filtered("active")
        for hold in holds:
            today = hold._today()
            following = hold._usual_day(today)
            ends_before = hold.date_to and hold.date_to <= following
            hold.write({"date_reviewed": today, "date_review": False if ends_before else following})
        holds._end_reviews()

    # Business

    @api.model
    def _open_fields(self, state):
        changing = {
            "date_from",
            "date_review",
            "date_to",
            "freezes_charges",
            "item_ids",
            "move_id",
            "name",
            "reason_id",
            "scope",
        }
        if state:
            return changing if state == "active" else set()
        return changing | {"company_id", "partner_id"}

    def _open_state(self):
        return "active" if self.active else "lifted"

    def _usual_day(self, start):
        days = self.reason_id.default_days
        return start and fields.Date.add(start, days=days)

    def _check_owner(self, moves):
        debtor = self.partner_id
        for move in moves.filtered(lambda move: move.commercial_partner_id != debtor):
            raise ValidationError(
                self.env._(
                    "Invoice %(invoice)s belongs to %(owner)s, not to %(debtor)s: choose an "
                    "invoice of this customer.",
                    invoice=move.name,
                    owner=move.commercial_partner_id.name,
                    debtor=debtor.name,
                )
            )

    @api.model
    def _active_sql(self, scope, key):
        """The hold that lasts longest, for each item, invoice or debtor.

        :param scope: Scope of the evaluation
        :param key: "item", "invoice" or "debtor"
        :return: SQL of a query with the columns held_id, hold_id and until, which is
            infinity for a hold without a last day
        """
        held = {
            "item": SQL.identifier("held", "account_move_line_id"),
            "invoice": SQL.identifier("hold", "move_id"),
            "debtor": SQL.identifier("hold", "partner_id"),
        }[key]
        return SQL(
            """
            SELECT DISTINCT ON (%(held)s) %(held)s AS held_id, hold.id AS hold_id,
                   COALESCE(hold.date_to, 'infinity') AS until
              FROM dunning_hold hold %(items)s
             WHERE hold.scope = %(key)s AND %(lasting)s AND hold.company_id IN %(companies)s
               AND COALESCE(hold.amount, 0) = 0
             ORDER BY %(held)s, COALESCE(hold.date_to, 'infinity') DESC, hold.id
            """,
            held=held,
            key=key,
            items=self._items_join() if key == "item" else SQL(""),
            lasting=self._lasting_sql(scope.date, past=scope.as_of),
            companies=tuple(scope.company._dunning_companies().ids),
        )

    @api.model
    def _items_join(self):
        return SQL("JOIN dunning_hold_item_rel held ON held.dunning_hold_id = hold.id")

    @api.model
    def _lasting_domain(self, date):
        """The active holds that last on a date."""
        ends = Domain("date_to", "=", False) | Domain("date_to", ">=", date)
        return Domain("active", "=", True) & Domain("date_from", "<=", date) & ends

    @api.model
    def _lasting_sql(self, date, past=False):
        """Condition on the row ``hold``: the hold lasts on the date.

        :param past: look at the date as it was, with holds that were lifted later
        """
        return SQL(
            "(hold.active %(lifted)s) AND hold.date_from <= %(date)s"
            " AND COALESCE(hold.date_to, 'infinity') >= %(date)s",
            date=date,
            lifted=SQL("OR hold.date_lifted > %s", date) if past else SQL(""),
        )

    # Holds end, are lifted, and are looked at again.

    def _check_may_lift(self):
        """:raises UserError: when the reason of a hold leaves it to managers, or when it ends
        by itself: with its hand-over, or with the answer to its dispute
        """
        if self.env.su:
            return
        self._check_not_handed()
        self._check_manager()
        self._check_not_disputed()

    def _check_manager(self):
        if self.env.user.has_group("dunning_advanced.group_manager"):
            return
        for hold in self.filtered(lambda hold: hold.reason_id.lifted_by == "manager"):
            raise UserError(
                self.env._(
                    "Only a dunning manager may lift or change a hold for “%(reason)s”: ask one "
                    "to do it for %(customer)s.",
                    reason=hold.reason_id.name,
                    customer=hold.partner_id.name,
                )
            )

    def _lift(self, reason, date):
        """End holds; dunning goes on from the level that was reached.

        :param reason: why, in words, kept on the hold
        :param date: from this day on nothing is held any more
        :raises UserError: when the user may not lift one of them
        """
        self._check_may_lift()
        holds = self._by_button()
        holds.write({"active": False, "date_lifted": date})
        for hold in holds:
            hold._message_log(body=self.env._("Lifted: %s", reason))
        holds._end_reviews()

    def _end_reviews(self):
        self.activity_unlink(["dunning_advanced.mail_activity_hold"])

    @api.model
    def _frozen_periods(self, items, date):
        """The days up to a date on which items must not cost more, by one query.

        A hold that was lifted since still froze the days before.

        :param items: account.move.line
        :param date: last day that is asked about
        :return: dict of item id to a list of (first day, last day), of the holds with
            ``freezes_charges`` that cover all of the item
        """
        periods = defaultdict(list)
        if not items:
            return periods
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT aml.id, hold.date_from,
                       LEAST(hold.date_to, hold.date_lifted - 1, %(date)s) AS date_until
                  FROM account_move_line aml
                  JOIN res_partner partner ON partner.id = aml.partner_id
                  JOIN res_company company ON company.id = aml.company_id
                  JOIN dunning_hold hold ON hold.partner_id = partner.commercial_partner_id
                       AND hold.freezes_charges AND hold.date_from <= %(date)s
                       AND COALESCE(hold.amount, 0) = 0
                       AND (hold.scope = 'debtor'
                            OR hold.scope = 'invoice' AND hold.move_id = aml.move_id
                            OR hold.scope = 'item' AND EXISTS (
                               SELECT FROM dunning_hold_item_rel held
                                WHERE held.dunning_hold_id = hold.id
                                  AND held.account_move_line_id = aml.id))
                  JOIN res_company hold_company ON hold_company.id = hold.company_id
                       AND company.parent_path LIKE hold_company.parent_path || '%%'
                 WHERE aml.id IN %(items)s
                 ORDER BY aml.id, hold.date_from
                """,
                items=tuple(items.ids),
                date=date,
            )
        )
        for item, first, last in rows:
            if first <= last:
                periods[item].append((first, last))
        return periods

    @api.model
    def _night_review(self, company, date):
        """Ask the responsible about each hold of a company whose day of review has come.

        :return: whether all are done
        """
        domain = self._to_review_domain(date) & Domain("company_id", "child_of", company.id)
        while holds := self.search(domain, limit=BATCH):
            holds._schedule_review(date)
            if not self.env["ir.cron"]._commit_progress(len(holds), remaining=1):
                return False
        return True

    @api.model
    def _to_review_domain(self, date):
        kind = self.env.ref("dunning_advanced.mail_activity_hold")
        lasting = Domain("date_to", "=", False) | Domain("date_to", ">=", date)
        asked = Domain("activity_ids", "any", [("activity_type_id", "=", kind.id)])
        # The owner of a dispute is asked about the dispute itself.
        disputed = Domain("dispute_ids", "any", [("state", "=", "open")])
        return Domain("date_review", "<=", date) & lasting & ~asked & ~disputed

    def _schedule_review(self, date):
        responsibles = self._responsibles()
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            [
                {
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "res_id": hold.id,
                    "activity_type_id": self.env.ref("dunning_advanced.mail_activity_hold").id,
                    "summary": hold._in_words_of(responsibles[hold]).env._(
                        "Should %s stay on hold?", hold.partner_id.name
                    ),
                    "date_deadline": date,
                    "user_id": responsibles[hold].id,
                    "automated": True,
                }
                for hold in self
            ]
        )

    def _in_words_of(self, user):
        """In the language of whoever is asked."""
        return self.with_context(lang=self.company_id._dunning_reader_lang(user))

    def _responsibles(self):
        """Who is asked about each hold: the responsible of the open case, whoever set
        it, the company's.

        :return: dict of hold to res.users, which may be empty
        """
        cases = self.env["dunning.case"].search(
            [("partner_id", "in", self.partner_id.ids), ("state", "=", "open")]
        )
        users = {(case.partner_id, case.company_id): case.user_id for case in cases}
        return {
            hold: hold.company_id._dunning_responsible(
                users.get((hold.partner_id, hold.company_id))
                or hold.user_id.filtered(lambda user: user.active and not user._is_superuser())
            )
            for hold in self
        }

    def _check_not_handed(self):
        """Or we would remind beside the agency.

        :raises UserError: when a hold is that of a hand-over
        """
        handover = (
            self.env["dunning.handover"]
            .sudo()
            .search([("hold_id", "in", self.ids), ("state", "=", "handed")], limit=1)
        )
        if handover:
            raise UserError(
                self.env._(
                    "%s is handed over: return or close the hand-over, and the hold ends.",
                    handover.display_name,
                )
            )
