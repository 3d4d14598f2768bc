from markupsafe import Markup

from odoo import api, fields, models

from ..models.engine.engine import Scope
from ..models.mixins.company_day import company_today


class DunningRuleTest(models.TransientModel):
    """Which follow-up rule takes a customer, and why: every condition in words."""

    _name = "dunning.rule.test"
    _description = "Which rule takes this customer?"
    _inherit = ["dunning.answer"]

    partner_id = fields.Many2one(
        "res.partner", string="Customer", domain=[("parent_id", "=", False)]
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date = fields.Date(required=True, default=company_today)
    answer = fields.Html(string="Decision", compute="_compute_answer", sanitize=False)

    @api.depends("partner_id", "company_id", "date")
    def _compute_answer(self):
        for wizard in self:
            wizard.answer = wizard.date and wizard.partner_id and wizard._answer()

    def _answer(self):
        facts, answers = self.env["dunning.rule"]._answers(self._scope())
        return Markup("").join(
            [
                self._describe_who(facts),
                self._list([self._describe_policy(facts), *self._describe_invoices()]),
                self._list(
                    [
                        self._describe_responsible(facts),
                        self._describe_channel(facts),
                        self._describe_approval(facts),
                    ]
                ),
                *(self._describe_rule(rule, holds, facts) for rule, holds in answers),
            ]
        )

    def _scope(self):
        return Scope(
            company=self.company_id,
            date=self.date,
            partner_ids=tuple(self._debtor().ids),
            as_of=self.date < self.company_id._dunning_today(),
        )

    def _debtor(self):
        debtor = self.partner_id.commercial_partner_id
        return debtor.with_company(self.company_id)

    # Building blocks

    def _list(self, sentences):
        rows = Markup("").join(Markup("<li>%s</li>") % text for text in sentences)
        return Markup('<ul class="mb-0">%s</ul>') % rows

    def _said(self, name, value, why):
        return Markup("%s: %s (%s)") % (name, value, why)

    def _amount(self, amount):
        return self.company_id.currency_id.format(amount)

    def _names(self, records):
        return ", ".join(records.mapped("display_name"))

    def _between(self, value, limits, words):
        """How a value stands to its limits.

        :param limits: (lowest, highest), where None is no limit
        :param words: function that says a value in words
        """
        low, high = limits
        texts = {"value": words(value), "low": words(low or 0), "high": words(high or 0)}
        if low and value < low:
            return self.env._("%(value)s is below %(low)s", **texts)
        if high and value > high:
            return self.env._("%(value)s is above %(high)s", **texts)
        if low and high:
            return self.env._("%(value)s is from %(low)s up to %(high)s", **texts)
        if low:
            return self.env._("%(value)s is not below %(low)s", **texts)
        return self.env._("%(value)s is not above %(high)s", **texts)

    # What follows

    def _rule(self, facts):
        return self._browse("dunning.rule", facts["rule_id"])

    def _describe_who(self, facts):
        debtor, rule = self._debtor(), self._rule(facts)
        if not rule:
            return self._paragraph(
                Markup("%s %s") % (self.env._("No rule takes"), self._link(debtor)), strong=True
            )
        texts = {"rule": self._link(rule), "customer": self._link(debtor)}
        return self._paragraph(self.env._("Rule %(rule)s takes %(customer)s", **texts), strong=True)

    def _describe_policy(self, facts):
        policy = self._browse("dunning.policy", facts["policy_id"])
        if self._debtor().dunning_policy_id:
            why = self.env._("chosen on the customer, which comes before all rules")
        elif facts["rule_id"]:
            why = self.env._("from the rule")
        else:
            why = self.env._("the default of the company")
        name = self._link(policy) if policy else self.env._("none")
        return self._said(self.env._("Policy"), name, why)

    def _describe_invoices(self):
        """Invoices with a policy of their own."""
        items = self.env["account.move.line"].search(
            [
                *self._debtor()._dunning_items_domain(self.company_id),
                ("move_id.dunning_policy_id", "!=", False),
            ]
        )
        why = self.env._("chosen on the invoice, which comes first")
        return [
            self._said(self._link(move), self._link(move.dunning_policy_id), why)
            for move in items.move_id
        ]

    def _describe_responsible(self, facts):
        user, team, rule = (
            self._browse("res.users", facts["user_id"]),
            self._browse("dunning.team", facts["team_id"]),
            self._rule(facts),
        )
        if user and user == self._debtor().dunning_user_id:
            why = self.env._("chosen on the customer")
        elif user and user == self._case().user_id:
            why = self.env._("has the open case")
        elif team:
            user = team._next_member()
            why = self.env._("next in team %s, with the fewest open cases", team.name)
        elif user and user == rule.user_id:
            why = self.env._("from the rule")
        else:
            why = self.env._("the responsible of the company")
        return self._said(
            self.env._("Responsible"), user.name or self.env._("nobody in particular"), why
        )

    def _case(self):
        return self.env["dunning.case"].search(
            [
                ("partner_id", "=", self._debtor().id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "open"),
            ]
        )

    def _describe_channel(self, facts):
        channel = self.env["dunning.channel"]._label(facts["channel"])
        if self._debtor().dunning_channel:
            why = self.env._("preferred by the customer")
        elif channel:
            why = self.env._("preferred by the rule")
        else:
            channel, why = self.env._("as the level says"), self.env._("nobody prefers another")
        return self._said(self.env._("Channel"), channel, why)

    def _describe_approval(self, facts):
        if facts["approval"]:
            return self.env._("Reminders wait for review, also at levels that go out by themselves")
        return self.env._("Levels that go out by themselves need no review")

    # The rules, one after the other

    def _describe_rule(self, rule, holds, facts):
        if rule.id == facts["rule_id"]:
            outcome = self.env._("takes the customer")
        elif all(holds.values()):
            outcome = self.env._("would take the customer, but a rule before it does")
        else:
            outcome = self.env._("does not take the customer")
        head = Markup('<div class="mt-3 mb-1"><strong>%s</strong> · %s</div>') % (
            rule.name,
            outcome,
        )
        yes, no = self.env._("Yes"), self.env._("No")
        rows = [
            self._marked(
                holds[code], getattr(self, f"_describe_{code}")(rule, holds[code], facts), yes, no
            )
            for code in holds
        ]
        everybody = self._marked(True, self.env._("it is for every customer"), yes, no)
        return head + Markup("").join(rows or [everybody])

    def _describe_customers(self, _rule, holds, _facts):
        if holds:
            return self.env._("it is among the customers of the filter")
        return self.env._("it is not among the customers of the filter")

    def _describe_country(self, rule, holds, _facts):
        country = self._debtor().country_id
        if holds:
            return self.env._("its country is %s", country.name)
        if not country:
            return self.env._("it has no country, asked for is %s", self._names(rule.country_ids))
        return self.env._(
            "its country is %(country)s, asked for is %(asked)s",
            country=country.name,
            asked=self._names(rule.country_ids),
        )

    def _describe_tags(self, rule, holds, _facts):
        if holds:
            return self.env._(
                "it has the tag %s", self._names(self._debtor().category_id & rule.category_ids)
            )
        return self.env._("it has no tag of these: %s", self._names(rule.category_ids))

    def _describe_party(self, _rule, _holds, _facts):
        if self._debtor()._dunning_party() == "business":
            return self.env._("it is a business")
        return self.env._("it is a consumer")

    def _describe_amount(self, rule, _holds, facts):
        limits = rule._limits(self._scope())["amount"]
        return self.env._(
            "amount overdue: %s", self._between(facts["overdue"], limits, self._amount)
        )

    def _describe_age(self, rule, _holds, facts):
        limits = rule._limits(self._scope())["age"]
        return self.env._(
            "oldest overdue item: %s",
            self._between(facts["days"], limits, lambda days: self.env._("%s days", days)),
        )

    def _describe_behavior(self, rule, holds, facts):
        asked = self.env._(
            "from %(low)s up to %(high)s", low=rule.grade_from or "A", high=rule.grade_to or "E"
        )
        if not facts["grade"]:
            return self.env._("it is new and has no class, asked for is %s", asked)
        if holds:
            return self.env._("it pays as class %s", facts["grade"])
        return self.env._(
            "it pays as class %(grade)s, asked for is %(asked)s", grade=facts["grade"], asked=asked
        )

    def _describe_newcomers(self, _rule, _holds, facts):
        if facts["grade"]:
            return self.env._("it is known: it has a class")
        return self.env._("it is a new customer")
