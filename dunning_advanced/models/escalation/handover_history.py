from odoo import models

from ...tools.spreadsheet import Amount, Column, workbook


class DunningHandover(models.Model):
    """What happened with the debtor, as a workbook."""

    _inherit = "dunning.handover"

    def _history_xlsx(self, date):
        """The history of the items and their debtor, in the language of the context.

        :param date: last day of interest
        :return: content of the file, as bytes
        """
        with workbook() as (book, output):
            for title, columns, rows in self._history_sheets(date):
                book.sheet(title, columns).table(rows)
        return output.getvalue()

    def _history_sheets(self, date):
        """Extension point: other agreements with the debtor add their own.

        :return: list of (title, columns, rows)
        """
        claims = self._claims(date)
        return [
            (self.env._("Items"), self._item_columns(), self._item_rows()),
            (self.env._("Reminders"), self._notice_columns(), self._notice_rows()),
            (self.env._("Deliveries"), self._delivery_columns(), self._delivery_rows()),
            (self.env._("Charges"), self._charge_columns(), self._charge_rows()),
            (self.env._("Interest"), self._interest_columns(), self._interest_rows(claims)),
            (self.env._("Calls"), self._call_columns(), self._call_rows()),
            *self._agreement_sheets(),
            (self.env._("Holds"), self._hold_columns(), self._hold_rows()),
        ]

    def _label(self, record, name):
        """The value of a selection in words."""
        labels = dict(record._fields[name]._description_selection(self.env))
        return labels.get(record[name], record[name])

    def _of_debtor(self, model, order, **options):
        return (
            self.env[model]
            .with_context(**options)
            .search(
                [
                    ("partner_id", "=", self.partner_id.id),
                    ("company_id", "=", self.company_id.id),
                ],
                order=order,
            )
        )

    def _item_columns(self):
        return [
            Column(self.env._("Invoice"), width=20),
            Column(self.env._("Invoice date"), "date", 13),
            Column(self.env._("Due date"), "date"),
            Column(self.env._("Amount"), "amount"),
            Column(self.env._("Open at hand-over"), "amount"),
            Column(self.env._("Open now"), "amount"),
            Column(self.env._("Currency"), width=9),
        ]

    def _item_rows(self):
        for line in self.line_ids:
            digits, item = line.currency_id.decimal_places, line.move_line_id
            yield [
                line.name,
                item.move_id.invoice_date or item.date,
                line.date_maturity,
                Amount(item.amount_currency, digits),
                Amount(line.amount, digits),
                Amount(line.amount_left, digits),
                line.currency_id.name,
            ]

    def _notice_columns(self):
        return [
            Column(self.env._("Number"), width=18),
            Column(self.env._("Date"), "date"),
            Column(self.env._("Level"), width=24),
            Column(self.env._("Channel"), width=12),
            Column(self.env._("Items"), "int"),
            Column(self.env._("To pay"), "amount"),
            Column(self.env._("Currency"), width=9),
            Column(self.env._("Pay until"), "date"),
            Column(self.env._("Has reached the customer"), width=24),
        ]

    def _notice_rows(self):
        for notice in self.notice_ids:
            yield [
                notice.name,
                notice.date,
                notice.level_id.name,
                self._label(notice, "channel"),
                notice.item_count,
                Amount(notice.amount_due, notice.currency_id.decimal_places),
                notice.currency_id.name,
                notice.date_pay,
                self.env._("Yes") if notice.delivered else self.env._("No"),
            ]

    def _delivery_columns(self):
        return [
            Column(self.env._("Reminder"), width=18),
            Column(self.env._("Channel"), width=12),
            Column(self.env._("Addressed to"), width=28),
            Column(self.env._("Address"), width=36),
            Column(self.env._("Status"), width=14),
            Column(self.env._("Delivered on"), "date", 13),
            Column(self.env._("Problem"), width=36),
        ]

    def _delivery_rows(self):
        for delivery in self.notice_ids.delivery_ids.sorted("id"):
            yield [
                delivery.notice_id.name,
                self._label(delivery, "channel"),
                delivery.contact_id.display_name,
                delivery.address,
                self._label(delivery, "state"),
                delivery.date_done,
                delivery.error,
            ]

    def _charge_columns(self):
        return [
            Column(self.env._("Invoice"), width=20),
            Column(self.env._("Reminder"), width=18),
            Column(self.env._("Date"), "date"),
            Column(self.env._("Kind"), width=14),
            Column(self.env._("Charge"), width=36),
            Column(self.env._("Amount"), "amount"),
            Column(self.env._("Currency"), width=9),
            Column(self.env._("Working"), width=60),
            Column(self.env._("Booked as"), width=20),
        ]

    def _charge_rows(self):
        for charge in self.charge_ids:
            yield [
                charge.item_name,
                charge.notice_id.name,
                charge.date,
                self._label(charge, "kind"),
                charge.name,
                Amount(charge.amount, charge.currency_id.decimal_places),
                charge.currency_id.name,
                charge._why(),
                charge.charge_move_id.name,
            ]

    def _interest_columns(self):
        return [
            Column(self.env._("Invoice"), width=20),
            Column(self.env._("From"), "date"),
            Column(self.env._("Until"), "date"),
            Column(self.env._("Days"), "int"),
            Column(self.env._("Rate a year"), width=12),
            Column(self.env._("On"), "amount"),
            Column(self.env._("Interest"), "amount"),
            Column(self.env._("Currency"), width=9),
            Column(self.env._("Law"), width=40),
        ]

    def _interest_rows(self, claims):
        for claim in claims:
            currency = claim["currency"]
            for working in claim["workings"]:
                for row in working["rows"]:
                    yield [
                        working["item"],
                        row["from"],
                        row["until"],
                        row["days"],
                        row["rate"],
                        Amount(row["base"], currency.decimal_places),
                        Amount(row["amount"], currency.decimal_places),
                        currency.name,
                        working["law"],
                    ]

    def _call_columns(self):
        return [
            Column(self.env._("Date"), "date"),
            Column(self.env._("Outcome"), width=18),
            Column(self.env._("Spoke with"), width=28),
            Column(self.env._("Number"), width=18),
            Column(self.env._("Call back on"), "date", 13),
            Column(self.env._("Note"), width=60),
        ]

    def _call_rows(self):
        for call in self._of_debtor("dunning.call", "date, id"):
            yield [
                call.date,
                self._label(call, "outcome"),
                call.contact_id.display_name,
                call.number,
                call.date_callback,
                call.note,
            ]

    def _hold_columns(self):
        return [
            Column(self.env._("From"), "date"),
            Column(self.env._("Until"), "date"),
            Column(self.env._("Lifted on"), "date"),
            Column(self.env._("Reason"), width=28),
            Column(self.env._("What was held"), width=40),
        ]

    def _hold_rows(self):
        """Their reasons alone: notes about people stay in the house."""
        for hold in self._of_debtor("dunning.hold", "date_from, id", active_test=False):
            yield [
                hold.date_from,
                hold.date_to,
                hold.date_lifted,
                hold.reason_id.name,
                hold.subject,
            ]

    # What was agreed with the debtor, for the history in the file.

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
