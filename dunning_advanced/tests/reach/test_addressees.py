from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from ..common import DAY
from ..documents import pdf_pages
from ..mail import MailCommon
from .common import ADDRESS, ContactsCommon

# Contacts as (name, type, e-mail), the owners of the invoices from the first that was due,
# whether the policy takes all; who gets it.
TABLE = [
    (
        "all for reminders",
        "Ann dunning yes, Bob dunning yes, Eve invoice yes",
        "",
        False,
        "Ann Bob",
    ),
    ("one without address", "Ann dunning no, Bob dunning yes", "", False, "Bob"),
    ("none has an address", "Ann dunning no, Eve invoice yes", "", False, "Eve"),
    ("on the invoice, any type", "Ann contact yes, Eve invoice yes", "Ann", False, "Ann"),
    ("of two invoice contacts", "Eve invoice yes, Ivo invoice yes", "Ivo", False, "Ivo"),
    ("the first due", "Ann contact yes, Bob contact yes", "Bob Ann", False, "Bob"),
    ("each of them", "Ann contact yes, Bob contact yes", "Bob Ann", True, "Ann Bob"),
    ("not reminders' contact", "Ann dunning yes, Bob contact yes", "Bob", True, "Ann"),
    ("on the invoice, no address", "Ann contact no, Eve invoice yes", "Ann", False, "Eve"),
    ("first invoice contact", "Eve invoice yes, Ivo invoice yes", "", False, "Eve"),
    ("all invoice contacts", "Eve invoice yes, Ivo invoice yes", "", True, "Eve Ivo"),
    ("others' invoices too", "Ann contact yes, Eve invoice yes", "Ann -", True, "Ann Eve"),
    ("and the debtor", "Ann contact yes", "- Ann", True, "Ann -"),
    ("the first of them", "Ann contact yes", "- Ann", False, "Ann"),
    ("nobody else", "Ann contact yes", "", True, "-"),
]


class TestAddressees(ContactsCommon):
    """Who gets a reminder, as proposed, as shown in review and as issued."""

    def people(self, names):
        found = self.debtor.browse()
        for name in names.split():
            found |= self.debtor if name == "-" else self.known[name]
        return found

    def ledger(self, contacts, owners):
        self.known = {}
        for words in filter(None, contacts.split(", ")):
            name, kind, reached = words.split()
            self.known[name] = self.add_contact(name, kind)
            if reached == "no":
                self.known[name].email = False
        for days, name in enumerate(owners.split() or ["-"]):
            self.invoice(10 - days, debtor=self.people(name))

    def proposed_contacts(self):
        """Who the engine itself says gets the reminder."""
        run = self.env["dunning.run"].create({"company_id": self.company.id, "date": DAY})
        self.env.flush_all()
        stages = self.env["dunning.engine"]._with(run._scope())
        [[ids]] = self.env.execute_query(SQL("%s SELECT contact_ids FROM decided", stages))
        return self.debtor.browse(ids)

    def test_table(self):
        for title, contacts, owners, every, expected in TABLE:
            with self.subTest(title), self.env.cr.savepoint() as savepoint:
                self.policy.every_contact = every
                self.ledger(contacts, owners)
                proposed = self.proposed_contacts()
                notice = self.run_at().notice_ids
                self.assertEqual(notice.contact_ids, self.people(expected))
                self.assertEqual(proposed, notice.contact_ids)
                self.assertIn(notice.contact_id, notice.contact_ids)
                notice.state = "confirmed"
                notice._issue(DAY)
                self.assertFalse(notice.error)
                self.assertEqual(notice.delivery_ids.contact_id, self.people(expected))
                self.assertEqual(len(notice.delivery_ids), len(expected.split()))
                self.assertEqual(notice.contact_ids, self.people(expected))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_person_with_the_only_email_beats_the_letter(self):
        self.debtor.write({"email": False, **ADDRESS})
        self.invoice(5, debtor=self.add_contact("Ann", "contact"))
        notice = self.run_at().notice_ids
        self.assertEqual((notice.channel, notice.contact_id.name), ("email", "Ann"))

    def test_person_who_is_the_only_one_reached(self):
        self.debtor.email = False
        self.invoice(5, debtor=self.add_contact("Ann", "other"))
        notice = self.run_at().notice_ids
        self.assertEqual((notice.channel, notice.contact_id.name), ("email", "Ann"))

    def test_contact_who_left_the_customer_is_not_written_to(self):
        ann = self.add_contact("Ann", "contact")
        self.invoice(5, debtor=ann)
        ann.parent_id = self.make_debtor("Gemini Furniture")
        notice = self.run_at().notice_ids
        self.assertEqual(notice.contact_ids, self.debtor)

    def test_two_currencies_have_addressees_of_their_own(self):
        ann, bob = (self.add_contact(name, "contact") for name in ("Ann", "Bob"))
        self.invoice(5, debtor=ann)
        self.invoice(5, debtor=bob, currency=self.add_rate("GBP", 2))
        notices = self.run_at().notice_ids
        self.assertEqual({n.currency_id.name: n.contact_ids for n in notices}["GBP"], bob)
        self.assertEqual(notices.contact_ids, ann | bob)

    def test_who_has_no_address_is_told_and_stops_nothing(self):
        ann, bob = (self.add_contact(name, "dunning") for name in ("Ann", "Bob"))
        ann.email = "not an address"
        self.invoice(5)
        notice = self.run_at().notice_ids
        self.assertEqual((notice.contact_ids, notice.unreached_ids), (bob, ann))
        notice.state = "confirmed"
        notice._issue(DAY)
        self.assertEqual((notice.state, notice.delivery_ids.contact_id), ("issued", bob))
        note = " ".join(notice.message_ids.mapped("body"))
        self.assertRegex(note, "Not addressed to .*Ann")
        self.assertNotIn("Bob", note)

    def test_one_of_several_whose_mails_come_back_is_warned_of(self):
        ann, bob = (self.add_contact(name, "dunning") for name in ("Ann", "Bob"))
        self.invoice(5)
        notice = self.run_at().notice_ids
        self.assertFalse(notice.warning)
        self.assertEqual(notice.contact_id, ann)
        bob.message_bounce = 1
        notice.invalidate_recordset()
        self.assertIn("Bad e-mail address", notice.warning)
        notice.contact_ids = ann
        notice.invalidate_recordset()
        self.assertFalse(notice.warning)

    def test_chosen_contacts_are_kept_while_they_are_reached(self):
        ann, bob, eve = (self.add_contact(name, "contact") for name in ("Ann", "Bob", "Eve"))
        self.invoice(5)
        notice = self.run_at().notice_ids
        with Form(notice) as form:
            form.contact_ids.clear()
            form.contact_ids.add(ann)
            form.contact_ids.add(bob)
            form.contact_ids.add(eve)
        self.assertEqual(notice.contact_ids, ann | bob | eve)
        bob.email = False
        eve.active = False
        notice.state = "confirmed"
        notice._issue(DAY)
        self.assertEqual(notice.delivery_ids.contact_id, ann)
        self.assertEqual(notice.contact_id, ann)
        with self.assertRaisesRegex(UserError, "not issued yet"):
            notice.contact_ids = bob

    def test_case_shows_all_names(self):
        ann = self.add_contact("Ann", "dunning")
        self.invoice(5)
        run = self.remind()
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.assertEqual(case.addressee_ids, ann)
        bob = self.add_contact("Bob", "dunning")
        case.invalidate_recordset()
        self.assertEqual(case.addressee_ids, ann, "who got the last one")
        run.notice_ids._cancel("Wrong")
        case.invalidate_recordset()
        self.assertEqual(case.addressee_ids, ann | bob, "who will get the next one")

    def test_why_names_all(self):
        self.add_contact("Ann", "dunning")
        self.add_contact("Bob", "dunning")
        invoice = self.invoice(5)
        item = invoice.line_ids.filtered("date_maturity")
        scope = self.run_at()._scope()
        self.env["dunning.notice"].search([])._drop("asked alone")
        facts = self.env["dunning.engine.explain"]._answers(scope, item)
        self.assertEqual(len(facts["contact_ids"]), 2)

    def count(self, work):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        work()
        return self.env.cr.sql_log_count - before

    def test_number_of_queries_does_not_grow(self):
        self.policy.every_contact = True
        counts = []
        for size in (2, 30):
            for number in range(size):
                debtor = self.make_debtor(f"Debtor{size}x{number}")
                people = [self.add_contact(f"P{number}{n}", "other", debtor) for n in range(3)]
                for person in people:
                    self.invoice(5, debtor=person)
            run = self.run_at()
            self.assertEqual(len(run.notice_ids), size)
            counts.append(self.count(lambda run=run: run.notice_ids.mapped("contact_ids.name")))
            self.assertEqual(len(run.notice_ids.contact_ids), 3 * size)
            run.notice_ids._drop("next")
            self.env["account.move"].search([("state", "=", "posted")]).button_draft()
        self.assertLessEqual(counts[1], counts[0])


@tagged("post_install", "-at_install")
class TestSeveralMails(MailCommon, ContactsCommon):
    """One message to several contacts, one delivery each, through real SMTP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.bob = (cls.add_contact(name, "dunning") for name in ("Ann", "Bob"))

    def delivery_to(self, notice, contact):
        return notice.delivery_ids.filtered(
            lambda record: record.contact_id == contact and record.state != "withdrawn"
        )

    def test_one_message_with_all_addresses(self):
        self.invoice(20)
        notice = self.issue()
        arrived = self.send(notice)
        self.assertEqual(
            sorted(envelope.rcpt_tos for envelope in self.sink.envelopes),
            [["ann@example.com"], ["bob@example.com"]],
        )
        for message in arrived:
            self.assertIn("ann@example.com", message["To"])
            self.assertIn("bob@example.com", message["To"])
            self.assertIn("Dear Sir or Madam", self.text(message))
        self.assertNotEqual(*(message["Message-Id"] for message in arrived))
        self.assertEqual(len(notice.delivery_ids.message_id), 1)
        self.assertEqual(notice.delivery_ids.mapped("state"), ["done", "done"])
        self.assertEqual(notice.preview, notice.delivery_ids.message_id.body)
        self.assertEqual(
            set(notice.delivery_ids.mapped("address")), {"ann@example.com", "bob@example.com"}
        )

    def test_one_that_fails_is_tried_again_alone(self):
        self.invoice(20)
        notice = self.issue()
        self.bob.email = "nonsense"
        self.send(notice)
        ann, bob = self.delivery_to(notice, self.ann), self.delivery_to(notice, self.bob)
        self.assertEqual((ann.state, bob.state), ("done", "failed"))
        self.assertTrue(notice.delivered)
        self.bob.email = "robert@example.com"
        self.sink.envelopes.clear()
        bob.action_retry()
        self.receive(notice.delivery_ids.mail_id)
        sent = [envelope.rcpt_tos for envelope in self.sink.envelopes]
        self.assertEqual(sent, [["robert@example.com"]])
        again = self.delivery_to(notice, self.bob)
        self.assertEqual((again.state, again.address), ("done", "robert@example.com"))

    def test_what_comes_back_fails_alone(self):
        self.invoice(20)
        notice = self.issue()
        arrived = self.send(notice)
        [bobs] = [n for n, one in enumerate(self.sink.envelopes) if "bob@example.com" in one.rcpt_tos]
        self.come_back(arrived[bobs], "bob@example.com")
        self.assertEqual(self.delivery_to(notice, self.ann).state, "done")
        self.assertEqual(self.delivery_to(notice, self.bob).state, "failed")
        self.assertTrue(notice.delivered)

    def test_correction_reaches_all(self):
        self.invoice(20)
        notice = self.issue()
        self.send(notice)
        notice._cancel("Wrong")
        corrections = notice._correct()
        self.assertEqual(corrections.contact_id, self.ann | self.bob)
        self.assertFalse(notice.to_correct)
        self.sink.envelopes.clear()
        self.receive(corrections.mail_id)
        self.assertEqual(len(self.sink.envelopes), 2)
        self.assertEqual(len(corrections.message_id), 1)
        self.assertEqual(corrections.mapped("state"), ["done", "done"])


class TestSeveralLetters(ContactsCommon):
    def test_a_letter_to_each_address(self):
        self.first.channel = "letter"
        ann = self.add_contact("Ann", "dunning", **ADDRESS)
        bob = self.add_contact("Bob", "dunning", **{**ADDRESS, "street": "Side road 2"})
        self.invoice(20)
        notices = self.run_at().notice_ids
        notices.write({"state": "confirmed"})
        notices._issue(DAY)
        letters = notices.delivery_ids
        self.assertEqual(letters.contact_id, ann | bob)
        action = letters.action_print()
        attachment_id = int(action["url"].split("/")[3].split("?")[0])
        pages = pdf_pages(self.env["ir.attachment"].browse(attachment_id).raw)
        self.assertEqual(len(pages), 2)
        self.assertEqual(len([page for page in pages if "Main street 1" in page]), 1)
        self.assertEqual(len([page for page in pages if "Side road 2" in page]), 1)
        self.assertEqual(letters.mapped("state"), ["done", "done"])
