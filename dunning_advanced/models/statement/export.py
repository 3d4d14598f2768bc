from odoo import models
from odoo.exceptions import UserError

from ...tools.spreadsheet import MAX_ROWS, Amount, Column, workbook


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _dunning_statement_xlsx(self, period):
        """The statements of these debtors as one workbook: open items, charges that are
        not booked where there are any, movements where they are asked for, and balances
        with totals by currency.

        :param period: Period
        :return: content of the file, as bytes
        :raises UserError: see :meth:`_dunning_statement_debtors`, or when there are
            more rows than a sheet holds
        """
        debtors = self._dunning_statement_debtors(period)
        found = debtors._dunning_accounts(period)
        accounts = [(debtor, account) for debtor in debtors for account in found.get(debtor.id, [])]
        self._dunning_check_rows(accounts)
        with workbook() as (book, output):
            sheet = book.sheet(self.env._("Open items"), self._dunning_item_columns())
            sheet.table(self._dunning_item_rows(accounts))
            if any(account.charges for _debtor, account in accounts):
                sheet = book.sheet(
                    self.env._("Charges not booked"), self._dunning_unbooked_columns()
                )
                sheet.table(self._dunning_unbooked_rows(accounts))
            if period.date_from:
                sheet = book.sheet(self.env._("Movements"), self._dunning_movement_columns())
                sheet.table(self._dunning_movement_rows(accounts, period))
            self._dunning_balances_sheet(book, accounts)
        return output.getvalue()

    def _dunning_check_rows(self, accounts):
        for name in ("items", "charges", "movements"):
            if sum(len(getattr(account, name)) + 2 for _debtor, account in accounts) > MAX_ROWS:
                raise UserError(
                    self.env._(
                        "There are more than %s rows, and a sheet cannot hold more: choose fewer "
                        "customers or a shorter period.",
                        f"{MAX_ROWS:,}",
                    )
                )

    def _dunning_kinds(self):
        return {
            "invoice": self.env._("Invoice"),
            "credit_note": self.env._("Credit note"),
            "payment": self.env._("Payment"),
            "repayment": self.env._("Repayment"),
            "entry": self.env._("Entry"),
            "settlement": self.env._("Settled by"),
        }

    def _dunning_entry_columns(self):
        return [
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Customer no.")),
            Column(self.env._("Kind"), width=14),
            Column(self.env._("Number"), width=20),
            Column(self.env._("Reference"), width=20),
            Column(self.env._("Date"), "date"),
            Column(self.env._("Due date"), "date"),
        ]

    def _dunning_entry_cells(self, debtor, entry, kinds):
        return [
            debtor.display_name,
            debtor.ref,
            kinds[entry.kind],
            entry.name,
            entry.reference,
            entry.date,
            entry.due,
        ]

    # Open items

    def _dunning_item_columns(self):
        return [
            *self._dunning_entry_columns(),
            Column(self.env._("Days"), "int"),
            Column(self.env._("Amount"), "amount"),
            Column(self.env._("Paid"), "amount"),
            Column(self.env._("Open"), "amount"),
            Column(self.env._("Currency"), width=9),
        ]

    def _dunning_item_rows(self, accounts):
        kinds, names = self._dunning_kinds(), self._dunning_currency_names(accounts)
        for debtor, account in accounts:
            for item in account.debits + account.credits:
                yield [
                    *self._dunning_entry_cells(debtor, item, kinds),
                    item.days_overdue(account.date) if item.open > 0 else None,
                    Amount(item.amount, account.digits),
                    Amount(item.amount - item.open, account.digits),
                    Amount(item.open, account.digits),
                    names[account.currency_id],
                ]

    def _dunning_currency_names(self, accounts):
        ids = {account.currency_id for _debtor, account in accounts}
        return {currency.id: currency.name for currency in self.env["res.currency"].browse(ids)}

    # Charges that are not booked

    def _dunning_unbooked_columns(self):
        return [
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Customer no.")),
            Column(self.env._("Date"), "date"),
            Column(self.env._("Reminder"), width=20),
            Column(self.env._("Item"), width=20),
            Column(self.env._("Kind"), width=14),
            Column(self.env._("Charge"), width=28),
            Column(self.env._("Amount"), "amount"),
            Column(self.env._("Tax"), "amount"),
            Column(self.env._("Total"), "amount"),
            Column(self.env._("Currency"), width=9),
        ]

    def _dunning_unbooked_rows(self, accounts):
        kinds = self.env["dunning.charge"]
        names = self._dunning_currency_names(accounts)
        for debtor, account in accounts:
            for charge in account.charges:
                amounts = (charge.amount, charge.tax, charge.amount + charge.tax)
                yield [
                    debtor.display_name,
                    debtor.ref,
                    charge.date,
                    charge.notice,
                    charge.item,
                    kinds._kind_label(charge.kind),
                    charge.name,
                    *(Amount(amount, account.digits) for amount in amounts),
                    names[account.currency_id],
                ]

    # Movements

    def _dunning_movement_columns(self):
        return [
            *self._dunning_entry_columns(),
            Column(self.env._("Charged"), "amount"),
            Column(self.env._("Paid or credited"), "amount", 16),
            Column(self.env._("Balance"), "amount"),
            Column(self.env._("Currency"), width=9),
        ]

    def _dunning_movement_rows(self, accounts, period):
        kinds, names = self._dunning_kinds(), self._dunning_currency_names(accounts)
        opening = self.env._("Opening balance")
        for debtor, account in accounts:
            end = names[account.currency_id]
            first = [debtor.display_name, debtor.ref, opening, None, None, period.date_from, None]
            yield [*first, None, None, Amount(account.opening, account.digits), end]
            for entry, balance in account.running():
                charged, credited = max(entry.amount, 0), max(-entry.amount, 0)
                yield [
                    *self._dunning_entry_cells(debtor, entry, kinds),
                    Amount(charged, account.digits) if charged else None,
                    Amount(credited, account.digits) if credited else None,
                    Amount(balance, account.digits),
                    end,
                ]

    # Balances

    def _dunning_balance_columns(self):
        titles = [
            *self.env["dunning.engine.item"]._age_labels(),
            self.env._("Credits"),
            self.env._("Balance"),
            self.env._("Charges not booked"),
            self.env._("Total owed"),
        ]
        return [
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Customer no.")),
            Column(self.env._("Currency"), width=9),
            *(Column(title, "amount") for title in titles),
        ]

    def _dunning_balances_sheet(self, book, accounts):
        """Each account by age; below, the sums by currency, never over currencies."""
        names = self._dunning_currency_names(accounts)
        sheet = book.sheet(self.env._("Balances"), self._dunning_balance_columns())
        sums = {}
        rows = []
        for debtor, account in accounts:
            amounts = [
                *account.ageing(),
                account.amount_credit,
                account.balance,
                account.amount_charges,
                account.owed,
            ]
            empty = (account.digits, [0] * len(amounts))
            _digits, total = sums.setdefault(account.currency_id, empty)
            total[:] = map(sum, zip(total, amounts, strict=True))
            cells = [Amount(amount, account.digits) for amount in amounts]
            rows.append([debtor.display_name, debtor.ref, names[account.currency_id], *cells])
        sheet.table(rows)
        sheet.skip()
        for currency_id, (digits, total) in sums.items():
            cells = [Amount(amount, digits) for amount in total]
            sheet.add([self.env._("Total"), None, names[currency_id], *cells])
