from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import new_test_user

from . import nights
from .common import DAY, DunningCommon


class NightCase(DunningCommon):
    """A clock that can be set, and the scheduled actions of the night."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([("id", "!=", cls.company.id)]).dunning_nightly = False
        cls.marc = new_test_user(
            cls.env,
            "marc.night",
            "dunning_advanced.group_user",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.company.dunning_user_id = cls.marc

    def setUp(self):
        super().setUp()
        clock = freeze_time(datetime.combine(DAY, datetime.min.time()))
        self.now = clock.start()
        self.addCleanup(clock.stop)

    def at(self, days):
        """Noon of a day after DAY."""
        day = DAY + timedelta(days=days)
        self.now.move_to(datetime.combine(day, datetime.min.time()) + timedelta(hours=12))

    def night(self, *names):
        """Do parts of the night work, by their names."""
        nights.work(self, *names)
