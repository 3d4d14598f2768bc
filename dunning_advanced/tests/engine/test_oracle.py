import os
from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from odoo.tests import tagged

from ..common import DAY
from . import oracle
from .ledgers import ledgers
from .oracle_common import OracleCommon

# Set DUNNING_ORACLE_EXAMPLES to try more ledgers than the normal run does.
EXAMPLES = int(os.environ.get("DUNNING_ORACLE_EXAMPLES", "100"))


@tagged("dunning_oracle")
class TestOracle(OracleCommon):
    """The engine and the oracle decide the same ledgers alike."""

    def each(self, examples, check):
        """Check random ledgers, always the same ones."""

        @settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(ledgers())
        def one(ledger):
            check(ledger)

        one()

    # Comparing

    def numbered(self, rows):
        """Rows of the engine by the number of their item in the ledger."""
        numbers = {id_: number for number, id_ in enumerate(self.items)}
        return {numbers[row["id"]]: row for row in rows if row["id"] in numbers}

    def check_decisions(self, ledger):
        answers, notices = oracle.decide(ledger)
        run = self.env["dunning.run"].create({"company_id": self.company.id, "date": DAY})
        rows = self.numbered(self.env["dunning.engine"]._evaluate(run._scope()))
        self.assertEqual(
            {number: row["decision"] for number, row in rows.items()},
            {number: answer.decision for number, answer in answers.items()},
        )
        counts = run._propose()
        decisions = [answer.decision for answer in answers.values()]
        self.assertEqual(counts, {decision: decisions.count(decision) for decision in decisions})
        self.check_notices(ledger, run, answers, notices)

    def check_notices(self, ledger, run, answers, notices):
        partners = {partners[0]: number for number, partners in enumerate(self.contacts)}
        codes = {currency: code for code, currency in self.currencies.items()}
        policies = {policy: number for number, policy in enumerate(self.policies)}
        found = {
            (partners[n.partner_id], codes[n.currency_id], policies[n.policy_id], n.rung < 1): n
            for n in run.notice_ids
        }
        self.assertEqual(len(found), len(run.notice_ids))
        self.assertEqual(set(found), set(notices))
        for key, notice in found.items():
            expected = notices[key]
            policy = self.policies[key[2]].with_context(active_test=False)
            levels = policy.level_ids.sorted("days")
            partners = self.contacts[key[0]]
            everybody = partners.browse(partners.ids[place] for place in expected.contacts)
            self.assertEqual(notice.contact_ids, everybody)
            contact = partners[expected.contacts[0]]
            self.assertEqual(
                (notice.level_id, notice.rung, notice.channel, notice.contact_id),
                (levels[expected.level], expected.rung, expected.channel, contact),
            )
            self.assertEqual(notice.to_review, expected.review)
            self.check_sums(notice)
            self.assertAlmostEqual(notice.amount_open, float(expected.open))
            self.assertAlmostEqual(notice.amount_held, float(expected.held))
            self.assertAlmostEqual(notice.amount_total, float(expected.net))
            lines = {self.items.index(line.move_line_id.id): line for line in notice.line_ids}
            self.assertEqual(
                {n: (line.rung, line.step) for n, line in lines.items()},
                {n: (answers[n].rung, answers[n].step) for n in expected.items},
            )
            for number, line in lines.items():
                self.assertAlmostEqual(line.amount_net, float(answers[number].net))
                self.assertAlmostEqual(line.amount_held, float(answers[number].held))

    def check_sums(self, notice):
        """The lines of a notice add up to its amounts."""
        lines = notice.line_ids
        self.assertEqual(notice.item_count, len(lines))
        self.assertEqual(notice.date_oldest, min(lines.mapped("date_maturity")))
        self.assertAlmostEqual(notice.amount_open, sum(lines.mapped("amount_open")))
        self.assertAlmostEqual(notice.amount_total, sum(lines.mapped("amount_net")))
        self.assertAlmostEqual(notice.amount_held, sum(lines.mapped("amount_held")))
        credit = notice.amount_open - notice.amount_held - notice.amount_total
        self.assertAlmostEqual(notice.amount_credit, credit)
        company = sum(
            line.amount_open_company * line.amount_net / line.amount_open for line in lines
        )
        self.assertAlmostEqual(notice.amount_total_company, company, delta=0.0051)

    def test_decision_by_decision(self):
        def check(ledger):
            with self.loaded(ledger):
                self.check_decisions(ledger)

        self.each(EXAMPLES, check)

    # What must hold without an oracle

    def state(self):
        """What the engine says of each item now."""
        scope = self.env["dunning.run"].new({"company_id": self.company.id, "date": DAY})._scope()
        rows = self.numbered(self.env["dunning.engine"]._evaluate(scope))
        kept = ("decision", "rung", "step", "net", "start")
        return {
            n: (*(row[name] for name in kept), self.policies.ids.index(row["policy_id"]))
            for n, row in rows.items()
        }

    def issue(self, run):
        """As issuing does it, without texts and mails."""
        run.notice_ids.write({"state": "issued", "delivered": True})
        run.notice_ids.line_ids.write({"state": "issued", "date": DAY})

    def check_round_trip(self, ledger):
        """Nothing more is reminded on that day; taking all back restores the former state."""
        before = self.state()
        run = self.env["dunning.run"].create({"company_id": self.company.id, "date": DAY})
        counts = run._propose()
        self.check_again(run, counts)
        self.issue(run)
        steps = self.env["dunning.line"]._read_group(
            [("state", "=", "issued"), ("move_line_id", "in", self.items)],
            ["move_line_id", "step"],
            ["__count"],
            having=[("__count", ">", 1)],
        )
        self.assertFalse(steps, "no item has two reminders of one step")
        self.assertNotIn("dun", [decision for decision, *_rest in self.state().values()])
        run.notice_ids._cancel("All wrong")
        self.assertEqual(self.state(), before)

    def check_again(self, run, counts):
        """A second run of the day leaves what is proposed to the first, and adds nothing."""
        content = self.content(run)
        second = self.env["dunning.run"].create({"company_id": self.company.id, "date": DAY})
        again = second._propose()
        self.assertFalse(second.notice_ids)
        self.assertEqual(again.get("pending", 0), counts.get("pending", 0) + counts.get("dun", 0))
        self.assertEqual(self.content(run), content)

    def content(self, run):
        lines = run.line_ids.sorted("id")
        return lines.mapped(
            lambda line: (line.id, line.notice_id, line.verdict, line.state, line.amount_net)
        )

    def test_issue_and_take_back(self):
        def check(ledger):
            with self.loaded(ledger):
                self.check_round_trip(ledger)

        self.each(max(EXAMPLES // 4, 1), check)

    def check_order(self, ledger):
        """Items of one age have no natural order; all others are decided alike in any."""
        distinct = {
            (item.debtor, item.currency, item.due, item.open > 0 or number): item
            for number, item in enumerate(ledger.items)
        }
        untied = tuple(distinct.values())
        outcomes = []
        for items in (untied, untied[::-1]):
            with self.loaded(replace(ledger, items=items)):
                outcomes.append({id(items[n]): row for n, row in self.state().items()})
        self.assertEqual(*outcomes)

    def test_order_does_not_matter(self):
        self.each(max(EXAMPLES // 4, 1), self.check_order)
