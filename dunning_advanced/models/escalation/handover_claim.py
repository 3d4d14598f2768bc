from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ..money.fee import Debtor

HANDOVER = "dunning_advanced.handover"


class DunningHandover(models.Model):
    """What is claimed from the debtor: the items, what reminders asked for them, and
    the interest by law since then.
    """

    _inherit = "dunning.handover"

    def _claims(self, date):
        """The claim on a day, currency by currency, in the language of the context.

        :param date: last day of interest
        :return: list of dicts with ``currency``, ``items`` (dicts), ``charges`` (label,
            why, amount), ``tax``, ``workings`` (dicts with the rows of their periods),
            ``problems`` (texts) and the sums ``open``, ``interest`` and ``total``
        """
        self.ensure_one()
        items = self.line_ids.filtered(lambda line: line.amount_left > 0).move_line_id
        facts = self.env["dunning.charging"]._facts(items, items, date)
        return [
            self._claim(currency, lines, facts)
            for currency, lines in self.line_ids.grouped("currency_id").items()
        ]

    def _claim(self, currency, lines, facts):
        charges = self._claimed_charges(lines)
        workings, problems, interest = self._interest(currency, lines, facts)
        asked = charges._summed()
        claim = {
            "currency": currency,
            "amount": lambda value: format_amount(self.env, value, currency),
            "items": [line._facts(facts.date) for line in lines],
            "charges": asked,
            "tax": charges._tax_estimate(),
            "workings": [*self._charged_workings(charges), *workings],
            "problems": problems,
            "interest": interest,
            "open": sum(lines.mapped("amount_left")),
        }
        costs = sum(amount for _label, _why, amount in asked)
        claim["total"] = currency.round(claim["open"] + costs + claim["tax"] + interest)
        return claim

    def _claimed_charges(self, lines):
        """What reminders asked for these items and no posted invoice books."""
        items = lines.move_line_id
        return self.charge_ids.filtered(
            lambda charge: charge.move_line_id in items and charge.charge_move_id.state != "posted"
        )

    # Interest

    def _interest(self, currency, lines, facts):
        """Interest since what was charged last, item by item.

        What cannot be computed is told, and the file is made without it.

        :return: list of workings, list of problems, sum
        """
        charging = self.env["dunning.charging"]
        debtor = Debtor(self.partner_id, self.company_id, currency)
        letter = charging._letter(debtor, facts.date)
        workings, problems, total = [], [], 0.0
        for line in lines.filtered(lambda line: line.amount_left > 0):
            item, due = line.move_line_id, line.date_maturity
            debt = charging._debt(item, due, line.amount_left, facts)
            try:
                interest = charging._interest_values(debt, letter, debtor, facts)
            except UserError as error:
                problems.append(str(error))
                continue
            if interest:
                total += interest["amount"]
                workings.append(self._working(interest, line.name, due, currency))
        return workings, list(dict.fromkeys(problems)), total

    @api.model
    def _working(self, interest, item, due, currency):
        """How an interest comes about.

        :param interest: values of a dunning.charge, or one that was charged
        """
        charges, amount = self.env["dunning.charge"], interest["amount"]
        return {
            "item": item,
            "due": due,
            "law": interest["formula"],
            "rows": charges._periods(interest["segments"], amount, currency),
            "amount": amount,
        }

    def _charged_workings(self, charges):
        return [
            self._working(
                charge, charge.item_name, charge.move_line_id.date_maturity, charge.currency_id
            )
            for charge in charges.filtered("segments")
        ]

    # The first document of the file

    def _file_values(self, contents=()):
        """What the first document of the file shows, in the language of who gets it.

        :param contents: (name of a file, why it is missing or nothing) of all others
        :return: list of dicts, in the order of the hand-overs
        """
        return [
            handover._in_their_language()._file(handover._today(), contents) for handover in self
        ]

    def _their_lang(self):
        return self.agency_id._dunning_lang(self.agency_id, self.company_id)

    def _their_greeting(self):
        return self.agency_id._dunning_greeting()

    def _in_their_language(self):
        return self.with_context(lang=self._their_lang())

    def _file(self, date, contents):
        return {
            **self._document_frame(date),
            "day_handed": self.date_handed or date,
            "address": ", ".join(
                self.partner_id._display_address(without_company=True).splitlines()
            ),
            "claims": self._claims(date),
            "contents": contents,
        }

    def _document_frame(self, date):
        """What documents about the hand-over have in common, in the language of the context."""
        company = self.company_id.sudo()
        return {
            "handover": self,
            "lang": self.env.lang,
            "company": company.with_context(lang=self.env.lang),
            "contact": self.agency_id,
            "logo": company._dunning_logo(),
            "person": self._person(),
            "bank": company._dunning_bank(company.currency_id),
            "date": date,
            "debtor": self.partner_id,
            "day": lambda value: format_date(self.env, value) if value else "",
        }

    def _person(self):
        """Whom they can ask: who handed it over, else the responsible."""
        user = self.handed_by_id or self._responsible() or self.env.user
        return user.sudo().partner_id
