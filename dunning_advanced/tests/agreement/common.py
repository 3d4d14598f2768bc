from datetime import timedelta

from odoo import Command
from odoo.tests import Form

from ..clock import NightCase
from ..common import DAY


class PromiseCase(NightCase):
    def items(self, *moves):
        return self.env["account.move"].union(*moves).line_ids.filtered("date_maturity")

    def promise(self, amount, *moves, days=7, **values):
        given = {"item_ids": [Command.set(self.items(*moves).ids)]} if moves else {}
        return self.env["dunning.promise"].create(
            {
                "partner_id": self.debtor.id,
                "amount": amount,
                "date": DAY + timedelta(days=days),
                **given,
                **values,
            }
        )

    def receive(self, amount, *moves, days):
        """Money with the value of a day after DAY, reconciled with invoices."""
        return self.pay(
            self.debtor, amount, days=-days, invoices=self.env["account.move"].union(*moves)
        )

    def case(self):
        return self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)], limit=1)

    def thanks(self, promise):
        return self.env["mail.mail"].search(
            [("model", "=", "dunning.promise"), ("res_id", "in", promise.ids)]
        )


class DisputeCase(PromiseCase):
    """Customers that do not agree."""

    def reason(self, name):
        return self.env.ref(f"dunning_advanced.dispute_reason_{name}")

    def dispute(self, move, amount=None, reason="damaged", **values):
        given = {} if amount is None else {"amount": amount}
        return self.env["dunning.dispute"].create(
            {"move_id": move.id, "reason_id": self.reason(reason).id, **given, **values}
        )

    def installments(self, *days, amount=900.0, **values):
        """An invoice in equal parts that are due so many days before DAY, and its items."""
        first = DAY - timedelta(days=max(days))
        *earlier, last = [max(days) - age for age in sorted(days, reverse=True)]
        part = {"value": "fixed", "value_amount": amount / len(days)}
        terms = self.env["account.payment.term"].create(
            {
                "name": "Parts",
                "line_ids": [
                    *(Command.create({**part, "nb_days": day}) for day in earlier),
                    Command.create({"value": "percent", "value_amount": 100, "nb_days": last}),
                ],
            }
        )
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.debtor.id,
                "invoice_date": first,
                "date": first,
                "invoice_payment_term_id": terms.id,
                "invoice_line_ids": [
                    Command.create({"name": "work", "price_unit": amount, "tax_ids": []})
                ],
                **values,
            }
        )
        move.action_post()
        return move, self.items(move).sorted("date_maturity")

    def credit(self, dispute, amount=None, user=None):
        """A draft credit note from the form of a dispute."""
        action = dispute.with_user(user or self.env.user).action_accept()
        wizard = self.env[action["res_model"]].with_user(user or self.env.user)
        with Form(wizard.with_context(**action["context"])) as form:
            if amount is not None:
                form.dunning_amount = amount
        form.record.refund_moves()
        return dispute.credit_move_id

    def book(self, amount, move, days=0):
        """A credit note of a day after DAY, posted, that nobody made from a dispute."""
        day = DAY + timedelta(days=days)
        refund = self.invoice(
            0, amount, kind="out_refund", reversed_entry_id=move.id, invoice_date=day, date=day
        )
        self.items(refund, move).filtered(lambda item: not item.reconciled).reconcile()
        return refund

    def said(self, dispute):
        return " ".join(dispute.message_ids.mapped("body"))

    def asked(self, run):
        """(decision, open, disputed, to pay) by item."""
        return {
            line.move_line_id: (line.verdict, line.amount_open, line.amount_held, line.amount_net)
            for line in run.line_ids
        }
