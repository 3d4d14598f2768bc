from odoo import models
from odoo.exceptions import UserError


class DunningHold(models.Model):
    _inherit = "dunning.hold"

    def _check_not_handed(self):
        """Or we would remind beside the agency.

        :raises UserError: when a hold is that of a hand-over
        """
        handover = (
            self.env["dunning.handover"]
            .sudo()
            .search([("hold_id", "in", self.ids), ("state", "=", "handed")], limit=1)
        )
        if handover:
            raise UserError(
                self.env._(
                    "%s is handed over: return or close the hand-over, and the hold ends.",
                    handover.display_name,
                )
            )
