from odoo import fields, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """Money is taken back: promises that it kept are judged again."""
        items = self.debit_move_id
        result = super().unlink()
        self.env["dunning.promise"].sudo()._judge_again(items, fields.Date.context_today(items))
        return result
