from odoo import Command, fields, models
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
        dispute._link_credit(credit, fields.Date.context_today(self))
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


class AccountMove(models.Model):
    _inherit = "account.move"

    def _dunning_reduce(self, amount, dispute):
        """Make a draft credit note come to an amount, tax included, by Odoo's own way of
        taking a part of an invoice: a line for each account and taxes.

        :param amount: in the currency of the credit note
        :param dispute: dunning.dispute that the lines name
        """
        if self.currency_id.compare_amounts(amount, self.amount_total) >= 0:
            return
        taxes = self.env["account.tax"]
        products = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        lines = [self._prepare_product_base_line_for_taxes_computation(line) for line in products]
        taxes._add_tax_details_in_base_lines(lines, self.company_id)
        taxes._round_base_lines_tax_details(lines, self.company_id)
        parts = taxes._prepare_down_payment_lines(
            lines,
            self.company_id,
            "fixed",
            amount,
            computation_key=f"dunning_dispute,{dispute.id}",
            grouping_function=lambda line: {"account_id": line["account_id"]},
        )
        name = f"{dispute._for_customer().reason_id.name} ({dispute.move_id.name})"
        self.invoice_line_ids = [
            *(Command.delete(line.id) for line in self.invoice_line_ids),
            *(
                Command.create(
                    {
                        "name": name,
                        "account_id": part["account_id"].id,
                        "quantity": part["quantity"],
                        "price_unit": part["price_unit"],
                        "tax_ids": [Command.set(part["tax_ids"].ids)],
                        "analytic_distribution": part["analytic_distribution"],
                        "extra_tax_data": taxes._export_base_line_extra_tax_data(part),
                    }
                )
                for part in parts
            ),
        ]
