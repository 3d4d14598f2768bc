from io import BytesIO
from unittest.mock import patch

import openpyxl
from freezegun import freeze_time

from odoo.fields import Date
from odoo.tools import SQL

from ...models.case.tasks import HandedOver
from ..common import DAY
from ..documents import sheet_rows
from . import gate, stage, task, timeline
from .common import ToyCase


@freeze_time(DAY)
class TestToyCase(ToyCase):
    """A gate, a task, a stage and an event that another module adds, each in one file."""

    TOYS = (gate.DunningEngine, task.DunningCase, stage.DunningCase, timeline.DunningTimeline)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor.ref = "strike"
        cls.other = cls.make_debtor("Gemini Furniture")
        cls.stopped, cls.dunned = cls.invoice(10), cls.invoice(10, debtor=cls.other)
        cls.case = cls.env["dunning.case"].create(
            {"partner_id": cls.debtor.id, "company_id": cls.company.id}
        )

    def why(self, move):
        item = move.line_ids.filtered("date_maturity")
        values = {"move_line_id": item.id, "company_id": self.company.id, "date": DAY}
        return self.env["dunning.explain"].create(values).answer

    def test_gate_stops_in_a_run(self):
        run = self.run_at()
        self.assertEqual(self.decisions(run), {self.stopped: "strike", self.dunned: "dun"})
        self.assertIn("Post on strike 1", run.stop_summary)
        line = run.line_ids.filtered(lambda line: line.verdict == "strike")
        labels = dict(line._fields["verdict"]._description_selection(self.env))
        self.assertEqual(labels["strike"], "Post on strike")
        self.assertEqual(line.date_next, Date.to_date("2024-06-20"))

    def test_gate_in_the_workbook(self):
        book = openpyxl.load_workbook(BytesIO(self.run_at()._xlsx()))
        decisions = {row["Invoice"]: row["Decision"] for row in sheet_rows(book["Items"])}
        self.assertEqual(decisions[self.stopped.name], "Post on strike")
        self.assertEqual(decisions[self.dunned.name], "Reminded")

    def test_gate_in_why(self):
        answer = self.why(self.stopped)
        self.assertIn("the post is on strike", answer)
        self.assertIn("“First reminder” follows on 06/20/2024 at the earliest", answer)
        self.assertNotIn("strike", self.why(self.dunned))

    def test_gate_stops_between_review_and_issuing(self):
        notice = self.run_at().notice_ids
        self.other.ref = "strike"
        notice._confirm()
        notice._issue(DAY)
        self.assertEqual(notice.state, "dropped")
        self.assertEqual(notice.reason, "No item is left to remind of: Post on strike.")

    def test_gate_is_what_stops_a_customer(self):
        case = self.env["dunning.case"].create(
            {"partner_id": self.other.id, "company_id": self.company.id}
        )
        with (
            patch.object(type(case), "_tasks", lambda self: [HandedOver()]),
            patch.object(gate.Strike, "condition", lambda *args: SQL("TRUE")),
        ):
            self.assertEqual(case.next_code, "stopped")
            self.assertEqual(case.next_action, "Post on strike")
            self.assertFalse(case.next_button)

    def test_gate_that_is_only_counted(self):
        with patch.object(gate.Strike, "counted_as", "waiting"):
            run = self.run_at()
            self.assertEqual(self.decisions(run), {self.dunned: "dun"})
            self.assertEqual(run.waiting_count, 1)
            self.assertIn("Waiting for the next level 1", run.stop_summary)

    def test_task(self):
        self.assertEqual(self.case.next_code, "apologize")
        self.assertEqual(self.case.next_action, "Apologize to Azure Interior")
        self.assertEqual(self.case.next_date, DAY)
        self.assertEqual(self.case.next_button, "open")
        action = self.case.action_next()
        self.assertEqual((action["res_model"], action["res_id"]), ("res.partner", self.debtor.id))
        self.assertIn(self.case, self.case.search([("next_date", "=", DAY)]))

    def test_stage(self):
        self.assertEqual(self.case.stage, "cut")
        self.assertEqual(self.case.search([("stage", "=", "cut")]), self.case)

    def test_event(self):
        texts = self.env["dunning.timeline"].search([("partner_id", "=", self.debtor.id)])
        self.assertIn("The post of Azure Interior is on strike", texts.mapped("text"))
