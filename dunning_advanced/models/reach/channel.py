from odoo import api, models
from odoo.exceptions import UserError

from .email import Email
from .letter import Letter

CHANNELS = (Email(), Letter())


class DunningChannel(models.AbstractModel):
    """The channels that there are, and what goes out by them."""

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

    def _deliver(self, code, notices):
        """Bring issued notices to their debtors by one channel, in this transaction.

        :return: dunning.delivery, one for each notice and contact
        """
        channel, contacts = self._installed(code), self._addressees(code, notices)
        channel.prepare(self, notices)
        return channel.deliver(self, notices, contacts)

    def _deliver_extra(self, code, notices):
        """Deliver by a second channel where the debtor can be reached by it."""
        contacts = self._addressees(code, notices)
        usable = notices.filtered(lambda notice: contacts[notice.id])
        return self._deliver(code, usable) if usable else self.env["dunning.delivery"]

    def _send_queue(self):
        """Wake the queues after this transaction, so that mails leave soon."""
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
