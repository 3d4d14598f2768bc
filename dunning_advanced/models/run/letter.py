from odoo import models


class DunningRun(models.Model):
    _inherit = "dunning.run"

    def action_print_letters(self):
        """The letters of the run that are to print, as one PDF; they count as delivered.

        :raises UserError: when no letter waits to be printed
        """
        return (
            self.env["dunning.delivery"]
            .search(
                [
                    ("notice_id.run_id", "in", self.ids),
                    ("channel", "=", "letter"),
                    ("state", "=", "queued"),
                ],
                order="id",
            )
            .action_print()
        )
