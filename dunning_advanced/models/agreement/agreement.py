import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

# How something is agreed with a customer, or said by it.
CHANNELS = [
    ("phone", "Phone"),
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("portal", "Customer's page"),
    ("person", "In person"),
]


class DunningAgreement(models.AbstractModel):
    """What was agreed with a customer: whom it is sent to, and who is told about it."""

    _name = "dunning.agreement"
    _description = "Agreement with a Customer"
    _inherit = ["dunning.company.day"]

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    contact_id = fields.Many2one(
        "res.partner", compute="_compute_contact_id", help="Who gets the e-mails about it."
    )

    @api.depends("partner_id")
    def _compute_contact_id(self):
        for record in self:
            found = record.partner_id.address_get(["dunning", "invoice"])
            contacts = self.env["res.partner"].browse(
                filter(None, [found.get("dunning"), found.get("invoice"), record.partner_id.id])
            )
            record.contact_id = contacts.filtered("email_normalized")[:1]

    def _key(self):
        return self.partner_id, self.company_id

    # The case

    def _cases(self):
        """The open cases of these customers.

        :return: dict of (res.partner, res.company) to dunning.case
        """
        return self._own_cases().grouped(lambda case: (case.partner_id, case.company_id))

    def _own_cases(self):
        return self.env["dunning.case"]._open_of(self)

    def _case(self):
        """The open case of the customer, a new one where there is none."""
        self.ensure_one()
        found = self._own_cases()
        return found or found.create(
            {"partner_id": self.partner_id.id, "company_id": self.company_id.id}
        )

    def _log_on_case(self, text):
        """Write a line into the open cases of these customers."""
        for case in self._own_cases():
            case._message_log(body=text)

    def _schedule_for_responsible(self, kind, date, summary):
        """An activity on the case of each record; a case is opened where there is none.

        :param kind: name of the activity type in this module
        :param summary: method of one record that gives the words, in its language
        """
        cases = self._cases()
        values = []
        for record in self:
            if record._key() not in cases:
                cases[record._key()] = record._case()
            case = cases[record._key()]
            taker = record.user_id.filtered(lambda user: user.active and not user.share)
            company = record.company_id
            user = company._dunning_responsible(case.user_id or taker)
            words = record.with_context(lang=company._dunning_reader_lang(user))
            values.append(
                {
                    "res_model_id": self.env["ir.model"]._get_id("dunning.case"),
                    "res_id": case.id,
                    "activity_type_id": self.env.ref(f"dunning_advanced.{kind}").id,
                    "summary": summary(words),
                    "date_deadline": date,
                    "user_id": user.id,
                    "automated": True,
                }
            )
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(values)

    def _answered(self, kind):
        """Take back the activities of :meth:`_schedule_for_responsible`: nothing is left to do."""
        self._own_cases().activity_unlink([f"dunning_advanced.{kind}"])

    # E-mail

    def _mail(self, template, failed, **options):
        """Send an e-mail about each record to its contact, if there is one.

        A failure is told on the record and stops nothing: neither a payment nor the
        other records.

        :param template: name of the mail.template in this module; nothing is sent
            where it was deleted
        :param failed: what to say when it could not be sent
        :param options: for ``mail.template.send_mail``
        :return: the records of which an e-mail leaves
        """
        sent = self.browse()
        found = self.env.ref(f"dunning_advanced.{template}", raise_if_not_found=False)
        for record in self.filtered("contact_id") if found else ():
            try:
                with self.env.cr.savepoint():
                    found.sudo().send_mail(record.id, **options)
                sent |= record
            except Exception as error:
                _logger.warning("No e-mail about %s", record, exc_info=True)
                record._message_log(body=f"{failed}: {error}")
        return sent
