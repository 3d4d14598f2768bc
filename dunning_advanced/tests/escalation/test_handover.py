from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form
from odoo.tools import mute_logger

from ..common import DAY
from .common import EscalationCommon


class TestHandover(EscalationCommon):
    def test_life_from_the_case_and_back(self):
        invoice = self.invoice(90, 300)
        self.exhaust(invoice)
        self.invoice(3, 50)
        case = self.open_case().with_user(self.dunner)
        action = case.action_escalate()
        wizard = self.env[action["res_model"]].with_user(self.dunner)
        action = wizard.with_context(**action["context"]).create({}).action_apply()
        handovers = self.env[action["res_model"]].with_user(self.dunner)
        with Form(handovers.with_context(**action["context"])) as form:
            self.assertEqual(form.item_ids.ids, self.items(invoice).ids, "what is finished")
            form.agency_id = self.agency
        handover = form.record
        self.assertEqual(handover.name, "HO/2024/0001")
        self.assertFalse(handover.objection)
        self.assertEqual(case.stage, "todo")
        handover.action_hand_over()
        self.assertEqual((handover.state, handover.date_handed), ("handed", DAY))
        self.assertEqual((handover.handed_by_id, handover.amount_handed), (self.dunner, 300))
        hold = handover.hold_id
        self.assertEqual(hold.reason_id, self.env.ref("dunning_advanced.hold_reason_legal"))
        self.assertTrue(hold.date_review, "nothing is held for ever unseen")
        case.invalidate_recordset()
        self.assertEqual(case.stage, "legal")
        self.assertEqual(case.search([("stage", "=", "legal")]), case)
        self.assertIn("Handed over to Fair Collections", case.message_ids[0].body)
        self.answer(handover.action_return(), reason="They found nobody")
        self.assertEqual((handover.state, handover.date_end), ("returned", DAY))
        self.assertFalse(hold.active)
        case.invalidate_recordset()
        self.assertNotEqual(case.stage, "legal")
        self.assertIn("Returned. They found nobody", case.message_ids[0].body)

    def test_reminders_stop_and_go_on_at_the_level_before(self):
        invoice = self.invoice(40)
        self.remind()
        self.at(30)
        handover = self.handover(invoice, user=self.boss)
        handover.action_hand_over_early()
        later = DAY + timedelta(days=30)
        self.assertEqual(self.decisions(self.run_at(later)), {invoice: "held"})
        handover._end("returned", "No success", later)
        run = self.run_at(later)
        self.assertEqual(self.decisions(run), {invoice: "dun"})
        self.assertEqual(run.notice_ids.level_id, self.second, "it has had the first")

    def test_before_the_last_reminder_a_manager_confirms(self):
        invoice = self.invoice(40)
        self.remind()
        handover = self.handover(invoice)
        self.assertIn(invoice.name, handover.objection)
        with self.assertRaisesRegex(UserError, "Only a dunning manager.*\n.*last reminder"):
            handover.action_hand_over()
        with self.assertRaisesRegex(UserError, "Only a dunning manager"):
            handover.action_hand_over_early()
        handover.with_user(self.boss).action_hand_over_early()
        self.assertEqual((handover.state, handover.handed_by_id), ("handed", self.boss))
        self.assertTrue(handover.message_ids.filtered(lambda m: "Confirmed all the same" in m.body))

    def test_the_term_of_the_last_reminder_counts(self):
        """Who was asked to pay until a day is not handed over before it."""
        invoice = self.invoice(90)
        self.exhaust(invoice)
        lines = self.env["dunning.line"].with_company(self.company)
        lines._set_level(self.items(invoice), self.last, DAY, "sent today")
        handover = self.handover(invoice)
        self.assertTrue(handover.objection)
        self.assertEqual(handover._finished(DAY), self.env["account.move.line"])
        self.at(self.last.pay_within)
        handover.invalidate_recordset()
        self.assertTrue(handover.objection)
        self.at(self.last.pay_within + 1)
        handover.invalidate_recordset()
        self.assertFalse(handover.objection)

    def test_what_was_agreed_comes_first(self):
        invoice = self.invoice(90)
        self.exhaust(invoice)
        reasons = {}
        for name in ("dispute", "plan", "breathing"):
            reasons[name] = self.env.ref(f"dunning_advanced.hold_reason_{name}")
        handover = self.handover(invoice)
        for name, reason in reasons.items():
            for values in ({"move_id": invoice.id}, {}):
                hold = self.env["dunning.hold"].create(
                    {"partner_id": self.debtor.id, "reason_id": reason.id, **values}
                )
                with self.subTest(name), self.assertRaisesRegex(UserError, reason.name):
                    handover.with_user(self.boss).action_hand_over_early()
                hold._lift("settled", DAY)
        self.env["dunning.promise"].create(
            {"partner_id": self.debtor.id, "amount": 100, "date": DAY + timedelta(days=5)}
        )
        with self.assertRaisesRegex(UserError, "Promise to pay"):
            handover.action_hand_over()
        self.assertEqual(handover.state, "draft")

    def test_other_holds_need_a_manager(self):
        invoice = self.invoice(90)
        self.exhaust(invoice)
        self.env["dunning.hold"].create({"partner_id": self.debtor.id, "name": "Talks"})
        handover = self.handover(invoice)
        self.assertIn("Talks", handover.objection)
        with self.assertRaisesRegex(UserError, "Talks"):
            handover.action_hand_over()
        handover.with_user(self.boss).action_hand_over_early()
        self.assertEqual(handover.state, "handed")

    def test_hold_ends_with_the_handover_only(self):
        invoice = self.invoice(90)
        self.exhaust(invoice)
        handover = self.handover(invoice)
        handover.action_hand_over()
        with self.assertRaisesRegex(UserError, "return or close the hand-over"):
            handover.hold_id.with_user(self.boss).action_lift()

    def test_money_through_the_agency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "company_rate": 0.5, "name": "2020-01-01"}
        )
        invoice, foreign = self.invoice(90, 300), self.invoice(80, 50, currency=euro)
        self.exhaust(invoice, foreign)
        handover = self.handover(invoice, foreign)
        self.pay(self.debtor, 20, invoices=invoice)
        handover.action_hand_over()
        self.assertEqual(handover.line_ids.mapped("amount"), [280, 50])
        self.assertEqual(handover.amount_handed, 380, "the euro is worth two")
        self.pay(self.debtor, 100, invoices=invoice)
        handover.invalidate_recordset()
        handover.line_ids.invalidate_recordset()
        self.assertEqual((handover.amount_settled, handover.amount_left), (100, 280))
        money = self.company.currency_id.format
        self.assertEqual(handover.summary_settled, f"{money(100)} + {euro.format(0)}")
        handover.fee_ids = [Command.create({"name": "Success fee", "amount": 15})]
        self.assertEqual(handover.summary_fees, money(15))

    def test_agency_is_told_once_of_money_and_credit_notes(self):
        invoice = self.invoice(90, 300)
        self.exhaust(invoice)
        self.open_case()
        handover = self.handover(invoice)
        handover.action_hand_over()
        self.night("handovers")
        self.assertFalse(handover.activity_ids)
        self.pay(self.debtor, 100, invoices=invoice)
        self.night("handovers")
        self.night("handovers")
        self.assertEqual(len(handover.activity_ids), 1)
        activity = handover.activity_ids
        self.assertEqual(activity.user_id, self.dunner)
        self.assertIn("100.00 settled", activity.summary)
        self.assertIn("200.00 still open", activity.summary)
        credit = self.invoice(0, 200, kind="out_refund", date=DAY, invoice_date=DAY)
        self.items(invoice, credit).reconcile()
        self.night("handovers")
        self.assertEqual(handover.activity_ids, activity, "one task, with the news")
        self.assertIn("0.00 still open", activity.summary)
        activity.action_done()
        self.night("handovers")
        self.assertFalse(handover.activity_ids)
        self.items(invoice).remove_move_reconcile()
        self.night("handovers")
        self.assertIn("300.00 still open", handover.activity_ids.summary)
        self.answer(handover.action_close(), reason="Paid", outcome="paid")
        self.assertFalse(handover.activity_ids)
        self.assertEqual((handover.state, handover.outcome), ("closed", "paid"))

    def test_watch_takes_any_number_in_batches(self):
        handovers = self.env["dunning.handover"]
        for number in range(3):
            debtor = self.make_debtor(f"n{number} customer")
            invoice = self.invoice(90, debtor=debtor)
            self.exhaust(invoice)
            handovers |= self.handover(invoice, partner_id=debtor.id)
            handovers[-1].action_hand_over()
            self.pay(debtor, 10, invoices=invoice)
        with patch("odoo.addons.dunning_advanced.models.escalation.handover.BATCH", 2):
            self.night("handovers")
            self.night("handovers")
        self.assertEqual(len(handovers.activity_ids), 3)

    def test_invoice_that_is_reset_to_draft_is_told(self):
        invoice = self.invoice(90, 300)
        self.exhaust(invoice)
        handover = self.handover(invoice)
        handover.action_hand_over()
        invoice.button_draft()
        self.night("handovers")
        self.assertIn("0.00 still open", handover.activity_ids.summary)
        self.assertEqual(handover.line_ids.name, invoice.name)
        with Form(self.fresh(handover, self.dunner)) as form:
            form.reference = "A-1"


class TestHandoverLimits(EscalationCommon):
    def test_one_open_handover_an_item(self):
        invoice = self.invoice(90)
        first = self.handover(invoice)
        with self.assertRaisesRegex(ValidationError, "HO/2024/0001"):
            self.handover(invoice)
        first.unlink()
        other = self.handover(invoice, user=self.boss)
        other.action_hand_over_early()
        other._end("returned", "no", DAY)
        self.handover(invoice)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.cr.execute(
                "UPDATE dunning_handover_item SET is_open = TRUE WHERE step_id = %s", [other.id]
            )

    def test_bad_input(self):
        invoice = self.invoice(90)
        self.exhaust(invoice)
        theirs = self.invoice(90, debtor=self.make_debtor("Deco Addict"))
        with self.assertRaisesRegex(ValidationError, "no receivable .* from Azure Interior"):
            self.handover(theirs)
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": self.debtor.id})
        with self.assertRaisesRegex(ValidationError, "Anna is a contact of"):
            self.handover(invoice, partner_id=contact.id)
        handover = self.handover(invoice)
        self.pay(self.debtor, 100, invoices=invoice)
        with self.assertRaisesRegex(UserError, f"Nothing is open on {invoice.name}"):
            handover.action_hand_over()
        handover.item_ids = False
        with self.assertRaisesRegex(UserError, "Choose at least one open item"):
            handover.action_hand_over()
        with self.assertRaisesRegex(UserError, "is not handed over at the moment"):
            handover.action_return()

    def test_handed_over_is_handed_over(self):
        invoice, other = self.invoice(90), self.invoice(80)
        self.exhaust(invoice, other)
        handover = self.handover(invoice)
        handover.action_hand_over()
        with self.assertRaisesRegex(UserError, "was handed over already"):
            handover.action_hand_over()
        with self.assertRaisesRegex(AccessError, "“Items” of .* cannot be changed by hand"):
            handover.item_ids |= self.items(other)
        with self.assertRaises(AccessError):
            handover.line_ids.unlink()
        with self.assertRaisesRegex(UserError, "stays as the record of it"):
            handover.unlink()

    def test_only_buttons_change_the_state(self):
        handover = self.handover(self.invoice(90))
        hold = self.env["dunning.hold"].create({"partner_id": self.debtor.id})
        for values in ({"state": "handed"}, {"hold_id": hold.id}, {"attachment_id": 1}):
            with self.assertRaises(AccessError):
                handover.write(values)
        with self.assertRaises(AccessError):
            handover.line_ids.is_open = False
        with self.assertRaises(AccessError):
            self.handover(self.invoice(80), state="closed")
        sly = self.dunner.with_context(default_state="closed", default_hold_id=hold.id)
        sly = (
            handover.with_env(sly.env)
            .with_user(self.dunner)
            .create({"partner_id": self.debtor.id, "agency_id": self.agency.id})
        )
        self.assertEqual((sly.state, sly.hold_id), ("draft", hold.browse()))

    def test_strangers(self):
        elsewhere = self.setup_other_company()["company"]
        stranger = self.make_user("stranger.handover", "dunning_advanced.group_manager", elsewhere)
        biller = self.make_user("biller.handover", "account.group_account_invoice")
        invoice = self.invoice(90)
        handover = self.handover(invoice, fee_ids=[Command.create({"name": "F", "amount": 1})])
        for record in (handover, handover.line_ids, handover.fee_ids):
            self.assertFalse(record.with_user(stranger).search([("id", "in", record.ids)]))
            with self.assertRaises(AccessError):
                record.with_user(biller).read(["display_name"])
        with self.assertRaises(AccessError):
            self.fresh(handover, stranger).action_hand_over_early()
        with self.assertRaisesRegex(ValidationError, "no receivable of"):
            self.handover(
                self.invoice(80),
                user=self.env.user,
                company_id=elsewhere.id,
                partner_id=self.debtor.id,
            )
        self.fresh(invoice, biller).button_draft()

    def test_merged_customers_keep_their_handovers(self):
        other = self.make_debtor("Deco Addict")
        invoice = self.invoice(90, debtor=other)
        handover = self.handover(invoice, partner_id=other.id)
        merge = self.env["base.partner.merge.automatic.wizard"]
        merge._merge([self.debtor.id, other.id], self.debtor)
        self.env.invalidate_all()
        self.assertEqual(handover.partner_id, self.debtor)
        handover.with_user(self.boss).action_hand_over_early()


class TestDecision(EscalationCommon):
    def test_case_asks_once_when_the_last_term_is_over(self):
        invoice = self.invoice(90)
        lines = self.env["dunning.line"].with_company(self.company)
        lines._set_level(self.items(invoice), self.last, DAY, "sent today")
        case = self.open_case()
        kind = self.env.ref("dunning_advanced.mail_activity_decide")
        term = self.last.pay_within

        def asked(days):
            self.at(days)
            self.run_at(DAY + timedelta(days=days))
            case.invalidate_recordset()
            return case.activity_ids.filtered(lambda a: a.activity_type_id == kind)

        self.assertFalse(asked(term), "the customer may still pay")
        activity = asked(term + 1)
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.dunner)
        self.assertEqual(asked(term + 2), activity)
        activity.action_done()
        self.env.flush_all()
        self.assertFalse(asked(term + 20), "somebody has thought about it")
        self.assertTrue(asked(term + 40), "nothing is forgotten")

    def test_nobody_is_asked_about_what_is_under_way(self):
        invoice = self.invoice(90)
        self.exhaust(invoice)
        kind = self.env.ref("dunning_advanced.mail_activity_decide")
        case = self.open_case()
        self.assertEqual(case.activity_ids.activity_type_id, kind)
        handover = self.handover(invoice)
        handover.action_hand_over()
        self.assertFalse(case.activity_ids, "it was decided")
        self.run_at(DAY)
        self.assertFalse(case.activity_ids)
        handover._end("returned", "no", DAY)
        self.env["dunning.hold"].create({"partner_id": self.debtor.id, "name": "Talks"})
        self.run_at(DAY)
        self.assertFalse(case.activity_ids, "it is on hold")
