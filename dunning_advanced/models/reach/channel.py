from odoo import api, models
from odoo.tools import SQL


class DunningChannel(models.AbstractModel):
    """The one way in for every way of contact.

    A channel is a code in :meth:`_selection`, the SQL condition
    ``_reach_<code>`` that tells which contact of a debtor it can reach, and
    ``_deliver_<code>`` which brings notices there.
    """

    _name = "dunning.channel"
    _description = "Dunning Channel"

    @api.model
    def _selection(self):
        return [("email", self.env._("E-mail")), ("letter", self.env._("Letter"))]

    @api.model
    def _codes(self):
        return [code for code, _label in self._selection()]

    def _reach(self, code, alias):
        """SQL condition on a res_partner row: usable by the channel?

        :param code: channel code
        :param alias: table alias of the contact, as SQL
        """
        return getattr(self, f"_reach_{code}")(alias)

    def _reach_email(self, alias):
        return SQL("%s.email_normalized LIKE '_%%@_%%._%%'", alias)

    def _reach_letter(self, alias):
        return SQL(
            "(COALESCE(%(a)s.street, '') <> '' OR COALESCE(%(a)s.street2, '') <> '')"
            " AND (COALESCE(%(a)s.city, '') <> '' OR COALESCE(%(a)s.zip, '') <> '')",
            a=alias,
        )

    def _contacts_sql(self, debtors):
        """Who is reached by which channel, for a set of debtors.

        The dunning contact comes first, then the invoice contact, then the
        debtor itself, even when it is archived: it still owes. Each is taken
        only where the channel can reach it.

        :param debtors: SQL of a subquery with one column of debtor ids
        :return: SQL of a query with columns debtor_id and <channel>_contact_id
        """
        columns = [
            SQL(
                "(array_agg(p.id ORDER BY CASE WHEN p.id = p.commercial_partner_id THEN 3"
                " WHEN p.type = 'dunning' THEN 1 ELSE 2 END, p.id) FILTER (WHERE %s))[1] AS %s",
                self._reach(code, SQL("p")),
                SQL.identifier(f"{code}_contact_id"),
            )
            for code in self._codes()
        ]
        return SQL(
            "SELECT p.commercial_partner_id AS debtor_id, %s FROM res_partner p"
            " WHERE p.commercial_partner_id IN (%s)"
            " AND (p.id = p.commercial_partner_id"
            " OR p.active AND p.type IN ('dunning', 'invoice'))"
            " GROUP BY p.commercial_partner_id",
            SQL(", ").join(columns),
            debtors,
        )

    def _deliver(self, code, notices):
        """Bring issued notices to their debtors by one channel, in this transaction.

        :return: dunning.delivery, one for each notice
        """
        return getattr(self, f"_deliver_{code}")(notices)

    def _contacts(self, code, notices):
        """The contact of each notice by a channel: the chosen one by the notice's
        own channel, the usual one by any other.

        :return: dict of notice id to res.partner, empty where nobody is reached
        """
        others = notices.filtered(lambda notice: notice.channel != code)
        reached = self._reached(code, others.partner_id)
        return {
            notice.id: reached[notice.partner_id] if notice in others else notice.contact_id
            for notice in notices
        }

    def _reached(self, code, debtors):
        """The usual contact of each debtor by a channel.

        :return: dict of debtor to res.partner, empty where nobody is reached
        """
        if not debtors:
            return {}
        self.env.flush_all()
        self.env.cr.execute(self._contacts_sql(SQL("SELECT unnest(%s)", list(debtors.ids))))
        column = f"{code}_contact_id"
        reached = {row["debtor_id"]: row[column] for row in self.env.cr.dictfetchall()}
        together = debtors.browse(filter(None, reached.values()))._prefetch_ids
        return {
            debtor: debtors.browse(reached.get(debtor.id)).with_prefetch(together)
            for debtor in debtors
        }

    def _deliver_extra(self, code, notices):
        """Deliver by a second channel where the debtor can be reached by it."""
        contacts = self._contacts(code, notices)
        usable = notices.filtered(lambda notice: contacts[notice.id])
        return self._deliver(code, usable) if usable else self.env["dunning.delivery"]

    def _send_queue(self):
        """Wake the queues after this transaction, so that mails leave soon."""
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    # The channels

    def _deliver_email(self, notices):
        contacts = self._contacts("email", notices)
        mails = self.env["mail.mail"].sudo().create(notices._mail_values_list(contacts))
        self._keep_bodies(mails)
        self._notify(notices, contacts, mails)
        return self.env["dunning.delivery"].create(
            [
                {
                    "notice_id": notice.id,
                    "channel": "email",
                    "contact_id": contacts[notice.id].id,
                    "address": contacts[notice.id].email,
                    "mail_id": mail.id,
                    "message_id": mail.mail_message_id.id,
                }
                for notice, mail in zip(notices, mails, strict=True)
            ]
        )

    def _keep_bodies(self, mails):
        """The messages that stay show what the mails say.

        Odoo cleans the body of a message when it is written, which takes a third
        of the time of issuing. These bodies are clean: QWeb has escaped all that
        it put around the words of the notice, and those were cleaned as its text.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE mail_message m SET body = mail.body_html FROM mail_mail mail"
                " WHERE mail.mail_message_id = m.id AND mail.id IN %s",
                tuple(mails.ids),
            )
        )
        mails.mail_message_id.invalidate_recordset(["body"])
        mails.invalidate_recordset(["body"])

    def _notify(self, notices, contacts, mails):
        """The envelope on the message, by which Odoo shows failures and bounces."""
        self.env["mail.notification"].sudo().create(
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

    def _deliver_letter(self, notices):
        """To print: the letters are frozen now and wait for somebody to post them."""
        contacts = self._contacts("letter", notices)
        notices._freeze_letters()
        return self.env["dunning.delivery"].create(
            [
                {
                    "notice_id": notice.id,
                    "channel": "letter",
                    "contact_id": contacts[notice.id].id,
                    "address": contacts[notice.id].contact_address_inline,
                }
                for notice in notices
            ]
        )
