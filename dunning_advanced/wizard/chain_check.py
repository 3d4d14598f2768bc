from odoo import api, fields, models


class DunningChainCheck(models.TransientModel):
    """Asks whether all that went out is still as it was recorded."""

    _name = "dunning.chain.check"
    _description = "Check of the Chain"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    is_whole = fields.Boolean(compute="_compute_answer")
    first = fields.Text(string="What does not fit", compute="_compute_answer")
    answer = fields.Text(compute="_compute_answer")

    @api.depends("company_id")
    def _compute_answer(self):
        entries = self.env["dunning.chain.entry"]
        for wizard in self:
            checked = entries._check(wizard.company_id)
            wizard.is_whole = not checked.problems
            wizard.first = checked.problems[0] if checked.problems else False
            told = entries._describe(checked)
            wizard.answer = "\n".join(told[1:] if checked.problems else told)
