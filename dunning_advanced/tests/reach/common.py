from ..common import DunningCommon

ADDRESS = {"street": "Main street 1", "zip": "1000", "city": "Brussels"}


class ContactsCommon(DunningCommon):
    """Customers with contacts."""

    @classmethod
    def add_contact(cls, name, kind, debtor=None, **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "type": kind,
                "parent_id": (debtor or cls.debtor).id,
                "email": f"{name.lower()}@example.com",
                "lang": "en_US",
                **values,
            }
        )
