from odoo import Command, models
from odoo.tools import format_date


class DunningNotice(models.Model):
    """Charges in the ledger: one customer invoice for a reminder."""

    _inherit = "dunning.notice"

    def _book_charges(self):
        """Make the invoices of the charges where the policy wants them booked.

        :raises UserError: when a product or an account is missing
        """
        booked = self.filtered(
            lambda notice: (
                notice.has_charges
                and notice.charge_mode in ("draft", "posted")
                and notice.amount_charges
            )
        )
        if not booked:
            return
        moves = self.env["account.move"].create([notice._charge_move_values() for notice in booked])
        for notice, move in zip(booked, moves, strict=True):
            notice.charge_move_id = move
            notice._open_charges()._spread_tax(move.amount_total - notice.amount_charges)
            notice._log_move(move, self.env._("booked"))
        posted = booked.filtered(lambda notice: notice.charge_mode == "posted")
        posted.charge_move_id._post(soft=False)

    def _charge_move_values(self):
        self.ensure_one()
        invoice = self.partner_id.address_get(["invoice"])["invoice"]
        values = {
            "move_type": "out_invoice",
            "company_id": self.company_id.id,
            "partner_id": invoice,
            "currency_id": self.currency_id.id,
            "invoice_date": self.date,
            "date": self.date,
            "invoice_payment_term_id": False,
            "invoice_date_due": self.date_pay,
            "invoice_origin": self.name,
            "invoice_user_id": self.user_id.id,
            "ref": self.env._("Charges of reminder %s", self.name),
            # They are reminded of together, also where the invoices have a policy of their own.
            "dunning_policy_id": self.line_ids.move_id.dunning_policy_id[:1].id,
            "invoice_line_ids": self._charge_lines(self._open_charges()),
        }
        if self.company_id.dunning_journal_id:
            values["journal_id"] = self.company_id.dunning_journal_id.id
        return values

    def _open_charges(self):
        return self.charge_ids.sudo().filtered(lambda charge: charge.state == "open")

    def _charge_lines(self, charges):
        """Invoice lines of charges; account and taxes are found by Odoo itself.

        :return: list of Command
        """
        lines = []
        for product, own in charges.grouped(lambda charge: charge._product()).items():
            own._check_account(product)
            lines += [
                Command.create(
                    {
                        "product_id": product.id,
                        "name": f"{label}\n{why}" if why else label,
                        "quantity": 1,
                        "price_unit": amount,
                    }
                )
                for label, why, amount in own._summed()
                if amount
            ]
        return lines

    def _log_move(self, move, what):
        """Say in the chatter what was booked, and when, if that day is another one."""
        open_day = move._dunning_open_day()
        link = move._get_html_link(move.ref)
        if open_day == move.date:
            self._message_log(body=self.env._("Charges %(what)s: %(link)s", what=what, link=link))
            return
        wanted, move.date = move.date, open_day
        self._message_log(
            body=self.env._(
                "Charges %(what)s: %(link)s, on %(day)s instead of %(wanted)s, because the "
                "books are locked until then.",
                what=what,
                link=link,
                day=format_date(self.env, open_day),
                wanted=format_date(self.env, wanted),
            )
        )

    # Taking back

    def _reverse_charges(self, reason, date):
        """Take back the charges of cancelled reminders, in the ledger too.

        :param reason: text
        :param date: since when they are not owed, and date of the credit notes; None: as if
            they had never been
        """
        # Not field by field: a run may have many reminders, few of them with charges.
        charges = self.env["dunning.charge"].sudo().search([("notice_id", "in", self.ids)])
        owed = charges.filtered(lambda charge: charge.state != "waived")
        for day, own in owed.grouped("date").items():
            own.write({"state": "cancelled", "date_closed": date or day})
        for notice in (charges.notice_id & self).filtered("charge_move_id"):
            notice._reverse_charge_move(reason, date)

    def _reverse_charge_move(self, reason, date):
        self.ensure_one()
        move = self.charge_move_id
        if move.state == "draft":
            move.button_cancel()
        elif move.state == "posted" and move.payment_state != "reversed":
            self._credit(move, reason, date)

    def _credit(self, move, reason, date, lines=None):
        """Credit the invoice of the charges by Odoo's own reversal, and settle it with it.

        :param lines: Command list of what is credited; None: everything
        :return: account.move, the credit note
        """
        self.ensure_one()
        date = date or move.date
        values = {"invoice_date": date, "date": date, "ref": f"{move.ref}: {reason}"}
        credit = move._reverse_moves([values])
        if lines:
            credit.write({"invoice_line_ids": [Command.clear(), *lines]})
        self._log_move(credit, self.env._("credited"))
        credit._post(soft=False)
        items = (move | credit).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        )
        if len(items.move_id) == 2:
            items.reconcile()
        return credit

    def _credit_waived(self, waived, reason, date):
        """Take waived charges out of the draft invoice, or credit them.

        :param waived: dunning.charge of this reminder
        """
        self.ensure_one()
        move, left = self.charge_move_id, self._open_charges()
        if not move or move.state == "cancel":
            return
        if not left:
            self._reverse_charge_move(reason, date)
        elif move.state == "draft":
            lines = [Command.clear(), *self._charge_lines(left)]
            move.write({"invoice_line_ids": lines})
            left._spread_tax(move.amount_total - self.amount_charges)
        else:
            tax = sum((left | waived).mapped("amount_tax"))
            credit = self._credit(move, reason, date, self._charge_lines(waived))
            waived._spread_tax(credit.amount_total - sum(waived.mapped("amount")))
            left._spread_tax(tax - sum(waived.mapped("amount_tax")))
