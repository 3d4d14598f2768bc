"""The night of each company: at its hour, once a local day, whatever the clocks do."""

from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.run.night import Step
from ..common import DunningCommon

NIGHTS = "odoo.addons.dunning_advanced.models.run.night"


@tagged("post_install", "-at_install")
class TestNight(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([("id", "!=", cls.company.id)]).dunning_hour = 23.99
        cls.company.dunning_tz = "Europe/Berlin"

    def setUp(self):
        super().setUp()
        self.done = []
        nights = type(self.env["dunning.night"])

        def take(_night, step, company, day):
            if company == self.company:
                self.done.append((step.method, day))
            return True

        self.patch(nights, "_take", take)
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_values: 1)
        self.patch(nights, "_steps", lambda _self: [Step("dunning.run", "_night_propose")])

    def tick(self, moment):
        """The scheduled action at a moment in UTC; what it has done of the company."""
        self.done.clear()
        with freeze_time(moment):
            self.env["dunning.night"]._cron_night()
        return [day for _method, day in self.done]

    def ticks(self, first, hours):
        """Every quarter of an hour for some hours: (moment, day) of each night."""
        moments = [first + timedelta(minutes=15 * n) for n in range(4 * hours)]
        moments = [moment for moment in moments if not 4 < moment.hour < 20]
        return [(moment, day) for moment in moments for day in self.tick(moment)]

    def begin(self, moment):
        self.env["dunning.night"].sudo().search([]).unlink()
        self.assertFalse(self.tick(moment))

    def test_first_night_is_the_next_one(self):
        self.begin("2024-06-03 12:00")  # installed after the hour
        self.assertFalse(self.tick("2024-06-03 21:45"))
        self.assertFalse(self.tick("2024-06-04 02:45"))
        self.assertEqual(self.tick("2024-06-04 03:00"), [date(2024, 6, 4)])
        self.begin("2024-06-03 01:00")  # before it
        self.assertEqual(self.tick("2024-06-03 03:00"), [date(2024, 6, 3)])

    def test_once_a_day_also_when_the_server_was_down(self):
        self.begin("2024-06-03 12:00")
        self.assertEqual(self.tick("2024-06-04 09:00"), [date(2024, 6, 4)])
        self.assertFalse(self.tick("2024-06-04 09:15"))
        self.assertFalse(self.tick("2024-06-04 21:59"))
        self.assertFalse(self.tick("2024-06-04 22:15"))  # the next day, before its hour
        self.assertEqual(self.tick("2024-06-05 03:00"), [date(2024, 6, 5)])

    def test_both_changes_of_the_clock(self):
        self.company.dunning_hour = 2.5
        # 31 March: 2:00 is followed by 3:00; 27 October: 3:00 by 2:00
        for first in ("2024-03-30", "2024-10-26"):
            day = date.fromisoformat(first)
            start = datetime.fromisoformat(f"{first} 12:00")
            with self.subTest(first):
                self.begin(start)
                nights = self.ticks(start, 48)
                self.assertEqual(
                    [told for _moment, told in nights],
                    [day + timedelta(days=1), day + timedelta(days=2)],
                )
                apart = nights[1][0] - nights[0][0]
                self.assertLessEqual(abs(apart - timedelta(hours=24)), timedelta(hours=1))

    def test_each_company_on_its_own_day(self):
        for zone, moment, day in (
            ("Pacific/Kiritimati", "2024-06-03 15:00", date(2024, 6, 4)),  # UTC+14
            ("America/Los_Angeles", "2024-06-03 12:00", date(2024, 6, 3)),  # UTC-7
            ("America/Los_Angeles", "2024-01-03 13:00", date(2024, 1, 3)),  # UTC-8
            ("Asia/Kathmandu", "2024-06-02 23:15", date(2024, 6, 3)),  # UTC+5:45
        ):
            with self.subTest(zone):
                self.company.dunning_tz = zone
                at = datetime.fromisoformat(moment)
                self.begin(at - timedelta(hours=6))
                self.assertFalse(self.tick(at - timedelta(minutes=1)))
                self.assertEqual(self.tick(at), [day])

    def test_step_of_a_month(self):
        monthly = Step("dunning.hold", "_night_review_blocked", monthly=True)
        self.patch(type(self.env["dunning.night"]), "_steps", lambda _self: [monthly])
        self.begin("2024-05-15 12:00")
        self.assertFalse(self.tick("2024-05-31 12:00"))
        # the server was down on the first
        self.assertEqual(self.tick("2024-06-02 12:00"), [date(2024, 6, 2)])
        self.assertFalse(self.tick("2024-06-30 12:00"))
        self.assertEqual(self.tick("2024-07-01 12:00"), [date(2024, 7, 1)])

    def test_time_that_is_up_goes_on(self):
        self.begin("2024-06-03 12:00")
        answers = iter([False, True])
        self.patch(
            type(self.env["dunning.night"]),
            "_take",
            lambda _night, _step, company, day: (
                company != self.company or self.done.append(("", day)) or next(answers)
            ),
        )
        self.assertEqual(self.tick("2024-06-04 09:00"), [date(2024, 6, 4)])
        self.assertEqual(self.tick("2024-06-04 09:01"), [date(2024, 6, 4)])
        self.assertFalse(self.tick("2024-06-04 09:15"))


@tagged("post_install", "-at_install")
class TestNightSteps(DunningCommon):
    """The real steps."""

    def night(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref("dunning_advanced.ir_cron_night").method_direct_trigger()
        self.env.invalidate_all()

    def test_the_run_of_a_company_has_its_day(self):
        self.invoice(6)
        self.env["res.company"].search([("id", "!=", self.company.id)]).dunning_nightly = False
        self.company.dunning_tz = "Pacific/Auckland"
        self.night("2024-06-02 12:00")
        self.night("2024-06-02 17:30")  # 5:30 on the third in Auckland
        run = self.env["dunning.run"].search([("company_id", "=", self.company.id)])
        self.assertEqual(run.mapped("date"), [date(2024, 6, 3)])
        self.assertTrue(run.notice_ids)

    @mute_logger(NIGHTS)
    def test_step_that_fails_leaves_the_others_alone(self):
        self.invoice(6)
        self.night("2024-06-02 12:00")

        def fail(*_args):
            raise ValueError("broken")

        self.patch(type(self.env["dunning.promise"]), "_night_judge", fail)
        self.night("2024-06-03 12:00")
        run = self.env["dunning.run"].search([("company_id", "=", self.company.id)])
        self.assertEqual(run.date, date(2024, 6, 3))
        marks = self.env["dunning.night"].search([("company_id", "=", self.company.id)])
        self.assertEqual(set(marks.mapped("date")), {date(2024, 6, 3), date(2024, 6, 2)})
