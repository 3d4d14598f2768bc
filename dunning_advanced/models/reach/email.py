from odoo.fields import Domain
from odoo.tools import SQL, LazyTranslate

from .contract import Channel

_lt = LazyTranslate(__name__)


class Email(Channel):
    """E-mails by Odoo's own queue, which tells what became of each."""

    code, label, icon = "email", _lt("E-mail"), "fa-at"

    def reach(self, alias):
        return SQL("%s.email_normalized LIKE '_%%@_%%._%%'", alias)

    def address(self, contact):
        return contact.email

    def doubtful(self):
        return Domain("message_bounce", ">", 0) | Domain("is_blacklisted", "=", True)

    def deliver(self, channels, notices, contacts):
        mails = channels.env["mail.mail"].sudo().create(notices._mail_values_list(contacts))
        self._keep_bodies(mails)
        self._notify(notices, contacts, mails)
        return channels.env["dunning.delivery"].create(
            [
                {
                    **self.values(notice, contacts[notice.id]),
                    "mail_id": mail.id,
                    "message_id": mail.mail_message_id.id,
                }
                for notice, mail in zip(notices, mails, strict=True)
            ]
        )

    def retry(self, channels, delivery):
        if not delivery.mail_id:
            return super().retry(channels, delivery)
        delivery.mail_id.sudo().mark_outgoing()
        return delivery.write(
            {"state": "queued", "error": False, "address": self.address(delivery.contact_id)}
        )

    def correct(self, channels, corrections):
        notices = corrections.notice_id
        texts = notices._render_texts(corrections._correction_template())
        threads = notices._mail_threads()
        replies = notices._mail_replies(threads)
        values = []
        for correction in corrections:
            notice = correction.notice_id
            subject, words = texts[notice.id]
            body = notice._render_email(words, template="dunning_advanced.correction_email")
            mail = notice._mail_values(correction.contact_id, threads[notice], replies[notice])
            values.append({**mail, "subject": subject, "body": body, "body_html": body})
        mails = channels.env["mail.mail"].sudo().create(values)
        contacts = {correction.notice_id.id: correction.contact_id for correction in corrections}
        self._notify(notices, contacts, mails)
        for correction, mail in zip(corrections, mails, strict=True):
            correction.write({"mail_id": mail.id, "message_id": mail.mail_message_id.id})

    def _keep_bodies(self, mails):
        """The messages that stay show what the mails say.

        Odoo cleans the body of a message when it is written, which takes a third
        of the time of issuing. These bodies are clean: QWeb has escaped all that
        it put around the words of the notice, and those were cleaned as its text.
        """
        mails.env.cr.execute(
            SQL(
                "UPDATE mail_message message SET body = mail.body_html FROM mail_mail mail"
                " WHERE mail.mail_message_id = message.id AND mail.id IN %s",
                tuple(mails.ids),
            )
        )
        mails.mail_message_id.invalidate_recordset(["body"])
        mails.invalidate_recordset(["body"])

    def _notify(self, notices, contacts, mails):
        """The envelope on each message, by which Odoo shows failures and bounces.

        :param contacts: dict of notice id to res.partner
        :param mails: mail.mail of these notices
        """
        mails.env["mail.notification"].sudo().create(
            [
                {
                    "author_id": mail.author_id.id,
                    "mail_message_id": mail.mail_message_id.id,
                    "mail_mail_id": mail.id,
                    "res_partner_id": contacts[notice.id].id,
                    "notification_type": "email",
                    "notification_status": "ready",
                    "is_read": True,
                }
                for notice, mail in zip(notices, mails, strict=True)
            ]
        )
