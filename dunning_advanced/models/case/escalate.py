from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# Who answered “nothing yet” is asked again after so many days.
ASK_AGAIN = 30


class DunningCase(models.Model):
    """What can be done when reminders are of no use any more."""

    _inherit = "dunning.case"

    credit_hold_id = fields.Many2one("dunning.credit.hold", compute="_compute_escalation")
    credit_hold_reason = fields.Char(string="On credit hold", compute="_compute_escalation")
    handover_count = fields.Integer(string="Hand-overs", compute="_compute_escalation")
    writeoff_count = fields.Integer(string="Write-offs", compute="_compute_escalation")

    def _compute_escalation(self):
        for case in self:
            own = case._debtor_domain()
            case.credit_hold_id = self.env["dunning.credit.hold"].search(own, limit=1)
            case.credit_hold_reason = case.credit_hold_id.reason
            case.handover_count = self.env["dunning.handover"].search_count(own)
            case.writeoff_count = self.env["dunning.writeoff"].search_count(own)

    # Actions

    def action_escalate(self):
        """Ask which step is taken."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Escalate"),
            "res_model": "dunning.escalate",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_id": self.id},
        }

    def action_lift_credit(self):
        """Ask why the customer gets credit again."""
        return self.credit_hold_id.action_lift()

    def action_view_handovers(self):
        """Open the hand-overs of the customer."""
        return self._view_steps("dunning_advanced.action_dunning_handover")

    def action_view_writeoffs(self):
        """Open the proposals to write off what the customer owes."""
        return self._view_steps("dunning_advanced.action_dunning_writeoff")

    def _view_steps(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return dict(action, domain=self._debtor_domain(), context=self._step_defaults())

    def _step_defaults(self):
        return {
            "default_partner_id": self.partner_id.id,
            "default_company_id": self.company_id.id,
        }

    # Business

    @api.model
    def _open_of(self, records):
        """The open cases of the debtors of some records.

        :param records: of any model with partner_id (a debtor) and company_id
        """
        cases = self.search(
            [
                ("partner_id", "in", records.partner_id.ids),
                ("company_id", "in", records.company_id.ids),
                ("state", "=", "open"),
            ]
        )
        pairs = {(record.partner_id, record.company_id) for record in records}
        return cases.filtered(lambda case: (case.partner_id, case.company_id) in pairs)

    @api.model
    def _ask_for_decision(self, run):
        """Schedule the task to decide, once, on the open case of each debtor with an
        item whose ladder is finished and whose customer let the last term pass.

        Nobody is asked about what is on hold, handed over or proposed to be written off.

        :param run: dunning.run, proposed
        """
        self._ask_once(
            run,
            "dunning_advanced.mail_activity_decide",
            self.env._("All reminders are sent: hand over, write off, or agree on something?"),
            SQL(
                """
                SELECT l.partner_id
                  FROM dunning_line l
                  CROSS JOIN LATERAL (
                       SELECT h.date + v.pay_within AS term
                         FROM dunning_line h
                         JOIN dunning_level v ON v.id = h.level_id
                        WHERE h.move_line_id = l.move_line_id AND h.state IN ('issued', 'moved')
                        ORDER BY h.step DESC, h.id DESC
                        LIMIT 1) last
                 WHERE l.run_id = %s AND l.verdict = 'exhausted' AND l.hold_id IS NULL
                   AND last.term < l.date
                   AND NOT EXISTS (SELECT FROM dunning_handover_item i
                                    WHERE i.move_line_id = l.move_line_id AND i.is_open)
                   AND NOT EXISTS (SELECT FROM dunning_writeoff_item i
                                    WHERE i.move_line_id = l.move_line_id AND i.is_open)
                """,
                run.id,
            ),
            again=run.date - timedelta(days=ASK_AGAIN),
        )
