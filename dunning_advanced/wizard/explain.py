from markupsafe import Markup

from odoo import api, fields, models

from ..models.engine.engine import Scope


class DunningExplain(models.TransientModel):
    """Why an item is reminded or not: the answer of every gate, in words."""

    _name = "dunning.explain"
    _description = "Why?"
    _inherit = ["dunning.answer"]

    move_line_id = fields.Many2one("account.move.line", string="Item", required=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date = fields.Date(string="As of", required=True, default=fields.Date.context_today)
    answer = fields.Html(compute="_compute_answer", sanitize=False)

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
            as_of=self.date < fields.Date.context_today(self),
        )
        facts = self.env["dunning.engine.explain"]._answers(scope, item)
        if not facts:
            return self._paragraph(self._describe_not_open(), True)
        rows = [
            self._row(stops, sentence)
            for code, stops in facts["gates"]
            for sentence in [
                getattr(self, f"_describe_{code}", self._describe_nothing)(facts, stops)
            ]
            if sentence
        ]
        # a gate that is asked for the item and for the customer answers once
        rows = dict.fromkeys(rows)
        return Markup("").join([self._describe_item(facts), *rows, self._describe_result(facts)])

    def _amount(self, amount):
        return self.move_line_id.currency_id.format(amount or 0)

    def _row(self, stops, sentence):
        return self._marked(not stops, sentence, self.env._("OK"), self.env._("Stop"))

    # Sentences: one method a gate, called with the facts and whether it stops

    def _describe_nothing(self, _facts, _stops):
        return ""

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

    def _describe_pending(self, facts, stops):
        if not stops:
            return self.env._("it is on no other open reminder")
        notice = self._browse("dunning.notice", facts["pending_notice_id"])
        return Markup("%s: %s") % (
            self.env._("it is on a reminder that waits for review or for being sent"),
            self._link(notice),
        )

    def _describe_no_level(self, facts, stops):
        policy = self._browse("dunning.policy", facts["policy_id"])
        if not policy:
            return self.env._("no dunning policy applies: choose a default one in the settings")
        if stops:
            return Markup("%s: %s") % (self.env._("its policy has no levels"), self._link(policy))
        said = Markup("%s: %s") % (self.env._("its policy"), self._link(policy))
        rule = self._browse("dunning.rule", facts["rule_id"]).sudo()
        own = self.move_line_id.partner_id.commercial_partner_id.with_company(self.company_id)
        if rule and not own.dunning_policy_id:
            said += Markup(" (%s)") % self.env._("follow-up rule %s", self._link(rule))
        return said

    def _describe_not_due(self, facts, stops):
        if not facts["start"] or facts["last_date"]:
            return ""
        level = self._browse("dunning.level", facts["level_id"])
        return self.env._(
            "the first level for it, “%(level)s”, applies from %(start)s",
            level=level.name,
            start=self._day(facts["start"]),
        )

    def _describe_waiting(self, facts, stops):
        if not facts["last_date"]:
            return ""
        last = self._browse("dunning.notice", facts["last_notice_id"])
        said = self.env._(
            "last reminder on %(date)s, %(days)s days ago",
            date=self._day(facts["last_date"]),
            days=(self.date - facts["last_date"]).days,
        )
        if facts["start"]:
            level = self._browse("dunning.level", facts["level_id"])
            said += "; " + self.env._(
                "“%(level)s” may follow from %(start)s",
                level=level.name,
                start=self._day(facts["start"]),
            )
        return Markup("%s %s") % (said, self._link(last)) if last else said

    def _describe_exhausted(self, facts, stops):
        if stops and facts["first_rung"] is not None:
            return self.env._("all levels of its policy were sent: a person has to decide now")
        return ""

    def _describe_undelivered(self, facts, stops):
        if not facts["last_notice_id"]:
            return ""
        if stops:
            return self.env._(
                "the last reminder has not reached the customer: send it again, or say that "
                "it was delivered"
            )
        return self.env._("the last reminder was delivered")

    def _describe_excluded(self, _facts, stops):
        if not stops:
            return self.env._("it is not excluded from follow-up")
        if self.move_line_id.journal_id.type == "general":
            return self.env._(
                "excluded from follow-up, as every entry of a general journal is; switch "
                "“No Follow-Up” off on it to remind"
            )
        return self.env._("somebody marked it as not to be followed up (“No Follow-Up”)")

    def _describe_held(self, facts, stops):
        if not stops:
            return self._describe_part_held(facts)
        hold = self._browse("dunning.hold", facts["hold_id"])
        return Markup("%s %s (%s)") % (
            self.env._("on hold until %s:", self._day(facts["hold_until"]))
            if facts["hold_until"]
            else self.env._("on hold, to be reviewed on %s:", self._day(hold.date_review)),
            self._link(hold),
            self.env._("set by %s", hold.user_id.name),
        )

    def _describe_part_held(self, facts):
        if not facts["held"]:
            return self.env._("nothing holds it")
        said = self.env._("%s of it is disputed and not asked for:", self._amount(facts["held"]))
        hold = self._browse("dunning.hold", facts["part_hold_id"])
        return Markup("%s %s") % (said, self._link(hold))

    def _describe_paying(self, facts, stops):
        if not (facts.get("item_paying") or facts.get("debtor_paying")):
            return self.env._("no money is on its way")
        if stops:
            return self.env._(
                "money is on its way: an online payment, or a bank line that waits for "
                "reconciliation, covers it"
            )
        return ""

    def _describe_covered(self, facts, stops):
        used = facts["open"] - facts["held"] - facts["net"]
        if stops:
            return self.env._("open payments or credit notes of the customer cover it")
        if used:
            return self.env._(
                "credits take %(used)s of it; %(left)s are left",
                used=self._amount(used),
                left=self._amount(facts["net"]),
            )
        return self.env._("no open credits cover it")

    def _describe_riding(self, _facts, stops):
        return stops and self.env._("it books charges, which go with the next overdue invoices")

    def _describe_no_rate(self, _facts, stops):
        return stops and self.env._(
            "%s has no exchange rate, so the minimum amount cannot be compared: add a rate",
            self.move_line_id.currency_id.name,
        )

    def _describe_minimum(self, facts, stops):
        amount = self._amount(facts["net_top"])
        if stops:
            return self.env._("%s at its level is below the minimum", amount)
        if facts["shift"]:
            return self.env._("below the minimum of its level, so one level down is taken")
        return self.env._("%s at its level is not below the minimum", amount)

    def _describe_unreachable(self, facts, stops):
        if stops:
            return self.env._("no usable e-mail or postal address: complete the contact data")
        contact = self._browse("res.partner", facts["contact_id"])
        return Markup("%s %s") % (self.env._("it can be sent to"), self._link(contact))

    def _describe_capped(self, facts, stops):
        if stops:
            return self.env._(
                "the customer was contacted as often as allowed; the next day is %s",
                self._day(facts["free_from"]),
            )
        return self.env._("the customer was not contacted too often")

    def _describe_overdue_first(self, _facts, stops):
        return stops and self.env._("on that day the customer is reminded of overdue invoices")

    def _describe_result(self, facts):
        stopping = [code for code, stops in facts["gates"] if stops]
        level = self._browse("dunning.level", facts.get("notice_level_id") or facts["level_id"])
        channel = dict(self.env["dunning.channel"]._selection()).get(facts.get("channel"), "")
        if not stopping:
            return self._paragraph(
                self.env._(
                    "It gets “%(level)s” on %(date)s by %(channel)s.",
                    level=level.name,
                    date=self._day(self.date),
                    channel=channel,
                ),
                strong=True,
            )
        then = self.env["dunning.engine.explain"]._next_day(facts, self.date)
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
