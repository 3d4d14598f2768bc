from odoo import models

from ...tools.spreadsheet import Amount, Column, workbook
from ..mixins.labels import labels


class DunningPaymentPlan(models.Model):
    """The plan as a workbook."""

    _inherit = "dunning.payment.plan"

    def _xlsx(self):
        """The workbook: installments with what came of them, and the invoices of the plan.

        :return: content of the file, as bytes
        """
        self.ensure_one()
        with workbook() as (book, output):
            sheet = book.sheet(self.env._("Installments"), self._xlsx_installment_columns())
            sheet.table(self._xlsx_installment_rows())
            sheet.skip()
            sheet.add(
                [
                    self.env._("Total"),
                    None,
                    *self._xlsx_amounts(self),
                    None,
                    None,
                    self.currency_id.name,
                ]
            )
            sheet = book.sheet(self.env._("Invoices"), self._xlsx_item_columns())
            sheet.table(self._xlsx_item_rows())
        return output.getvalue()

    def _xlsx_amounts(self, record):
        """Agreed, credited, paid and open of a plan or an installment."""
        digits = self.currency_id.decimal_places
        agreed = record.amount_total if record == self else record.amount
        amounts = (agreed, record.amount_credited, record.amount_paid, record.amount_open)
        return [Amount(amount, digits) for amount in amounts]

    def _xlsx_installment_columns(self):
        return [
            Column(self.env._("Installment"), width=24),
            Column(self.env._("Due on"), "date"),
            Column(self.env._("Amount"), "amount"),
            Column(self.env._("Credited"), "amount"),
            Column(self.env._("Paid"), "amount"),
            Column(self.env._("Open"), "amount"),
            Column(self.env._("Paid on"), "date"),
            Column(self.env._("Status")),
            Column(self.env._("Currency"), width=9),
        ]

    def _xlsx_installment_rows(self):
        rows = self.installment_ids.sorted("date")
        states = labels(rows, "state")
        for row in rows:
            yield [
                row._label(),
                row.date,
                *self._xlsx_amounts(row),
                row.date_paid,
                states[row.state],
                self.currency_id.name,
            ]

    def _xlsx_item_columns(self):
        return [
            Column(self.env._("Invoice"), width=24),
            Column(self.env._("Due date"), "date"),
            Column(self.env._("In the plan"), "amount"),
            Column(self.env._("Open"), "amount"),
            Column(self.env._("Left the plan"), width=14),
            Column(self.env._("Currency"), width=9),
        ]

    def _xlsx_item_rows(self):
        digits = self.currency_id.decimal_places
        for line in self.line_ids:
            yield [
                line.name,
                line.date_maturity,
                Amount(line.amount, digits),
                Amount(line.amount_open, digits),
                self.env._("Yes") if line.released else None,
                self.currency_id.name,
            ]
