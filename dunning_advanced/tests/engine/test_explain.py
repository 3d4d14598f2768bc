from datetime import timedelta

from ..common import DAY, DunningCommon


class TestExplain(DunningCommon):
    def ask(self, invoice, day=DAY):
        item = invoice.line_ids.filtered(lambda line: line.date_maturity)
        wizard = self.env["dunning.explain"].create(
            {"move_line_id": item.id, "company_id": self.company.id, "date": day}
        )
        return wizard.answer

    def test_item_that_is_reminded(self):
        answer = self.ask(self.invoice(10))
        self.assertIn("It gets “First reminder” on 06/03/2024 by E-mail", answer)
        self.assertNotIn("Stop", answer)
        self.assertEqual(answer.count("no money is on its way"), 1)
        self.assertIn("due 05/24/2024, 10 days ago", answer)

    def test_every_gate_is_answered_not_only_the_first(self):
        invoice = self.invoice(10)
        invoice.no_followup = True
        self.env["dunning.hold"].create(
            {
                "name": "Goods are being checked",
                "company_id": self.company.id,
                "partner_id": self.debtor.id,
                "date_from": DAY,
                "date_to": DAY + timedelta(days=5),
            }
        )
        answer = self.ask(invoice)
        self.assertIn("No Follow-Up", answer)
        self.assertIn("Other: Goods are being checked</a> (set by", answer)
        self.assertIn("not reminded until that changes", answer)

    def test_next_day_after_a_hold(self):
        invoice = self.invoice(10)
        self.env["dunning.hold"].create(
            {
                "name": "Asked for time",
                "company_id": self.company.id,
                "partner_id": self.debtor.id,
                "date_from": DAY,
                "date_to": DAY + timedelta(days=5),
            }
        )
        self.assertIn("“First reminder” follows on 06/09/2024", self.ask(invoice))

    def test_waiting_names_the_last_reminder(self):
        invoice = self.invoice(10)
        notice = self.remind().notice_ids
        answer = self.ask(invoice, DAY + timedelta(days=3))
        self.assertIn("last reminder on 06/03/2024, 3 days ago", answer)
        self.assertIn("“Second reminder” may follow from 06/17/2024", answer)
        self.assertIn(notice.name, answer)

    def test_not_due_yet(self):
        self.assertIn("“Friendly reminder”, applies from 06/10/2024", self.ask(self.invoice(-10)))

    def test_paid_item(self):
        invoice = self.invoice(10)
        self.pay(self.debtor, 100, invoices=invoice)
        self.assertIn("not open on 06/03/2024", self.ask(invoice))

    def test_credits_minimum_and_contact(self):
        invoice = self.invoice(10)
        self.pay(self.debtor, 30)
        self.first.minimum_amount = 80
        self.debtor.email = False
        answer = self.ask(invoice)
        self.assertIn("credits take $\xa030.00 of it; $\xa070.00 are left", answer)
        self.assertIn("$\xa070.00 at its level is below the minimum", answer)
        self.assertIn("no usable e-mail or postal address", answer)

    def test_asked_from_the_line_of_a_run(self):
        invoice = self.invoice(10)
        self.debtor.email = False
        line = self.run_at().line_ids
        action = line.action_explain()
        wizard = self.env["dunning.explain"].with_context(**action["context"]).create({})
        self.assertEqual((wizard.move_line_id.move_id, wizard.date), (invoice, DAY))
        self.assertIn("no usable e-mail or postal address", wizard.answer)

    def test_all_levels_sent(self):
        invoice = self.invoice(40)
        for days in (0, 14, 28):
            self.remind(DAY + timedelta(days=days))
        answer = self.ask(invoice, DAY + timedelta(days=60))
        self.assertIn("all levels of its policy were sent", answer)

    def test_reminder_before_the_due_date_waits_for_an_overdue_one(self):
        self.invoice(10)
        answer = self.ask(self.invoice(-3))
        self.assertIn("on that day the customer is reminded of overdue invoices", answer)
        self.assertIn("“Friendly reminder” follows on 06/04/2024", answer)
