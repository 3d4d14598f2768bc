from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, get_lang

from ...tools.format import format_number
from ..mixins.labels import labels

RULES = {
    "behavior": (
        "days_late",
        "days_median",
        "late_share",
        "trend",
        "broken",
        "defaulted",
        "oldest",
    ),
    "priority": (
        *("amount", "age", "grade", "promises"),
        *("level", "last_level", "waiting", "paused"),
    ),
}


class DunningScoreStep(models.Model):
    """One step of a scoring: from so much of a fact on, so many points.

    A fact gets the points of the highest step that it reaches. A company that has steps
    of its own for a term uses these alone for it.
    """

    _name = "dunning.score.step"
    _description = "Scoring Step"
    _order = "rule, term, threshold, id"

    term = fields.Selection(
        [
            ("days_late", "Days late on average"),
            ("days_median", "Days late, median"),
            ("late_share", "Not paid on time (%)"),
            ("trend", "Days later than before"),
            ("broken", "Broken promises"),
            ("defaulted", "Payment plans that failed"),
            ("oldest", "Oldest open invoice (days overdue)"),
            ("amount", "Overdue amount (company currency)"),
            ("age", "Oldest overdue invoice (days)"),
            ("grade", "Class of payment behavior (1 = A to 5 = E)"),
            ("promises", "Promises broken since the case was opened"),
            ("level", "Highest level since the case was opened"),
            ("last_level", "Last level reached (1 = yes)"),
            ("waiting", "Next action due for (days)"),
            ("paused", "Promised or on hold, nothing due (1 = yes)"),
        ],
        required=True,
    )
    rule = fields.Selection(
        [("behavior", "Class of payment behavior"), ("priority", "Priority of a case")],
        compute="_compute_rule",
        store=True,
        precompute=True,
    )
    threshold = fields.Float(string="From", required=True, digits=(16, 2), aggregator=None)
    points = fields.Integer(required=True, aggregator=None)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to apply the step in every company."
    )

    _step_once = models.UniqueIndex(
        "(term, threshold, COALESCE(company_id, 0))",
        "There is a step for this term and threshold already: change that one.",
    )

    @api.depends("term")
    def _compute_rule(self):
        for step in self:
            step.rule = next((rule for rule, terms in RULES.items() if step.term in terms), False)

    @api.depends("term", "threshold", "points")
    def _compute_display_name(self):
        for step in self:
            step.display_name = self.env._(
                "%(term)s from %(threshold)s: %(points)s points",
                term=step._term_name(step.term),
                threshold=format_number(step.threshold, get_lang(self.env)),
                points=step.points,
            )

    @api.model
    def _term_name(self, term):
        return labels(self, "term").get(term, "")

    @api.model
    def _of(self, rule, company):
        """The steps of a rule that hold in a company: those of the nearest company that
        has any for the term, else those for all.

        :return: dict of term to a list of (threshold, points)
        """
        near = company._dunning_above()
        steps = self.sudo().search([("rule", "=", rule), ("company_id", "in", near)])
        found = {}
        for term in RULES[rule]:
            own = steps.filtered(lambda step, term=term: step.term == term).grouped(
                lambda step: near.index(step.company_id.id)
            )
            chosen = own[max(own)] if own else self.browse()
            found[term] = [(step.threshold, step.points) for step in chosen]
        return found

    @api.model
    def _points_sql(self, steps, value):
        """The points of a value, as ``tools.points.points`` gives them.

        :param steps: list of (threshold, points)
        :param value: SQL expression; NULL gets no points
        """
        whens = [
            SQL("WHEN %s >= %s THEN %s", value, threshold, points)
            for threshold, points in sorted(steps, reverse=True)
        ]
        return SQL("(CASE %s ELSE 0 END)", SQL(" ").join(whens)) if whens else SQL("0")

    @api.model
    def _explained(self, rows, total):
        """What a rule found, as people read it.

        :param rows: list of (sentence, points)
        :param total: sentence below
        """
        line = Markup('<tr><td>%s</td><td class="text-end text-nowrap">%s</td></tr>')
        return Markup(
            '<table class="table table-sm mb-2"><thead><tr><th>%s</th>'
            '<th class="text-end">%s</th></tr></thead><tbody>%s</tbody></table>'
            "<p><strong>%s</strong></p>"
        ) % (
            self.env._("What is known"),
            self.env._("Points"),
            Markup("").join(line % row for row in rows),
            total,
        )
