from odoo import fields, models


class DunningDispute(models.Model):
    """How somebody answers a dispute: with a credit note, with words, or both."""

    _inherit = "dunning.dispute"

    def action_accept(self):
        """Odoo's dialog for a credit note, with the reason and what is disputed. The
        dispute is accepted, all of it or in part, once that credit note is booked.

        :raises UserError: when the dispute is decided already
        """
        self.ensure_one()
        self._check_open()
        if self.credit_state == "draft":
            return self.credit_move_id.get_formview_action()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit note for %s", self.move_id.name),
            "res_model": "account.move.reversal",
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": "account.move",
                "active_ids": self.move_id.ids,
                "default_dunning_dispute_id": self.id,
                "default_dunning_amount": self.amount_open,
                "default_reason": self._for_customer().reason_id.name,
            },
        }

    def action_reject(self):
        """Ask for the answer to the customer, then reject the dispute."""
        self._check_open()
        return self._ask_answer(self.env._("Reject"))

    def action_tell(self):
        """Ask for words to the customer about a dispute that is decided."""
        return self._ask_answer(self.env._("Write to the customer"))

    def action_mark_told(self):
        """The customer was told in another way."""
        self.date_told = fields.Date.context_today(self)

    def action_withdraw(self):
        """The customer does not dispute any more; dunning goes on.

        :raises UserError: when it is decided already
        """
        self._check_open()
        self._end("withdrawn", fields.Date.context_today(self))

    def action_view_credit(self):
        """Open the credit note."""
        self.ensure_one()
        return self.credit_move_id.get_formview_action()

    def _ask_answer(self, title):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "dunning.dispute.answer",
            "view_mode": "form",
            "target": "new",
            "context": {"default_dispute_id": self.id},
        }

    def _for_customer(self):
        """The dispute in the language of the customer."""
        lang = self.contact_id._dunning_lang(self.partner_id, self.company_id)
        return self.with_context(lang=lang)

    def _reject(self, text, date):
        """Reject the dispute and say why.

        :param text: what the customer is told
        """
        self._check_open()
        self._end("rejected", date)
        self._tell(text, date)

    def _tell(self, text, date):
        """Send the answer by e-mail. Where that is not possible it is kept, and the form
        says that the customer has to be told in another way.
        """
        self.write({"answer": text, "date_told": False})
        told = self._mail("mail_template_dispute", self.env._("The answer was not sent"))
        told.date_told = date

    def _link_credit(self, move, date):
        """A credit note was made from the dispute, which ends once it is booked.

        :param move: account.move
        """
        self.credit_move_id = move
        self._message_log(body=self.env._("Credit note: %s", move._get_html_link()))
        self._settle(date)
