from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_date

from ..mixins import picked
from ..mixins.batch import BATCH
from ..mixins.company_day import company_today
from ..mixins.labels import label, labels
from .agreement import CHANNELS


class DunningPromise(models.Model):
    """A debtor's promise to pay an amount by a date. Dunning waits for it."""

    _name = "dunning.promise"
    _description = "Promise to Pay"
    _inherit = ["dunning.by.button", "dunning.agreement", "mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    amount = fields.Monetary(required=True, tracking=True)
    date = fields.Date(string="Pays by", required=True, tracking=True)
    date_made = fields.Date(
        string="Promised on",
        required=True,
        default=company_today,
        readonly=True,
    )
    tolerance = fields.Integer(
        string="Days of tolerance",
        compute="_compute_tolerance",
        store=True,
        readonly=False,
        precompute=True,
        help="Banks need time: the promise is checked so many days after its date.",
    )
    date_end = fields.Date(
        string="Dunning waits until", compute="_compute_date_end", store=True, precompute=True
    )
    channel = fields.Selection(CHANNELS, string="Made by", required=True, default="phone")
    user_id = fields.Many2one(
        "res.users", string="Taken by", default=lambda self: self.env.user, readonly=True
    )
    note = fields.Char()
    line_ids = fields.One2many("dunning.promise.item", "promise_id")
    item_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        compute="_compute_item_ids",
        inverse="_inverse_item_ids",
        domain="[('partner_id', 'child_of', partner_id), ('parent_state', '=', 'posted'),"
        " ('account_id.account_type', '=', 'asset_receivable'), ('reconciled', '=', False),"
        " ('currency_id', '=', currency_id), ('amount_residual_currency', '>', 0)]",
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("kept", "Kept"),
            ("partial", "Partly kept"),
            ("broken", "Broken"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="open",
        copy=False,
        tracking=True,
    )
    date_closed = fields.Date(string="Closed on", readonly=True, copy=False)
    closed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    amount_paid = fields.Monetary(string="Paid", readonly=True, copy=False)
    hold_id = fields.Many2one("dunning.hold", readonly=True, copy=False)
    thanked = fields.Boolean(readonly=True, copy=False)

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A promise is about an amount above zero: enter what will be paid."
    )

    _tolerance_positive = models.Constraint(
        "CHECK (tolerance >= 0)", "The days of tolerance cannot be negative: enter 0 for none."
    )

    _open_of_debtor = models.Index("(partner_id) WHERE state = 'open'")

    @api.depends("company_id")
    def _compute_tolerance(self):
        for promise in self:
            promise.tolerance = promise.company_id.dunning_promise_tolerance

    @api.depends("date", "tolerance")
    def _compute_date_end(self):
        for promise in self:
            promise.date_end = promise.date and fields.Date.add(
                promise.date, days=promise.tolerance
            )

    @api.depends("line_ids.move_line_id", "partner_id", "company_id", "currency_id")
    def _compute_item_ids(self):
        for promise in self:
            promise.item_ids = picked.shown(promise)

    def _inverse_item_ids(self):
        for promise in self:
            picked.keep(promise)

    @api.depends("amount", "currency_id", "date")
    def _compute_display_name(self):
        for promise in self:
            promise.display_name = self.env._(
                "%(amount)s by %(date)s",
                amount=promise.currency_id.format(promise.amount),
                date=format_date(self.env, promise.date),
            )

    @api.onchange("item_ids")
    def _onchange_item_ids(self):
        self.amount = sum(self.item_ids.mapped("amount_residual_currency"))

    @api.constrains("amount", "item_ids", "line_ids")
    def _check_amount(self):
        for promise in self.filtered(lambda promise: promise.state == "open" and promise.item_ids):
            debt = sum(promise.item_ids.mapped("amount_residual_currency"))
            if promise.currency_id.compare_amounts(promise.amount, debt) > 0:
                raise ValidationError(
                    self.env._(
                        "The promise is about more than is owed: %(debt)s are open on these "
                        "items. Promise up to that, or choose more items.",
                        debt=promise.currency_id.format(debt),
                    )
                )

    @api.constrains("date", "date_made")
    def _check_date(self):
        for promise in self:
            days = promise.company_id.dunning_promise_days
            last = fields.Date.add(promise.date_made, days=days)
            if promise.date < promise.date_made:
                raise ValidationError(
                    self.env._(
                        "%s is in the past: choose the day by which will be paid.",
                        format_date(self.env, promise.date),
                    )
                )
            if promise.date > last:
                raise ValidationError(
                    self.env._(
                        "A promise reaches %(days)s days ahead at most: choose a day up to "
                        "%(last)s, or agree on a payment plan.",
                        days=days,
                        last=format_date(self.env, last),
                    )
                )

    @api.constrains("item_ids", "line_ids", "partner_id", "currency_id")
    def _check_items(self):
        for promise in self:
            for item in promise.item_ids:
                if (
                    item.partner_id.commercial_partner_id != promise.partner_id
                    or item.currency_id != promise.currency_id
                    or item.account_id.account_type != "asset_receivable"
                ):
                    raise ValidationError(
                        self.env._(
                            "%(item)s is no open item of %(customer)s in %(currency)s: leave it "
                            "out of the promise.",
                            item=item.display_name,
                            customer=promise.partner_id.name,
                            currency=promise.currency_id.name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        promises = super().create(vals_list)
        for promise in promises:
            if not promise.line_ids:
                promise.item_ids = promise._suggested_items()
            if not promise.line_ids:
                raise ValidationError(
                    self.env._(
                        "%(customer)s owes nothing in %(currency)s that could be promised.",
                        customer=promise.partner_id.name,
                        currency=promise.currency_id.name,
                    )
                )
        promises.sudo()._begin()
        return promises

    # Actions

    def action_cancel(self):
        """Cancel open promises; dunning goes on.

        :raises UserError: when one has its answer already
        """
        if closed := self.filtered(lambda promise: promise.state != "open")[:1]:
            raise UserError(
                self.env._("The promise %s is closed already.", closed.display_name),
            )
        for today, promises in self._by_button()._by_day():
            promises._end("cancelled", today)

    # Business

    @api.model
    def _open_fields(self, state):
        if state:
            return {"note"}
        return {
            "amount",
            "channel",
            "company_id",
            "currency_id",
            "date",
            "item_ids",
            "note",
            "partner_id",
            "tolerance",
        }

    def _taken(self, items):
        """Those of some items that are in an open promise.

        :return: dunning.promise.item
        """
        return self.env["dunning.promise.item"].search(
            [("move_line_id", "in", items.ids), ("is_open", "=", True)]
        )

    def _check_free(self, items):
        """:raises ValidationError: when an item is promised already"""
        if taken := self._taken(items)[:1]:
            raise ValidationError(
                self.env._(
                    "%(item)s is promised already: %(promise)s. Wait for that promise, or cancel "
                    "it first.",
                    item=taken.move_line_id.display_name,
                    promise=taken.promise_id.display_name,
                )
            )

    def _suggested_items(self):
        """What is open of the customer in the currency and not promised yet: what is
        due by now, or all where nothing is.

        :return: account.move.line
        """
        items = self.env["account.move.line"].search(
            [
                *self.partner_id._dunning_items_domain(self.company_id),
                ("currency_id", "=", self.currency_id.id),
                ("amount_residual_currency", ">", 0),
                ("no_followup", "=", False),
            ]
        )
        items -= self._taken(items).move_line_id
        made = self.date_made or self._today()
        return items.filtered(lambda item: (item.date_maturity or item.date) <= made) or items

    # How a promise begins, is kept or broken by the money that came in, and ends.

    def _begin(self):
        """Dunning of the promised items waits until the tolerance is over."""
        self._hold()
        for promise in self:
            promise._log_on_case(
                self.env._(
                    "Promise: %(promise)s, made by %(channel)s.",
                    promise=promise._get_html_link(),
                    channel=promise._channel_name(),
                )
            )

    def _hold(self, date=None):
        """Hold the promised items.

        :param date: first day, that of each promise when empty
        """
        reason = self.env.ref("dunning_advanced.hold_reason_promise")
        holds = self.env["dunning.hold"].create(
            [
                {
                    "reason_id": reason.id,
                    "name": promise.display_name,
                    "company_id": promise.company_id.id,
                    "partner_id": promise.partner_id.id,
                    "user_id": promise.user_id.id,
                    "item_ids": [Command.set(promise.item_ids.ids)],
                    "date_from": date or promise.date_made,
                    "date_to": promise.date_end,
                }
                for promise in self
            ]
        )
        for promise, hold in zip(self, holds, strict=True):
            promise.hold_id = hold

    def _channel_name(self):
        return label(self, "channel")

    # Judging

    @api.model
    def _outcomes_sql(self, condition, date):
        """What became of promises, from the reconciliations of their items.

        What counts is the day of value: the later of the dates of the invoice and of the
        payment, from the day of the promise to the end of its tolerance. Credit notes
        are no payment; where they leave nothing open, the promise has no object any
        more.

        :param condition: SQL on the row ``promise`` of dunning_promise
        :param date: day as of which their state is told
        :return: SQL of a query with the columns id, paid and state; state is NULL for
            one of which nothing can be said yet
        """
        return SQL(
            """
            SELECT promise.id, money.paid,
                   CASE WHEN money.paid >= promise.amount - currency.rounding / 2 THEN 'kept'
                        WHEN money.left <= 0 AND money.late = 0 THEN
                             CASE WHEN money.paid > 0 THEN 'kept' ELSE 'cancelled' END
                        WHEN promise.date_end >= %(date)s THEN NULL
                        WHEN money.paid > 0 THEN 'partial'
                        ELSE 'broken' END AS state
              FROM dunning_promise promise
              JOIN res_currency currency ON currency.id = promise.currency_id
              CROSS JOIN LATERAL (
                   SELECT COALESCE(SUM(came.paid), 0) AS paid,
                          COALESCE(SUM(came.late), 0) AS late,
                          COALESCE(SUM(aml.amount_residual_currency), 0) AS left
                     FROM dunning_promise_item promised
                     JOIN account_move_line aml ON aml.id = promised.move_line_id
                     CROSS JOIN LATERAL (
                          SELECT SUM(partial.debit_amount_currency)
                                     FILTER (WHERE partial.max_date <= promise.date_end) AS paid,
                                 SUM(partial.debit_amount_currency)
                                     FILTER (WHERE partial.max_date > promise.date_end) AS late
                            FROM account_partial_reconcile partial
                            JOIN account_move_line credit_aml
                                 ON credit_aml.id = partial.credit_move_id
                            JOIN account_move move ON move.id = credit_aml.move_id
                           WHERE partial.debit_move_id = promised.move_line_id
                             AND move.move_type <> 'out_refund'
                             AND partial.max_date >= promise.date_made) came
                    WHERE promised.promise_id = promise.id) money
             WHERE %(condition)s
            """,
            date=date,
            condition=condition,
        )

    def _update_state(self, date):
        """Update the state of these promises as of a date. One that was broken is kept after
        all when money turns up that had come in time.
        """
        self.env.flush_all()
        self._apply(
            self.env.execute_query(
                self._outcomes_sql(SQL("promise.id IN %s", tuple(self.ids)), date)
            ),
            date,
        )

    @api.model
    def _night_judge(self, company, date):
        """Update all open promises of a company, batch by batch.

        :return: whether all are done
        """
        while rows := self._next_to_update(company, date):
            done = self._apply(rows, date)
            if not self.env["ir.cron"]._commit_progress(done, remaining=1):
                return False
        return True

    @api.model
    def _next_to_update(self, company, date):
        self.env.flush_all()
        own = SQL("promise.company_id IN %s", company._dunning_companies()._ids)
        outcomes = self._outcomes_sql(SQL("promise.state = 'open' AND %s", own), date)
        return self.env.execute_query(
            SQL(
                "SELECT * FROM (%s) outcome WHERE state IS NOT NULL ORDER BY id LIMIT %s",
                outcomes,
                BATCH,
            )
        )

    @api.model
    def _apply(self, rows, date):
        """Write the outcomes, the promises of one answer at a time.

        :param rows: list of (id, paid, state)
        :return: number of promises that were looked at
        """
        ended = {}
        for id_, paid, state in rows:
            promise = self.browse(id_)
            promise.amount_paid = paid
            if state != promise.state and (promise.state == "open" or state == "kept"):
                ended.setdefault(state, []).append(id_)
        for state, ids in ended.items():
            if state:
                self.browse(ids)._end(state, date)
        return len(rows)

    # Ending

    def _end(self, state, date):
        """Close promises with an answer; their holds end with them."""
        self.write({"state": state, "date_closed": date, "closed_by_id": self.env.uid})
        words = labels(self, "state")[state]
        self.hold_id.filtered("active").sudo()._lift(words, date)
        for promise in self:
            promise._log_on_case(
                self.env._(
                    "Promise %(promise)s: %(answer)s, %(paid)s paid.",
                    promise=promise._get_html_link(),
                    answer=words,
                    paid=promise.currency_id.format(promise.amount_paid),
                )
            )
        if state in ("broken", "partial"):
            self._schedule_for_responsible(
                "mail_activity_promise", date, type(self)._broken_summary
            )
        if state == "kept":
            self._answered("mail_activity_promise")
            self._thank()

    def _broken_summary(self):
        return self.env._(
            "Promised %(amount)s by %(date)s, %(paid)s came",
            amount=self.currency_id.format(self.amount),
            date=format_date(self.env, self.date),
            paid=self.currency_id.format(self.amount_paid),
        )

    def _thank(self):
        """Thank for kept promises by e-mail, where the company does that."""
        thanked = self.filtered(
            lambda promise: (
                promise.company_id.dunning_promise_thanks
                and not promise.thanked
                and promise.contact_id
                and promise._may_mail()
            )
        )
        sent = thanked._mail("mail_template_promise_kept", self.env._("No thank-you was sent"))
        sent.thanked = True

    def _may_mail(self):
        """Whether the contact of a promise wants e-mails and gets them; says so if not."""
        contact = self.contact_id.sudo()
        if contact.is_blacklisted:
            why = self.env._("%s does not want e-mails", contact.email)
        elif contact.message_bounce:
            why = self.env._("e-mails to %s come back", contact.email)
        else:
            return True
        self._message_log(body=self.env._("No thank-you was sent: %s", why))
        return False

    # What becomes of a promise when money that counted for it is taken back: a direct debit
    # bounces, a payment is cancelled, a reconciliation was wrong.

    @api.model
    def _update_reopened(self, items, date):
        """Update the promises about items of which a reconciliation was just undone: one
        query where there is none.

        :param items: account.move.line
        :param date: day as of which their state is told
        """
        promises = self.search(
            [
                ("line_ids.move_line_id", "in", items.ids),
                ("state", "in", ("open", "kept", "partial")),
            ]
        )
        if not promises:
            return
        self.env.flush_all()
        outcomes = self._outcomes_sql(SQL("promise.id IN %s", tuple(promises.ids)), date)
        for id_, paid, state in self.env.execute_query(outcomes):
            promise = self.browse(id_)
            promise.amount_paid = paid
            if promise.state != (state or "open"):
                promise._undo(state, date)

    def _undo(self, state, date):
        """Go on with a promise that was kept, or partly kept, by money that is gone.

        :param state: what it is now, None when its time is not over
        :param date: day as of which its state is told
        """
        self._case()._message_log(
            body=self.env._(
                "A payment that counted for promise %s was undone.", self._get_html_link()
            )
        )
        if not state and self._taken(self.item_ids):
            # One open promise an item: the later one goes on.
            state = "partial" if self.amount_paid else "broken"
        if state:
            self._end(state, date)
        else:
            self._reopen(date)

    def _reopen(self, date):
        self.write({"state": "open", "date_closed": False, "closed_by_id": False})
        self._hold(date)
        self._log_on_case(
            self.env._(
                "Promise %(promise)s is open again, %(paid)s paid.",
                promise=self._get_html_link(),
                paid=self.currency_id.format(self.amount_paid),
            )
        )


class DunningPromiseItem(models.Model):
    """An item that a promise covers; the database allows it one open promise."""

    _name = "dunning.promise.item"
    _description = "Promised Item"
    _inherit = ["dunning.by.button"]
    _part_of = "promise_id"

    promise_id = fields.Many2one("dunning.promise", required=True, index=True, ondelete="cascade")
    move_line_id = fields.Many2one(
        "account.move.line", string="Item", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="promise_id.company_id", store=True, precompute=True)
    is_open = fields.Boolean(compute="_compute_is_open", store=True, precompute=True)

    _one_open = models.UniqueIndex(
        "(move_line_id) WHERE is_open",
        "One of these items is promised already: wait for that promise, or cancel it first.",
    )

    _item_once = models.UniqueIndex(
        "(promise_id, move_line_id)", "This item is in the promise already: list it once."
    )

    @api.depends("promise_id.state")
    def _compute_is_open(self):
        for line in self:
            line.is_open = line.promise_id.state == "open"

    def _open_state(self):
        return self.promise_id.state
