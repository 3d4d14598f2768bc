from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from ..common import DunningCommon


@tagged("post_install", "-at_install")
class TestTours(DunningCommon, HttpCase):
    """What people do in the browser. The invoices are overdue on any real day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            login="accountant",
            groups="dunning_advanced.group_user",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.deco = cls.make_debtor("Deco Addict")
        cls.gemini = cls.make_debtor("Gemini Furniture")
        for debtor in (cls.debtor, cls.deco, cls.gemini):
            cls.invoice(40, debtor=debtor)

    def test_accountant_reviews_and_confirms_a_run(self):
        self.start_tour("/odoo", "dunning_run", login="accountant")
        run = self.env["dunning.run"].search([("company_id", "=", self.company.id)])
        self.assertEqual((run.user_id, run.state), (self.user, "done"))
        notices = {notice.partner_id: notice for notice in run.notice_ids}
        dropped, edited = notices[self.debtor], notices[self.deco]
        self.assertEqual((dropped.state, dropped.reason), ("dropped", "agreed by phone"))
        self.assertEqual((edited.state, edited.subject), ("issued", "Please have a look"))
        self.assertEqual(notices[self.gemini].state, "issued")
        deliveries = run.notice_ids.delivery_ids
        self.assertEqual(deliveries.partner_id, self.deco | self.gemini)
        self.assertEqual(set(deliveries.mapped("channel")), {"email"})

    def test_accountant_works_a_case(self):
        self.run_at().action_cancel()
        self.start_tour("/odoo", "dunning_case", login="accountant")
        hold = self.env["dunning.hold"].search([("partner_id", "=", self.debtor.id)])
        self.assertEqual((hold.name, hold.user_id), ("disputed", self.user))

    def test_accountant_goes_from_customer_to_customer(self):
        self.invoice(40, 2000, debtor=self.deco)
        self.invoice(40, 500, debtor=self.debtor)
        self.run_at().action_cancel()
        cases = {case.partner_id: case for case in self.env["dunning.case"].search([])}
        cases[self.deco].activity_schedule(
            "mail.mail_activity_data_todo", fields.Date.today(), user_id=self.user.id
        )
        self.start_tour("/odoo", "dunning_worklist", login="accountant")
        call = self.env["dunning.call"].search([("partner_id", "=", self.deco.id)])
        self.assertEqual((call.note, call.user_id), ("They pay on Friday", self.user))

    def open_run(self):
        """A run of today, to be reviewed."""
        self.company.dunning_high_amount = 100
        return self.run_at(fields.Date.today())

    def test_accountant_reviews_many_at_once(self):
        for debtor in (self.debtor, self.deco):
            debtor.write({"street": "Main Street 7", "city": "Ghent", "zip": "9000"})
        run = self.open_run()
        self.start_tour(f"/odoo/dunning-runs/{run.id}", "dunning_review", login="accountant")
        notices = {notice.partner_id: notice for notice in run.notice_ids}
        self.assertEqual(notices[self.debtor].channel, "letter")
        self.assertEqual(notices[self.gemini].channel, "email")
        self.assertEqual(notices[self.deco].reason, "we meet at the fair")
        self.assertEqual(set(run.notice_ids.mapped("state")), {"proposed", "dropped"})

    def test_accountant_assigns_many_at_once(self):
        marc = new_test_user(
            self.env,
            login="marc",
            name="Marc Reviewer",
            groups="dunning_advanced.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        run = self.open_run()
        self.start_tour("/odoo/dunning-reminders", "dunning_assign", login="accountant")
        self.assertEqual(run.notice_ids.user_id, marc)
        self.assertEqual(run.activity_ids.user_id, marc)

    def test_accountant_asks_why(self):
        invoice = self.invoice(40, debtor=self.make_debtor("Ready Mat"))
        url = f"/odoo/customer-invoices/{invoice.id}"
        self.start_tour(url, "dunning_explain", login="accountant")

    def test_accountant_takes_a_run_back(self):
        run = self.remind()
        run._refresh_state()
        self.start_tour(f"/odoo/dunning-runs/{run.id}", "dunning_cancel", login="accountant")
        self.assertEqual(set(run.notice_ids.mapped("state")), {"cancelled"})
        self.assertEqual(set(run.notice_ids.mapped("reason")), {"wrong price list"})
        self.assertFalse(self.env["account.move.line"].search([("dunning_level_id", "!=", False)]))

    def test_accountant_offers_a_payment_plan(self):
        self.run_at().action_cancel()
        self.start_tour("/odoo", "dunning_plan", login="accountant")
        plan = self.env["dunning.payment.plan"].search([("partner_id", "=", self.debtor.id)])
        self.assertEqual((plan.state, plan.user_id), ("offered", self.user))
        self.assertEqual(plan.installment_ids.mapped("amount"), [25] * 4)
        self.assertTrue(plan.message_ids.attachment_ids)

    def test_customer_signs_a_payment_plan(self):
        plan = self.env["dunning.payment.plan"].create(
            {
                "partner_id": self.debtor.id,
                "currency_id": self.company.currency_id.id,
                "number": 3,
                "date_first": fields.Date.add(fields.Date.today(), days=30),
                "user_id": self.user.id,
                "line_ids": [
                    Command.create({"move_line_id": item.id})
                    for item in self.invoice(40, 300).line_ids.filtered("date_maturity")
                ],
            }
        )
        plan.action_offer()
        self.start_tour(plan.get_portal_url(), "dunning_plan_accept")
        self.assertEqual((plan.state, plan.signed_by), ("running", "Brandon Freeman"))
        self.assertTrue(plan.signature)
        self.assertIn("Brandon Freeman", plan.message_ids[0].body)
