"""The day is that of the company: of every model, in every zone, when the clocks change."""

import ast
from datetime import date, datetime
from pathlib import Path

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from ...tools import zones
from ..common import DunningCommon

ADDON = Path(__file__).parents[2]
# zone, moment in UTC, the day there
MOMENTS = (
    ("Pacific/Kiritimati", "2024-06-03 10:30", "2024-06-04"),  # UTC+14
    ("Pacific/Auckland", "2024-06-02 14:30", "2024-06-03"),  # 2:30, a winter night
    ("America/Los_Angeles", "2024-01-03 07:30", "2024-01-02"),  # UTC-8
    ("America/Los_Angeles", "2024-06-04 03:00", "2024-06-03"),  # 20:00, a summer evening
    ("Europe/Berlin", "2024-03-30 22:59", "2024-03-30"),  # before the day of 23 hours
    ("Europe/Berlin", "2024-03-30 23:00", "2024-03-31"),
    ("Europe/Berlin", "2024-03-31 21:59", "2024-03-31"),
    ("Europe/Berlin", "2024-03-31 22:00", "2024-04-01"),
    ("Europe/Berlin", "2024-10-26 21:59", "2024-10-26"),  # before the day of 25 hours
    ("Europe/Berlin", "2024-10-26 22:00", "2024-10-27"),
    ("Europe/Berlin", "2024-10-27 22:59", "2024-10-27"),
    ("Europe/Berlin", "2024-10-27 23:00", "2024-10-28"),
    ("Mars/Olympus", "2024-06-03 23:59", "2024-06-03"),  # zones that do not exist are UTC
)
# the names of other clocks
CLOCKS = {"context_today", "context_timestamp", "today", "utcnow"}


@tagged("post_install", "-at_install")
class TestCompanyDay(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company(name="Far away")["company"]

    def each_moment(self):
        """The other company at each moment; the company at work is in UTC."""
        for zone, moment, day in MOMENTS:
            with self.subTest(zone=zone, moment=moment), freeze_time(moment):
                # as after an update of the table of zones, too
                self.env.cr.execute(
                    "UPDATE res_company SET dunning_tz = %s WHERE id = %s", [zone, self.other.id]
                )
                self.other.invalidate_recordset(["dunning_tz"])
                yield date.fromisoformat(day)

    def dated(self):
        """The models of the addon whose records have a company and are dated."""
        names = self.env["dunning.company.day"]._inherit_children
        found = [self.env[name] for name in sorted(self.registry.descendants(names, "_inherit"))]
        return [model for model in found if not model._abstract]

    def test_defaults_of_all_models(self):
        models = self.dated()
        self.assertLessEqual(
            {
                "dunning.run",
                "dunning.notice",
                "dunning.case",
                "dunning.charge",
                "dunning.hold",
                "dunning.promise",
                "dunning.dispute",
                "dunning.payment.plan",
                "dunning.credit.hold",
                "dunning.handover",
                "dunning.writeoff",
                "dunning.plan",
            },
            {model._name for model in models},
        )
        for day in self.each_moment():
            for model in models:
                given = model._add_missing_default_values({"company_id": self.other.id})
                dates = {
                    name: given[name]
                    for name, field in model._fields.items()
                    if field.type == "date" and given.get(name)
                }
                self.assertEqual(set(dates.values()) - {day}, set(), (model, dates))
                record = model.new({"company_id": self.other.id})
                self.assertEqual(record._today(), day, model)

    def test_defaults_of_wizards(self):
        names = [name for name in self.env if name.startswith("dunning.")]
        wizards = [self.env[name] for name in names if self.env[name]._transient]
        with_dates = {}
        for day in self.each_moment():
            for wizard in wizards:
                model = wizard.with_company(self.other)
                own = [name for name, field in model._fields.items() if field.type == "date"]
                for name, value in model.default_get(own).items():
                    with_dates[wizard._name, name] = True
                    self.assertEqual(fields.Date.to_date(value), day, (wizard, name))
        self.assertGreaterEqual(len(with_dates), 5)

    def test_records_keep_the_day_of_their_company(self):
        hold = {"partner_id": self.debtor.id, "company_id": self.other.id}
        hold["reason_id"] = self.env["dunning.hold.reason"].search([], limit=1).id
        for day in self.each_moment():
            run = self.env["dunning.run"].create({"company_id": self.other.id})
            self.assertEqual(run.date, day)
            case = self.env["dunning.case"].create(
                {"partner_id": self.make_debtor("Far").id, "company_id": self.other.id}
            )
            self.assertEqual(case.date_open, day)
            call = self.env["dunning.call"].create({"case_id": case.id, "outcome": "reached"})
            self.assertEqual(call.date, day)
            case._close()
            self.assertEqual(case.date_close, day)
            mine = self.env["dunning.hold"].create({**hold, "company_id": self.company.id})
            far = self.env["dunning.hold"].create(hold)
            self.assertEqual(far.date_from, day)
            (far | mine).active = False
            self.assertEqual(far.date_lifted, day)
            self.assertEqual(mine.date_lifted, self.company._dunning_today())

    def test_what_is_searched_follows_each_company(self):
        invoice = self.invoice_of(self.other, 100)
        item = invoice.line_ids.filtered("date_maturity")
        case = self.env["dunning.case"].create(
            {"partner_id": self.debtor.id, "company_id": self.other.id}
        )
        cases = case.with_company(self.other).with_context(
            allowed_company_ids=(self.other | self.company).ids
        )
        for day in self.each_moment():
            item.invalidate_recordset(["dunning_days"])
            late = (day - item.date_maturity).days
            self.assertEqual(item.dunning_days, late)
            cases.invalidate_recordset()
            self.assertEqual(cases.days_overdue, late)
            [[total]] = cases._read_group([("id", "=", case.id)], [], ["days_overdue:max"]) or [[0]]
            self.assertEqual(total, late)

    def test_address_gives_the_time_zone(self):
        country = self.env.ref
        for code, state, zone in (
            ("base.de", False, "Europe/Berlin"),
            ("base.nz", False, "Pacific/Auckland"),
            ("base.us", False, "America/New_York"),
            ("base.us", "base.state_us_5", "America/Los_Angeles"),
            ("base.au", False, "Australia/Sydney"),
        ):
            company = self.env["res.company"].create(
                {
                    "name": zone + str(state),
                    "country_id": country(code).id,
                    "state_id": state and country(state).id,
                }
            )
            self.assertEqual(company.dunning_tz, zone)
        company.dunning_tz = "UTC"
        company.street = "High Street 1"
        self.assertEqual(company.dunning_tz, "UTC", "a line of the address is no other country")
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": company.id})
        self.assertEqual(branch.dunning_tz, "UTC")


class TestNoOtherClock(DunningCommon):
    def test_nothing_else_tells_the_day(self):
        for path in sorted(ADDON.rglob("*.py")):
            room = path.relative_to(ADDON).parts[0]
            if room in ("tests", "i18n"):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                name = getattr(node, "attr", None)
                self.assertNotIn(name, CLOCKS, f"{path.name}:{getattr(node, 'lineno', 0)}")
        for path in sorted(ADDON.rglob("*.xml")):
            text = path.read_text()
            for name in ("context_today", "Date.today", "DateTime.now"):
                self.assertNotIn(f"{name}(", text, path.name)


class TestZones(DunningCommon):
    def test_every_country_has_a_known_zone(self):
        for country in self.env["res.country"].search([]):
            for state in (False, *country.state_ids.mapped("code")):
                zone = zones.zone_of(country.code, state)
                self.assertEqual(zones.known(zone), zone)

    def test_hours(self):
        for clock, hour, come in (
            ("05:00", 5, True),
            ("04:59", 5, False),
            ("05:29", 5.5, False),
            ("05:30", 5.5, True),
            ("00:00", 0, True),
        ):
            moment = datetime.fromisoformat(f"2024-06-03 {clock}")
            self.assertEqual(zones.hour_has_come(moment, hour), come, (clock, hour))
