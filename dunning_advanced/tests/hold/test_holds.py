from datetime import timedelta

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form
from odoo.tools import mute_logger

from odoo.addons.dunning_advanced.models.engine.engine import Scope

from .. import nights
from ..common import DAY, DunningCommon


class HoldCase(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([("id", "!=", cls.company.id)]).dunning_user_id = False
        cls.marc = cls.make_user("marc.holds", "dunning_advanced.group_user")
        cls.manager = cls.make_user("boss.holds", "dunning_advanced.group_manager")

    def setUp(self):
        super().setUp()
        self.at(DAY)

    def at(self, day):
        clock = freeze_time(f"{day} 03:30:00")
        clock.start()
        self.addCleanup(clock.stop)

    def reason(self, name):
        return self.env.ref(f"dunning_advanced.hold_reason_{name}")

    def hold(self, reason="manual", **values):
        return self.env["dunning.hold"].create(
            {
                "reason_id": self.reason(reason).id,
                "partner_id": self.debtor.id,
                "date_from": DAY,
                **values,
            }
        )

    def items(self, *moves):
        return self.env["account.move"].union(*moves).line_ids.filtered("date_maturity")

    def trigger(self, name):
        nights.work(self, name)

    def activities(self, kind, **values):
        return (
            self.env["mail.activity"]
            .sudo()
            .search(
                [
                    ("activity_type_id", "=", self.env.ref(f"dunning_advanced.{kind}").id),
                    *[(name, "=", value) for name, value in values.items()],
                ]
            )
        )


class TestHoldScope(HoldCase):
    def test_single_installments_are_held(self):
        terms = self.env["account.payment.term"].create(
            {
                "name": "Two halves",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": days})
                    for days in (0, 10)
                ],
            }
        )
        invoice = self.invoice(0, invoice_payment_term_id=terms.id)
        early, late = self.items(invoice).sorted("date_maturity")
        hold = self.hold(item_ids=[Command.set(late.ids)])
        self.assertEqual((hold.scope, hold.subject), ("item", invoice.name))
        decisions = {line.move_line_id: line.verdict for line in self.run_at().line_ids}
        self.assertEqual(decisions, {early: "dun", late: "held"})

    def test_scope_follows_from_what_is_given(self):
        invoice = self.invoice(10)
        self.assertEqual(self.hold().scope, "debtor")
        self.assertEqual(self.hold(move_id=invoice.id).scope, "invoice")

    def test_open_end_holds_until_somebody_looks(self):
        invoice = self.invoice(10)
        self.hold("legal")
        self.hold(date_to=DAY)
        for day in (DAY, DAY + timedelta(days=300)):
            line = self.run_at(day, simulation=True).line_ids
            self.assertEqual((line.move_id, line.verdict), (invoice, "held"))
            self.assertFalse(line.date_next)

    def test_the_past_knows_holds_that_were_lifted_later(self):
        invoice = self.invoice(10)
        self.hold()._lift("settled", DAY + timedelta(days=3))
        self.assertEqual(self.decisions(self.run_at(simulation=True)), {invoice: "held"})
        later = self.run_at(DAY + timedelta(days=3), simulation=True)
        self.assertEqual(self.decisions(later), {invoice: "dun"})

    def test_explanation_names_reason_and_review(self):
        invoice = self.invoice(10)
        self.hold("legal", name="Court file 12")
        wizard = self.env["dunning.explain"].create(
            {"move_line_id": self.items(invoice).id, "date": DAY}
        )
        self.assertIn("to be reviewed on 09/01/2024", wizard.answer)
        self.assertIn("With a lawyer or court: Court file 12", wizard.answer)


class TestHoldDates(HoldCase):
    def test_from_the_first_day_to_the_last(self):
        invoice = self.invoice(30)
        last = DAY + timedelta(days=5)
        hold = self.hold("hardship", move_id=invoice.id, date_to=last)
        before, after = DAY - timedelta(days=1), last + timedelta(days=1)
        for day, holds in [(before, False), (DAY, True), (last, True), (after, False)]:
            with self.subTest(day):
                rows = self.env["dunning.engine"]._evaluate(Scope(company=self.company, date=day))
                self.assertEqual([row["decision"] for row in rows], ["held" if holds else "dun"])
                self.assertEqual(bool(hold.search(hold._lasting_domain(day))), holds)
        frozen = hold._frozen_periods(self.items(invoice), after)
        self.assertEqual(frozen, {self.items(invoice).id: [(DAY, last)]})

    def test_a_hold_of_one_day_freezes_it(self):
        invoice = self.invoice(30)
        hold = self.hold("hardship", move_id=invoice.id, date_to=DAY)
        item = self.items(invoice)
        self.assertEqual(hold._frozen_periods(item, DAY), {item.id: [(DAY, DAY)]})

    def test_reason_says_how_long(self):
        promise, legal = self.hold("promise"), self.hold("legal")
        self.assertEqual((promise.date_to, promise.date_review), (DAY + timedelta(days=14), False))
        self.assertEqual((legal.date_to, legal.date_review), (False, DAY + timedelta(days=90)))
        self.assertEqual(legal.date_next, legal.date_review)

    def test_form_follows_the_reason(self):
        with Form(self.env["dunning.hold"]) as form:
            form.partner_id = self.debtor
            form.reason_id = self.reason("breathing")
            self.assertEqual(form.date_to, DAY + timedelta(days=60))
            self.assertTrue(form.freezes_charges)
            form.reason_id = self.reason("key_account")
            self.assertEqual(form.date_review, DAY + timedelta(days=30))
            self.assertFalse(form.freezes_charges)

    def refused(self, error, message, **values):
        with (
            self.subTest(message),
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(error, message),
            self.env.cr.savepoint(),
        ):
            self.hold(**values)

    def test_bad_input(self):
        other = self.make_debtor("Deco Addict")
        theirs = self.invoice(1, debtor=other)
        self.refused(ValidationError, "at most", date_to=DAY + timedelta(days=400))
        self.refused(
            ValidationError, "08/02/2024", reason="breathing", date_to=DAY + timedelta(days=61)
        )
        self.refused(ValidationError, "belongs to", move_id=theirs.id)
        self.refused(ValidationError, "Choose the items", scope="item")

    def test_what_the_database_refuses(self):
        self.refused(CheckViolation, "never_forever", date_to=False)
        self.refused(CheckViolation, "dates_in_order", date_to=DAY - timedelta(days=1))
        self.refused(CheckViolation, "invoice_given", scope="invoice")


class TestHoldRights(HoldCase):
    def test_users_lift_what_is_theirs_to_lift(self):
        hold = self.hold("dispute").with_user(self.marc)
        self.assertTrue(hold.can_lift)
        action = hold.action_lift()
        wizard = self.env[action["res_model"]].with_user(self.marc)
        wizard.with_context(**action["context"]).create(
            {"reason": "Credit note sent"}
        ).action_apply()
        self.assertEqual((hold.active, hold.date_lifted), (False, DAY))
        self.assertIn("Lifted: Credit note sent", hold.message_ids[0].body)

    def test_managers_alone_lift_the_others(self):
        hold = self.hold("vulnerable")
        mine = hold.with_user(self.marc)
        self.assertFalse(mine.can_lift)
        with self.assertRaisesRegex(UserError, "Needs special care.*Azure Interior"):
            mine.action_lift()
        for values in (
            {"active": False},
            {"date_to": DAY},
            {"reason_id": self.reason("manual").id},
        ):
            with self.assertRaisesRegex(UserError, "Only a dunning manager"):
                mine.write(values)
        hold.with_user(self.manager)._lift("She asked us to", DAY)
        self.assertFalse(hold.active)

    def test_reasons_are_set_by_managers(self):
        reason = self.reason("manual")
        self.assertFalse(reason.with_user(self.marc).has_access("write"))
        self.assertTrue(reason.with_user(self.manager).has_access("write"))


class TestFrozenCharges(HoldCase):
    def frozen(self, *moves, day=DAY):
        items = self.items(*moves)
        periods = self.env["dunning.hold"]._frozen_periods(items, day)
        return items.filtered(
            lambda item: any(first <= day <= last for first, last in periods[item.id])
        ).move_id

    def test_charges_freeze_while_the_hold_lasts(self):
        one, two = self.invoice(10), self.invoice(20)
        self.assertFalse(self.frozen(one, two))
        self.hold("dispute")
        self.assertFalse(self.frozen(one, two), "a dispute freezes no charges")
        hold = self.hold("hardship", move_id=one.id, date_to=DAY + timedelta(days=5))
        self.assertEqual(self.frozen(one, two), one)
        self.assertFalse(self.frozen(one, two, day=DAY + timedelta(days=6)))
        self.hold("hardship", item_ids=[Command.set(self.items(two).ids)])
        self.assertEqual(self.frozen(one, two), one | two)
        hold._lift("paid", DAY + timedelta(days=2))
        self.assertEqual(self.frozen(one, two, day=DAY + timedelta(days=1)), one | two)
        self.assertEqual(self.frozen(one, two, day=DAY + timedelta(days=2)), two)

    def test_debtor_and_company(self):
        mine, theirs = self.invoice(10), self.invoice(10, debtor=self.make_debtor("Deco"))
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.hold("breathing", company_id=elsewhere.id)
        self.assertFalse(self.frozen(mine, theirs))
        self.hold("breathing")
        self.assertEqual(self.frozen(mine, theirs), mine)


class TestHoldReview(HoldCase):
    def test_review_is_asked_once_and_again_until_decided(self):
        hold = self.hold("legal", date_review=DAY + timedelta(days=7))
        hold.user_id = self.marc
        self.trigger("review_holds")
        self.assertFalse(hold.activity_ids)
        self.at(DAY + timedelta(days=7))
        self.trigger("review_holds")
        self.trigger("review_holds")
        self.assertEqual(hold.activity_ids.user_id, self.marc)
        self.assertEqual(hold.activity_ids.summary, "Should Azure Interior stay on hold?")
        hold.activity_ids.action_done()
        self.at(DAY + timedelta(days=8))
        self.trigger("review_holds")
        self.assertEqual(len(hold.activity_ids), 1, "done, but nothing was decided")
        hold.action_reviewed()
        self.assertFalse(hold.activity_ids)
        self.assertEqual(hold.date_review, DAY + timedelta(days=98))
        self.trigger("review_holds")
        self.assertFalse(hold.activity_ids)

    def test_responsible_of_the_case_is_asked(self):
        self.invoice(10)
        self.run_at()
        self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)]).user_id = self.marc
        hold = self.hold("legal", date_review=DAY)
        hold.user_id = self.manager
        self.trigger("review_holds")
        self.assertEqual(hold.activity_ids.user_id, self.marc)

    def test_lifted_and_ended_holds_are_not_asked_about(self):
        lifted = self.hold("legal", date_review=DAY)
        lifted._lift("settled", DAY)
        ended = self.hold("manual", date_from=DAY - timedelta(days=9), date_to=DAY)
        ended.write({"date_review": DAY - timedelta(days=1), "date_to": DAY - timedelta(days=1)})
        self.trigger("review_holds")
        self.assertFalse((lifted | ended).activity_ids)


class TestBlockedInvoices(HoldCase):
    def test_monthly_list_for_each_responsible(self):
        self.company.dunning_user_id = self.manager
        blocked, free = self.invoice(10, 70), self.invoice(10)
        blocked.no_followup = True
        theirs = self.invoice(10, 90, debtor=self.make_debtor("Deco Addict"))
        self.run_at()
        self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)]).user_id = self.marc
        theirs.no_followup = True
        self.trigger("review_blocked")
        mine = self.activities("mail_activity_blocked", user_id=self.marc.id)
        self.assertEqual(len(mine), 1)
        self.assertIn(blocked.name, mine.note)
        self.assertIn("70.00", mine.note)
        for invoice in (free, theirs):
            self.assertNotIn(invoice.name, mine.note)
        others = self.activities("mail_activity_blocked", user_id=self.manager.id)
        self.assertIn(theirs.name, others.note)

    def test_twice_makes_one_list_that_is_up_to_date(self):
        self.company.dunning_user_id = self.marc
        invoice = self.invoice(10)
        invoice.no_followup = True
        self.trigger("review_blocked")
        later = self.invoice(3)
        later.no_followup = True
        self.trigger("review_blocked")
        activity = self.activities("mail_activity_blocked", user_id=self.marc.id)
        self.assertEqual(len(activity), 1)
        self.assertIn(later.name, activity.note)

    def test_somebody_is_asked_where_nobody_is_responsible(self):
        self.company.dunning_user_id = False
        invoice = self.invoice(10)
        invoice.no_followup = True
        activity = self.env["dunning.hold"].with_user(1)._review_blocked(self.company, DAY)
        self.assertTrue(activity.user_id.has_group("dunning_advanced.group_manager"))

    def test_case_shows_them_beside_the_holds(self):
        invoice, free = self.invoice(10), self.invoice(12)
        self.run_at()
        invoice.no_followup = True
        hold = self.hold(move_id=free.id)
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.assertEqual((case.blocked_item_ids.move_id, case.hold_ids), (invoice, hold))
        case.blocked_item_ids.with_user(self.marc).action_dunning_follow_up()
        self.assertFalse(invoice.no_followup)
