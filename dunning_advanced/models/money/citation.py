from odoo import api, fields, models


class DunningCitation(models.AbstractModel):
    """Where a figure comes from, and when somebody last compared it with its source."""

    _name = "dunning.citation"
    _description = "Figure from the Law"

    # fields whose change has to be verified again
    _figures = ()

    citation = fields.Char(string="Law", help="The article that the figure comes from.")
    source = fields.Char(help="Where the figure can be looked up.")
    verified = fields.Boolean(help="Compared with an official source, or with several sources.")
    date_checked = fields.Date(string="Last checked")

    def write(self, vals):
        """A figure that somebody changes is not the one that was verified."""
        if "verified" not in vals and not vals.keys().isdisjoint(self._figures):
            vals = {**vals, "verified": False}
        return super().write(vals)

    def action_verify(self):
        """Say that the figures were compared with their source today."""
        today = self.env.company._dunning_today()
        self.write({"verified": True, "date_checked": today})

    @api.model
    def _keep_corrections(self, models_):
        """Updates of the module add rows and leave alone the ones that are there,
        because a person may have corrected them.

        :param models_: names of the models whose rows come with the module
        """
        self.env["ir.model.data"].sudo().search(
            [
                ("module", "=", "dunning_advanced"),
                ("model", "in", models_),
                ("noupdate", "=", False),
            ]
        ).noupdate = True
