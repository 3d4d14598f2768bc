"""A channel of another module: pigeons carry reminders to customers who have a loft."""

from odoo import models
from odoo.tools import SQL

from ...models.reach.contract import Channel


class Pigeon(Channel):
    code, label, icon = "pigeon", "Pigeon", "fa-twitter"

    def reach(self, alias):
        return SQL("%s.ref LIKE 'loft %%'", alias)

    def address(self, contact):
        return contact.ref

    def deliver(self, channels, notices, contacts):
        return self.record(channels, notices, contacts)

    def outcome(self, channels, deliveries):
        deliveries.filtered(lambda delivery: delivery.address == "loft 1")._succeed()

    def correct(self, channels, corrections):
        corrections._succeed()


class DunningChannel(models.AbstractModel):
    _name = _inherit = "dunning.channel"
    _module = None

    def _channels(self):
        return [*super()._channels(), Pigeon()]
