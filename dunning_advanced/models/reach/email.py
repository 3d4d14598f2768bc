from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL, LazyTranslate

from .contract import Channel

_lt = LazyTranslate(__name__)

# Odoo waits a minute for a mail server: whoever has not answered by then has stopped.
HANDING_MINUTES = 15


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
        mails = self._mails(channels, notices, notices._mail_values_list(contacts), contacts)
        self._keep_bodies(channels, mails.values())
        return channels.env["dunning.delivery"].create(
            [
                {
                    **self.values(notice, contact),
                    **self._mail_values(mail, contact, contacts[notice.id]),
                }
                for (notice, contact), mail in mails.items()
            ]
        )

    def retry(self, channels, delivery):
        if not delivery.mail_id:
            super().retry(channels, delivery)
            return
        mail = delivery.mail_id.sudo()
        mail.mark_outgoing()
        mail.notification_ids.filtered(
            lambda notification: notification.mail_mail_id == mail
        ).notification_status = "ready"
        delivery._queue()
        delivery.address = self.address(delivery.contact_id)

    def outcome(self, channels, deliveries):
        """Odoo's queue tells what it sends. It does not tell of mails that were deleted together
        with something else, as their message, nor of those which it was handing over when the
        server stopped.
        """
        since = fields.Datetime.subtract(fields.Datetime.now(), minutes=HANDING_MINUTES)
        handed = deliveries.filtered(lambda one: one.date_handed and one.date_handed < since)
        handed.filtered(lambda one: one.mail_id.sudo().state == "exception")._lose_track()
        mails = channels.env["mail.mail"].sudo()
        cancelled = mails.search([("id", "in", deliveries.mail_id.ids), ("state", "=", "cancel")])
        deliveries.filtered(lambda delivery: delivery.mail_id in cancelled)._lose_mails("cancelled")
        # A correction has no mail before it is sent.
        deliveries.filtered(
            lambda delivery: not delivery.mail_id and not delivery.correction
        )._lose_mails("deleted")

    def correct(self, channels, corrections):
        notices = corrections.notice_id
        texts = notices._render_texts(corrections._correction_template())
        threads = notices._mail_threads()
        replies = notices._mail_replies(threads)
        values, contacts = [], {}
        for notice in notices:
            subject, words = texts[notice.id]
            body = notice._render_email(words, template="dunning_advanced.correction_email")
            own = corrections.filtered(lambda record, notice=notice: record.notice_id == notice)
            contacts[notice.id] = own.contact_id
            mail = notice._mail_values(own.contact_id, threads[notice], replies[notice])
            values.append({**mail, "subject": subject, "body": body, "body_html": body})
        mails = self._mails(channels, notices, values, contacts)
        for correction in corrections:
            mail = mails[correction.notice_id, correction.contact_id]
            everybody = contacts[correction.notice_id.id]
            correction.write(self._mail_values(mail, correction.contact_id, everybody))

    def _mails(self, channels, notices, values, contacts):
        """One message for each notice, to all of its contacts; a mail of it for each of them,
        which is sent, fails and is tried again by itself.

        :param values: of the mail to the first contact of each notice
        :param contacts: dict of notice id to res.partner
        :return: dict of (notice, contact) to mail.mail
        """
        create = channels.env["mail.mail"].sudo().create
        first = dict(zip(notices, create(values), strict=True))
        others = [(notice, person) for notice in notices for person in contacts[notice.id][1:]]
        copies = create([self._copy_values(first[notice], person) for notice, person in others])
        mails = {(notice, contacts[notice.id][:1]): mail for notice, mail in first.items()}
        mails.update(zip(others, copies, strict=True))
        self._notify(channels, mails)
        return mails

    def _mail_values(self, mail, contact, contacts):
        """What a delivery knows of its mail. All mails are of one message, and each has a
        Message-ID of its own: that of the message goes to the first contact.
        """
        name, _at, host = mail.message_id.rpartition("@")
        copied = contact != contacts[:1]
        return {
            "mail_id": mail.id,
            "message_id": mail.mail_message_id.id,
            "email_message_id": f"{name}.{contact.id}@{host}" if copied else mail.message_id,
        }

    def _copy_values(self, mail, contact):
        return {
            "mail_message_id": mail.mail_message_id.id,
            "body_html": mail.body_html,
            "recipient_ids": [(4, contact.id)],
            "headers": mail.headers,
            "is_notification": True,
            "auto_delete": True,
        }

    def _keep_bodies(self, channels, mails):
        """The messages that stay show what the mails say.

        Odoo cleans the body of a message when it is written, which takes a third
        of the time of issuing. These bodies are clean: QWeb has escaped all that
        it put around the words of the notice, and those were cleaned as its text.
        """
        mails = channels.env["mail.mail"].sudo().concat(*mails)
        mails.env.cr.execute(
            SQL(
                "UPDATE mail_message message SET body = mail.body_html FROM mail_mail mail"
                " WHERE mail.mail_message_id = message.id AND mail.id IN %s",
                tuple(mails.ids),
            )
        )
        mails.mail_message_id.invalidate_recordset(["body"])
        mails.invalidate_recordset(["body"])

    def _notify(self, channels, mails):
        """The envelope on each message, by which Odoo shows failures and bounces.

        :param mails: dict of (notice, contact) to mail.mail
        """
        envelopes = [
            {
                "author_id": mail.author_id.id,
                "mail_message_id": mail.mail_message_id.id,
                "mail_mail_id": mail.id,
                "res_partner_id": contact.id,
                "notification_type": "email",
                "notification_status": "ready",
                "is_read": True,
            }
            for (_notice, contact), mail in mails.items()
        ]
        channels.env["mail.notification"].sudo().create(envelopes)
