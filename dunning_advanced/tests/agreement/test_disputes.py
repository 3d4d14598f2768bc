from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from odoo.addons.dunning_advanced.models.agreement import dispute_settlement

from ..common import DAY
from .common import DisputeCase


class TestDispute(DisputeCase):
    def activity(self, dispute):
        return dispute.activity_ids.filtered(
            lambda activity: (
                activity.activity_type_id == self.env.ref("dunning_advanced.mail_activity_dispute")
            )
        )

    def test_defaults_follow_the_invoice_and_the_reason(self):
        invoice = self.invoice(10, 70)
        dispute = self.dispute(invoice, reason="price")
        self.assertEqual((dispute.partner_id, dispute.amount), (self.debtor, 70))
        self.assertEqual(dispute.date_deadline, DAY + timedelta(days=7))
        self.assertEqual(dispute.user_id, self.marc, "the company's responsible")
        self.assertEqual(dispute.display_name, f"{invoice.name} · $\xa070.00 · Wrong price")
        activity = self.activity(dispute)
        self.assertEqual(
            (activity.user_id, activity.date_deadline), (self.marc, dispute.date_deadline)
        )

    def test_owner_of_the_reason_then_of_the_case(self):
        ann = new_test_user(self.env, "ann.disputes", "dunning_advanced.group_user")
        bob = new_test_user(self.env, "bob.disputes", "dunning_advanced.group_user")
        one, two = self.invoice(10), self.invoice(10)
        self.run_at()
        self.case().user_id = ann
        self.assertEqual(self.dispute(one).user_id, ann)
        self.reason("price").user_id = bob
        self.assertEqual(self.dispute(two, reason="price").user_id, bob)

    def test_form_of_the_case(self):
        invoice = self.invoice(10)
        self.invoice(-10)
        self.run_at()
        action = self.case().with_user(self.marc).action_dispute()
        disputes = self.env["dunning.dispute"].with_user(self.marc)
        with Form(disputes.with_context(**action["context"])) as form:
            self.assertEqual((form.move_id, form.amount), (invoice, 100))
            form.amount = 40
            form.reason_id = self.reason("damaged")
            form.text = "Two boxes"
        case = self.case()
        self.assertEqual((case.stage, case.dispute_ids), ("disputed", form.record))
        self.assertEqual(case.search([("stage", "=", "disputed")]), case)
        self.assertFalse(case.hold_id, "the rest goes on")
        self.assertIn("made by Phone", case.message_ids[0].body)

    def test_call_leads_to_the_dispute(self):
        self.invoice(10)
        self.run_at()
        case = self.case().with_user(self.marc)
        action = case.action_log_call()
        wizard = self.env[action["res_model"]].with_user(self.marc)
        with Form(wizard.with_context(**action["context"])) as form:
            form.outcome = "dispute"
            form.note = "Two boxes arrived broken"
        action = form.record.action_apply()
        disputes = self.env[action["res_model"]].with_user(self.marc)
        with Form(disputes.with_context(**action["context"])) as form:
            form.reason_id = self.reason("damaged")
        dispute = form.record
        self.assertEqual(dispute.call_id, case.call_ids)
        self.assertEqual((dispute.text, dispute.channel), ("Two boxes arrived broken", "phone"))

    def test_files_belong_to_the_dispute(self):
        file = self.env["ir.attachment"].create(
            {"name": "photo.jpg", "raw": b"x", "res_model": "dunning.dispute"}
        )
        dispute = self.dispute(self.invoice(10), attachment_ids=[Command.set(file.ids)])
        self.assertEqual((file.res_model, file.res_id), ("dunning.dispute", dispute.id))
        self.assertTrue(file.with_user(self.marc).raw)

    def test_what_is_changed_holds(self):
        dispute = self.dispute(self.invoice(10), 40)
        self.at(2)
        dispute.write({"amount": 60, "date_deadline": DAY + timedelta(days=9)})
        self.assertEqual((dispute.amount_open, dispute.hold_id.amount), (60, 60))
        self.assertEqual(dispute.hold_id.date_from, DAY + timedelta(days=2))
        self.assertEqual(dispute.hold_id.date_review, DAY + timedelta(days=9))
        self.assertEqual(self.activity(dispute).date_deadline, DAY + timedelta(days=9))

    def test_other_reason(self):
        self.reason("paid").freezes_charges = False
        dispute = self.dispute(self.invoice(10), 40)
        self.assertTrue(dispute.hold_id.freezes_charges)
        dispute.reason_id = self.reason("paid")
        self.assertFalse(dispute.hold_id.freezes_charges)
        self.assertEqual(dispute.date_deadline, DAY + timedelta(days=3))
        self.assertEqual(dispute.hold_id.date_review, dispute.date_deadline)

    def test_company_is_that_of_the_invoice(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        dispute = self.env["dunning.dispute"].new({"company_id": elsewhere.id})
        dispute.move_id = self.invoice(10)
        self.assertEqual(dispute.company_id, self.company)

    def test_withdrawn(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice).with_user(self.marc)
        self.at(3)
        dispute.action_withdraw()
        self.assertEqual((dispute.state, dispute.decided_by_id), ("withdrawn", self.marc))
        self.assertEqual(dispute.date_decided, DAY + timedelta(days=3))
        self.assertFalse(dispute.hold_id.active)
        self.assertFalse(self.activity(dispute))
        self.assertEqual(self.decisions(self.run_at()), {invoice: "dun"})
        with self.assertRaisesRegex(UserError, "decided on 06/06/2024 already"):
            dispute.action_accept()

    def test_hold_ends_with_the_dispute_alone(self):
        hold = self.dispute(self.invoice(10), 40).hold_id
        self.assertFalse(hold.can_lift)
        mine = hold.sudo(False).with_user(self.marc)
        for work in (mine.action_lift, lambda: mine.write({"amount": 5})):
            with self.assertRaisesRegex(UserError, "Answer the dispute"):
                work()

    def test_owner_is_asked_until_it_is_answered(self):
        dispute = self.dispute(self.invoice(10), 40)
        self.at(20)
        self.night("disputes", "review_holds")
        self.assertFalse(dispute.hold_id.activity_ids, "asked about the dispute, not the hold")
        self.activity(dispute).action_done()
        self.night("disputes")
        self.night("disputes")
        self.assertEqual(self.activity(dispute).user_id, self.marc)
        dispute.action_withdraw()
        self.night("disputes")
        self.assertFalse(self.activity(dispute))


class TestAnswer(DisputeCase):
    def reject(self, dispute, text="All boxes were signed for."):
        action = dispute.with_user(self.marc).action_reject()
        wizard = self.env[action["res_model"]].with_user(self.marc)
        with Form(wizard.with_context(**action["context"])) as form:
            form.text = text
        form.record.action_apply()

    def mails(self, dispute):
        return self.env["mail.mail"].search(
            [
                ("model", "=", "dunning.dispute"),
                ("res_id", "=", dispute.id),
                ("message_type", "=", "email_outgoing"),
            ]
        )

    def test_customer_is_told_in_his_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.env.ref("dunning_advanced.mail_template_dispute")
        template.with_context(lang="fr_FR").subject = "Notre réponse"
        ann = self.env["res.partner"].create(
            {
                "name": "Ann",
                "parent_id": self.debtor.id,
                "type": "dunning",
                "email": "ann@example.com",
                "lang": "fr_FR",
            }
        )
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        self.reject(dispute, "Signed <b>for</b>.\nBy you.")
        mail = self.mails(dispute)
        self.assertEqual((mail.recipient_ids, mail.subject), (ann, "Notre réponse"))
        self.assertIn("Signed &lt;b&gt;for&lt;/b&gt;.\nBy you.", mail.body_html)
        self.assertEqual((dispute.state, dispute.date_told), ("rejected", DAY))
        self.assertEqual(self.asked(self.run_at())[self.items(invoice)][3], 100)

    def test_without_e_mail_the_text_is_kept(self):
        self.debtor.email = False
        dispute = self.dispute(self.invoice(10))
        self.reject(dispute)
        self.assertFalse(self.mails(dispute))
        self.assertEqual(
            (dispute.state, dispute.answer, dispute.date_told),
            ("rejected", "All boxes were signed for.", False),
        )
        to_tell = [("answer", "!=", False), ("date_told", "=", False)]
        self.assertEqual(self.env["dunning.dispute"].search(to_tell), dispute)
        dispute.action_mark_told()
        self.assertEqual(dispute.date_told, DAY)

    def test_failure_of_the_e_mail_is_shown(self):
        self.env.ref("dunning_advanced.mail_template_dispute").subject = "{{ 1 / 0 }}"
        dispute = self.dispute(self.invoice(10))
        with mute_logger("odoo.addons.dunning_advanced.models.agreement.agreement"):
            self.reject(dispute)
        self.assertEqual((dispute.state, dispute.date_told), ("rejected", False))
        self.assertIn("The answer was not sent", self.said(dispute))

    def test_words_after_a_part_was_credited(self):
        dispute = self.dispute(self.invoice(10), 40)
        self.credit(dispute, 15).action_post()
        action = dispute.action_tell()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard.create({"text": "One box was broken."}).action_apply()
        self.assertIn("15.00", self.mails(dispute).body_html)
        self.assertEqual((dispute.state, dispute.date_told), ("partial", DAY))


class TestInvoiceOfDispute(DisputeCase):
    """What happens to the invoice decides the dispute, once."""

    def night_twice(self):
        self.night("disputes")
        before = self.env["mail.message"].search_count([])
        self.night("disputes")
        self.assertEqual(self.env["mail.message"].search_count([]), before)

    def test_paid_in_full(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        self.receive(60, invoice, days=1)
        self.assertEqual((dispute.state, dispute.amount_open), ("open", 40))
        self.receive(40, invoice, days=2)
        self.assertEqual((dispute.state, dispute.hold_id.active), ("withdrawn", False))
        self.assertIn("the invoice is settled", self.said(dispute))
        self.assertFalse(dispute.decided_by_id.share)

    def test_more_paid_than_was_undisputed(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        self.at(2)
        self.receive(80, invoice, days=2)
        self.assertEqual((dispute.state, dispute.amount_open), ("open", 20))
        self.assertEqual((dispute.hold_id.amount, dispute.amount), (20, 40))
        self.assertEqual(self.decisions(self.run_at(DAY + timedelta(days=2))), {invoice: "held"})
        self.night_twice()
        self.assertEqual(dispute.amount_open, 20)

    def test_payment_taken_back_brings_the_dispute_back(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        self.receive(80, invoice, days=0)
        invoice.line_ids.remove_move_reconcile()
        self.night_twice()
        self.assertEqual((dispute.amount_open, dispute.hold_id.amount), (40, 40))

    def test_credited_outside_of_the_dispute(self):
        for credited, state, left in (
            (15, "open", 25),
            (40, "accepted", 0),
            (100, "accepted", 0),
        ):
            with self.subTest(credited=credited):
                invoice = self.invoice(10)
                dispute = self.dispute(invoice, 40)
                self.book(credited, invoice)
                self.assertEqual((dispute.state, dispute.amount_open), (state, left))
                if state == "open":
                    self.assertEqual(
                        self.asked(self.run_at())[self.items(invoice)], ("dun", 85, 25, 60)
                    )

    def test_credited_before_the_dispute(self):
        invoice = self.invoice(10)
        self.book(30, invoice, days=-3)
        dispute = self.dispute(invoice, 40)
        self.night_twice()
        self.assertEqual((dispute.state, dispute.amount_open), ("open", 40))

    def test_reset_to_draft_and_posted_again(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        invoice.button_draft()
        self.night_twice()
        self.assertEqual((dispute.state, dispute.is_waiting), ("open", True))
        self.assertIn("reset to draft", self.said(dispute))
        invoice.invoice_line_ids.price_unit = 30
        invoice.action_post()
        self.night_twice()
        self.assertEqual((dispute.is_waiting, dispute.amount_open), (False, 30))
        self.assertEqual(self.decisions(self.run_at()), {invoice: "held"})

    def test_cancelled(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        invoice.button_draft()
        invoice.button_cancel()
        self.night_twice()
        self.assertEqual((dispute.state, dispute.amount_accepted), ("accepted", 40))
        self.assertIn("the invoice was cancelled", self.said(dispute))

    def test_deleted(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        invoice.button_draft()
        invoice.name = False
        invoice.unlink()
        self.assertFalse(dispute.exists())
        self.assertFalse(self.env["mail.activity"].search([("res_model", "=", "dunning.dispute")]))

    def test_many_in_one_night(self):
        disputes = self.env["dunning.dispute"]
        for number in range(12):
            disputes |= self.dispute(self.invoice(10, 10 + number), 5)
        disputes.move_id.button_draft()
        disputes[:6].move_id.button_cancel()
        with patch.object(dispute_settlement, "BATCH", 5):
            self.night_twice()
        self.assertEqual(set(disputes[:6].mapped("state")), {"accepted"})
        self.assertEqual(disputes[6:].mapped("is_waiting"), [True] * 6)


class TestBadInput(DisputeCase):
    def refused(self, error, message, move, amount=None, **values):
        with (
            self.subTest(message),
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(error, message),
            self.env.cr.savepoint(),
        ):
            self.dispute(move, amount, **values)

    def test_table(self):
        invoice, paid = self.invoice(10), self.invoice(10)
        self.pay(self.debtor, 100, invoices=paid)
        draft = self.invoice(10)
        draft.button_draft()
        refund = self.invoice(10, kind="out_refund")
        theirs = self.invoice(10, debtor=self.make_debtor("Deco Addict"))
        early = DAY - timedelta(days=1)
        late = DAY + timedelta(days=181)
        for message, move, values in (
            ("more than is open: \\$\xa0100.00", invoice, {"amount": 100.01}),
            ("Nothing is open", paid, {"amount": 1}),
            ("no posted customer invoice", draft, {"amount": 1}),
            ("Nothing is open|no posted customer invoice", refund, {"amount": 1}),
            ("belongs to Deco Addict", theirs, {"partner_id": self.debtor.id}),
            ("before it was made, on 06/03/2024", invoice, {"date_deadline": early}),
            ("choose a day up to 11/30/2024", invoice, {"date_deadline": late}),
        ):
            self.refused(ValidationError, message, move, **values)

    def test_what_the_database_refuses(self):
        invoice = self.invoice(10)
        for amount in (0, -5):
            self.refused(CheckViolation, "amount_positive", invoice, amount)
        self.dispute(invoice, 40)
        self.refused(UniqueViolation, "one_open", invoice, 10)

    def test_other_invoice(self):
        dispute = self.dispute(self.invoice(10), 40)
        with self.assertRaisesRegex(UserError, "stays with its invoice"):
            dispute.move_id = self.invoice(10)


class TestDisputeRights(DisputeCase):
    def test_user_does_the_work_and_does_not_delete(self):
        dispute = self.dispute(self.invoice(10), 40).with_user(self.marc)
        dispute.amount = 30
        with self.assertRaises(AccessError):
            dispute.unlink()
        with self.assertRaises(AccessError):
            self.reason("price").with_user(self.marc).name = "mine"

    def test_other_companies_see_nothing(self):
        dispute = self.dispute(self.invoice(10), 40)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger.disputes",
            "dunning_advanced.group_user",
            company_id=elsewhere.id,
            company_ids=[Command.set(elsewhere.ids)],
        )
        self.assertFalse(self.env["dunning.dispute"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            dispute.with_user(stranger).read(["text"])

    def test_payments_of_others_settle_disputes(self):
        invoice = self.invoice(10)
        dispute = self.dispute(invoice, 40)
        biller = new_test_user(
            self.env,
            "payer.disputes",
            "account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        register = self.env["account.payment.register"].with_user(biller)
        register.with_context(active_model="account.move", active_ids=invoice.ids).create(
            {"payment_date": DAY}
        ).action_create_payments()
        self.assertEqual(dispute.state, "withdrawn")

    def test_merged_customers_keep_their_disputes(self):
        twin = self.make_debtor("Azure Interior Twin")
        invoice = self.invoice(10, debtor=twin)
        dispute = self.dispute(invoice, 40)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.debtor | twin).ids, self.debtor
        )
        self.env.invalidate_all()
        self.assertEqual((dispute.partner_id, dispute.hold_id.partner_id), (self.debtor,) * 2)
        self.assertEqual(self.asked(self.run_at())[self.items(invoice)], ("dun", 100, 40, 60))
