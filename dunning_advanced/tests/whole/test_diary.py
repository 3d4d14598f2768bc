from datetime import date, datetime, time

from freezegun import freeze_time

from .. import nights
from ..common import DunningCommon


class TestDiary(DunningCommon):
    """One customer's story, told day by day through the scheduled actions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([("id", "!=", cls.company.id)]).dunning_nightly = False
        cls.policy.level_ids.automatic = True
        cls.last.automatic = False  # before the last one a person looks

    def night(self, month, day):
        """The night before a day of 2024, and the mail that leaves with it.

        :return: the reminders that went out, as (level, amount)
        """
        self.now.move_to(datetime.combine(date(2024, month, day), time(2)))
        before = self.notices()
        nights.work(self, "propose", "issue", "close")
        return self.said(self.notices() - before)

    def said(self, notices):
        """What reached the customer; its mail server takes everything."""
        sent = notices.filtered(lambda notice: notice.state == "issued")
        for delivery in sent.delivery_ids.filtered(lambda record: record.state == "queued"):
            delivery._succeed()
        return [(notice.level_id, notice.amount_total) for notice in sent.sorted("id")]

    def notices(self):
        return self.env["dunning.notice"].search([("partner_id", "=", self.debtor.id)])

    def case(self):
        return self.env["dunning.case"].search(
            [("partner_id", "=", self.debtor.id)], order="id desc", limit=1
        )

    def bill(self, month, day, amount, due):
        """An invoice of a day of 2024."""
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.debtor.id,
                "invoice_date": date(2024, month, day),
                "invoice_date_due": due,
                "invoice_line_ids": [(0, 0, {"name": "work", "price_unit": amount, "tax_ids": []})],
            }
        )
        move.action_post()
        return move

    def receive(self, amount, *invoices):
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.debtor.id,
                "amount": amount,
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        moves = payment.move_id.union(*invoices)
        moves.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()

    def test_a_spring_with_azure_interior(self):
        with freeze_time("2024-03-01 09:00:00") as self.now:
            self.tell()

    def tell(self):  # noqa: PLR0915 - a story is read in one piece
        # 1 March: two invoices, due on the 31st and on 10 April.
        march = self.bill(3, 1, 1000, "2024-03-31")
        april = self.bill(3, 11, 400, "2024-04-10")
        self.assertEqual(self.night(3, 27), [])
        # 28 March, three days before: a friendly word, nothing is overdue.
        self.assertEqual(self.night(3, 28), [(self.before, 1000)])
        self.assertFalse(self.case())
        self.assertEqual(self.night(3, 31), [])
        # 1 April: overdue, but patience until the fifth day.
        self.assertEqual(self.night(4, 1), [])
        # 5 April: the first reminder is due; the other invoice gets no friendly word
        # before the 7th.
        self.assertEqual(self.night(4, 5), [(self.first, 1000)])
        self.assertEqual(self.case().state, "open")
        self.assertEqual(self.case().last_date, date(2024, 4, 5))
        self.assertEqual(self.night(4, 7), [(self.before, 400)])
        # 10 April: the customer pays 600 of the first invoice.
        self.receive(600, march)
        self.assertEqual(self.night(4, 11), [])
        # 15 April: the second invoice gets its first reminder, on its own.
        self.assertEqual(self.night(4, 15), [(self.first, 400)])
        # 19 April: what is left of the first gets its second reminder.
        self.assertEqual(self.night(4, 19), [(self.second, 400)])
        # 25 April: the customer complains; the reminder was wrong and is taken back,
        # a hold keeps the invoice quiet until the goods are looked at.
        wrong = march.dunning_line_ids.filtered(lambda line: line.state == "issued")[-1:].notice_id
        self.now.move_to("2024-04-25 10:00:00")
        wrong._cancel("The goods were damaged")
        march.invalidate_recordset()
        self.assertEqual(march.dunning_level_id, self.first)
        self.env["dunning.hold"].create(
            {
                "name": "Damaged goods",
                "partner_id": self.debtor.id,
                "move_id": march.id,
                "date_from": "2024-04-25",
                "date_to": "2024-05-05",
            }
        )
        # 29 April: the other invoice goes on alone.
        self.assertEqual(self.night(4, 29), [(self.second, 400)])
        self.assertEqual(self.night(5, 5), [])
        # 6 May: the hold is over; the second reminder comes again.
        self.assertEqual(self.night(5, 6), [(self.second, 400)])
        # 13 May: the last level of the other invoice waits for a person.
        self.assertEqual(self.night(5, 13), [])
        waiting = self.notices().filtered(lambda notice: notice.state == "proposed")
        self.assertEqual((waiting.level_id, waiting.amount_total), (self.last, 400))
        # The same day the money comes in; whoever confirms it now sends nothing.
        self.receive(400, april)
        waiting.action_confirm()
        self.assertEqual(waiting.state, "dropped")
        # 20 May: the last level of the first invoice, confirmed by hand.
        self.assertEqual(self.night(5, 20), [])
        waiting = self.notices().filtered(lambda notice: notice.state == "proposed")
        waiting.action_confirm()
        self.assertEqual(self.said(waiting), [(self.last, 400)])
        # 3 June: everything was said; a person has to decide.
        self.assertEqual(self.night(6, 3), [])
        line = march.dunning_line_ids.filtered(lambda line: line.date == date(2024, 6, 3))
        self.assertEqual(line.verdict, "exhausted")
        # 5 June: the customer pays; the case closes in the night.
        self.receive(400, march)
        self.assertEqual(self.night(6, 6), [])
        self.assertEqual(self.case().state, "closed")
        levels = self.notices().filtered(lambda n: n.state == "issued").sorted("id").level_id
        self.assertEqual(levels, self.before | self.first | self.second | self.last)
