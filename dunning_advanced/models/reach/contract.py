"""What every channel has to be: the one way in for every way of contact."""

from odoo.fields import Domain

from ...tools.parts import Complete


class Channel(Complete):
    """A way to bring reminders to customers.

    Notices, deliveries and contacts are recordsets; ``channels`` is the model dunning.channel,
    through which a channel reaches the rest of the database.
    """

    PARTS = {
        "code": "what is stored",
        "label": "its name in lists, by _lt()",
        "icon": "a class of Font Awesome, such as fa-phone",
        "reach": "a method that gives an SQL condition on a contact",
        "address": "a method that gives the address of a contact, as text",
        "deliver": "a method that brings reminders to contacts",
    }
    code = label = icon = reach = address = deliver = None

    # The customer gets the letter by post: it is on its way for days, and costs that the law
    # allows after a reminder count from its arrival.
    is_paper = False
    # Somebody here prints it and posts it.
    is_printed = False

    # def reach(self, alias): SQL that is true where the row of res_partner with this alias can
    #     be reached.

    # def address(self, contact): where a reminder goes, as it is kept on the delivery.

    # def deliver(self, channels, notices, contacts): bring issued notices to these contacts, in
    #     this transaction.
    #     contacts: dict of notice id to res.partner, one or several
    #     returns dunning.delivery, one for each notice and contact: under way, see record(),
    #     until somebody reports what became of it by _succeed() or _fail()

    # How it learns what became of its deliveries where nobody reports it: a method that is
    # asked every hour about those under way. None: somebody always does.
    # def outcome(self, channels, deliveries): call _succeed() or _fail() of those that it knows.
    outcome = None

    # How it tells customers that a reminder was cancelled; None: it cannot.
    # def correct(self, channels, corrections): send these dunning.delivery, which have a contact
    #     and an address; afterwards each has a message or is not queued any more.
    correct = None

    def prepare(self, channels, notices):
        """What has to be there before anything leaves."""

    def record(self, channels, notices, contacts):
        """Write down that these notices are under way.

        :param contacts: dict of notice id to res.partner
        :return: dunning.delivery, one for each notice and contact
        """
        return channels.env["dunning.delivery"].create(
            [self.values(notice, contact) for notice in notices for contact in contacts[notice.id]]
        )

    def values(self, notice, contact):
        """Of the delivery of a notice to a contact."""
        return {
            "notice_id": notice.id,
            "channel": self.code,
            "contact_id": contact.id,
            "address": self.address(contact),
        }

    def retry(self, channels, delivery):
        """Try a failed delivery once more: by a new one, where it cannot go on itself."""
        notice = delivery.notice_id
        self.prepare(channels, notice)
        self.deliver(channels, notice, {notice.id: delivery.contact_id})
        delivery.state = "withdrawn"

    def doubtful(self):
        """Contacts that can be reached by what is written, and probably not in fact.

        :return: Domain on res.partner
        """
        return Domain.FALSE
