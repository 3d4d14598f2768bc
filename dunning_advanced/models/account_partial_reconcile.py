from odoo import fields, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """Money is taken back: promises that it kept and plans that it paid are looked at again."""
        items = self.debit_move_id
        result = super().unlink()
        if not items:  # Odoo deletes none, again and again
            return result
        today = fields.Date.context_today(items)
        self.env["dunning.promise"].sudo()._update_reopened(items, today)
        items._update_dunning_agreements(today)
        return result
