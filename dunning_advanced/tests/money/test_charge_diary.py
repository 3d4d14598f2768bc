from datetime import date, datetime, time

from freezegun import freeze_time

from odoo import Command

from .. import nights
from .common import ChargeCommon


class TestChargeDiary(ChargeCommon):
    """Three customers from the due date to the payment, told through the scheduled actions.

    Each owes 1,000 EUR, due on 31 January 2025. The policy: a first reminder after 5 days
    without charges, a second after 20 with the fixed sum or the costs of the country,
    a last one after 40; the second and the last ask for interest.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([("id", "!=", cls.company.id)]).dunning_nightly = False
        cls.euro = cls.add_rate("EUR", 1)
        cls.before.active = False
        for level, days in ((cls.first, 5), (cls.second, 20), (cls.last, 40)):
            level.write({"days": days, "automatic": True, "fee_ids": [Command.clear()]})
        cls.second.fee_ids = cls.statutory
        (cls.second | cls.last).charge_interest = True
        cls.policy.charge_mode = "posted"

    def setUp(self):
        super().setUp()
        clock = freeze_time("2025-01-02 09:00:00")
        self.now = clock.start()
        self.addCleanup(clock.stop)

    def night(self, month, day, debtor):
        """The night before a day of 2025; what reached the customer is read.

        :return: the reminder that went out, if any
        """
        self.now.move_to(datetime.combine(date(2025, month, day), time(2)))
        known = self.env["dunning.notice"].search([("partner_id", "=", debtor.id)])
        nights.work(self, "propose", "issue", "close")
        sent = self.env["dunning.notice"].search([("partner_id", "=", debtor.id)]) - known
        self.assertFalse(sent.filtered("error"), sent.mapped("error"))
        for delivery in sent.delivery_ids.filtered(lambda record: record.state == "queued"):
            delivery._succeed()
        return sent

    def bill(self, debtor):
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": debtor.id,
                "currency_id": self.euro.id,
                "invoice_date": "2025-01-02",
                "invoice_date_due": "2025-01-31",
                "invoice_line_ids": [
                    Command.create({"name": "work", "price_unit": 1000, "tax_ids": []})
                ],
            }
        )
        move.action_post()
        return move

    def arrive(self, month, day, amount, *moves):
        """Money arrives on a day of 2025 and is booked on these invoices."""
        self.now.move_to(datetime.combine(date(2025, month, day), time(10)))
        self.receive(amount, *moves)

    def test_german_business(self):
        invoice = self.bill(self.debtor)
        self.assertFalse(self.night(1, 31, self.debtor))
        # 5 February: a friendly first reminder, without charges.
        first = self.night(2, 5, self.debtor)
        self.assertEqual((first.level_id, first.amount_due), (self.first, 1000))
        # 10 February: 400 arrive.
        self.arrive(2, 10, 400, invoice)
        # 20 February: the second reminder. 40 EUR by BGB 288 (5), and interest at
        # 2.27 + 9 points: 10 days on 1,000, of which 3.09 are paid from the 400 first
        # (BGB 367), then 10 days on 603.09.
        second = self.night(2, 20, self.debtor)
        self.assertEqual((second.level_id, second.amount_total), (self.second, 600))
        self.assertEqual(self.open_charges(second), [("fixed", 40), ("interest", 4.95)])
        rows = second.charge_ids.filtered(lambda c: c.kind == "interest")._segment_rows()
        self.assertEqual(
            [(row["days"], row["base"], row["rate"], row["amount"]) for row in rows],
            [(10, 1000, "11.27 %", 3.09), (10, 603.09, "11.27 %", 1.86)],
        )
        booked = second.charge_move_id
        self.assertEqual((booked.state, booked.amount_total), ("posted", 44.95))
        self.assertEqual(second.amount_due, 644.95)
        # 12 March, the 40th day: the last reminder; the fixed sum is owed once, the interest
        # runs on for 20 days. The booked charges, due on 27 February, had no reminder of
        # their own on 4 March: they go with this one and cost nothing.
        self.assertFalse(self.night(3, 4, self.debtor))
        last = self.night(3, 12, self.debtor)
        self.assertEqual((last.level_id, last.line_ids.move_id), (self.last, invoice | booked))
        self.assertEqual(self.open_charges(last), [("interest", 3.72)])
        self.assertEqual(last.charge_ids.date_from, date(2025, 2, 21))
        # 20 March: the principal is paid; the charges stay open and collectable.
        self.arrive(3, 20, 600, invoice)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual((booked | last.charge_move_id).mapped("amount_residual"), [44.95, 3.72])
        # 25 March: they are paid as well, and nothing is left.
        self.arrive(3, 25, 48.67, booked, last.charge_move_id)
        self.assertEqual((booked | last.charge_move_id).mapped("amount_residual"), [0, 0])
        self.assertFalse(self.night(4, 30, self.debtor))

    def test_belgian_consumer(self):
        costs = self.env.ref("dunning_advanced.fee_be_consumer")
        self.second.fee_ids |= costs
        emma = self.make_person("Emma", "base.be")
        invoice = self.bill(emma)
        # 5 February, a Wednesday, by e-mail: free, and it names the costs of the clause:
        # 65 + 5 % of the 500 above 500. They are owed after 14 days from the 6th.
        first = self.night(2, 5, emma)
        self.assertEqual((first.level_id, first.amount_due), (self.first, 1000))
        named = first.charge_ids
        self.assertEqual((named.state, named.amount), ("named", 90))
        self.assertEqual(first._charge_values()["named_until"], date(2025, 2, 19))
        # 20 February: the first day on which they may be asked, and it is the day of the
        # second reminder. No interest was agreed, so none is owed; a fixed sum by law is
        # for businesses only.
        second = self.night(2, 20, emma)
        self.assertEqual(self.open_charges(second), [("fixed", 90)])
        self.assertEqual(second.amount_due, 1090)
        # 24 February: she pays the invoice; the costs stay open.
        self.arrive(2, 24, 1000, invoice)
        self.assertEqual(second.charge_move_id.amount_residual, 90)
        # 28 February: the company lets her off half an hour of argument later.
        second.charge_ids._waive("She had been in hospital", date(2025, 2, 28))
        self.assertEqual(second.charge_move_id.payment_state, "reversed")
        self.assertFalse(self.night(4, 30, emma))

    def test_dutch_consumer(self):
        self.second.fee_ids |= self.env.ref("dunning_advanced.fee_nl_wik")
        self.last.fee_ids = self.env.ref("dunning_advanced.fee_nl_wik")
        sanne = self.make_person("Sanne", "base.nl")
        invoice = self.bill(sanne)
        # 5 February, by e-mail: the 14-day letter. It names the exact cost: 15 % of 1,000.
        letter = self.night(2, 5, sanne)
        self.assertEqual((letter.charge_ids.state, letter.charge_ids.amount), ("named", 150))
        self.assertEqual(letter.amount_due, 1000)
        body = str(letter._sent_email_body())
        self.assertIn("150.00", body)
        self.assertIn("02/19/2025", body)
        # 10 February: she pays 500.
        self.arrive(2, 10, 500, invoice)
        # 20 February: the term of 14 days from the 6th is over. The scale says 75 for what
        # is left, and interest at 6 % (BW 6:119): 10 days on 1,000, then 10 days on what
        # the payment has left of it.
        second = self.night(2, 20, sanne)
        self.assertEqual(self.open_charges(second), [("fixed", 75), ("interest", 2.47)])
        self.assertEqual(second.amount_due, 577.47)
        # 12 March: the costs are owed once; 20 more days of interest.
        self.assertFalse(self.night(3, 4, sanne))
        last = self.night(3, 12, sanne)
        self.assertEqual(self.open_charges(last), [("interest", 1.65)])
        # 15 March: everything is paid.
        self.arrive(3, 15, 579.12, invoice, second.charge_move_id, last.charge_move_id)
        moves = invoice | second.charge_move_id | last.charge_move_id
        self.assertEqual(moves.mapped("amount_residual"), [0, 0, 0])
        self.assertFalse(self.night(4, 30, sanne))
