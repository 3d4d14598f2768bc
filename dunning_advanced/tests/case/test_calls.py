from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, new_test_user

from ..common import DAY, DunningCommon


class CallCase(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marc = new_test_user(
            cls.env,
            "marc.calls",
            "dunning_advanced.group_user,base.group_partner_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.company.dunning_user_id = cls.marc
        cls.debtor.write({"country_id": cls.env.ref("base.be").id, "phone": "0470 12 34 56"})
        cls.call_kind = cls.env.ref("mail.mail_activity_data_call")

    def setUp(self):
        super().setUp()
        self.at(0)
        self.bill = self.invoice(10)
        self.run_at().action_cancel()
        self.case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.case = self.case.with_user(self.marc)

    def at(self, days):
        clock = freeze_time(DAY + timedelta(days=days))
        clock.start()
        self.addCleanup(clock.stop)

    def log(self, outcome, **values):
        action = self.case.action_log_call()
        wizard = self.env[action["res_model"]].with_user(self.marc)
        with Form(wizard.with_context(**action["context"])) as form:
            form.outcome = outcome
            for name, value in values.items():
                form[name] = value
        return form.record.action_apply()

    def activities(self, kind):
        return self.case.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)


class TestPhoneOfCase(CallCase):
    def test_number_is_readable_and_dialed_with_its_country(self):
        self.assertEqual(self.case.phone, '<a href="tel:+32470123456">+32 470 12 34 56</a>')
        self.assertFalse(self.case.phone_problem)

    def test_contact_for_dunning_is_called_first(self):
        ann = self.env["res.partner"].create(
            {
                "name": "Ann",
                "parent_id": self.debtor.id,
                "type": "dunning",
                "phone": "01 42 68 53 00",
                "country_id": self.env.ref("base.fr").id,
            }
        )
        self.case.invalidate_recordset()
        self.assertEqual(self.case.call_contact_id, ann)
        self.assertIn("tel:+33142685300", self.case.phone)
        ann.phone = "nobody there"
        self.case.invalidate_recordset()
        self.assertEqual(self.case.call_contact_id, self.debtor)
        self.assertEqual(ann.dunning_phone_problem, "“nobody there” is no phone number")

    def test_unusable_number_says_so_and_is_corrected(self):
        self.debtor.phone = "12"
        self.case.invalidate_recordset()
        self.assertFalse(self.case.phone)
        self.assertEqual(self.case.phone_problem, "“12” is too short to be a phone number")
        action = self.case.action_fix_phone()
        self.assertEqual((action["res_model"], action["res_id"]), ("res.partner", self.debtor.id))

    def test_hostile_number_stays_text(self):
        self.debtor.phone = '"><script>alert(1)</script>'
        self.case.invalidate_recordset()
        self.assertFalse(self.case.phone)

    def test_number_that_was_wrong_is_to_be_corrected(self):
        self.log("wrong")
        self.case.invalidate_recordset()
        self.debtor.invalidate_recordset()
        self.assertFalse(self.case.phone)
        self.assertEqual(
            self.case.phone_problem, "+32 470 12 34 56 was the wrong number on 06/03/2024"
        )
        self.debtor.phone = "0470 65 43 21"
        self.case.invalidate_recordset()
        self.assertEqual(self.case.phone, '<a href="tel:+32470654321">+32 470 65 43 21</a>')
        self.debtor.phone = "0470 12 34 56"
        self.log("reached")
        self.case.invalidate_recordset()
        self.debtor.invalidate_recordset()
        self.assertIn("tel:+32470123456", self.case.phone)

    def test_others_do_not_see_the_fields(self):
        biller = new_test_user(self.env, "biller.calls", "account.group_account_invoice")
        self.assertNotIn("dunning_phone", self.debtor.with_user(biller).fields_get())


class TestCall(CallCase):
    def test_reached_answers_what_waited(self):
        self.case.activity_schedule("mail.mail_activity_data_call", DAY)
        self.log("reached", note="Pays on Friday")
        call = self.case.call_ids
        self.assertEqual((call.number, call.user_id), ("+32470123456", self.marc))
        self.assertFalse(self.activities(self.call_kind))
        bodies = " ".join(self.case.message_ids.mapped("body"))
        self.assertIn("Call: Reached · Azure Interior +32470123456 · Pays on Friday", bodies)

    def test_call_back_makes_an_activity(self):
        self.log("callback", date_callback=DAY + timedelta(days=2))
        activity = self.activities(self.call_kind)
        self.assertEqual(activity.date_deadline, DAY + timedelta(days=2))
        self.assertEqual(activity.user_id, self.marc)

    def test_call_back_at_a_time(self):
        self.log("callback", date_callback=DAY, hour_callback=14.5)
        activity = self.activities(self.call_kind)
        self.assertEqual(activity.date_deadline, DAY)
        self.assertEqual(" ".join(activity.summary.split()), "Call back Azure Interior at 2:30 PM")
        for hour in (-1, 24, 23.995):
            with self.assertRaisesRegex(ValidationError, "from 0:00 to 23:59"):
                self.env["dunning.call"].create(
                    {
                        "case_id": self.case.id,
                        "outcome": "callback",
                        "date_callback": DAY,
                        "hour_callback": hour,
                    }
                )

    def test_voicemail_is_tried_again_on_the_next_day_of_work(self):
        self.at(4)  # a Friday
        self.log("voicemail")
        activity = self.activities(self.call_kind)
        self.assertEqual(activity.date_deadline, DAY + timedelta(days=7))
        self.assertEqual(activity.summary, "Try again: Azure Interior")
        self.log("voicemail", date_callback=False)
        self.assertEqual(len(self.activities(self.call_kind)), 1)

    def test_call_back_needs_a_day_that_comes(self):
        for day in (False, DAY - timedelta(days=1)):
            with self.assertRaisesRegex(ValidationError, "Choose today or later"):
                self.env["dunning.call"].create(
                    {"case_id": self.case.id, "outcome": "callback", "date_callback": day}
                )

    def test_wrong_number_asks_for_contact_data(self):
        self.log("wrong")
        activity = self.activities(self.env.ref("dunning_advanced.mail_activity_phone"))
        self.assertEqual(activity.summary, "Wrong number: +32470123456")

    def test_promise_opens_its_form(self):
        action = self.log("promise")
        self.assertEqual(action["res_model"], "dunning.promise")
        promises = self.env["dunning.promise"].with_user(self.marc)
        with Form(promises.with_context(**action["context"])) as form:
            form.date = DAY + timedelta(days=3)
        self.assertEqual(form.record.partner_id, self.debtor)

    def test_conversation_counts_as_contact(self):
        self.env["dunning.contact.cap"].search([]).active = False
        self.env["dunning.contact.cap"].create({"maximum": 1, "days": 7})
        self.log("voicemail")
        tomorrow = DAY + timedelta(days=1)
        self.assertEqual(self.decisions(self.run_at(tomorrow, simulation=True))[self.bill], "dun")
        self.log("reached")
        run = self.run_at(tomorrow, simulation=True)
        self.assertEqual(self.decisions(run)[self.bill], "capped")
        self.assertEqual(run.line_ids.date_next, DAY + timedelta(days=7))
        after = self.run_at(DAY + timedelta(days=7), simulation=True)
        self.assertEqual(self.decisions(after)[self.bill], "dun")

    def test_calls_of_other_companies_are_out_of_sight(self):
        self.log("reached")
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger.calls",
            "dunning_advanced.group_user",
            company_id=elsewhere.id,
            company_ids=[Command.set(elsewhere.ids)],
        )
        calls = self.env["dunning.call"].with_user(stranger)
        self.assertFalse(calls.search([]))
        with self.assertRaises(AccessError):
            calls.browse(self.case.call_ids.ids).read(["note"])


class TestStage(CallCase):
    def stage(self):
        """The stage of the case, the same when it is searched and grouped."""
        self.case.invalidate_recordset()
        stage = self.case.stage
        cases = self.env["dunning.case"].with_user(self.marc)
        self.assertEqual(cases.search([("stage", "=", stage)]), self.case)
        self.assertFalse(cases.search([("stage", "!=", stage)]))
        groups = cases._read_group([], ["stage"], ["__count"])
        self.assertEqual(groups, [(stage, 1)])
        return stage

    def test_stage_follows_the_facts(self):
        self.assertEqual(self.stage(), "todo")
        self.log("voicemail")
        self.assertEqual(self.stage(), "todo", "nobody was reached")
        self.log("reached")
        self.assertEqual(self.stage(), "contacted")
        self.log("callback", date_callback=DAY + timedelta(days=2))
        self.assertEqual(self.stage(), "contacted")
        self.at(2)
        self.assertEqual(self.stage(), "todo", "the day to call back has come")
        promise = self.env["dunning.promise"].create(
            {"partner_id": self.debtor.id, "amount": 100, "date": DAY + timedelta(days=9)}
        )
        self.assertEqual(self.stage(), "promised")
        promise.action_cancel()
        hold = self.env["dunning.hold"].create({"partner_id": self.debtor.id})
        self.assertEqual(self.stage(), "hold")
        hold._lift("settled", DAY)
        self.log("reached")
        self.assertEqual(self.stage(), "contacted")
        self.case.sudo()._close()
        self.assertEqual(self.stage(), "closed")

    def test_issued_reminder_is_a_contact(self):
        self.remind()
        self.assertEqual(self.stage(), "contacted")

    def test_one_query_for_any_number_of_cases(self):
        for number in range(3):
            self.invoice(10, debtor=self.make_debtor(f"Debtor{number}"))
        self.run_at()
        cases = self.env["dunning.case"].search([])
        cases.mapped("stage")  # the time zone of the user is read once
        counts = []
        for some in (cases[:1], cases):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.mapped("stage")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertGreater(len(cases), 3)
        self.assertEqual(*counts)

    def test_kanban_has_every_stage(self):
        groups = (
            self.env["dunning.case"]
            .with_context(read_group_expand=True)
            .web_read_group([], ["stage"], ["__count"])
        )
        self.assertEqual(
            [group["stage"] for group in groups["groups"]],
            ["todo", "contacted", "promised", "plan", "disputed", "hold", "legal", "closed"],
        )
