from markupsafe import Markup

from odoo import api, fields, models

from ..models.engine.engine import Scope
from ..models.mixins.company_day import company_today


class DunningExplain(models.TransientModel):
    """Why an item is reminded or not: what every gate says, in words."""

    _name = "dunning.explain"
    _description = "Why?"
    _inherit = ["dunning.answer"]

    move_line_id = fields.Many2one("account.move.line", string="Item", required=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date = fields.Date(string="As of", required=True, default=company_today)
    answer = fields.Html(string="Decision", compute="_compute_answer", sanitize=False)

    @api.depends("move_line_id", "company_id", "date")
    def _compute_answer(self):
        for wizard in self:
            wizard.answer = wizard.date and wizard.move_line_id and wizard._answer()

    def _answer(self):
        item = self.move_line_id
        scope = Scope(
            company=self.company_id,
            date=self.date,
            partner_ids=(item.partner_id.commercial_partner_id.id,),
            as_of=self.date < self.company_id._dunning_today(),
        )
        facts = self.env["dunning.engine.explain"]._answers(scope, item)
        if not facts:
            return self._paragraph(self._describe_not_open(), True)
        rows = [
            self._row(stops, sentence)
            for gate, stops, _start in facts["gates"]
            if (sentence := gate.describe(self, facts, stops))
        ]
        # a gate that is asked for the item and for the customer answers once
        rows = dict.fromkeys(rows)
        return Markup("").join([self._describe_item(facts), *rows, self._describe_result(facts)])

    def _amount(self, amount):
        return self.move_line_id.currency_id.format(amount or 0)

    def _row(self, stops, sentence):
        return self._marked(not stops, sentence, self.env._("OK"), self.env._("Stop"))

    # Sentences

    def _describe_not_open(self):
        if self.move_line_id.date > self.date:
            return self.env._(
                "This item did not exist yet on %(date)s: it is dated %(dated)s. Choose a later "
                "day.",
                date=self._day(self.date),
                dated=self._day(self.move_line_id.date),
            )
        return self.env._(
            "This item is not open on %s: it is paid, not posted, or not a receivable. "
            "There is nothing to remind of.",
            self._day(self.date),
        )

    def _describe_item(self, facts):
        return self._paragraph(
            Markup("%s · %s · %s")
            % (
                self._link(self.move_line_id.move_id),
                self._amount(facts["open"]),
                self.env._(
                    "due %(due)s, %(days)s days ago",
                    due=self._day(facts["due"]),
                    days=(self.date - facts["due"]).days,
                )
                if facts["due"] <= self.date
                else self.env._("due on %s", self._day(facts["due"])),
            ),
            strong=True,
        )

    def _describe_result(self, facts):
        stopped = any(stops for _gate, stops, _start in facts["gates"])
        level = self._browse("dunning.level", facts.get("notice_level_id") or facts["level_id"])
        channel = dict(self.env["dunning.channel"]._selection()).get(facts.get("channel"), "")
        if not stopped:
            return self._paragraph(
                self.env._(
                    "It gets “%(level)s” on %(date)s by %(channel)s.",
                    level=level.name,
                    date=self._day(self.date),
                    channel=channel,
                ),
                strong=True,
            )
        then = self.env["dunning.engine.explain"]._next_day(facts)
        if not level or not then:
            return self._paragraph(self.env._("It is not reminded until that changes."), True)
        return self._paragraph(
            self.env._(
                "It is not reminded on %(date)s. “%(level)s” follows on %(then)s at the earliest.",
                date=self._day(self.date),
                level=level.name,
                then=self._day(then),
            ),
            strong=True,
        )
