from functools import partial

from odoo import api, fields, models
from odoo.tools import format_amount, format_date, format_datetime

from ..money.charge import percent
from ..notice.email import _color

PLAN = "dunning_advanced.payment_plan"


class DunningPaymentPlan(models.Model):
    """The plan as a letter, and what its e-mails and the customer's page show too."""

    _inherit = "dunning.payment.plan"

    lang = fields.Char(
        compute="_compute_lang",
        string="Language",
        help="Of the contact, else of the customer, else of the company.",
    )
    greeting = fields.Char(compute="_compute_greeting", help="For the texts of the e-mails.")
    attachment_id = fields.Many2one(
        "ir.attachment",
        string="Agreement (PDF)",
        readonly=True,
        copy=False,
        help="The plan as it was accepted, or as it was changed last.",
    )

    @api.depends("partner_id", "company_id")
    def _compute_lang(self):
        for plan in self:
            plan.lang = plan.contact_id._dunning_lang(plan.partner_id, plan.company_id)

    @api.depends("partner_id")
    @api.depends_context("lang")
    def _compute_greeting(self):
        for plan in self:
            plan.greeting = (plan.contact_id or plan.partner_id)._dunning_greeting()

    def action_print(self):
        """Show the letters of these plans as PDF."""
        return {
            "type": "ir.actions.act_url",
            "url": f"/report/pdf/{PLAN}/{','.join(map(str, self.ids))}",
            "target": "new",
        }

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

    # What is shown

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
            "rate": self.interest_rate and f"{percent(self.env, self.interest_rate)} %",
            "amount": partial(format_amount, self.env, currency=self.currency_id),
            "day": partial(format_date, self.env),
            "moment": partial(format_datetime, self.env, tz=self._customer_tz()),
            "color": _color,
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
