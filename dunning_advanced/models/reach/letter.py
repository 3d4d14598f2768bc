from odoo.tools import SQL, LazyTranslate

from .contract import Channel

_lt = LazyTranslate(__name__)


class Letter(Channel):
    """Letters to print: frozen when they are issued, they wait for somebody to post them."""

    code, label, icon = "letter", _lt("Letter"), "fa-file-text-o"
    is_paper = is_printed = True

    def reach(self, alias):
        return SQL(
            "(COALESCE(%(a)s.street, '') <> '' OR COALESCE(%(a)s.street2, '') <> '')"
            " AND (COALESCE(%(a)s.city, '') <> '' OR COALESCE(%(a)s.zip, '') <> '')",
            a=alias,
        )

    def address(self, contact):
        return contact.contact_address_inline

    def prepare(self, channels, notices):
        notices._freeze_letters()

    def deliver(self, channels, notices, contacts):
        deliveries = self.record(channels, notices, contacts)
        deliveries._freeze_copies()
        return deliveries
