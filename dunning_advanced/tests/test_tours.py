from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common import DunningCommon


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
