import logging

from odoo import fields, models

_logger = logging.getLogger(__name__)


class DunningPaymentPlan(models.Model):
    """What the customer is told about a plan."""

    _inherit = "dunning.payment.plan"

    def _send_offer(self, date):
        """The plan goes to the customer, to be accepted.

        :param date: day on which it goes out
        """
        for plan in self:
            plan._portal_ensure_token()
            plan._send_letter("mail_template_plan_offer", plan._keep_letter_if_possible(), date)

    def _send_agreement(self, date):
        """The customer gets the accepted plan, which is kept as it is now."""
        self._send_kept("mail_template_plan_accepted", date)

    def _send_schedule(self, date):
        """The customer gets the schedule as it is now, after a change."""
        self._send_kept("mail_template_plan_changed", date)

    def _send_kept(self, template, date):
        for plan in self:
            plan.attachment_id = plan._keep_letter_if_possible()
            plan._send_letter(template, plan.attachment_id, date)

    def action_send_again(self):
        """Send offers and agreements once more, with the plan as it is now."""
        self._check_state("offered", "running")
        today = fields.Date.context_today(self)
        for plan in self:
            plan._send_offer(today) if plan.state == "offered" else plan._send_agreement(today)

    def _remind_installment(self, installment):
        """A friendly word before an installment.

        :param installment: dunning.installment of this plan
        """
        self.ensure_one()
        self.with_context(dunning_installment_id=installment.id)._tell(
            "mail_template_plan_reminder", self.env._("The reminder of an installment was not sent")
        )

    def _tell_arrears(self):
        """Tell customers which installment is missing, and until when it may come."""
        self._tell("mail_template_plan_arrears", self.env._("No e-mail about the arrears was sent"))

    def _thank(self):
        """Thank for completed plans, where the company does that."""
        thanked = self.filtered("company_id.dunning_plan_thanks")
        thanked._tell("mail_template_plan_completed", self.env._("No thank-you was sent"))

    def _tell_end(self, date):
        """Tell customers that their plans are withdrawn, or ended because they were not kept.

        Plans that were never offered are left out.
        """
        for plan in self.filtered("date_offered"):
            letter = plan._keep_letter_if_possible()
            name = "defaulted" if plan.state == "defaulted" else "cancelled"
            plan._send_letter(f"mail_template_plan_{name}", letter, date)

    def _shown_installment(self):
        """The installment that an e-mail is about: the one it was made for, else the first
        that is open.
        """
        self.ensure_one()
        given = self.env.context.get("dunning_installment_id")
        rows = self.installment_ids.sorted("date")
        return rows.filtered(lambda row: row.id == given) or rows.filtered("amount_open")[:1]

    # How it is sent

    def _tell(self, template, failed, letter=None):
        """An e-mail about each plan, by the queue, from its responsible.

        :param template: see :meth:`_mail`
        :param failed: what to say when it could not be sent
        :param letter: ir.attachment that goes with it
        """
        for plan in self:
            values = {"author_id": plan.sudo()._contact_person().id}
            if letter:
                values["attachment_ids"] = [(4, letter.id)]
            plan._mail(template, failed, email_values=values)
        self.env["dunning.channel"]._send_queue()

    def _send_letter(self, template, letter, date):
        """The letter by e-mail; who has no address gets it on paper, so somebody prints it.

        :param template: see :meth:`_mail`
        :param letter: ir.attachment, may be empty
        :param date: day by which it is printed
        """
        self.ensure_one()
        if self.contact_id:
            self._tell(template, self.env._("The plan was not sent by e-mail"), letter)
            return
        self._message_log(
            body=self.env._("The customer has no e-mail address: print this and post it."),
            attachment_ids=letter.ids,
        )
        self._ask_responsible(
            "mail_activity_plan_letter",
            date,
            lambda plan: self.env._("Print payment plan %s and post it: no e-mail", plan.name),
        )

    def _keep_letter_if_possible(self):
        """The letter as a file; a plan goes on without one, and says so.

        :return: ir.attachment, empty where it could not be made
        """
        try:
            with self.env.cr.savepoint():
                return self._keep_letter()
        except Exception as error:
            _logger.warning("No letter of %s", self, exc_info=True)
            self._message_log(body=self.env._("The letter could not be made: %s", error))
            return self.env["ir.attachment"]
