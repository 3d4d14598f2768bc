from odoo import fields, models
from odoo.exceptions import UserError


class AccountMoveReversal(models.TransientModel):
    """The credit note with which a dispute is accepted, all of it or in part."""

    _inherit = "account.move.reversal"

    dunning_dispute_id = fields.Many2one(
        "dunning.dispute", string="Dispute", copy=False, groups="dunning_advanced.group_user"
    )
    dunning_amount = fields.Monetary(
        string="Amount to credit",
        copy=False,
        groups="dunning_advanced.group_user",
        help="Less than what is disputed: the dispute is accepted in part.",
    )

    def reverse_moves(self, is_modify=False):
        dispute = self.sudo().dunning_dispute_id.with_env(self.env)
        if not dispute:
            return super().reverse_moves(is_modify=is_modify)
        dispute._check_open()
        self._check_dunning_amount(dispute)
        before = dispute.move_id.reversal_move_ids
        action = super().reverse_moves(is_modify=is_modify)
        credit = dispute.move_id.reversal_move_ids - before
        if credit.state == "draft":
            credit._dunning_reduce(self.dunning_amount, dispute)
        dispute._link_credit(credit, dispute._today())
        return action

    def _check_dunning_amount(self, dispute):
        currency = dispute.currency_id
        if not 0 < currency.round(self.dunning_amount) <= currency.round(dispute.amount_open):
            raise UserError(
                self.env._(
                    "Credit between %(least)s and %(most)s, which is disputed. For another amount "
                    "change the dispute first.",
                    least=currency.format(currency.rounding),
                    most=currency.format(dispute.amount_open),
                )
            )
