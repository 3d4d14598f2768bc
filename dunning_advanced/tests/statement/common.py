from odoo import Command

from odoo.addons.dunning_advanced.models.statement.statement import Period

from ..common import DAY, DunningCommon


class StatementCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.yen = cls.add_rate("JPY", 150)

    def period(self, day=DAY, date_from=None):
        return Period(self.company, day, date_from)

    def accounts(self, day=DAY, date_from=None, debtor=None):
        debtor = debtor or self.debtor
        found = debtor._dunning_accounts(self.period(day, date_from))
        return found.get(debtor.id, [])

    def account(self, *args, **kwargs):
        """The one account of the debtor."""
        [account] = self.accounts(*args, **kwargs)
        return account

    def wizard(self, debtors=None, **values):
        return self.env["dunning.statement"].create(
            {
                "partner_ids": [Command.set((debtors or self.debtor).ids)],
                "company_id": self.company.id,
                "date": DAY,
                **values,
            }
        )

    def content(self, action):
        """The file that an action of the wizard downloads."""
        attachment_id = int(action["url"].split("/")[3].split("?")[0])
        return self.env["ir.attachment"].browse(attachment_id).raw
