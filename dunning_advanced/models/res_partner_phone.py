from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_date

from ..tools import phone


class ResPartner(models.Model):
    """Numbers that can be dialed, and what is wrong with the others."""

    _inherit = "res.partner"

    dunning_phone = fields.Html(
        string="To dial",
        compute="_compute_dunning_phone",
        sanitize=False,
        groups="dunning_advanced.group_user",
    )
    dunning_phone_problem = fields.Char(
        string="Problem of the number",
        compute="_compute_dunning_phone",
        groups="dunning_advanced.group_user",
    )

    @api.depends("phone", "country_id", "commercial_partner_id.country_id")
    def _compute_dunning_phone(self):
        wrong = self._dunning_wrong_numbers()
        for partner in self:
            number = partner._dunning_phone()
            said = wrong.get((partner._origin, number.dialed))
            link = Markup('<a href="tel:%s">%s</a>') % (number.dialed, number.readable)
            partner.dunning_phone = link if number.dialed and not said else False
            partner.dunning_phone_problem = (
                self.env._(
                    "%(number)s was the wrong number on %(date)s",
                    number=number.readable,
                    date=format_date(self.env, said),
                )
                if said
                else partner._dunning_phone_problem(number)
            )

    def _dunning_wrong_numbers(self):
        """Numbers at which the last call reached somebody else.

        :return: dict of (res.partner, number as dialed) to the day of that call
        """
        calls = self.env["dunning.call"].sudo()
        found = calls.search(
            [("contact_id", "in", self.ids), ("number", "!=", False)], order="date, id"
        )
        last = {(call.contact_id._origin, call.number): call for call in found}
        return {key: call.date for key, call in last.items() if call.outcome == "wrong"}

    def _dunning_phone(self):
        """The number of this contact, read as it is dialed in its country, in that of
        the customer, or in that of the company.

        :return: Phone
        """
        self.ensure_one()
        country = (
            self.country_id or self.commercial_partner_id.country_id or self.env.company.country_id
        )
        return phone.parse(self.phone, country.code)

    def _dunning_phone_problem(self, number):
        if not number.problem:
            return False
        texts = {
            "missing": self.env._("no phone number"),
            "short": self.env._("“%s” is too short to be a phone number", number.written),
            "long": self.env._("“%s” is too long to be a phone number", number.written),
            "prefix": self.env._("“%s” does not exist in that country", number.written),
            "letters": self.env._("“%s” is no phone number", number.written),
        }
        return texts[number.problem]

    def action_dunning_fix(self):
        """Open the contact in a dialog, to correct its data."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Contact data"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
