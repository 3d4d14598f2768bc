from odoo import models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """Money is taken back: promises that it kept and plans that it paid are looked at again."""
        items = self.debit_move_id
        result = super().unlink()
        if not items:  # Odoo deletes none, again and again
            return result
        for company, own in items.grouped("company_id").items():
            today = company._dunning_today()
            self.env["dunning.promise"].sudo()._update_reopened(own, today)
            own._update_dunning_agreements(today)
        return result
