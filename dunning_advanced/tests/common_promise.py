from datetime import timedelta

from odoo import Command

from .common import DAY
from .common_night import NightCase


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
