from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .email import Email
from .letter import Letter

CHANNELS = (Email(), Letter())


class DunningChannel(models.AbstractModel):
    """The channels that there are, and who is reached by them."""

    _name = "dunning.channel"
    _description = "Dunning Channel"

    @api.model
    def _channels(self):
        """All channels. Extension point.

        :return: list of Channel
        """
        return list(CHANNELS)

    @api.model
    def _get(self, code):
        """The channel with a code.

        :return: Channel; None where the module that has it is gone
        """
        return next((channel for channel in self._channels() if channel.code == code), None)

    @api.model
    def _installed(self, code):
        """The channel with a code.

        :raises UserError: when the module that has it is gone
        """
        channel = self._get(code)
        if not channel:
            raise UserError(
                self.env._(
                    "There is no channel “%s” any more: choose another one, or have the module "
                    "installed that has it.",
                    code,
                )
            )
        return channel

    @api.model
    def _label(self, code):
        """The name of a channel; its code where the module that has it is gone."""
        channel = self._get(code)
        return self.env._(channel.label) if channel else code or ""

    @api.model
    def _selection(self):
        return [(channel.code, self.env._(channel.label)) for channel in self._channels()]

    @api.model
    def _codes(self):
        return [channel.code for channel in self._channels()]

    @api.model
    def _on_paper(self):
        """Codes of the channels that bring letters."""
        return tuple(channel.code for channel in self._channels() if channel.is_paper)

    @api.model
    def _printed(self):
        """Codes of the channels whose letters somebody here prints."""
        return tuple(channel.code for channel in self._channels() if channel.is_printed)

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
                "(array_agg(partner.id"
                " ORDER BY CASE WHEN partner.id = partner.commercial_partner_id THEN 3"
                " WHEN partner.type = 'dunning' THEN 1 ELSE 2 END, partner.id)"
                " FILTER (WHERE %s))[1] AS %s",
                channel.reach(SQL("partner")),
                SQL.identifier(f"{channel.code}_contact_id"),
            )
            for channel in self._channels()
        ]
        return SQL(
            "SELECT partner.commercial_partner_id AS debtor_id, %s FROM res_partner partner"
            " WHERE partner.commercial_partner_id IN (%s)"
            " AND (partner.id = partner.commercial_partner_id"
            " OR partner.active AND partner.type IN ('dunning', 'invoice'))"
            " GROUP BY partner.commercial_partner_id",
            SQL(", ").join(columns),
            debtors,
        )

    def _deliver(self, code, notices):
        """Bring issued notices to their debtors by one channel, in this transaction.

        :return: dunning.delivery, one for each notice
        """
        channel, contacts = self._installed(code), self._contacts(code, notices)
        channel.prepare(self, notices)
        return channel.deliver(self, notices, contacts)

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
        reached = {row["debtor_id"]: row.get(column) for row in self.env.cr.dictfetchall()}
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
