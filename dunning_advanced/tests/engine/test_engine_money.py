from datetime import timedelta

from odoo import Command

from ..common import DAY, DunningCommon


class TestMinimum(DunningCommon):
    """Minimum amounts, shares and currencies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # 1 company unit = 160 JPY = 4 AED: the wrong way round is far off.
        cls.yen = cls.setup_other_currency("JPY", rates=[("2020-01-01", 160.0)], rounding=1.0)
        cls.dirham = cls.setup_other_currency("AED", rates=[("2020-01-01", 4.0)])

    def dunned(self):
        run = self.run_at()
        run.action_cancel()
        return bool(run.line_ids.filtered(lambda line: line.notice_id))

    def test_minimum_is_converted_to_the_currency_of_the_items(self):
        self.first.minimum_amount = 10
        for currency, amount, expected in (
            (self.yen, 1599, False),
            (self.yen, 1600, True),
            (self.dirham, 39.99, False),
            (self.dirham, 40, True),
            (self.company.currency_id, 9.99, False),
            (self.company.currency_id, 10, True),
        ):
            with self.subTest(currency=currency.name, amount=amount):
                invoice = self.invoice(5, amount, currency=currency)
                self.assertEqual(self.dunned(), expected)
                invoice.button_draft()

    def test_rate_of_the_day_of_the_run(self):
        self.yen.rate_ids = [
            Command.create({"name": DAY, "rate": 200.0, "company_id": self.company.id})
        ]
        self.first.minimum_amount = 10
        self.invoice(5, 1999, currency=self.yen)
        self.assertFalse(self.dunned())
        self.invoice(5, 1, currency=self.yen)
        self.assertTrue(self.dunned())

    def test_own_minimum_of_a_currency(self):
        self.first.minimum_amount = 10
        self.first.minimum_ids = [Command.create({"currency_id": self.yen.id, "amount": 500})]
        invoice = self.invoice(5, 500, currency=self.yen)
        self.assertTrue(self.dunned())
        invoice.button_draft()
        self.invoice(5, 499, currency=self.yen)
        self.assertFalse(self.dunned())

    def test_own_minimum_of_zero_asks_for_nothing(self):
        self.first.minimum_amount = 10
        self.first.minimum_ids = [Command.create({"currency_id": self.yen.id, "amount": 0})]
        self.invoice(5, 1, currency=self.yen)
        self.assertTrue(self.dunned())

    def test_policy_in_another_currency_than_the_company(self):
        self.policy.currency_id = self.dirham
        self.first.minimum_amount = 40
        invoice = self.invoice(5, 9.99)
        self.assertFalse(self.dunned())
        invoice.button_draft()
        self.invoice(5, 10)
        self.assertTrue(self.dunned())

    def test_archived_currency_keeps_its_minimum(self):
        self.first.minimum_amount = 10
        self.invoice(5, 39, currency=self.dirham)
        self.dirham.active = False
        self.assertFalse(self.dunned())

    def test_minimum_counts_the_amount_at_the_level(self):
        """Items at lower levels do not lift the amount of the highest one."""
        old = self.invoice(20, 100)
        self.remind()
        new = self.invoice(5, 100)
        self.first.minimum_amount, self.second.minimum_amount = 300, 150
        late = DAY + timedelta(days=14)
        self.assertEqual(self.decisions(self.run_at(late)), {old: "minimum", new: "minimum"})
        self.second.minimum_amount = 100
        self.assertEqual(self.decisions(self.run_at(late)), {old: "dun", new: "dun"})

    def test_minimum_is_asked_of_what_is_left_after_credits(self):
        self.first.minimum_amount = 60
        self.invoice(5, 100)
        self.pay(self.debtor, 41)
        self.assertFalse(self.dunned())
        self.first.minimum_amount = 59
        self.assertTrue(self.dunned())

    def test_one_level_down(self):
        """Too little for the second reminder: its item goes with the first once more."""
        old = self.invoice(20, 30)
        self.remind()
        new = self.invoice(5, 80)
        self.second.minimum_amount = 50
        run = self.run_at(DAY + timedelta(days=14))
        notice = run.notice_ids
        self.assertEqual((notice.level_id, notice.rung), (self.first, 1))
        self.assertEqual(notice.line_ids.mapped("rung"), [1, 1])
        self.assertEqual(notice.line_ids.move_id, old + new)
        self.assertEqual({line.move_id: line.step for line in notice.line_ids}, {old: 2, new: 1})
        self.assertEqual(notice.amount_total, 110)

    def test_never_two_levels_down(self):
        invoice = self.invoice(33, 30)
        self.remind()
        self.remind(DAY + timedelta(days=14))
        self.last.minimum_amount = self.second.minimum_amount = 50
        run = self.run_at(DAY + timedelta(days=28))
        self.assertEqual(self.decisions(run), {invoice: "minimum"})

    def test_never_down_to_a_reminder_before_the_due_date(self):
        self.first.minimum_amount = 150
        invoice = self.invoice(5, 100)
        self.assertEqual(self.decisions(self.run_at()), {invoice: "minimum"})

    def test_lower_level_without_rate_is_not_taken_for_free(self):
        foreign = self.env["res.currency"].create({"name": "QQQ", "symbol": "Q"})
        self.invoice(5, 30, currency=foreign)
        self.remind()
        self.second.minimum_ids = [Command.create({"currency_id": foreign.id, "amount": 50})]
        self.first.minimum_amount = 40
        run = self.run_at(DAY + timedelta(days=14))
        self.assertEqual(run.line_ids.mapped("verdict"), ["no_rate"])

    def test_minimum_share_of_all_that_is_owed(self):
        """A tenth of everything open in the currency, due or not."""
        self.first.minimum_share = 10
        self.invoice(5, 100)
        later = self.invoice(-20, 900)
        self.invoice(-20, 500000, currency=self.yen)
        self.assertTrue(self.dunned())
        self.invoice(-20, 1)
        self.assertFalse(self.dunned())
        self.pay(self.debtor, 900, invoices=later)
        self.assertTrue(self.dunned())

    def test_each_currency_has_its_notice(self):
        self.invoice(5, 100)
        self.invoice(6, 8000, currency=self.yen)
        self.invoice(7, 4000, currency=self.yen)
        notices = self.run_at().notice_ids
        self.assertEqual(
            {n.currency_id.name: (n.amount_total, n.amount_total_company) for n in notices},
            {"USD": (100, 100), "JPY": (12000, 75)},
        )

    def test_each_policy_has_its_notice(self):
        other = self.policy.copy({"name": "Other"})
        special = self.invoice(5, 70)
        special.dunning_policy_id = other
        self.invoice(5, 100)
        notices = self.run_at().notice_ids
        self.assertEqual(
            {n.policy_id: n.amount_total for n in notices}, {self.policy: 100, other: 70}
        )

    def test_installments_are_items_of_their_own(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Three times",
                "line_ids": [
                    Command.create(
                        {
                            "value": "percent",
                            "value_amount": share,
                            "delay_type": "days_after",
                            "nb_days": nb_days,
                        }
                    )
                    for share, nb_days in ((50, 10), (30, 24), (20, 60))
                ],
            }
        )
        invoice = self.invoice(
            0, 200, invoice_date=DAY - timedelta(days=30), invoice_payment_term_id=term.id
        )
        run = self.remind()
        lines = run.line_ids.sorted("date_maturity")
        self.assertEqual(lines.mapped("amount_open"), [100, 60])
        self.assertEqual(lines.move_id, invoice)
        self.assertEqual(run.not_due_count, 1)
        run = self.remind(DAY + timedelta(days=14))
        self.assertEqual(
            sorted(run.line_ids.mapped(lambda line: (line.amount_open, line.step))),
            [(60, 2), (100, 2)],
        )
        run = self.remind(DAY + timedelta(days=35))
        levels = {line.amount_open: line.level_id for line in run.line_ids}
        self.assertEqual(levels, {100: self.last, 60: self.last, 40: self.first})
        self.assertEqual(run.notice_ids.level_id, self.last)
        self.assertEqual(run.notice_ids.amount_total, 200)


class TestCredits(DunningCommon):
    """What open credits do to reminders."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.yen = cls.setup_other_currency("JPY", rates=[("2020-01-01", 160.0)], rounding=1.0)

    def credit_note(self, amount, invoice=None, currency=None, debtor=None):
        """An open credit note; linked to an invoice, but not reconciled with it."""
        credit = self.invoice(
            1, amount, debtor=debtor, kind="out_refund", currency=currency, payment_reference="C"
        )
        if invoice:
            credit.reversed_entry_id = invoice
        return credit

    def nets(self, run):
        """(decision, to pay) by invoice, after the sums were checked."""
        for notice in run.notice_ids:
            lines = notice.line_ids
            self.assertEqual(notice.item_count, len(lines))
            self.assertAlmostEqual(notice.amount_open, sum(lines.mapped("amount_open")))
            self.assertAlmostEqual(notice.amount_total, sum(lines.mapped("amount_net")))
            self.assertAlmostEqual(notice.amount_credit, notice.amount_open - notice.amount_total)
            self.assertAlmostEqual(
                notice.amount_total_company,
                self.company.currency_id.round(
                    sum(
                        line.amount_open_company * line.amount_net / line.amount_open
                        for line in lines
                    )
                ),
            )
        return {line.move_id: (line.verdict, line.amount_net) for line in run.line_ids}

    def test_linked_credit_note_lowers_its_own_invoice_first(self):
        old, new = self.invoice(30), self.invoice(10)
        self.credit_note(40, new)
        self.assertEqual(self.nets(self.run_at()), {old: ("dun", 100), new: ("dun", 60)})

    def test_excess_of_a_linked_credit_note_is_free(self):
        old, new = self.invoice(30), self.invoice(10)
        self.credit_note(140, new)
        self.assertEqual(self.nets(self.run_at()), {old: ("dun", 60), new: ("covered", 0)})

    def test_free_credit_clears_oldest_first(self):
        old, middle, new = self.invoice(30), self.invoice(20), self.invoice(10)
        self.pay(self.debtor, 150)
        self.assertEqual(
            self.nets(self.run_at()),
            {old: ("covered", 0), middle: ("dun", 50), new: ("dun", 100)},
        )

    def test_free_credit_clears_the_highest_level_first(self):
        reminded = self.invoice(20)
        self.remind()
        # Older, but not reminded yet: it was excluded so far.
        older = self.invoice(90)
        self.pay(self.debtor, 130)
        run = self.run_at(DAY + timedelta(days=14))
        self.assertEqual(self.nets(run), {reminded: ("covered", 0), older: ("dun", 70)})
        self.assertEqual(run.notice_ids.level_id, self.first)

    def test_credit_note_without_link_and_payment_add_up(self):
        invoice = self.invoice(10)
        self.credit_note(30)
        self.pay(self.debtor, 25)
        self.assertEqual(self.nets(self.run_at()), {invoice: ("dun", 45)})

    def test_credit_equal_to_the_debt(self):
        invoices = self.invoice(10) | self.invoice(20, 50)
        self.pay(self.debtor, 150)
        run = self.run_at()
        self.assertEqual(self.nets(run), dict.fromkeys(invoices, ("covered", 0)))
        self.assertFalse(run.notice_ids)

    def test_credit_larger_than_the_debt(self):
        invoice = self.invoice(10)
        self.pay(self.debtor, 1000)
        self.assertEqual(self.nets(self.run_at()), {invoice: ("covered", 0)})

    def test_credit_of_an_invoice_that_is_not_due_stays_there(self):
        due = self.invoice(10)
        later = self.invoice(-20)
        self.credit_note(80, later)
        self.assertEqual(self.nets(self.run_at()), {due: ("dun", 100)})
        self.credit_note(50, later)
        self.assertEqual(self.nets(self.run_at_anew()), {due: ("dun", 70)})

    def run_at_anew(self):
        self.env["dunning.run"].search([("company_id", "=", self.company.id)]).action_cancel()
        return self.run_at()

    def test_credit_of_a_paid_invoice_is_free(self):
        paid = self.invoice(40)
        credit = self.credit_note(30, paid)
        self.pay(self.debtor, 100, invoices=paid)
        invoice = self.invoice(10)
        self.assertFalse(credit.line_ids[:1].reconciled)
        self.assertEqual(self.nets(self.run_at()), {invoice: ("dun", 70)})

    def test_credit_of_another_debtor_does_nothing(self):
        invoice = self.invoice(10)
        self.credit_note(100, debtor=self.make_debtor("Deco Addict"))
        self.assertEqual(self.nets(self.run_at()), {invoice: ("dun", 100)})

    def test_credit_of_a_contact_counts_for_the_debtor(self):
        contact = self.env["res.partner"].create({"name": "Joe", "parent_id": self.debtor.id})
        invoice = self.invoice(10, debtor=contact)
        self.pay(self.debtor, 30)
        run = self.run_at()
        self.assertEqual(self.nets(run), {invoice: ("dun", 70)})
        self.assertEqual(run.notice_ids.partner_id, self.debtor)

    def test_other_currency_counts_only_if_it_covers_everything(self):
        one, two = self.invoice(10), self.invoice(20, 60)
        credit = self.credit_note(25599, currency=self.yen)
        self.assertEqual(self.nets(self.run_at()), {one: ("dun", 100), two: ("dun", 60)})
        credit.button_draft()
        self.credit_note(25600, currency=self.yen)
        run = self.run_at_anew()
        self.assertEqual({decision for decision, _net in self.nets(run).values()}, {"covered"})

    def test_own_and_other_currency_cover_together(self):
        invoice = self.invoice(10)
        self.pay(self.debtor, 60)
        self.credit_note(6400, currency=self.yen)
        self.assertEqual(self.nets(self.run_at())[invoice][0], "covered")

    def test_other_currency_covers_to_the_cent(self):
        """Three units that cost a hundred: no fraction is lost on the way."""
        third = self.setup_other_currency("AED", rates=[("2020-01-01", 0.03)], rounding=1.0)
        invoice = self.invoice(10)
        self.credit_note(3, currency=third)
        self.assertEqual(self.nets(self.run_at())[invoice][0], "covered")

    def test_foreign_items_are_netted_in_their_currency(self):
        invoice = self.invoice(10, 16000, currency=self.yen)
        self.credit_note(4000, currency=self.yen)
        run = self.run_at()
        self.assertEqual(self.nets(run), {invoice: ("dun", 12000)})
        self.assertEqual(run.notice_ids.amount_total_company, 75)

    def test_credit_note_spreads_over_installments(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Twice",
                "line_ids": [
                    Command.create(
                        {
                            "value": "percent",
                            "value_amount": 50,
                            "delay_type": "days_after",
                            "nb_days": nb_days,
                        }
                    )
                    for nb_days in (0, 10)
                ],
            }
        )
        invoice = self.invoice(
            0, 200, invoice_date=DAY - timedelta(days=30), invoice_payment_term_id=term.id
        )
        self.credit_note(130, invoice)
        lines = self.run_at().line_ids.sorted("date_maturity")
        self.assertEqual(
            [(line.verdict, line.amount_net) for line in lines], [("covered", 0), ("dun", 70)]
        )
