from odoo import models

from ...tools.spreadsheet import Amount, Column


class DunningRun(models.Model):
    """The totals in the workbook of a run."""

    _inherit = "dunning.run"

    def _xlsx_totals(self, book):
        """Sums by currency, never over currencies: of the reminders by level,
        and of the items that were stopped by reason.
        """
        own = self.company_id.currency_id
        sheet = book.sheet(
            self.env._("Totals"),
            [
                Column(self.env._("Level"), width=32),
                Column(self.env._("Currency"), width=9),
                Column(self.env._("Reminders"), "int", 11),
                Column(self.env._("Items"), "int"),
                Column(self.env._("Open"), "amount"),
                Column(self.env._("Disputed"), "amount"),
                Column(self.env._("Credits"), "amount"),
                Column(self.env._("To pay"), "amount"),
                Column(self.env._("To pay in %s", own.name), "amount"),
            ],
        )
        sheet.header()
        for label, currency, count, items, *amounts, company in self._xlsx_sums():
            money = [Amount(value, currency.decimal_places) for value in amounts]
            sheet.add(
                [label, currency.name, count, items, *money, Amount(company, own.decimal_places)]
            )
        sheet.skip()
        sheet.header(
            [
                Column(self.env._("Not reminded of")),
                Column(self.env._("Currency")),
                Column(""),
                Column(self.env._("Items")),
                Column(self.env._("Open")),
            ]
        )
        for label, currency, count, opened in self._xlsx_stops():
            amount = Amount(opened, currency.decimal_places) if currency else None
            sheet.add([label, currency.name, None, count, amount, None, None, None, None])

    def _xlsx_sums(self):
        """Each level and currency of the reminders that count, then each currency."""
        live = [("run_id", "=", self.id), ("state", "not in", ("dropped", "cancelled"))]
        sums = [
            "__count",
            "item_count:sum",
            "amount_open:sum",
            "amount_held:sum",
            "amount_credit:sum",
            "amount_total:sum",
            "amount_total_company:sum",
        ]
        notices = self.env["dunning.notice"]
        levels = notices._read_group(live, ["level_id", "currency_id"], sums)
        totals = notices._read_group(live, ["currency_id"], sums)
        yield from ((level.name, *rest) for level, *rest in levels)
        yield from ((self.env._("Total"), *rest) for rest in totals)

    def _xlsx_stops(self):
        """Number and open amount of the stopped items, by reason and currency;
        those that only wait for their day are counted without an amount.
        """
        lines = self.env["dunning.line"]
        labels = dict(lines._selection_verdict())
        groups = lines._read_group(
            [("run_id", "=", self.id), ("state", "=", "stopped")],
            ["verdict", "currency_id"],
            ["__count", "amount_open:sum"],
        )
        for verdict, *rest in groups:
            yield labels.get(verdict, verdict), *rest
        for verdict in ("not_due", "waiting", "pending"):
            if count := self[f"{verdict}_count"]:
                yield labels[verdict], self.env["res.currency"], count, 0
