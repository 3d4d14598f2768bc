from datetime import date, datetime
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user
from odoo.tools import SQL
from odoo.tools.translate import code_translations

from ..common import DAY
from .common import TimelineCase


class TestTimeline(TimelineCase):
    def test_every_source_is_told_and_opened(self):
        self.tell_everything()
        events = self.events()
        expected = set(events._sources()) - {"charge_waived", "payment_announced", "hold_ended"}
        self.assertEqual(set(events.mapped("source")) | {"hold_ended"}, expected | {"hold_ended"})
        for event in events:
            with self.subTest(source=event.source):
                self.assertTrue(event.text)
                self.assertIn("fa-", event.icon)
                action = event.action_open()
                self.assertTrue(self.env[action["res_model"]].browse(action["res_id"]).exists())

    def test_newest_first_and_the_day_in_its_order(self):
        self.invoice(5)
        case = self.open_case()
        self.remind()
        self.at(1)
        self.pay(self.debtor, 20, days=5)
        case._close()
        self.assertEqual(
            self.events().mapped("source"),
            ["case_closed", "delivery_done", "notice_issued", "case_opened", "payment"],
        )

    def test_day_of_a_moment_is_that_of_the_company(self):
        self.invoice(5)
        notice = self.remind().notice_ids
        notice.delivery_ids.date_done = datetime(2024, 6, 3, 22, 30)
        for zone, day in (("Europe/Brussels", 4), ("America/New_York", 3)):
            self.company.dunning_tz = zone
            self.assertEqual(self.events("delivery_done").date, date(2024, 6, day))

    def test_events_are_found_again_by_their_ids(self):
        self.tell_everything()
        events = self.events()
        found = {event.id: (event.source, event.text) for event in events}
        self.env.invalidate_all()
        for id_, words in found.items():
            event = events.browse(id_)
            self.assertEqual((event.source, event.text), words)
        both = events[0] | events[-1]
        self.env.invalidate_all()
        self.assertEqual(both.search([("id", "in", both.ids)]), both)
        self.assertEqual(both[0].search([("id", "not in", both.ids)]), events - both)

    def test_case_lists_its_timeline_and_charges(self):
        case = self.tell_everything().with_user(self.marc)
        self.assertEqual(case.timeline_ids, self.events())
        names = Form(case)._view["fields"]
        self.assertIn("timeline_ids", names)
        self.assertIn("charge_ids", names)

    def test_archived_records_are_told(self):
        self.tell_everything()
        before = len(self.events())
        self.debtor.active = False
        (self.first | self.second | self.last).active = False
        self.env.ref("dunning_advanced.hold_reason_manual").active = False
        self.assertEqual(len(self.events()), before)
        self.assertTrue(all(self.events().mapped("text")))

    def test_companies_are_apart(self):
        elsewhere = self.setup_other_company()["company"]
        self.tell_everything()
        invoice = self.invoice_of(elsewhere, 50)
        self.env["dunning.hold"].with_company(elsewhere).create(
            {
                "partner_id": self.debtor.id,
                "company_id": elsewhere.id,
                "move_id": invoice.id,
                "date_to": DAY,
            }
        )
        stranger = new_test_user(
            self.env,
            "stranger.timeline",
            "dunning_advanced.group_manager",
            company_id=elsewhere.id,
            company_ids=[Command.set(elsewhere.ids)],
        )
        mine, theirs = self.events(), self.events(user=stranger, company=elsewhere)
        self.assertEqual(mine.company_id, self.company)
        self.assertEqual(theirs.mapped("source"), ["hold_set"])
        with self.assertRaises(AccessError):
            theirs.with_user(self.marc).read(["text"])

    def test_strangers_read_nothing(self):
        self.tell_everything()
        biller = new_test_user(self.env, "biller.timeline", "account.group_account_invoice")
        with self.assertRaises(AccessError):
            self.events(user=biller)

    def test_nobody_writes_it(self):
        self.open_case()
        for user in (self.marc, self.env.user):
            with self.assertRaises(AccessError):
                self.events().with_user(user).unlink()

    def test_sentences_and_labels_are_translated(self):
        self.tell_everything()
        self.env["res.lang"]._activate_lang("fr_FR")
        events = self.events().with_context(lang="fr_FR")
        call = events.filtered(lambda event: event.source == "call")
        self.assertIn("Appel", call.text)

        class Marked:
            """Marks what went through the translations."""

            def get(self, source, default=None):
                return f"«{source}"

        events.invalidate_recordset(["text"])
        with patch.object(code_translations, "get_python_translations", lambda *args: Marked()):
            for event in events:
                with self.subTest(source=event.source):
                    self.assertEqual(event.text[0], "«")

    def test_responsible_of_the_case_filters(self):
        self.open_case().user_id = self.marc
        other = self.make_debtor("Deco Addict")
        self.pay(self.debtor, 20)
        self.pay(other, 20)
        self.assertEqual(self.events("payment").responsible_id, self.marc)
        found = self.env["dunning.timeline"].search(
            [("responsible_id", "=", self.marc.id), ("source", "=", "payment")]
        )
        self.assertEqual(found.partner_id, self.debtor)

    def test_customer_is_asked_for_in_every_source(self):
        """The filter reaches the tables: it is not put on what a source has gathered of all.

        How a table is then read depends on its size, which is next to nothing here.
        """
        query = self.env["dunning.timeline"]._search(
            [("partner_id", "=", self.debtor.id), ("company_id", "child_of", self.company.ids)]
        )
        self.env.cr.execute(SQL("EXPLAIN (FORMAT JSON) %s", query.select()))
        [[[plan]]] = self.env.cr.fetchall()
        nodes = list(self.nodes(plan["Plan"]))
        tables = {node["Relation Name"] for node in nodes if "Relation Name" in node}
        self.assertGreaterEqual(tables, {"account_move_line", "dunning_notice", "mail_message"})
        for node in nodes:
            if "Relation Name" not in node:
                with self.subTest(node=node["Node Type"]):
                    self.assertNotIn(f"= {self.debtor.id})", node.get("Filter", ""))

    def nodes(self, node):
        yield node
        for child in node.get("Plans", ()):
            yield from self.nodes(child)

    def test_queries_do_not_grow_with_the_events(self):
        self.tell_everything()
        self.tell_everything()
        few = self.count_queries()
        for _more in range(4):
            self.tell_everything()
        self.assertEqual(self.count_queries(), few)

    def count_queries(self):
        """Queries of the list of all events of the customer, read as the client does."""
        events = self.events()
        shown = {name: {} for name in ("icon", "date", "text", "amount", "user_id", "tone")}
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        events.web_search_read([("partner_id", "=", self.debtor.id)], shown)
        events.browse(events.ids).web_read(shown)
        return self.env.cr.sql_log_count - before
