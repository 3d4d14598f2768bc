import logging
from functools import partial

from odoo import api, models
from odoo.tools import format_amount, format_date, format_datetime, get_lang

from ...tools.color import css_color
from ...tools.format import format_number
from .plan import PLAN

_logger = logging.getLogger(__name__)


class DunningPaymentPlan(models.Model):
    """The plan as a letter, and what its e-mails and the customer's page show too."""

    _inherit = "dunning.payment.plan"

    @api.depends("partner_id", "company_id")
    def _compute_lang(self):
        for plan in self:
            plan.lang = plan.contact_id._dunning_lang(plan.partner_id, plan.company_id)

    @api.depends("partner_id")
    @api.depends_context("lang")
    def _compute_greeting(self):
        for plan in self:
            plan.greeting = (plan.contact_id or plan.partner_id)._dunning_greeting()

    # Business

    def _pdf(self):
        """The letter as it is now.

        :return: content of the PDF, as bytes
        """
        self.ensure_one()
        streams = self.env["ir.actions.report"]._render_qweb_pdf_prepare_streams(PLAN, {}, self.ids)
        return streams[self.id]["stream"].getvalue()

    def _filename(self, extension):
        """The name of a file: what it is, its number and whose plan it is."""
        label = self.env._(
            "Payment plan %(number)s %(customer)s",
            number=self.name,
            customer=self.partner_id.name or "",
        )
        return f"{' '.join(label.replace('/', '-').split())}.{extension}"

    def _keep_letter(self):
        """The letter as it is now, as a file of the plan.

        :return: ir.attachment
        """
        return (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": self.with_context(lang=self.lang)._filename("pdf"),
                    "raw": self._pdf(),
                    "mimetype": "application/pdf",
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        )

    def _letter_values(self):
        """What each letter shows, see :meth:`_frame_values`.

        :return: list of dicts, in the order of the plans
        """
        contacts = self.env["dunning.channel"]._reached("letter", self.partner_id)
        logos = {company: company._dunning_logo() for company in self.company_id.sudo()}
        values = []
        for plan in self:
            frame = plan._frame_values()
            contact = contacts[plan.partner_id] or plan.contact_id or plan.partner_id
            frame.update(
                contact=contact.sudo().with_context(lang=plan.lang),
                logo=logos[frame["company"]],
                qr=frame["plan"]._qr_code(frame["bank"], frame["reference"]),
                link_qr=frame["answerable"] and frame["url"] and plan._link_code(frame["url"]),
            )
            values.append(frame)
        return values

    def _frame_values(self):
        """What letter, e-mails and page of a plan show, in the customer's language.

        Read as superuser: a document must not depend on who prints it. The
        caller has checked the access to the plan.
        """
        self.ensure_one()
        plan = self.sudo().with_company(self.company_id).with_context(lang=self.lang)
        return plan._shown_values()

    def _shown_values(self):
        """As :meth:`_frame_values`, in the language of the context."""
        company = self.company_id
        lines = self.line_ids.filtered(lambda line: not line.released)
        bank = lines.move_id._dunning_bank(company, self.currency_id)
        rate = format_number(self.interest_rate, get_lang(self.env))
        return {
            "plan": self,
            "company": company,
            "lang": self.env.lang,
            "lines": lines.sorted(lambda line: (line.date_maturity, line.name or "")),
            "rows": self.installment_ids.sorted("date"),
            "person": self._contact_person(),
            "bank": bank,
            "account_number": bank._dunning_number(),
            "reference": self._payment_reference(lines),
            "url": self._customer_url(),
            "answerable": self.state == "offered",
            "charges": self._charges_so_far(),
            "rate": self.interest_rate and f"{rate} %",
            "amount": partial(format_amount, self.env, currency=self.currency_id),
            "day": partial(format_date, self.env),
            "moment": partial(format_datetime, self.env, tz=self._customer_tz()),
            "color": css_color,
        }

    def _contact_person(self):
        """Whom the customer can talk to: the responsible, else the company."""
        user = self.user_id or self.company_id.dunning_user_id
        return user.partner_id or self.company_id.partner_id

    def _customer_url(self):
        """The page of the plan by which the customer sees and answers it; nothing before
        it is offered.
        """
        if not self.access_token or self.state in ("draft", "to_approve"):
            return ""
        return f"{self.get_base_url()}{self.access_url}?access_token={self.access_token}"

    def _charges_so_far(self):
        """What reminders of these invoices have cost and is still owed beside the plan.

        :return: float with tax, in the currency of the plan
        """
        charges = self._charges().filtered(
            lambda charge: charge.state == "open" and charge.currency_id == self.currency_id
        )
        printed = charges.filtered(lambda charge: charge.charge_move_id.state != "posted")
        beside = self._charge_items() - self._items()
        booked = sum(beside.mapped("amount_residual_currency"))
        return booked + sum(printed.mapped("amount")) + printed._tax_estimate()

    def _covers_charges(self):
        """Whether invoices of charges are in the plan."""
        return bool(self._items().move_id.dunning_charge_notice_ids)

    def _payment_reference(self, lines):
        """What to write on each transfer: the invoice where it is one, else the plan."""
        references = {line.move_id.payment_reference or line.name for line in lines}
        return references.pop() if len(references) == 1 else self.name

    def _qr_code(self, bank, reference):
        """A QR code to pay the next installment by."""
        return bank._dunning_qr(self.amount_next, reference, "", self.currency_id, self.partner_id)

    def _link_code(self, url):
        """The address of the customer's page as a QR code, for people with the paper in hand."""
        return self.env["ir.actions.report"]._dunning_qr_code(url)

    # What the customer is told about a plan.

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

    def _remind_installment(self, installment):
        """A friendly word before an installment.

        :param installment: dunning.installment of this plan
        """
        self.ensure_one()
        self.with_context(dunning_installment_id=installment.id)._notify_customer(
            "mail_template_plan_reminder", self.env._("The reminder of an installment was not sent")
        )

    def _notify_arrears(self):
        """Tell customers which installment is missing, and until when it may come."""
        self._notify_customer(
            "mail_template_plan_arrears", self.env._("No e-mail about the arrears was sent")
        )

    def _thank(self):
        """Thank for completed plans, where the company does that."""
        thanked = self.filtered("company_id.dunning_plan_thanks")
        thanked._notify_customer(
            "mail_template_plan_completed", self.env._("No thank-you was sent")
        )

    def _notify_end(self, date):
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

    def _notify_customer(self, template, failed, letter=None):
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
            self._notify_customer(template, self.env._("The plan was not sent by e-mail"), letter)
            return
        self._message_log(
            body=self.env._("The customer has no e-mail address: print this and post it."),
            attachment_ids=letter.ids,
        )
        self._schedule_for_responsible(
            "mail_activity_plan_letter",
            date,
            lambda plan: plan.env._("Print payment plan %s and post it: no e-mail", plan.name),
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
