import logging
from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError

from ...tools.color import css_color

_logger = logging.getLogger(__name__)


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    def _render_email_body(self, formats=None):
        """The whole e-mail as the customer gets it."""
        self.ensure_one()
        # What is frozen was cleaned when it was stored: once is enough.
        words = self.own_body if self.state == "issued" else self.body
        return self._render_email(words, formats)

    def _render_email(self, words, formats=None, template="dunning_advanced.notice_email"):
        """An e-mail about the notice, in the frame of all e-mails.

        :param words: Markup, in the language of the customer
        :param formats: see ``_frame_values``
        """
        return self.env["ir.qweb"]._render(
            template,
            {
                **self._frame_values(formats),
                "body": words,
                "color": css_color,
            },
            minimal_qcontext=True,
            lang=self.lang,
        )

    def _sent_email_body(self):
        """The e-mail as it left, or nothing when there was none."""
        self.ensure_one()
        sent = self.delivery_ids.filtered(lambda d: d.message_id and not d.correction)[:1]
        return sent.message_id.sudo().body

    def _mail_values_list(self, contacts):
        """Values of the outgoing mails of these notices.

        :param contacts: dict of notice id to res.partner
        :return: list of dicts for mail.mail, in the order of the notices
        """
        self._open_customer_pages()
        threads = self._mail_threads()
        replies = self._mail_replies(threads)
        attachments = self._mail_attachments()
        formats = self._formats()
        return [
            {
                **notice._mail_values(contacts[notice.id], threads[notice], replies[notice]),
                "body_html": notice._render_email_body(formats),
                "attachment_ids": [(4, attachment.id) for attachment in attachments[notice]],
            }
            for notice in self
        ]

    def _mail_values(self, contacts, thread, reply_to):
        """What every mail to the customer of a notice has in common: the first contact gets
        it, and sees who else does.
        """
        self.ensure_one()
        everybody = ",".join(contact.email_formatted for contact in contacts)
        return {
            "subject": self.own_subject,
            "recipient_ids": [(4, contacts[:1].id)],
            "headers": len(contacts) > 1 and repr({"X-Msg-To-Add": everybody}),
            "author_id": self._contact_person().id,
            "email_from": self._mail_sender(),
            "reply_to": reply_to,
            "model": thread._name,
            "res_id": thread.id,
            "record_name": thread.display_name,
            "record_company_id": self.company_id.id,
            "message_type": "email_outgoing",
            "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
            # The message on the case stays, the mail goes once it is sent.
            "is_notification": True,
            "auto_delete": True,
        }

    def _mail_sender(self):
        user = self.user_id or self.company_id.dunning_user_id
        return user.email_formatted or self.company_id.email_formatted

    def _mail_threads(self):
        """The open case of each notice, else the notice itself.

        :return: dict of notice to record
        """
        cases = (
            self.env["dunning.case"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", self.partner_id.ids),
                    ("company_id", "in", self.company_id.ids),
                    ("state", "=", "open"),
                ]
            )
        )
        found = {(case.company_id, case.partner_id): case for case in cases}
        return {
            notice: found.get((notice.company_id, notice.partner_id), notice) for notice in self
        }

    def _mail_replies(self, threads):
        """Where answers go: to the case where a catchall exists, else to the responsible.

        :param threads: dict of notice to record
        :return: dict of notice to address
        """
        replies = {}
        for model, notices in self.grouped(lambda notice: threads[notice]._name).items():
            records = self.env[model].union(*(threads[notice] for notice in notices)).sudo()
            found = records._notify_get_reply_to_batch(
                defaults={threads[notice].id: notice._mail_sender() for notice in notices},
                author_ids={threads[notice].id: notice._contact_person().id for notice in notices},
            )
            replies.update({notice: found[threads[notice].id] for notice in notices})
        return replies

    # Attachments

    def _mail_attachments(self):
        """Letter and invoices where the level asks for them. What cannot be made
        is told in the chatter; the reminder goes without it.

        :return: dict of notice to ir.attachment
        """
        found = defaultdict(self.env["ir.attachment"].browse)
        letters = self.filtered(lambda notice: notice.level_id.attach_letter)
        letters._freeze_letters_if_possible()
        for notice in letters:
            found[notice] |= notice.attachment_id
        for notice in self.filtered(lambda notice: notice.level_id.attach_invoices):
            found[notice] |= notice._invoice_attachments()
        return found

    def _freeze_letters_if_possible(self):
        """All letters at once; one by one when that fails, so that only those are missing that
        cannot be made.
        """
        try:
            self._freeze_letters()
        except UserError as error:
            if len(self) == 1:
                self._log_missing(self.env._("the letter"), error)
                return
            for notice in self:
                notice._freeze_letters_if_possible()

    def _invoice_attachments(self):
        """The PDF of each invoice: the one that was sent, else a new one."""
        attachments = self.env["ir.attachment"].sudo()
        for move in self.line_ids.move_id.sudo():
            if not move.is_sale_document(include_receipts=True):
                continue
            try:
                attachments |= move.invoice_pdf_report_id or self._render_invoice(move)
            except Exception as error:  # noqa: BLE001 - a missing PDF never stops a reminder
                _logger.info("No PDF of %s for a reminder: %s", move.name, error)
                self._log_missing(move.name, error)
        return attachments

    def _render_invoice(self, move):
        return (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": move._get_invoice_report_filename(),
                    "raw": move._dunning_new_pdf(),
                    "mimetype": "application/pdf",
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        )

    def _log_missing(self, name, error):
        for notice in self:
            notice._message_log(
                body=self.env._(
                    "%(document)s could not be attached: %(reason)s", document=name, reason=error
                )
            )
