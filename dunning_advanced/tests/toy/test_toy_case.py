from io import BytesIO

import openpyxl
from freezegun import freeze_time

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

    def test_gate(self):
        run = self.run_at()
        self.assertEqual(self.decisions(run), {self.stopped: "strike", self.dunned: "dun"})
        self.assertIn("Post on strike 1", run.stop_summary)
        line = run.line_ids.filtered(lambda line: line.verdict == "strike")
        labels = dict(line._fields["verdict"]._description_selection(self.env))
        self.assertEqual(labels["strike"], "Post on strike")
        sheet = openpyxl.load_workbook(BytesIO(run._xlsx()))["Items"]
        decisions = {row["Invoice"]: row["Decision"] for row in sheet_rows(sheet)}
        self.assertEqual(decisions[self.stopped.name], "Post on strike")
        item = self.stopped.line_ids.filtered("date_maturity")
        why = self.env["dunning.explain"].create(
            {"move_line_id": item.id, "company_id": self.company.id, "date": DAY}
        )
        self.assertIn("the post is on strike", why.answer)
        self.assertIn("It is not reminded until that changes", why.answer)

    def test_task(self):
        self.assertEqual(self.case.next_code, "apologize")
        self.assertEqual(self.case.next_action, "Apologize to Azure Interior")
        self.assertEqual(self.case.next_date, DAY)
        self.assertEqual(self.case.action_next()["res_id"], self.debtor.id)
        self.assertIn(self.case, self.case.search([("next_date", "=", DAY)]))

    def test_stage(self):
        self.assertEqual(self.case.stage, "cut")
        self.assertEqual(self.case.search([("stage", "=", "cut")]), self.case)

    def test_event(self):
        texts = self.env["dunning.timeline"].search([("partner_id", "=", self.debtor.id)])
        self.assertIn("The post of Azure Interior is on strike", texts.mapped("text"))
