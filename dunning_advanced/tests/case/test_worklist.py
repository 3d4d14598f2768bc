from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from lxml import etree, html

from odoo import Command
from odoo.exceptions import UserError
from odoo.fields import Date
from odoo.tests import new_test_user
from odoo.tools import html2plaintext, mute_logger

from ...tools.points import points
from .. import nights
from ..common import DAY, DunningCommon

# Keys that Odoo's own form, pager, chatter and navigation bar use with Alt.
ODOO_KEYS = set("bchijkmnpsuvxz")


class WorklistCase(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marc = new_test_user(
            cls.env,
            "marc.worklist",
            "dunning_advanced.group_user",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        clock = freeze_time(datetime.combine(DAY, datetime.min.time()))
        self.now = clock.start()
        self.addCleanup(clock.stop)

    def at(self, days):
        """Noon of a day after DAY."""
        self.now.move_to(datetime.combine(DAY, datetime.min.time()) + timedelta(days, hours=12))
        self.env.invalidate_all()
        return DAY + timedelta(days=days)

    def case(self, debtor=None, **values):
        """The open case of a customer, made where there is none."""
        debtor = debtor or self.debtor
        cases = self.env["dunning.case"]
        found = cases.search([("partner_id", "=", debtor.id), ("state", "=", "open")])
        return found or cases.create(
            {"partner_id": debtor.id, "company_id": self.company.id, **values}
        )

    def next_of(self, case):
        case.invalidate_recordset()
        return case.next_code, case.next_date and (case.next_date - DAY).days

    def hold(self, **values):
        return self.env["dunning.hold"].create(
            {"name": "key account", "partner_id": self.debtor.id, **values}
        )

    def promise(self, amount, days, **values):
        return self.env["dunning.promise"].create(
            {
                "partner_id": self.debtor.id,
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "amount": amount,
                "date": Date.today() + timedelta(days=days),
                **values,
            }
        )

    def terms(self, case):
        """Points of each term of the priority, reckoned in Python."""
        row = case._priority_rows()[case.id]
        steps = self.env["dunning.score.step"]._of("priority", self.company)
        return {term: points(row[term], own) for term, own in steps.items()}


class TestNextAction(WorklistCase):
    def test_nothing_but_the_next_level(self):
        self.invoice(-10)
        case = self.case()
        self.assertEqual(self.next_of(case), ("close", 0))
        self.at(12)
        self.assertEqual(self.next_of(case), ("level", 15))
        self.assertEqual(case.next_action, "Next reminder: First reminder")
        self.at(16)
        self.assertEqual(self.next_of(case), ("remind", 16), "it can be reminded today")
        self.assertEqual(case.action_next()["res_model"], "dunning.notice")

    def test_what_stops_it_is_told(self):
        self.invoice(20, 100)
        self.pay(self.debtor, 150)
        case = self.case()
        self.assertEqual(self.next_of(case), ("stopped", False))
        self.assertEqual(case.next_action, "Covered by credits")

    def test_activity(self):
        self.invoice(20)
        case = self.case()
        case.activity_schedule(
            "mail.mail_activity_data_todo", DAY + timedelta(days=2), summary="Send the copy"
        )
        self.assertEqual(self.next_of(case), ("activity", 2))
        self.assertEqual(case.next_action, "Send the copy")
        self.assertEqual(case.action_next()["res_id"], case.id)
        case.activity_schedule("mail.mail_activity_data_call", DAY, summary="Call back Ann")
        self.assertEqual(self.next_of(case), ("activity", 0))
        self.assertEqual(case.action_next()["res_model"], "dunning.call.log")

    def test_broken_promise(self):
        self.invoice(20)
        case = self.case()
        promise = self.promise(100, days=5)
        self.assertEqual(self.next_of(case), ("promise", 9))
        self.assertEqual(case.action_next()["res_id"], promise.id)
        day = self.at(9)
        promise._update_state(day)
        self.assertEqual(self.next_of(case), ("broken", 9))
        self.assertIn("Call: Promised", case.next_action)
        self.assertEqual(case.action_next()["res_model"], "dunning.call.log")

    def test_reminder_to_review(self):
        self.invoice(20)
        notice = self.run_at().notice_ids
        self.assertEqual(self.next_of(self.case()), ("review", 0))
        self.assertEqual(self.case().action_next()["res_id"], notice.id)
        notice.write({"error": "No mail server"})
        self.assertEqual(self.next_of(self.case()), ("blocked", 0))
        self.assertIn("No mail server", self.case().next_action)

    def test_contact_data_to_find(self):
        silent = self.make_debtor("Silent", email=False)
        self.invoice(20, debtor=silent)
        self.run_at()
        case = self.case(silent)
        self.assertEqual(self.next_of(case), ("contact", 0))
        self.assertEqual(case.action_next()["res_id"], silent.id)

    def test_failed_delivery(self):
        self.invoice(20)
        notice = self.remind().notice_ids
        notice.delivery_ids._fail("mailbox unavailable")
        self.assertEqual(self.next_of(self.case()), ("failed", 0))
        self.assertIn("mailbox unavailable", self.case().next_action)
        self.assertEqual(self.case().action_next()["res_id"], notice.id)

    def test_all_levels_sent(self):
        self.invoice(6)
        for days in (0, 14, 28):
            self.remind(self.at(days))
        case = self.case()
        self.assertEqual(self.next_of(case), ("stopped", False), "the last term goes on")
        days = 29 + self.last.pay_within
        self.run_at(self.at(days))
        self.assertEqual(self.next_of(case), ("exhausted", days))
        self.assertEqual(case.action_next()["res_model"], "dunning.escalate")

    def test_letter_to_print(self):
        self.debtor.write({"email": False, "street": "Main Street 7", "city": "Ghent"})
        self.invoice(20)
        run = self.run_at()
        run.notice_ids.write({"state": "confirmed"})
        run.notice_ids._issue(DAY)
        self.assertEqual(self.next_of(self.case()), ("print", 0))
        self.assertEqual(self.case().action_next()["res_id"], run.notice_ids.id)

    def test_dispute_to_answer(self):
        dispute = self.env["dunning.dispute"].create(
            {
                "move_id": self.invoice(20).id,
                "amount": 40,
                "reason_id": self.env.ref("dunning_advanced.dispute_reason_damaged").id,
                "date_deadline": DAY + timedelta(days=4),
            }
        )
        self.assertEqual(self.next_of(self.case()), ("dispute", 4), "not its hold")
        self.assertEqual(self.case().action_next()["res_id"], dispute.id)

    def test_payment_plan(self):
        item = self.invoice(20).line_ids.filtered("date_maturity")
        self.company.dunning_plan_tolerance = 5
        plan = self.env["dunning.payment.plan"].create(
            {
                "partner_id": self.debtor.id,
                "currency_id": item.currency_id.id,
                "number": 2,
                "date_first": DAY + timedelta(days=10),
                "line_ids": [Command.create({"move_line_id": item.id})],
            }
        )
        plan.action_offer()
        case = self.case()
        self.assertEqual(self.next_of(case)[0], "offer")
        plan._accept("Ann", DAY, channel="phone")
        self.assertEqual(self.next_of(case), ("installment", 16))
        plan._update_state(self.at(16))
        self.assertEqual(self.next_of(case), ("plan", 16))
        self.assertEqual(case.action_next()["res_id"], plan.id)

    def test_steps_after_the_last_level(self):
        self.invoice(20)
        values = {"partner_id": self.debtor.id, "company_id": self.company.id}
        writeoff = self.env["dunning.writeoff"].create({**values, "reason": "Struck off"})
        case = self.case()
        self.assertEqual(self.next_of(case), ("writeoff", 0))
        self.assertEqual(case.action_next()["res_id"], writeoff.id)
        writeoff.unlink()
        agency = self.env["res.partner"].create({"name": "Fair Collectors"})
        handover = self.env["dunning.handover"].create({**values, "agency_id": agency.id})
        handover.action_hand_over_early()
        self.assertEqual(self.next_of(case), ("handover", False))
        self.assertEqual(case.next_action, "Handed over to Fair Collectors")
        self.assertEqual(self.terms(case)["paused"], -60)

    def test_holds(self):
        self.invoice(20)
        case = self.case()
        hold = self.hold(date_to=DAY + timedelta(days=5))
        self.assertEqual(self.next_of(case), ("hold", 5))
        self.assertIn("Hold ends", case.next_action)
        hold.write({"date_review": DAY, "date_to": False})
        self.assertEqual(self.next_of(case), ("hold", 0))
        self.assertIn("Review hold", case.next_action)
        self.assertEqual(case.action_next()["res_id"], hold.id)

    def test_what_is_due_comes_first_in_its_order(self):
        self.invoice(20)
        self.run_at()
        case = self.case()
        self.hold(date_to=DAY)
        self.assertEqual(self.next_of(case), ("review", 0))
        case.activity_schedule("mail.mail_activity_data_todo", DAY, summary="Ask Ann")
        self.assertEqual(self.next_of(case), ("activity", 0))

    def test_paid_cases_are_closed_by_one_click(self):
        invoice = self.invoice(20)
        case = self.case()
        self.pay(self.debtor, 100, invoices=invoice)
        self.assertEqual(self.next_of(case), ("close", 0))
        case.action_next()
        self.assertEqual(case.state, "closed")
        self.assertEqual(self.next_of(case), (False, False))

    def test_found_by_day(self):
        self.invoice(20)
        case, cases = self.case(), self.env["dunning.case"]
        own = [("id", "=", case.id)]
        case.activity_schedule("mail.mail_activity_data_todo", DAY + timedelta(days=1))
        today = [*own, ("next_date", "<=", "today")]
        self.assertFalse(cases.search(today))
        self.assertEqual(cases.search([*own, ("next_date", ">", DAY)]), case)
        self.assertEqual(cases.search([*own, ("next_date", "=", DAY + timedelta(days=1))]), case)
        self.at(1)
        self.assertEqual(cases.search(today), case)


class TestPriority(WorklistCase):
    def test_points_of_each_term(self):
        for days, amount, facts in (
            (4, 99, {"amount": 0, "age": 0}),
            (10, 100, {"amount": 5, "age": 5}),
            (30, 999, {"amount": 5, "age": 10}),
            (60, 5000, {"amount": 25, "age": 20}),
            (90, 100_000, {"amount": 45, "age": 30}),
        ):
            with self.subTest(days=days, amount=amount):
                debtor = self.make_debtor(f"Owes {amount}")
                self.invoice(days, amount, debtor=debtor)
                case = self.case(debtor)
                terms = self.terms(case)
                self.assertEqual({term: terms[term] for term in facts}, facts)
                self.assertEqual(case.priority, sum(terms.values()))

    def test_class_counts(self):
        self.invoice(20)
        case = self.case()
        before = case.priority
        behavior = self.env["dunning.behavior"]
        behavior._refresh(self.company, DAY, self.debtor)
        found = behavior.search([("partner_id", "=", self.debtor.id)])
        self.assertEqual(self.terms(case)["grade"], 0, "new")
        found.sudo().write({"grade": "D", "is_new": False})
        case.invalidate_recordset()
        self.assertEqual((case.grade, case.priority), ("D", before + 15))
        cases = self.env["dunning.case"]
        self.assertIn(case, cases.search([("grade", "in", ("D", "E"))]))
        self.assertNotIn(case, cases.search([("grade", "=", False)]))

    def test_what_is_due_counts_the_longer_the_more(self):
        self.invoice(20)
        case = self.case()
        case.activity_schedule("mail.mail_activity_data_todo", DAY + timedelta(days=1))
        found = []
        for days in (0, 1, 4, 8):
            self.at(days)
            found.append(self.terms(case)["waiting"])
        self.assertEqual(found, [0, 20, 30, 40])

    def test_broken_promises_and_levels_count(self):
        self.invoice(6)
        case = self.case()
        self.assertEqual(self.terms(case)["level"], 0)
        for days in (0, 14, 28):
            self.remind(self.at(days))
        terms = self.terms(case)
        self.assertEqual((terms["level"], terms["last_level"]), (10, 10))
        promise = self.promise(100, days=0)
        promise._update_state(self.at(35))
        self.assertEqual(promise.state, "broken")
        self.assertEqual(self.terms(case)["promises"], 10)

    def test_who_is_waited_for_comes_last(self):
        large, small = self.make_debtor("Large"), self.make_debtor("Small")
        self.invoice(40, 50_000, debtor=large)
        self.invoice(40, 50, debtor=small)
        both = self.case(large) | self.case(small)
        self.assertEqual(self.ordered(both), ["Large", "Small"])
        self.promise(50_000, days=5, partner_id=large.id)
        self.assertEqual(self.ordered(both), ["Small", "Large"])

    def ordered(self, cases):
        found = self.env["dunning.case"].search([("id", "in", cases.ids)], order="priority desc")
        return found.mapped("partner_id.name")

    def test_order_is_that_of_the_points(self):
        for number, (days, amount) in enumerate(((5, 10), (95, 20_000), (40, 700), (70, 90))):
            debtor = self.make_debtor(f"Debtor{number}")
            self.invoice(days, amount, debtor=debtor)
            self.case(debtor)
        cases = self.env["dunning.case"].search([("state", "=", "open")], order="priority desc, id")
        expected = sorted(cases, key=lambda case: (-sum(self.terms(case).values()), case.id))
        self.assertEqual(list(cases), expected)
        self.assertGreater(len(set(cases.mapped("priority"))), 2)
        backwards = cases.search([("id", "in", cases.ids)], order="priority, id desc")
        self.assertEqual(list(backwards), expected[::-1])

    def test_steps_of_a_company(self):
        other = self.setup_other_company()["company"]
        self.env["dunning.score.step"].create(
            {"term": "amount", "threshold": 10, "points": 77, "company_id": other.id}
        )
        self.invoice(20, 15)
        case = self.case()
        self.invoice_of(other, 15)
        there = self.env["dunning.case"].create(
            {"partner_id": self.debtor.id, "company_id": other.id}
        )
        rows = (case | there)._priority_rows()
        self.assertEqual(rows[case.id]["amount"], rows[there.id]["amount"])
        self.assertEqual(there.priority - case.priority, 77 + 30 - 5, "points for amount and age")
        cases = self.env["dunning.case"].with_context(
            allowed_company_ids=[self.company.id, other.id]
        )
        ordered = cases.search([("id", "in", (case | there).ids)], order="priority desc")
        self.assertEqual(list(ordered), [there, case])

    def test_why_in_sentences(self):
        self.invoice(40, 1500)
        case = self.case()
        case.activity_schedule("mail.mail_activity_data_todo", DAY, summary="Ask Ann")
        action = case.action_explain_priority()
        self.assertEqual((action["res_id"], action["target"]), (case.id, "new"))
        text = html2plaintext(case.priority_reasons)
        for sentence in (
            "1,500.00 are overdue.",
            "The oldest invoice is overdue for 40 days.",
            "New customer: nothing is known about how it pays.",
            "Due today: Ask Ann",
            f"Priority {case.priority}",
        ):
            self.assertIn(sentence, text.replace("\xa0", " "))

    def test_groups_show_their_sum(self):
        for name, amount in (("Deco", 100), ("Gemini", 200)):
            debtor = self.make_debtor(name)
            self.invoice(20, amount, debtor=debtor)
            self.case(debtor)
        cases = self.env["dunning.case"]
        self.assertEqual(
            cases.fields_get(["amount_overdue"])["amount_overdue"]["aggregator"], "sum"
        )
        [(stage, amount)] = cases._read_group(
            [("state", "=", "open")], ["stage"], ["amount_overdue:sum"]
        )
        self.assertEqual((stage, amount), ("todo", 300))


class TestDesk(WorklistCase):
    def test_ages_add_up_in_every_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        for days, amount in ((-5, 7), (1, 10), (30, 5), (31, 20), (61, 30), (91, 33), (121, 7)):
            self.invoice(days, amount)
        self.invoice(5, 300, currency=euro)
        self.pay(self.debtor, 12)
        case = self.case()
        dollars, later, euros = self.lines(case)
        self.assertEqual(
            dollars,
            "$ 93.00 = $ 7.00 over 120 days + $ 33.00 91–120 days + $ 30.00 61–90 days"
            " + $ 20.00 31–60 days + $ 15.00 1–30 days − $ 12.00 credits",
        )
        self.assertEqual(later, "Not due yet: $ 7.00")
        self.assertEqual(
            euros, f"{euro.format(300)} = {euro.format(300)} 1–30 days".replace("\xa0", " ")
        )
        self.assertEqual(case.amount_overdue, 93 + 600)

    def lines(self, case):
        """The lines of the header, in plain text."""
        found = html.fromstring(f"<div>{case.age_summary}</div>").findall("div")
        return [" ".join(line.text_content().split()) for line in found]

    def test_charges_that_are_not_booked_stand_beside(self):
        fee = self.env["dunning.fee"].create(
            {
                "name": "Fee",
                "kind": "fixed",
                "amount": 5,
                "currency_id": self.company.currency_id.id,
            }
        )
        self.first.fee_ids = fee
        self.invoice(20)
        self.remind()
        case = self.case()
        self.assertEqual(
            self.lines(case),
            ["$ 100.00 = $ 100.00 1–30 days", "Charges not booked: $ 5.00"],
        )

    def test_next_customer_by_priority(self):
        names = ["Most", "Middle", "Least", "Others"]
        for name, amount in zip(names, (90_000, 2000, 10, 50_000), strict=True):
            self.invoice(20, amount, debtor=self.make_debtor(name))
        self.run_at().action_cancel()
        cases = {case.partner_id.name: case for case in self.env["dunning.case"].search([])}
        cases["Middle"].user_id = self.marc
        cases["Others"].user_id = self.env.user
        case, visited = cases["Most"].with_user(self.marc), ["Most"]
        while (action := case.action_next_customer())["type"] == "ir.actions.act_window":
            case = case.browse(action["res_id"]).with_context(**action["context"])
            visited.append(case.partner_id.name)
        self.assertEqual(visited, ["Most", "Middle", "Least"], "not those of colleagues")
        self.assertIn("all 3 customers", action["params"]["message"])

    def test_every_button_has_a_key_of_its_own(self):
        arch = etree.fromstring(self.env["dunning.case"].get_view(view_type="form")["arch"])
        buttons = arch.findall("./header/button")
        keys = [button.get("data-hotkey") for button in buttons]
        self.assertFalse([b.get("string") for b in buttons if not b.get("data-hotkey")])
        self.assertEqual(len(set(keys)), len(keys), keys)
        self.assertFalse(ODOO_KEYS & set(keys))


class TestClosing(WorklistCase):
    def settled(self, name):
        """A case whose invoice is paid."""
        debtor = self.make_debtor(name)
        invoice = self.invoice(20, debtor=debtor)
        case = self.case(debtor)
        self.pay(debtor, 100, invoices=invoice)
        return case

    def close(self):
        nights.work(self, "close")

    def test_settled_cases_close_and_others_stay(self):
        paid = self.settled("Paid")
        self.invoice(20)
        owing = self.case()
        for case in paid | owing:
            case.activity_schedule("mail.mail_activity_data_call", DAY, summary="Call")
        self.close()
        self.assertEqual((paid.state, paid.date_close), ("closed", DAY))
        self.assertFalse(paid.activity_ids, "there is nothing to call about")
        self.assertEqual((owing.state, len(owing.activity_ids)), ("open", 1))
        messages = len(paid.message_ids)
        self.at(1)
        self.close()
        self.assertEqual((paid.date_close, len(paid.message_ids)), (DAY, messages))

    def test_one_that_fails_stops_nobody(self):
        good, bad = self.settled("Good"), self.settled("Bad")
        close = type(good)._close

        def picky(cases):
            if bad in cases:
                raise UserError("Somebody is at it")
            return close(cases)

        with patch.object(type(good), "_close", picky):
            self.close()
        self.assertEqual((good.state, bad.state), ("closed", "open"))
        self.assertEqual(bad.error, "Somebody is at it")
        with (
            patch.object(type(good), "_close", side_effect=ValueError("bug")),
            mute_logger("odoo.addons.dunning_advanced.models.case.lifecycle"),
        ):
            self.close()
        self.assertIn("bug", bad.error)
        self.close()
        self.assertEqual((bad.state, bad.error), ("closed", False))

    def test_who_owes_again_gets_a_new_case(self):
        case = self.settled("Again")
        self.close()
        self.invoice(20, debtor=case.partner_id)
        self.run_at()
        fresh = self.case(case.partner_id)
        self.assertNotEqual(fresh, case)
        self.assertEqual((fresh.date_open, case.state), (DAY, "closed"))


class TestWorklistQueries(WorklistCase):
    FIELDS = (
        *("priority", "amount_overdue", "days_overdue", "level_id", "grade", "stage"),
        *("next_action", "next_date", "next_code", "age_summary"),
    )

    def queries(self, cases):
        """Queries to search these cases by priority and read what the worklist shows."""
        counts = []
        for _again in range(2):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            domain = [("id", "in", cases.ids)]
            found = self.env["dunning.case"].search(domain, order="priority desc")
            found.web_read({name: {} for name in self.FIELDS})
            counts.append(self.env.cr.sql_log_count - before)
        return counts[-1]

    def add(self, number, invoices):
        """A customer with every kind of task."""
        debtor = self.make_debtor(f"Debtor{number}")
        for _times in range(invoices):
            self.invoice(20, debtor=debtor)
        return debtor

    def test_worklist_takes_the_same_queries_for_any_number_of_cases_and_invoices(self):
        debtors = [self.add(number, invoices=1) for number in range(8)]
        self.run_at()
        cases = self.env["dunning.case"].search([("state", "=", "open")])
        by_debtor = {case.partner_id: case for case in cases}
        own = [by_debtor[debtor] for debtor in debtors]
        for first in (0, 4):
            self.hold(partner_id=debtors[first].id, date_to=DAY)
            own[first + 1].activity_schedule("mail.mail_activity_data_call", DAY)
            self.promise(100, days=3, partner_id=debtors[first + 2].id)
        self.env["dunning.notice"].search(
            [("partner_id", "in", [d.id for d in debtors[::4]])]
        )._drop("later")
        four = self.env["dunning.case"].union(*own[:4])
        eight = self.env["dunning.case"].union(*own)
        few = self.queries(four)
        self.assertEqual(self.queries(eight), few)
        for debtor in debtors:
            for _times in range(5):
                self.invoice(25, debtor=debtor)
        self.assertEqual(self.queries(eight), few)

    def test_form_takes_the_same_queries_for_any_number_of_invoices(self):
        self.invoice(20)
        case = self.case()
        fields = self.form_fields()
        self.count(case, fields)
        few = self.count(case, fields)
        for _times in range(20):
            self.invoice(25)
        self.assertEqual(self.count(case, fields), few)

    def form_fields(self):
        arch = etree.fromstring(self.env["dunning.case"].get_view(view_type="form")["arch"])
        return [
            node.get("name")
            for node in arch.iter("field")
            if not any(parent.tag == "field" for parent in node.iterancestors())
        ]

    def count(self, case, fields):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        case.web_read({name: {} for name in fields})
        return self.env.cr.sql_log_count - before
