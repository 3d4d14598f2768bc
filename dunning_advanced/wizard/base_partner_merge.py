from odoo import models


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """A customer has one open case and credit hold: those of merged customers become
        one first.
        """
        self.env["dunning.case"].sudo()._join_open(dst_partner, src_partners)
        self.env["dunning.credit.hold"].sudo()._join(dst_partner, src_partners)
        self.env["dunning.notice"].sudo()._record_merged(dst_partner, src_partners)
        return super()._update_foreign_keys(src_partners, dst_partner)
