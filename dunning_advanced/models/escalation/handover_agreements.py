from odoo import models

from ...tools.spreadsheet import Amount, Column


class DunningHandover(models.Model):
    """What was agreed with the debtor, for the history in the file."""

    _inherit = "dunning.handover"

    def _agreement_sheets(self):
        """:return: list of (title, columns, rows)"""
        return [
            (self.env._("Promises"), self._promise_columns(), self._promise_rows()),
            (self.env._("Payment plans"), self._plan_columns(), self._plan_rows()),
            (self.env._("Disputes"), self._dispute_columns(), self._dispute_rows()),
        ]

    def _promise_columns(self):
        return [
            Column(self.env._("Promised on"), "date", 13),
            Column(self.env._("Amount"), "amount"),
            Column(self.env._("Currency"), width=9),
            Column(self.env._("Pays by"), "date"),
            Column(self.env._("Made by"), width=14),
            Column(self.env._("Status"), width=14),
            Column(self.env._("Paid"), "amount"),
        ]

    def _promise_rows(self):
        for promise in self._of_debtor("dunning.promise", "date_made, id"):
            digits = promise.currency_id.decimal_places
            yield [
                promise.date_made,
                Amount(promise.amount, digits),
                promise.currency_id.name,
                promise.date,
                self._label(promise, "channel"),
                self._label(promise, "state"),
                Amount(promise.amount_paid, digits),
            ]

    def _plan_columns(self):
        return [
            Column(self.env._("Number"), width=16),
            Column(self.env._("Accepted on"), "date", 13),
            Column(self.env._("Status"), width=14),
            Column(self.env._("Due on"), "date"),
            Column(self.env._("Installment"), "amount"),
            Column(self.env._("Paid"), "amount"),
            Column(self.env._("Currency"), width=9),
        ]

    def _plan_rows(self):
        for plan in self._of_debtor("dunning.payment.plan", "id"):
            digits = plan.currency_id.decimal_places
            for installment in plan.installment_ids:
                yield [
                    plan.name,
                    plan.date_start,
                    self._label(plan, "state"),
                    installment.date,
                    Amount(installment.amount, digits),
                    Amount(installment.amount_paid, digits),
                    plan.currency_id.name,
                ]

    def _dispute_columns(self):
        return [
            Column(self.env._("Disputed on"), "date", 13),
            Column(self.env._("Invoice"), width=20),
            Column(self.env._("Disputed"), "amount"),
            Column(self.env._("Accepted"), "amount"),
            Column(self.env._("Currency"), width=9),
            Column(self.env._("Reason"), width=24),
            Column(self.env._("What the customer says"), width=48),
            Column(self.env._("Status"), width=14),
            Column(self.env._("Decided on"), "date", 13),
            Column(self.env._("Answer to the customer"), width=48),
        ]

    def _dispute_rows(self):
        for dispute in self._of_debtor("dunning.dispute", "date_open, id"):
            digits = dispute.currency_id.decimal_places
            yield [
                dispute.date_open,
                dispute.move_id.name,
                Amount(dispute.amount, digits),
                Amount(dispute.amount_accepted, digits),
                dispute.currency_id.name,
                dispute.reason_id.name,
                dispute.text,
                self._label(dispute, "state"),
                dispute.date_decided,
                dispute.answer,
            ]
