from datetime import date

from ..common import DunningCommon

TODAY = date(2024, 6, 4)


class TestDemo(DunningCommon):
    """The generator of the demo data, in a company of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_today = cls.env["dunning.demo"]._load(cls.company, TODAY)
        own = [("company_id", "=", cls.company.id)]
        cls.notices = cls.env["dunning.notice"].search(own)
        cls.past = cls.notices.filtered(lambda notice: notice.run_id != cls.run_today)
        cls.invoices = cls.env["account.move"].search([*own, ("move_type", "=", "out_invoice")])
        cls.customers = cls.invoices.partner_id

    def test_customers_of_many_countries_languages_and_currencies(self):
        self.assertEqual(len(self.customers), 40)
        self.assertEqual(len(self.customers.country_id), 7)
        self.assertEqual(len(set(self.customers.mapped("lang"))), 7)
        self.assertEqual(set(self.invoices.currency_id.mapped("name")), {"EUR", "GBP", "USD"})

    def test_ledger_is_relative_to_the_day(self):
        dates = self.invoices.mapped("invoice_date")
        self.assertGreater(min(dates), date(2022, 11, 1))
        self.assertLess(min(dates), date(2023, 1, 1))
        self.assertLess(max(dates), TODAY)
        self.assertGreater(len(self.invoices.filtered("amount_residual")), 50)

    def test_the_past_has_every_level_and_state(self):
        levels = self.past.filtered(lambda notice: notice.state == "issued").level_id
        self.assertTrue(self.policy.level_ids <= levels)
        self.assertEqual(set(self.past.mapped("state")), {"issued", "cancelled", "dropped"})
        self.assertFalse(self.notices.filtered("error"), self.notices.mapped("error"))
        self.assertEqual(len(self.past.run_id), 13)

    def test_deliveries_of_the_past(self):
        states = set(self.past.delivery_ids.mapped(lambda d: (d.channel, d.state)))
        self.assertLessEqual({("email", "done"), ("email", "failed"), ("letter", "done")}, states)
        self.assertIn(("letter", "queued"), states)
        self.assertFalse(self.past.delivery_ids.mail_id.filtered(lambda m: m.state == "outgoing"))

    def test_the_run_of_today_shows_every_reason(self):
        self.assertEqual(self.run_today.state, "proposed")
        self.assertEqual(self.run_today.date, TODAY)
        self.assertGreater(len(self.run_today.notice_ids), 10)
        decisions = set(self.run_today.line_ids.mapped("verdict"))
        for decision in (
            "dun",
            "exhausted",
            "excluded",
            "held",
            "paying",
            "covered",
            "minimum",
            "undelivered",
            "unreachable",
        ):
            self.assertIn(decision, decisions)
        self.assertTrue(self.run_today.not_due_count)
        self.assertTrue(self.run_today.waiting_count)

    def test_cases_are_open_only_where_something_is_overdue(self):
        cases = self.env["dunning.case"].search([("company_id", "=", self.company.id)])
        closed = cases.filtered(lambda case: case.state == "closed")
        balances = cases.partner_id._dunning_balances(self.company, TODAY)
        self.assertTrue(closed)
        for case in cases:
            overdue = (self.company.id, case.partner_id.id) in balances
            self.assertEqual(case in closed, not overdue)
        self.assertTrue((cases - closed).activity_ids)
