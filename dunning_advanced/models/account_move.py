from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

INVOICES = ("out_invoice", "out_receipt")


class AccountMove(models.Model):
    _inherit = "account.move"

    dunning_policy_id = fields.Many2one(
        "dunning.policy",
        string="Dunning policy of this invoice",
        copy=False,
        index="btree_not_null",
        check_company=True,
        groups="dunning_advanced.group_user",
        help="Only where this invoice should be reminded differently than the customer's others.",
    )
    dunning_line_ids = fields.One2many(
        "dunning.line",
        compute="_compute_dunning",
        string="Dunning lines",
        groups="dunning_advanced.group_user",
    )
    dunning_level_id = fields.Many2one(
        "dunning.level",
        string="Dunning level",
        compute="_compute_dunning",
        search="_search_dunning_level_id",
        groups="dunning_advanced.group_user",
    )
    dunning_status = fields.Char(
        string="Dunning", compute="_compute_dunning", groups="dunning_advanced.group_user"
    )
    dunning_dispute_ids = fields.One2many(
        "dunning.dispute", "move_id", string="Disputes", groups="dunning_advanced.group_user"
    )
    dunning_dispute_hint = fields.Char(
        string="Dispute",
        compute="_compute_dunning_dispute_hint",
        groups="dunning_advanced.group_user",
    )
    dunning_date_known = fields.Date(
        string="With the customer since",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="dunning_advanced.group_user",
        help="When the invoice was sent; when it was posted, where nobody knows of it being sent.",
    )
    dunning_charge_notice_ids = fields.One2many(
        "dunning.notice",
        "charge_move_id",
        string="Charges of reminders",
        groups="dunning_advanced.group_user",
        help="The reminders whose charges this invoice books.",
    )

    def _compute_dunning(self):
        lines = self.env["dunning.line"].search(
            [("move_line_id.move_id", "in", self.ids)], order="step, id"
        )
        grouped = lines.grouped("move_id")
        for move in self:
            own = grouped.get(move, lines.browse())
            last = own.filtered(lambda line: line.state in ("issued", "moved"))[-1:]
            move.dunning_line_ids = own
            move.dunning_level_id = last.level_id
            move.dunning_status = last.level_id and self.env._(
                "%(level)s on %(date)s",
                level=last.level_id.name,
                date=self.env["ir.qweb.field.date"].value_to_html(last.date, {}),
            )

    def _search_dunning_level_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self.env["dunning.line"]._last_level_domain("move_id", value)

    @api.depends("dunning_dispute_ids.state", "dunning_dispute_ids.amount_open")
    def _compute_dunning_dispute_hint(self):
        for move in self:
            dispute = move.dunning_dispute_ids.filtered(lambda one: one.state == "open")
            move.dunning_dispute_hint = dispute and self.env._(
                "%(amount)s disputed: %(reason)s, answer by %(day)s",
                amount=dispute.currency_id.format(dispute.amount_open),
                reason=dispute.reason_id.name,
                day=format_date(self.env, dispute.date_deadline),
            )

    def write(self, vals):
        """Keep the day on which an invoice is sent for the first time."""
        first = self.filtered(lambda move: vals.get("is_move_sent") and not move.is_move_sent)
        written = super().write(vals)
        first._dunning_keep_day()
        return written

    @api.depends("partner_id", "company_id", "move_type")
    def _compute_alerts(self):
        return super()._compute_alerts()

    @api.ondelete(at_uninstall=False)
    def _unlink_disputes(self):
        # By the ORM, so that their messages and activities go with them.
        self.env["dunning.dispute"].sudo().search([("move_id", "in", self.ids)]).unlink()

    # Actions

    def action_dunning_explain(self):
        """Open the answer to why this invoice is reminded today, or not."""
        self.ensure_one()
        items = self.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).sorted(lambda line: (line.reconciled, line.date_maturity or line.date))
        return items[:1].action_dunning_explain()

    def action_dunning_lines(self):
        """Open what dunning runs said about this invoice."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_line"
        )
        return dict(action, domain=[("move_line_id.move_id", "=", self.id)], context={})

    def button_draft(self):
        """Plans let go of invoices that are no longer what was agreed."""
        self._dunning_leave_plans()
        return super().button_draft()

    def action_dunning_dispute(self):
        """Open the dispute of the invoice, or ask what is disputed of it."""
        self.ensure_one()
        dispute = self.dunning_dispute_ids.filtered(lambda one: one.state == "open")
        if dispute:
            return dispute.get_formview_action()
        return self.env["dunning.dispute"]._open_dialog(default_move_id=self.id)

    def action_dunning_charge_notice(self):
        """Open the reminder whose charges this invoice books."""
        self.ensure_one()
        return self.dunning_charge_notice_ids[:1].get_formview_action()

    # Business

    def _dunning_leave_plans(self):
        lines = (
            self.env["dunning.payment.plan.item"]
            .sudo()
            .search([("move_line_id.move_id", "in", self.ids), ("is_running", "=", True)])
        )
        for own in lines.grouped("move_id").values():
            own.plan_id._release(
                own.move_line_id,
                own.plan_id.company_id._dunning_today(),
                self.env._("reset to draft, so it is no longer in the plan."),
            )

    def _dunning_bank(self, company, currency):
        """The account to pay these invoices to: their own, else the best of the company.

        :return: res.partner.bank
        """
        own = self.partner_bank_id
        if len(own) == 1 and own.partner_id == company.partner_id:
            return own
        return company._dunning_bank(currency)

    # What an invoice says of its dispute.

    def _dunning_keep_day(self):
        """Customers have these invoices from today on."""
        invoices = self.sudo().filtered(lambda move: move.move_type in INVOICES)
        for company, own in invoices.grouped("company_id").items():
            own.dunning_date_known = company._dunning_today()

    def _post(self, soft=True):
        """Refuse what a credit hold keeps off; a credit note that was made from a dispute
        answers it.
        """
        self._check_credit_hold()
        posted = super()._post(soft=soft)
        posted.filtered(lambda move: not move.is_move_sent)._dunning_keep_day()
        refunds = posted.filtered(lambda move: move.move_type == "out_refund")
        if refunds:
            disputes = self.env["dunning.dispute"].sudo()
            for company, own in refunds.grouped("company_id").items():
                disputes._update_for_moves(own, company._dunning_today())
        return posted

    def _get_alerts(self):
        alerts = super()._get_alerts()
        if self.state == "draft" and self.move_type in INVOICES and self.env.user._is_internal():
            debtor = self.commercial_partner_id.with_company(self.company_id)
            if words := debtor.dunning_credit_hold:
                alerts["dunning_credit_hold"] = {"level": "warning", "message": words}
        return alerts

    def _check_credit_hold(self):
        """Where the company wants it, only managers post for a customer on credit hold.

        :raises UserError: for others
        """
        blocked = self.filtered(
            lambda move: move.move_type in INVOICES and move.company_id.sudo().dunning_credit_block
        )
        if not blocked or self.env.su:
            return
        if self.env.user.has_group("dunning_advanced.group_manager"):
            return
        for company, moves in blocked.grouped("company_id").items():
            holds = moves.commercial_partner_id._dunning_credit_holds(company)
            for move in moves:
                hold = holds.get(move.commercial_partner_id)
                # what a reminder costs is no new credit
                if hold and not move.sudo().dunning_charge_notice_ids:
                    raise UserError(
                        self.env._(
                            "%s Only a dunning manager may post this invoice.",
                            hold.with_env(self.env).sudo()._words(),
                        )
                    )

    def _dunning_open_day(self, has_tax=True):
        """The day on which the entry can be booked: its own, or the first one after
        everything that is locked.

        :param has_tax: whether the lock of tax returns counts
        """
        self.ensure_one()
        day = self.date
        while locks := self._get_violated_lock_dates(day, has_tax=has_tax):
            day = locks[-1][0] + timedelta(days=1)
        return day

    def _dunning_shown_charges(self):
        """The charges that the customer sees on the page of this invoice: those that
        were raised for it, and those that it books.

        Read as superuser: the page has checked who may see the invoice.

        :return: dunning.charge that count, or were named in advance
        """
        self.ensure_one()
        return (
            self.env["dunning.charge"]
            .sudo()
            .search(
                Domain("state", "in", ("open", "named"))
                & Domain("amount", "!=", 0)
                & (
                    Domain("move_line_id", "in", self.line_ids.ids)
                    | Domain("notice_id.charge_move_id", "=", self.id)
                ),
                order="date, id",
            )
        )

    def _dunning_pdf(self):
        """The PDF of the invoice: the one that was sent, else a new one.

        :return: content, as bytes
        :raises UserError: when none can be made
        """
        self.ensure_one()
        return self.sudo().invoice_pdf_report_id.raw or self._dunning_new_pdf()

    def _dunning_new_pdf(self):
        reports = self.env["ir.actions.report"].sudo()
        if reports.get_wkhtmltopdf_state() in ("install", "broken"):
            raise UserError(self.env._("wkhtmltopdf is not installed, so no PDF can be made."))
        with self.env.cr.savepoint():
            content, _kind = reports.with_context(report_pdf_no_attachment=True)._render_qweb_pdf(
                "account.account_invoices", self.ids
            )
        return content

    def _dunning_reduce(self, amount, dispute):
        """Make a draft credit note come to an amount, tax included, by Odoo's own way of
        taking a part of an invoice: a line for each account and taxes.

        :param amount: in the currency of the credit note
        :param dispute: dunning.dispute that the lines name
        """
        if self.currency_id.compare_amounts(amount, self.amount_total) >= 0:
            return
        taxes = self.env["account.tax"]
        products = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        lines = [self._prepare_product_base_line_for_taxes_computation(line) for line in products]
        taxes._add_tax_details_in_base_lines(lines, self.company_id)
        taxes._round_base_lines_tax_details(lines, self.company_id)
        parts = taxes._prepare_down_payment_lines(
            lines,
            self.company_id,
            "fixed",
            amount,
            computation_key=f"dunning_dispute,{dispute.id}",
            grouping_function=lambda line: {"account_id": line["account_id"]},
        )
        name = f"{dispute._for_customer().reason_id.name} ({dispute.move_id.name})"
        self.invoice_line_ids = [
            *(Command.delete(line.id) for line in self.invoice_line_ids),
            *(
                Command.create(
                    {
                        "name": name,
                        "account_id": part["account_id"].id,
                        "quantity": part["quantity"],
                        "price_unit": part["price_unit"],
                        "tax_ids": [Command.set(part["tax_ids"].ids)],
                        "analytic_distribution": part["analytic_distribution"],
                        "extra_tax_data": taxes._export_base_line_extra_tax_data(part),
                    }
                )
                for part in parts
            ),
        ]
