from odoo import api, fields, models
from odoo.tools import format_date


class AccountMove(models.Model):
    """What an invoice says of its dispute."""

    _inherit = "account.move"

    dunning_dispute_ids = fields.One2many(
        "dunning.dispute", "move_id", string="Disputes", groups="dunning_advanced.group_user"
    )
    dunning_dispute_hint = fields.Char(
        string="Dispute",
        compute="_compute_dunning_dispute_hint",
        groups="dunning_advanced.group_user",
    )

    @api.depends("dunning_dispute_ids.state", "dunning_dispute_ids.amount_open")
    def _compute_dunning_dispute_hint(self):
        for move in self:
            dispute = move.dunning_dispute_ids.filtered(lambda one: one.state == "open")
            move.dunning_dispute_hint = dispute and self.env._(
                "%(amount)s disputed: %(reason)s, answer by %(day)s",
                amount=dispute.currency_id.format(dispute.amount_open),
                reason=dispute.reason_id.name,
                day=format_date(self.env, dispute.date_deadline),
            )

    def action_dunning_dispute(self):
        """Open the dispute of the invoice, or ask what is disputed of it."""
        self.ensure_one()
        dispute = self.dunning_dispute_ids.filtered(lambda one: one.state == "open")
        if dispute:
            return dispute.get_formview_action()
        return self.env["dunning.dispute"]._ask(default_move_id=self.id)

    def _post(self, soft=True):
        """Refuse what a credit hold keeps off; a credit note that was made from a dispute
        answers it.
        """
        self._check_credit_hold()
        posted = super()._post(soft=soft)
        refunds = posted.filtered(lambda move: move.move_type == "out_refund")
        if refunds:
            today = fields.Date.context_today(self)
            self.env["dunning.dispute"].sudo()._settle_moves(refunds, today)
        return posted

    @api.ondelete(at_uninstall=False)
    def _unlink_disputes(self):
        # By the ORM, so that their messages and activities go with them.
        self.env["dunning.dispute"].sudo().search([("move_id", "in", self.ids)]).unlink()
