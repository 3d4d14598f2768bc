from datetime import datetime

from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .. import nights
from ..common import DAY, DunningCommon


class TestCreditHold(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clock = freeze_time(datetime.combine(DAY, datetime.min.time()), tick=True)
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.biller = cls.make_user(
            "biller.credit", "account.group_account_invoice,base.group_partner_manager"
        )
        cls.seller = cls.make_user("seller.credit", "base.group_user")
        cls.dunner = cls.make_user("dunner.credit", "dunning_advanced.group_user")

    def case(self):
        self.run_at()
        return self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])

    def hold(self, user=None, **values):
        holds = self.env["dunning.credit.hold"].with_user(user or self.dunner)
        return holds.create(
            {"partner_id": self.debtor.id, "reason": "Nothing paid since March", **values}
        )

    def fresh(self, record, user):
        """The record as a user finds it in a request of its own."""
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(user)

    def draft(self, user, **values):
        return self.fresh(self.env["account.move"], user).create(
            {
                "move_type": "out_invoice",
                "partner_id": self.debtor.id,
                "invoice_date": DAY,
                "invoice_line_ids": [
                    Command.create({"name": "work", "price_unit": 50, "tax_ids": []})
                ],
                **values,
            }
        )

    def test_set_from_the_case_and_lifted_with_a_reason(self):
        self.invoice(20)
        case = self.case().with_user(self.dunner)
        action = case.action_escalate()
        wizard = self.env[action["res_model"]].with_user(self.dunner)
        with Form(wizard.with_context(**action["context"])) as form:
            form.step = "credit"
            form.reason = "Nothing paid since March"
        form.record.action_apply()
        hold = case.credit_hold_id
        self.assertEqual((hold.user_id, hold.date, hold.active), (self.dunner, DAY, True))
        self.assertIn("Nothing paid since March", case.message_ids[0].body)
        action = hold.action_lift()
        reasons = self.env[action["res_model"]].with_user(self.dunner)
        reasons.with_context(**action["context"]).create({"reason": "Paid"}).action_apply()
        self.assertEqual(
            (hold.active, hold.date_lifted, hold.lifted_by_id), (False, DAY, self.dunner)
        )
        self.assertIn("lifted: Paid", case.message_ids[0].body)
        case.invalidate_recordset()
        self.assertFalse(case.credit_hold_id)
        self.hold()

    def test_users_without_dunning_rights_are_told(self):
        self.hold()
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": self.debtor.id})
        move = self.draft(self.biller, partner_id=contact.id)
        words = move.alerts["dunning_credit_hold"]["message"]
        self.assertEqual(
            words,
            "Azure Interior is on credit hold since 06/03/2024: Nothing paid since March. "
            "Ask Dunner before you deliver on credit.",
        )
        for user in (self.biller, self.seller):
            for partner in (self.debtor, contact):
                partner = self.fresh(partner, user)
                self.assertEqual(partner.dunning_credit_hold, words)
                partner.get_views([(False, "form"), (False, "list"), (False, "kanban")])
        Form(self.fresh(self.debtor, self.biller))
        with Form(self.fresh(move, self.biller)) as form:
            form.ref = "again"
        move.action_post()
        self.assertEqual(move.state, "posted", "it warns and does not stop")
        self.assertNotIn("dunning_credit_hold", self.fresh(move, self.biller).alerts or {})

    def test_bills_and_other_customers_are_not_concerned(self):
        self.hold()
        other = self.make_debtor("Deco Addict")
        for values in ({"move_type": "in_invoice"}, {"partner_id": other.id}):
            move = self.draft(self.biller, **values)
            self.assertNotIn("dunning_credit_hold", move.alerts or {})

    def test_changing_the_customer_changes_the_warning(self):
        self.hold()
        other = self.make_debtor("Deco Addict")
        with Form(self.draft(self.biller, partner_id=other.id)) as form:
            self.assertNotIn("dunning_credit_hold", form.alerts or {})
            form.partner_id = self.debtor
            self.assertIn("dunning_credit_hold", form.alerts)

    def test_customers_do_not_read_it(self):
        self.hold()
        move = self.draft(self.biller)
        portal = new_test_user(
            self.env, "portal.credit", "base.group_portal", partner_id=self.debtor.id
        )
        self.assertFalse(self.fresh(self.debtor, portal).check_access("read"))
        with self.assertRaisesRegex(Exception, "dunning_credit_hold"):
            self.fresh(self.debtor, portal).read(["dunning_credit_hold"])
        self.assertNotIn("dunning_credit_hold", self.fresh(move, portal).sudo().alerts or {})

    def test_company_may_let_managers_alone_post(self):
        self.company.dunning_credit_block = True
        hold = self.hold()
        move = self.draft(self.biller)
        with self.assertRaisesRegex(UserError, "on credit hold.*Only a dunning manager"):
            move.action_post()
        free = self.draft(self.biller, partner_id=self.make_debtor("Deco Addict").id)
        free.action_post()
        boss = self.make_user("boss.credit", "dunning_advanced.group_manager")
        self.fresh(move, boss).action_post()
        self.assertEqual(move.state, "posted")
        other = self.draft(self.biller)
        hold._lift("Paid", DAY)
        other.action_post()

    def test_charges_of_reminders_are_posted_all_the_same(self):
        self.company.dunning_credit_block = True
        self.policy.charge_mode = "posted"
        self.first.fee_ids = self.env["dunning.fee"].create(
            {
                "name": "Fee",
                "kind": "fixed",
                "amount": 5,
                "currency_id": self.company.currency_id.id,
            }
        )
        self.debtor.country_id = self.env.ref("base.us")
        self.invoice(20)
        self.hold()
        notice = self.run_at().notice_ids.with_user(self.dunner)
        notice.action_confirm()
        self.assertEqual((notice.error, notice.charge_move_id.state), (False, "posted"))

    def test_other_companies_know_nothing_of_it(self):
        elsewhere = self.setup_other_company()["company"]
        stranger = self.make_user("stranger.credit", "dunning_advanced.group_manager", elsewhere)
        hold = self.hold()
        self.assertFalse(self.fresh(self.debtor, stranger).dunning_credit_hold)
        self.assertFalse(hold.with_user(stranger).search([("id", "=", hold.id)]))
        own = self.hold(stranger, company_id=elsewhere.id, reason="Theirs")
        self.assertIn("Theirs", self.fresh(self.debtor, stranger).dunning_credit_hold)
        self.assertIn("March", self.fresh(self.debtor, self.biller).dunning_credit_hold)
        self.assertNotEqual(own.company_id, hold.company_id)

    def test_branches_share_it(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.hold()
        self.assertTrue(self.debtor.with_company(branch).dunning_credit_hold)

    def test_asked_to_lift_when_nothing_is_overdue(self):
        invoice = self.invoice(20)
        hold = self.hold()
        self.night()
        self.assertFalse(hold.activity_ids)
        self.pay(self.debtor, 100, invoices=invoice)
        self.invoice(-5)
        self.night()
        self.night()
        self.assertEqual(len(hold.activity_ids), 1)
        self.assertEqual(hold.activity_ids.user_id, self.dunner)
        self.assertIn("Azure Interior", hold.activity_ids.summary)
        hold._lift("Paid", DAY)
        self.assertFalse(hold.activity_ids)

    def night(self):
        nights.work(self, "credit_holds")

    def test_merged_customers_have_one(self):
        other = self.make_debtor("Deco Addict")
        mine, theirs = self.hold(), self.hold(partner_id=other.id)
        merge = self.env["base.partner.merge.automatic.wizard"]
        merge._merge([self.debtor.id, other.id], self.debtor)
        self.env.invalidate_all()
        self.assertEqual((mine.active, theirs.active), (True, False))
        self.assertEqual((mine | theirs).partner_id, self.debtor)

    def test_bad_input(self):
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": self.debtor.id})
        with self.assertRaisesRegex(ValidationError, "Anna is a contact of Azure Interior"):
            self.hold(partner_id=contact.id)
        self.hold()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.hold()
