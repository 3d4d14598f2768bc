from datetime import timedelta

from .common import DAY, DunningCommon


class TestEngine(DunningCommon):
    def test_levels_follow_step_by_step(self):
        invoice = self.invoice(40)
        run = self.remind()
        self.assertEqual(run.notice_ids.level_id, self.first)
        self.assertEqual(run.notice_ids.amount_total, 100)
        self.assertEqual(self.remind(DAY + timedelta(days=13)).notice_ids, run.notice_ids.browse())
        second = self.remind(DAY + timedelta(days=14))
        self.assertEqual(second.notice_ids.level_id, self.second)
        last = self.remind(DAY + timedelta(days=28))
        self.assertEqual(last.notice_ids.level_id, self.last)
        after = self.remind(DAY + timedelta(days=90))
        self.assertEqual(self.verdicts(after), {invoice: "exhausted"})
        self.assertEqual(invoice.dunning_level_id, self.last)
