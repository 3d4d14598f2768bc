from odoo import fields, models

from ..models.mixins.company_day import company_today
from ..models.statement.statement import Period


class DunningStatement(models.TransientModel):
    """Asks for whom and for which days statements of account are made."""

    _name = "dunning.statement"
    _description = "Statement of Account"

    partner_ids = fields.Many2many("res.partner", string="Customers", required=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date = fields.Date(
        string="As of",
        required=True,
        default=company_today,
        help="The account as it was at the end of this day.",
    )
    date_from = fields.Date(
        string="Movements from",
        help="Opening balance and all movements since this day. Empty: open items only.",
    )

    def action_pdf(self):
        """Download the statements as one PDF."""
        return self._download("pdf", self.partner_ids._dunning_statement_pdf(self._period()))

    def action_xlsx(self):
        """Download the statements as a workbook."""
        return self._download("xlsx", self.partner_ids._dunning_statement_xlsx(self._period()))

    def action_send(self):
        """Send each customer its statement, and say who does not get one."""
        sent, problems = self.partner_ids._dunning_send_statements(self._period())
        told = [self.env._("Statements on their way: %s.", len(sent))]
        for reason in dict.fromkeys(problems.values()):
            names = [debtor.display_name for debtor in problems if problems[debtor] == reason]
            told.append(f"{reason}: {', '.join(names)}.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if problems else "success",
                "sticky": bool(problems),
                "message": " ".join(told),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _period(self):
        self.ensure_one()
        return Period(self.company_id, self.date, self.date_from or None)

    def _download(self, extension, content):
        """Keep the file with this wizard, whose owner alone may fetch it.

        :return: action that downloads it
        """
        name = self.partner_ids.commercial_partner_id._dunning_statement_name(
            self._period(), extension
        )
        attachment = self.env["ir.attachment"].create(
            {"name": name, "raw": content, "res_model": self._name, "res_id": self.id}
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }
