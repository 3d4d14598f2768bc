import base64
from contextlib import suppress

from odoo import api, models
from odoo.exceptions import UserError

from ...tools.text import without_sender
from .notice import REPORT


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    @api.depends("subject", "body", "channel", "contact_id", "attachment_id", "line_ids")
    def _compute_letter_preview(self):
        reports = self.env["ir.actions.report"]
        letters = self._origin.filtered("is_paper")
        streams = {}
        # A text that cannot be filled in is told by the button that opens the
        # letter; the form opens anyway.
        with suppress(UserError):
            if letters:
                streams = reports._render_qweb_pdf_prepare_streams(REPORT, {}, letters.ids)
        for notice in self:
            found = streams.get(notice._origin.id)
            notice.letter_preview = found and base64.b64encode(found["stream"].getvalue())

    def _freeze_letters(self):
        """Render the letters that are not frozen yet and keep them as attachments."""
        missing = self.filtered(lambda notice: not notice.attachment_id)
        if not missing:
            return
        missing._open_customer_pages()
        for notice, attachment in zip(missing, missing._keep_letters(), strict=True):
            notice.attachment_id = attachment

    def _keep_letters(self):
        """Render letters and keep them as attachments.

        :return: ir.attachment, in the order of the notices
        """
        streams = self.env["ir.actions.report"]._render_qweb_pdf_prepare_streams(
            REPORT, {}, self.ids
        )
        return (
            self.env["ir.attachment"]
            .sudo()
            .create(
                [
                    {
                        "name": notice._letter_filename(),
                        "raw": streams[notice.id]["stream"].getvalue(),
                        "mimetype": "application/pdf",
                        "res_model": self._name,
                        "res_id": notice.id,
                    }
                    for notice in self
                ]
            )
        )

    def _letter_files(self):
        """The letters of these reminders, whatever way they went.

        :return: dict of notice id to content
        """
        streams = self.env["ir.actions.report"]._render_qweb_pdf_prepare_streams(
            REPORT, {}, self.ids
        )
        return {id_: streams[id_]["stream"].getvalue() for id_ in self.ids}

    def _letter_filename(self):
        self.ensure_one()
        label = self.name or self.with_context(lang=self.lang).level_id.name or ""
        return f"{label.replace('/', '-')}.pdf"

    def _letter_values(self):
        """What each letter shows, see ``_frame_values``.

        :return: list of dicts, in the order of the notices
        """
        contacts = self._letter_contacts()
        logos = {company: company._dunning_logo() for company in self.company_id.sudo()}
        values = []
        for notice in self:
            frame = notice._frame_values()
            frame.update(
                contact=(contacts.get(notice.id) or notice.contact_id).sudo(),
                logo=logos[frame["company"]],
                subject=without_sender(notice.subject or "", frame["company"].name),
                body=notice.body,
                qr=frame["notice"]._qr_code(frame["bank"], frame["reference"]),
            )
            values.append(frame)
        return values

    def _letter_contacts(self):
        """To whom the letters are addressed where that is not the main contact: one of several
        contacts, or whom a letter reaches of a reminder that goes by another channel.

        :return: dict of notice id to res.partner
        """
        if copies := self.env.context.get("dunning_letter_contacts"):
            return {key: self.env["res.partner"].browse(id_) for key, id_ in copies.items()}
        others = self.filtered(lambda notice: not notice.is_paper)
        usual = self.env["dunning.channel"]._addressees("letter", others)
        return {key: contacts[:1] for key, contacts in usual.items()}

    def _qr_code(self, bank, reference):
        single = self.line_ids.move_id if len(self.line_ids) == 1 else self.env["account.move"]
        return bank._dunning_qr(
            self.amount_asked,
            reference,
            single.payment_reference or "",
            self.currency_id,
            self.partner_id,
        )


class DunningDelivery(models.Model):
    _inherit = "dunning.delivery"

    def _freeze_copies(self):
        """Keep the letters to all contacts but the first of each reminder, whose letter is that
        of the reminder itself. They differ in the address alone.
        """
        left = self.browse()
        for deliveries in self.grouped("notice_id").values():
            left |= deliveries[1:]
        # One of each reminder at a time.
        while left:
            batch = self.browse().concat(*(own[0] for own in left.grouped("notice_id").values()))
            left -= batch
            contacts = {record.notice_id.id: record.contact_id.id for record in batch}
            notices = batch.notice_id.with_context(dunning_letter_contacts=contacts)
            for delivery, letter in zip(batch, notices._keep_letters(), strict=True):
                delivery.attachment_id = letter
