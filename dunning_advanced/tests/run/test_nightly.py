from datetime import timedelta
from unittest.mock import patch

from odoo.tests import new_test_user
from odoo.tools import mute_logger

from odoo.addons.dunning_advanced.models.mixins import batch
from odoo.addons.dunning_advanced.models.notice import issue as notice_issue

from ..clock import NightCase
from ..common import DAY


class TestNightly(NightCase):
    """What happens at night, through the scheduled actions themselves."""

    def nightly_run(self, company=None):
        return self.env["dunning.run"].search(
            [("company_id", "=", (company or self.company).id), ("date", "=", DAY)]
        )

    def reviews(self, run):
        kind = self.env.ref("dunning_advanced.mail_activity_review")
        return run.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    def test_automatic_levels_leave_others_wait(self):
        late = self.make_debtor("Deco Addict")
        self.invoice(20, debtor=late)
        self.remind(DAY - timedelta(days=14))
        self.first.automatic = True
        self.invoice(5)
        self.night("propose")
        run = self.nightly_run()
        sent, waiting = run.notice_ids.sorted("rung")
        self.assertEqual((sent.state, sent.level_id), ("issued", self.first))
        self.assertEqual((waiting.state, waiting.level_id), ("proposed", self.second))
        self.assertEqual(sent.delivery_ids.mail_id.state, "outgoing")
        self.assertEqual(run.state, "proposed")
        self.assertEqual(self.reviews(run).user_id, self.marc)
        self.assertEqual(self.reviews(run).summary, "Review 1 reminders")
        run.action_confirm()
        self.assertEqual((run.state, len(self.reviews(run))), ("done", 0))

    def test_approval_of_a_rule_forces_review(self):
        self.first.automatic = True
        user = new_test_user(self.env, "anna.dunning", "dunning_advanced.group_user")
        self.env["dunning.rule"].create(
            {
                "name": "Look first",
                "policy_id": self.policy.id,
                "partner_domain": f"[('id', '=', {self.debtor.id})]",
                "approval": True,
                "user_id": user.id,
            }
        )
        self.invoice(5)
        self.invoice(5, debtor=self.make_debtor("Deco Addict"))
        self.night("propose")
        run = self.nightly_run()
        states = {notice.partner_id: notice.state for notice in run.notice_ids}
        self.assertEqual(sorted(states.values()), ["issued", "proposed"])
        self.assertEqual(states[self.debtor], "proposed")
        self.assertEqual(self.reviews(run).user_id, user)

    def test_without_responsible_the_review_is_for_everybody(self):
        self.company.dunning_user_id = False
        self.invoice(5)
        self.night("propose")
        review = self.reviews(self.nightly_run())
        self.assertEqual(len(review), 1)
        self.assertFalse(review.user_id)

    def test_twice_in_a_night(self):
        self.first.automatic = True
        self.invoice(5)
        self.night("propose")
        self.night("propose")
        run = self.nightly_run()
        self.assertEqual(len(run), 1)
        self.assertEqual(len(run.notice_ids.delivery_ids), 1)
        self.assertEqual(len(self.reviews(run)), 0)

    def test_a_draft_of_the_day_does_not_stop_the_night(self):
        self.invoice(5)
        draft = self.env["dunning.run"].create({"date": DAY})
        self.night("propose")
        self.assertEqual(self.nightly_run(), draft)
        self.assertTrue(draft.notice_ids)

    def test_company_without_nightly_run(self):
        self.invoice(5)
        self.company.dunning_nightly = False
        self.night("propose")
        self.assertFalse(self.nightly_run())

    @mute_logger("odoo.addons.dunning_advanced.models.run.run")
    def test_failing_company_does_not_stop_the_other(self):
        self.invoice(5)
        broken = self.setup_other_company(name="Broken")["company"]
        broken.sequence = self.company.sequence - 1
        rule = self.env["dunning.rule"].create(
            {"name": "Broken rule", "policy_id": self.policy.id, "company_id": broken.id}
        )
        rule.flush_recordset()
        # As after a module with the field was uninstalled.
        self.env.cr.execute(
            "UPDATE dunning_rule SET partner_domain = %s WHERE id = %s",
            ["[('gone', '=', 1)]", rule.id],
        )
        rule.invalidate_recordset()
        self.night("propose")
        self.assertTrue(self.nightly_run().notice_ids)
        failed = self.nightly_run(broken)
        self.assertIn("“Broken rule”", failed.error)
        self.assertEqual(failed.state, "draft")
        rule.partner_domain = "[]"
        self.night("propose")
        self.assertEqual((self.nightly_run(broken), failed.error), (failed, False))
        self.assertEqual(failed.state, "done")

    def test_big_runs_are_issued_in_batches(self):
        debtors = [self.make_debtor(f"Customer{n} Ltd") for n in range(5)]
        for debtor in debtors:
            self.invoice(5, debtor=debtor)
        debtors[3].email = "customer3@example.com"
        run = self.run_at()
        debtors[3].email = False
        with (
            patch.object(notice_issue, "AT_ONCE", 2),
            patch.object(batch, "BATCH", 2),
        ):
            run.action_confirm()
            self.assertEqual(set(run.notice_ids.mapped("state")), {"confirmed"})
            self.assertEqual(run.state, "confirmed")
            cron = self.env.ref("dunning_advanced.ir_cron_issue")
            self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))
            self.night("issue")
        failed = run.notice_ids.filtered(lambda notice: notice.partner_id == debtors[3])
        self.assertIn("cannot be reached", failed.error)
        self.assertEqual(set((run.notice_ids - failed).mapped("state")), {"issued"})
        self.assertEqual(len(run.notice_ids.delivery_ids), 4)
        self.assertEqual(len(set(run.notice_ids.mapped("name"))), 5)
        self.assertEqual(run.state, "confirmed")
        debtors[3].email = "customer3@example.com"
        failed.action_retry()
        self.assertEqual((failed.state, run.state), ("issued", "done"))

    def test_unreachable_customer_makes_one_task(self):
        self.debtor.email = False
        self.invoice(5)
        kind = self.env.ref("dunning_advanced.mail_activity_contact")
        for offset in range(3):
            self.at(offset)
            self.night("propose")
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        task = case.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)
        self.assertEqual(len(task), 1)
        self.assertEqual(task.user_id, self.marc)

    def test_settled_cases_close(self):
        invoice = self.invoice(5)
        self.night("propose")
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.night("close")
        self.assertEqual(case.state, "open")
        self.pay(self.debtor, 100, invoices=invoice)
        self.night("close")
        self.assertEqual((case.state, case.date_close), ("closed", DAY))
