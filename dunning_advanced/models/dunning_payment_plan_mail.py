from odoo import models


class DunningPaymentPlan(models.Model):
    """What the customer is told about a plan."""

    _inherit = "dunning.payment.plan"

    def _send_offer(self):
        """The plan goes to the customer, to be accepted."""
        self._mail("mail_template_plan_offer", self.env._("The plan was not sent by e-mail"))

    def _send_schedule(self):
        """The customer gets the schedule as it is now, after a change."""
        self._mail("mail_template_plan_changed", self.env._("The new schedule was not sent"))

    def _remind_installment(self, installment):
        """A friendly word before an installment.

        :param installment: dunning.installment of this plan
        """
        self.ensure_one()
        self.with_context(dunning_installment_id=installment.id)._mail(
            "mail_template_plan_reminder", self.env._("The reminder of an installment was not sent")
        )

    def _tell_arrears(self):
        """Tell customers which installment is missing, and until when it may come."""
        self._mail("mail_template_plan_arrears", self.env._("No e-mail about the arrears was sent"))

    def _thank(self):
        """Thank for completed plans, where the company does that."""
        thanked = self.filtered("company_id.dunning_plan_thanks")
        thanked._mail("mail_template_plan_completed", self.env._("No thank-you was sent"))

    def _shown_installment(self):
        """The installment that an e-mail is about: the one it was made for, else the first
        that is open.
        """
        self.ensure_one()
        given = self.env.context.get("dunning_installment_id")
        rows = self.installment_ids.sorted("date")
        return rows.filtered(lambda row: row.id == given) or rows.filtered("amount_open")[:1]
