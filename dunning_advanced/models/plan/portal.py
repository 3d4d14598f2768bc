from hashlib import sha256

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import consteq, plaintext2html
from odoo.tools.image import base64_to_image

LONGEST_NAME = 100

LONGEST_REASON = 2000

LARGEST_SIGNATURE = 1_000_000  # characters of base64


class DunningPaymentPlan(models.Model):
    """The customer's own side of a plan: who may see it, and how it is answered."""

    _inherit = "dunning.payment.plan"

    # Who sees what

    @api.model
    def _customer_domain(self, partner):
        """The plans that the people of a customer see."""
        return Domain("partner_id", "=", partner.commercial_partner_id.id) & Domain(
            "state", "not in", ("draft", "to_approve")
        )

    def _is_open_to(self, user, token):
        """Whether somebody may see this plan: by the link in the e-mail, as a person of
        the customer, or as a dunning user.

        :param user: res.users who asks
        :param token: text of the link, may be empty
        """
        self.ensure_one()
        plan = self.sudo()
        if token and plan.access_token and consteq(plan.access_token, token):
            return True
        own = not user._is_public() and plan.filtered_domain(self._customer_domain(user.partner_id))
        return bool(own) or self.with_user(user).has_access("read")

    def _customer_tz(self):
        """The time zone of the customer, else of the company."""
        partners = (self.contact_id, self.partner_id, self.company_id.partner_id)
        return next((partner.tz for partner in partners if partner.tz), "UTC")

    def _page_state(self, date):
        """What the customer's page has to say first.

        :param date: day on which it is looked at
        :return: a code
        """
        if self.state == "offered" and date > self.date_valid:
            return "expired"
        if self.state == "cancelled" and self.decline_reason:
            return "declined"
        if self.state == "running" and self.date_arrears:
            return "arrears"
        return "changing" if self.state in ("draft", "to_approve") else self.state

    def _terms_mark(self):
        """A mark of what is offered: who answers a page answers what it showed."""
        rows = [f"{row.date} {row.amount:.6f}" for row in self.installment_ids.sorted("date")]
        items = sorted(self._items().ids)
        facts = (rows, items, self.interest, self.interest_rate, self.fees, str(self.date_valid))
        return sha256(repr(facts).encode()).hexdigest()[:16]

    # The answer

    def _accept_online(self, name, now, mark, author, signature=None):
        """The customer accepts on the page. The responsible is told.

        :param name: who accepts, as it was typed
        :param now: UTC datetime
        :param mark: of the page, see :meth:`_terms_mark`
        :param author: res.partner who acts
        :param signature: PNG in base64; without one the name stands for it
        :raises UserError: in words for the customer
        """
        self.ensure_one()
        name = " ".join(name.split()) if isinstance(name, str) else ""
        date = self._today()
        self._check_answerable(date, mark)
        if not name or len(name) > LONGEST_NAME:
            raise UserError(self.env._("Please enter your name."))
        if signature:
            self._check_signature(signature)
        plan = self._in_house()
        try:
            with self.env.cr.savepoint():
                plan._accept(name, date, signature=signature, signed_on=now)
        except UserError as error:
            plan._notify_stuck(error, date)
            raise UserError(
                self.env._(
                    "Something has changed on our side since we sent you this plan. Please "
                    "talk to us: we will sort it out."
                )
            ) from error
        plan._post_answer(
            author,
            plan.env._("Accepted online by %s", name),
            attachment_ids=plan.attachment_id.ids,
        )

    def _decline(self, reason, now, mark, author):
        """The customer says no, and why. Dunning goes on; the responsible is asked to talk.

        :param reason: text, as it was typed
        :param now: UTC datetime
        :param mark: of the page, see :meth:`_terms_mark`
        :param author: res.partner who acts
        :raises UserError: in words for the customer
        """
        self.ensure_one()
        reason = (reason or "").strip()
        date = self._today()
        self._check_answerable(date, mark)
        if not reason:
            raise UserError(
                self.env._("Please tell us why, or what would suit you better: then we can help.")
            )
        plan = self._in_house()
        plan.decline_reason = reason[:LONGEST_REASON]
        plan._end("cancelled", date, plan.env._("Declined by the customer"))
        plan._post_answer(author, plaintext2html(plan.decline_reason))
        plan._schedule_for_responsible(
            "mail_activity_plan",
            date,
            lambda plan: plan.env._("Plan %s was declined: talk to the customer", plan.name),
        )

    def _check_answerable(self, date, mark):
        """:raises UserError: when there is nothing to answer, or not what the page showed"""
        state = self._page_state(date)
        if state == "expired":
            raise UserError(
                self.env._(
                    "This offer was valid until %s. Please talk to us: we will make a new one.",
                    self._format_day(self.date_valid),
                )
            )
        if state != "offered":
            raise UserError(self.env._("This plan has been answered already."))
        if not consteq(mark or "", self._terms_mark()):
            raise UserError(
                self.env._("The plan has changed since you opened it: please look at it again.")
            )

    def _check_signature(self, signature):
        """:raises UserError: when it is no picture of a signature"""
        wrong = self.env._("Your signature did not arrive: please sign again.")
        if not isinstance(signature, str) or len(signature) > LARGEST_SIGNATURE:
            raise UserError(wrong)
        try:
            image = base64_to_image(signature)
            drawn = image.convert("RGBA").getchannel("A").getbbox()
        except (UserError, ValueError, OSError) as error:
            raise UserError(wrong) from error
        if image.format != "PNG" or not drawn:
            raise UserError(wrong)

    def _in_house(self):
        """The plan in the language of its responsible, for whom notes are written."""
        lang = self._contact_person().lang or self.company_id.partner_id.lang
        return self.with_company(self.company_id).with_context(lang=lang)

    def _post_answer(self, author, body, **values):
        """Write what the customer answered, so that the responsible is told."""
        responsible = self._contact_person()
        self.message_post(
            body=body,
            author_id=author.id,
            partner_ids=responsible.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            **values,
        )

    def _notify_stuck(self, error, date):
        """The customer wanted to accept and could not: somebody has to look."""
        self._message_log(
            body=self.env._("The customer wanted to accept this plan, but: %s", str(error))
        )
        self._schedule_for_responsible(
            "mail_activity_plan",
            date,
            lambda plan: plan.env._("Plan %s cannot be accepted online: see why", plan.name),
        )
