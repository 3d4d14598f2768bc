from odoo import models

from ...tools.spreadsheet import Amount, Column


class DunningRun(models.Model):
    _inherit = "dunning.run"

    def _xlsx_charges(self, book):
        """The charges of the run with their workings, one row for each period of interest;
        no sheet where nothing costs anything.
        """
        charges = (
            self.env["dunning.charge"]
            .search([("notice_id.run_id", "=", self.id)])
            .sorted(lambda charge: (charge.notice_id.id, charge.kind, charge.id))
        )
        if not charges:
            return
        charges.notice_id.fetch(["name"])
        sheet = book.sheet(self.env._("Charges"), self._xlsx_charge_columns())
        sheet.table(row for charge in charges for row in self._xlsx_charge_rows(charge))

    def _xlsx_charge_columns(self):
        return [
            Column(self.env._("Reminder"), width=16),
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Invoice"), width=20),
            Column(self.env._("Kind"), width=12),
            Column(self.env._("Charge"), width=28),
            Column(self.env._("From"), "date"),
            Column(self.env._("Until"), "date"),
            Column(self.env._("Days"), "int"),
            Column(self.env._("Rate a year"), width=12),
            Column(self.env._("On amount"), "amount"),
            Column(self.env._("Amount"), "amount"),
            Column(self.env._("Currency"), width=9),
            Column(self.env._("State"), width=16),
            Column(self.env._("Working"), width=44),
            Column(self.env._("Reason"), width=28),
        ]

    def _xlsx_charge_rows(self, charge):
        kinds = dict(charge._selection_kind())
        states = dict(charge._fields["state"]._description_selection(self.env))
        digits = charge.currency_id.decimal_places
        whole = {
            "from": charge.date_from,
            "until": charge.date_until,
            "days": charge.days or None,
            "rate": None,
            "base": charge.principal,
            "amount": charge.amount,
        }
        for part in charge._segment_rows() or [whole]:
            yield [
                charge.notice_id.name,
                charge.partner_id.display_name,
                charge.item_name,
                kinds[charge.kind],
                charge.name,
                part["from"],
                part["until"],
                part["days"],
                part["rate"],
                Amount(part["base"], digits),
                Amount(part["amount"], digits),
                charge.currency_id.name,
                states[charge.state],
                charge.formula,
                charge.reason,
            ]
