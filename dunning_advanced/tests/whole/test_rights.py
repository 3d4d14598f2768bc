from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user

from odoo.addons.dunning_advanced.models.notice import issue as notice_issue

from ..common import DAY, DunningCommon


class TestRights(DunningCommon):
    """Who may do what; every step as the user who would take it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clock = freeze_time(DAY, tick=True)
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.second.minimum_amount = 1
        cls.biller = cls.make_user(
            "biller", "account.group_account_invoice,base.group_partner_manager"
        )
        cls.seller = cls.make_user("seller", "base.group_user,base.group_partner_manager")
        cls.dunner = cls.make_user("dunner", "dunning_advanced.group_user")
        cls.manager = cls.make_user("manager", "dunning_advanced.group_manager")

    @classmethod
    def make_user(cls, login, groups, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env,
            f"{login}.dunning",
            groups,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
            email=f"{login}@example.com",
        )

    def as_user(self, record, user):
        """The record as a user finds it in a request of its own."""
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(user)

    def propose_as(self, user):
        run = self.as_user(self.env["dunning.run"], user).create({"date": DAY})
        run.action_propose()
        return run

    def test_user_without_dunning_rights_lives_with_a_reminded_customer(self):
        """Invoices are made, posted, paid, reset and deleted; partners open."""
        self.invoice(5)
        reminded = self.invoice(6)
        self.env["dunning.hold"].create(
            {
                "name": "Wait",
                "partner_id": self.debtor.id,
                "move_id": reminded.id,
                "date_from": DAY,
                "date_to": DAY,
            }
        )
        self.remind()
        debtor = self.as_user(self.debtor, self.biller)
        with Form(debtor) as form:
            form.name = "Azure Interior Ltd"
        move = self.as_user(self.env["account.move"], self.biller).create(
            {
                "move_type": "out_invoice",
                "partner_id": self.debtor.id,
                "invoice_date": DAY,
                "invoice_line_ids": [
                    Command.create({"name": "work", "price_unit": 50, "tax_ids": []})
                ],
            }
        )
        move.action_post()
        paid = self.as_user(reminded, self.biller)
        self.env["account.payment.register"].with_user(self.biller).with_context(
            active_model="account.move", active_ids=paid.ids
        ).create({"payment_date": DAY}).action_create_payments()
        self.assertIn(paid.payment_state, ("paid", "in_payment"))
        for record in (paid, move, debtor):
            Form(record)
            record.get_views([(False, "form"), (False, "list"), (False, "search")])
        move.button_draft()
        move.unlink()
        self.assertTrue(self.as_user(paid.line_ids, self.biller).read())

    def test_proposed_invoice_is_deleted_by_somebody_else(self):
        invoice = self.invoice(5)
        notice = self.run_at().notice_ids
        mine = self.as_user(invoice, self.biller)
        mine.button_draft()
        mine.name = False
        mine.unlink()
        self.as_user(notice, self.dunner).action_confirm()
        self.assertEqual(notice.state, "dropped")

    def test_partner_manager_without_accounting(self):
        partner = self.as_user(self.debtor, self.seller)
        with Form(partner) as form:
            form.email = "other@example.com"
        partner.copy().unlink()

    def test_fields_of_dunning_are_not_copied(self):
        """Copying reads a field: others may not."""
        for model in self.env.registry.values():
            if model._abstract or model._name.startswith("dunning."):
                continue
            for field in model._fields.values():
                if field.groups and "dunning_advanced" in field.groups:
                    self.assertFalse(field.copy, field)

    def test_strangers_read_nothing(self):
        self.invoice(5)
        notice = self.remind().notice_ids
        for model in (
            "dunning.run",
            "dunning.notice",
            "dunning.line",
            "dunning.case",
            "dunning.delivery",
            "dunning.policy",
            "dunning.hold",
        ):
            for user in (self.biller, self.seller):
                with self.subTest(model=model, user=user.login), self.assertRaises(AccessError):
                    self.env[model].with_user(user).search_read([])
        with self.assertRaises(AccessError):
            notice.with_user(self.biller).action_confirm()

    def test_dunning_user_does_the_whole_job(self):
        self.invoice(5)
        other = self.make_debtor("Deco Addict")
        self.invoice(5, debtor=other)
        nobody = self.make_debtor("Gemini Furniture", email=False)
        self.invoice(5, debtor=nobody)
        run = self.propose_as(self.dunner)
        self.assertEqual((len(run.notice_ids), run.unreachable_count), (2, 1))
        mine, theirs = run.notice_ids.sorted(lambda notice: notice.partner_id != self.debtor)
        mine.body = "<p>As we said</p>"
        self.assertIn("As we said", mine.preview)
        theirs.action_drop()
        self.env["dunning.reason"].with_user(self.dunner).create(
            {"notice_ids": [Command.set(theirs.ids)], "kind": "drop", "reason": "Paid in cash"}
        ).action_apply()
        run.action_confirm()
        self.assertEqual((mine.state, mine.error), ("issued", False))
        self.assertEqual((theirs.state, run.state), ("dropped", "done"))
        delivery = self.as_user(mine.delivery_ids, self.dunner)
        delivery.sudo()._fail("mailbox full")
        delivery.action_retry()
        self.assertEqual(delivery.state, "queued")
        delivery.action_mark_done()
        self.as_user(mine, self.dunner).action_cancel()
        mine._cancel("Sent in error")
        self.assertEqual(mine.state, "cancelled")

    def test_dunning_user_reminds_one_customer(self):
        invoice = self.invoice(5)
        action = self.as_user(self.debtor, self.dunner).action_dunning_remind()
        notice = self.env["dunning.notice"].with_user(self.dunner).browse(action["res_id"])
        notice.action_confirm()
        self.assertEqual(notice.state, "issued")
        case = self.as_user(self.debtor, self.dunner).action_dunning_case()
        case = self.env["dunning.case"].with_user(self.dunner).browse(case["res_id"])
        self.assertEqual(case.level_id, self.first)
        case.note = "<p>Called</p>"
        move = self.as_user(invoice, self.dunner)
        self.assertEqual(move.dunning_level_id, self.first)
        move.action_dunning_lines()
        for record in (move, case, notice, notice.run_id, notice.delivery_ids, notice.line_ids):
            record.read()
            record.get_views([(False, "form"), (False, "list"), (False, "search")])

    def test_dunning_user_queues_a_big_run(self):
        for number in range(3):
            self.invoice(5, debtor=self.make_debtor(f"Customer{number} Ltd"))
        run = self.propose_as(self.dunner)
        with patch.object(notice_issue, "AT_ONCE", 1):
            run.action_confirm()
        self.assertEqual(run.state, "confirmed")
        with self.enter_registry_test_mode():
            self.env.ref("dunning_advanced.ir_cron_issue").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})

    def test_dunning_user_does_not_set_policies(self):
        policy = self.as_user(self.policy, self.dunner)
        self.assertTrue(policy.read())
        with self.assertRaises(AccessError):
            policy.name = "Mine"
        with self.assertRaises(AccessError):
            policy.level_ids[0].days = 1
        self.as_user(self.policy, self.manager).name = "Ours"

    def test_dunning_user_does_not_forge_reminders(self):
        self.invoice(5)
        notice = self.remind().notice_ids.with_user(self.dunner)
        with self.assertRaises(AccessError):
            notice.copy()
        with self.assertRaises(AccessError):
            notice.line_ids.copy()

    def test_other_companies_are_out_of_sight(self):
        elsewhere = self.setup_other_company()["company"]
        stranger = self.make_user("stranger", "dunning_advanced.group_manager", elsewhere)
        own = self.policy.copy({"name": "Own", "company_id": self.company.id})
        self.env["dunning.rule"].create(
            {"name": "Own", "policy_id": own.id, "company_id": self.company.id}
        )
        self.invoice(5)
        run = self.remind()
        for record in (
            run,
            run.notice_ids,
            run.line_ids,
            run.notice_ids.delivery_ids,
            own,
            own.level_ids,
            own.rule_ids,
            self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)]),
        ):
            with self.subTest(model=record._name):
                self.assertTrue(record)
                found = record.with_user(stranger).search([("id", "in", record.ids)])
                self.assertFalse(found)
                with self.assertRaises(AccessError):
                    record.with_user(stranger).read(["display_name"])
        self.assertIn(self.policy, self.env["dunning.policy"].with_user(stranger).search([]))
        run = self.env["dunning.run"].with_user(stranger).create({"date": DAY})
        self.assertEqual(run.company_id, elsewhere)
        run.action_propose()
        self.assertFalse(run.notice_ids | run.line_ids.notice_id)
