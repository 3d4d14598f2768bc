from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ..money.charging import Facts

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
        facts = self._interest_facts(date)
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
            "workings": [*map(self._working, charges.filtered("segments")), *workings],
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

    def _interest_lines(self, lines):
        """The items as lines of a reminder that is never sent: what it would cost."""
        return self.env["dunning.line"].union(
            *(
                self.env["dunning.line"].new(
                    {
                        "company_id": self.company_id.id,
                        "partner_id": self.partner_id.id,
                        "move_line_id": line.move_line_id.id,
                        "name": line.name,
                        "date_maturity": line.date_maturity,
                        "currency_id": line.currency_id.id,
                        "amount_net": line.amount_left,
                    }
                )
                for line in lines
                if line.amount_left > 0
            )
        )

    def _interest_facts(self, date):
        charging, holds = self.env["dunning.charging"], self.env["dunning.hold"].sudo()
        lines = self._interest_lines(self.line_ids)
        return Facts(
            date=date,
            past=charging._past_charges(lines),
            booked=set(),
            reminders=charging._reminders(lines),
            payments=charging._payments(lines),
            pauses=holds._frozen_periods(lines.move_line_id, date),
            frozen=holds._frozen_parts(lines.move_line_id, date),
        )

    def _interest(self, currency, lines, facts):
        """Interest since what was charged last, item by item.

        What cannot be computed is told, and the file is made without it.

        :return: list of workings, list of problems, sum
        """
        notice = self.env["dunning.notice"].new(
            {
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "currency_id": currency.id,
                "lang": self.env.lang,
            }
        )
        workings, problems, total = [], [], 0.0
        for line in self._interest_lines(lines):
            try:
                rows = self.env["dunning.charging"]._interest(notice, line, facts)
            except UserError as error:
                problems.append(str(error))
                continue
            for row in rows:
                total += row["amount"]
                workings.append(self._working(self.env["dunning.charge"].new(row)))
        return workings, list(dict.fromkeys(problems)), total

    @api.model
    def _working(self, charge):
        return {
            "item": charge.item_name,
            "due": charge.move_line_id.date_maturity,
            "law": charge.formula,
            "rows": charge._segment_rows(),
            "amount": charge.amount,
        }

    # The first document of the file

    def _file_values(self, contents=()):
        """What the first document of the file shows, in the language of who gets it.

        :param contents: (name of a file, why it is missing or nothing) of all others
        :return: list of dicts, in the order of the hand-overs
        """
        today = fields.Date.context_today(self)
        return [handover._in_their_language()._file(today, contents) for handover in self]

    def _their_lang(self):
        return self.agency_id._dunning_lang(self.agency_id, self.company_id)

    def _their_greeting(self):
        return self.agency_id._dunning_greeting()

    def _in_their_language(self):
        return self.with_context(lang=self._their_lang())

    def _file(self, date, contents):
        company = self.company_id.sudo()
        day = self.date_handed or date
        return {
            "handover": self,
            "lang": self.env.lang,
            "company": company.with_context(lang=self.env.lang),
            "contact": self.agency_id,
            "logo": company._dunning_logo(),
            "person": self._person(),
            "bank": company._dunning_bank(company.currency_id),
            "date": date,
            "day_handed": day,
            "debtor": self.partner_id,
            "address": ", ".join(
                self.partner_id._display_address(without_company=True).splitlines()
            ),
            "claims": self._claims(date),
            "contents": contents,
            "day": lambda value: format_date(self.env, value) if value else "",
        }

    def _person(self):
        """Whom they can ask: who handed it over, else the responsible."""
        user = self.handed_by_id or self._responsible() or self.env.user
        return user.sudo().partner_id
