from io import BytesIO
from unittest.mock import patch

import openpyxl
from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from ..common import DAY
from ..documents import sheet_rows
from . import channel
from .common import ToyCase


@freeze_time(DAY)
class TestToyReach(ToyCase):
    """A channel that another module adds in one file, from the proposal to the correction."""

    TOYS = (channel.DunningChannel,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor.write({"ref": "loft 1", "email": False})
        cls.lost = cls.make_debtor("Gemini Furniture", ref="loft 2", email=False)
        cls.first.channel = "pigeon"
        for debtor in (cls.debtor, cls.lost):
            cls.invoice(10, debtor=debtor)

    def sheet(self, run):
        book = openpyxl.load_workbook(BytesIO(run._xlsx()))
        return sheet_rows(book["Reminders"])

    def issued(self):
        notices = self.run_at().notice_ids
        notices._confirm()
        self.assertFalse(notices.filtered("error"), notices.mapped("error"))
        return notices

    def ask(self):
        with self.enter_registry_test_mode():
            self.env.ref("dunning_advanced.ir_cron_issue").method_direct_trigger()
        self.env.invalidate_all()

    def test_proposed_and_shown_in_review(self):
        run = self.run_at()
        self.assertEqual(set(run.notice_ids.mapped("channel")), {"pigeon"})
        self.assertEqual(run.notice_ids.contact_id, self.debtor | self.lost)
        self.assertEqual(run.channel_summary, "Pigeon 2")
        with Form(run.notice_ids[0]) as form:
            self.assertIn(("pigeon", "Pigeon"), form._view["fields"]["channel"]["selection"])
            self.assertFalse(form.is_paper)
            self.assertIn("10", form.preview)
        rows = self.sheet(run)
        self.assertEqual({row["Channel"] for row in rows}, {"Pigeon"})
        self.assertEqual({row["Contact address"] for row in rows}, {"loft 1", "loft 2"})

    def test_reminders_are_changed_to_it_where_it_reaches(self):
        self.first.channel = "email"
        self.lost.write({"ref": "no loft", "email": "gemini@example.com"})
        self.debtor.email = "azure@example.com"
        notices = self.run_at().notice_ids
        self.assertEqual(set(notices.mapped("channel")), {"email"})
        unreached = notices._change_channel("pigeon")
        self.assertEqual(unreached.partner_id, self.lost)
        self.assertEqual((notices - unreached).channel, "pigeon")

    def test_delivered_once_it_is_told(self):
        notices = self.issued()
        self.assertEqual(set(notices.delivery_ids.mapped("state")), {"queued"})
        self.assertFalse(notices.run_id.print_count)
        self.ask()
        states = {delivery.address: delivery.state for delivery in notices.delivery_ids}
        self.assertEqual(states, {"loft 1": "done", "loft 2": "queued"})
        self.assertEqual(notices.filtered("delivered").partner_id, self.debtor)

    def test_delivery_list_and_timeline(self):
        notices = self.issued()
        self.ask()
        deliveries = self.env["dunning.delivery"]
        [group] = deliveries.formatted_read_group(
            [("notice_id", "in", notices.ids)], ["channel"], ["__count"]
        )
        self.assertEqual((group["channel"], group["__count"]), ("pigeon", 2))
        labels = dict(deliveries.fields_get(["channel"])["channel"]["selection"])
        self.assertEqual(labels["pigeon"], "Pigeon")
        delivery = notices.delivery_ids.filtered(lambda row: row.partner_id == self.debtor)
        number = delivery.notice_id.name
        self.assertEqual(delivery.display_name, f"{number} · Pigeon")
        event = self.env["dunning.timeline"].search(
            [("partner_id", "=", self.debtor.id), ("kind", "=", "delivery")]
        )
        self.assertEqual(event.text, f"{number} delivered (Pigeon): loft 1")
        self.assertIn("fa-twitter", event.icon)

    def test_correction(self):
        notices = self.issued()
        self.ask()
        notices._cancel("Wrong")
        self.assertEqual(
            notices.run_id.departure_summary,
            "Pigeon: 1 already sent, 1 stopped before sending.",
        )
        correction = notices._correct()
        self.assertEqual(
            (correction.channel, correction.address, correction.state),
            ("pigeon", "loft 1", "done"),
        )
        self.assertFalse(notices.filtered("to_correct"))

    def test_email_corrects_first(self):
        notices = self.issued()
        self.ask()
        notices._cancel("Wrong")
        self.debtor.email = "azure@example.com"
        self.assertEqual(notices._correct().channel, "email")

    @mute_logger("odoo.addons.dunning_advanced.models.reach.delivery")
    def test_outcome_that_fails_is_asked_again(self):
        notices = self.issued()

        def broken(*_args):
            self.env.cr.execute("SELECT 1 / 0")

        with patch.object(channel.Pigeon, "outcome", broken), mute_logger("odoo.sql_db"):
            self.ask()
        self.assertEqual(set(notices.delivery_ids.mapped("state")), {"queued"})
        self.ask()
        self.assertEqual(set(notices.delivery_ids.mapped("state")), {"done", "queued"})

    def test_extra_channel(self):
        self.first.write({"channel": "email", "extra_channel": "pigeon"})
        self.debtor.email = "azure@example.com"
        deliveries = self.issued().delivery_ids.filtered(lambda row: row.partner_id == self.debtor)
        self.assertEqual(sorted(deliveries.mapped("channel")), ["email", "pigeon"])

    def test_channel_whose_module_is_gone(self):
        notices = self.issued()
        for table in ("dunning_notice", "dunning_delivery"):
            self.env.cr.execute(f"UPDATE {table} SET channel = 'owl'")  # noqa: S608 - of this list
        self.env.invalidate_all()
        notices.delivery_ids._fail("lost in the woods")
        with self.assertRaisesRegex(UserError, "no channel “owl” any more"):
            notices.delivery_ids.action_retry()
        self.assertEqual({row["Channel"] for row in self.sheet(notices.run_id)}, {"owl"})
        self.assertIn("owl", notices.run_id.channel_summary)
