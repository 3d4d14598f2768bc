import email
import io
import re
import zipfile
from contextlib import ExitStack, contextmanager
from email import policy
from unittest.mock import patch

import openpyxl
from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st
from lxml import html
from PyPDF2.errors import PdfReadError
from reportlab.pdfgen.canvas import Canvas

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.dunning_advanced.models import ir_actions_report as press
from odoo.addons.dunning_advanced.models.statement.statement import Period

from ..common import DAY
from ..documents import pdf_pages
from ..mail import EmailCommon
from ..plan.common import PlanCase

# By what one can tell whose something is: the marks of a customer, and numbers that are its own.
MARKS = re.compile(r"QZ\d|INV-\d{4}-\d{5}|DUN-\d{4}-\d{5}|MY-INVOICES-\d+")
FAKE_PDF = b"%PDF-1.4 sent "


def sketch(page, _pictures):
    """A PDF that says of a page no more than whose it is: typesetting takes most of the time."""
    text = " ".join(html.fromstring(page).xpath("//body//text()"))
    file = io.BytesIO()
    canvas = Canvas(file)
    for line, mark in enumerate(dict.fromkeys(MARKS.findall(marked(text)))):
        canvas.drawString(50, 800 - 12 * line, mark)
    canvas.save()
    return file.getvalue()


def marked(text):
    return text.replace("/", "-").upper()


customers = st.fixed_dictionaries(
    {
        "ages": st.lists(st.sampled_from([10, 25, 40]), min_size=1, max_size=3),
        "currency": st.sampled_from(["USD", "USD", "GBP"]),
        "contacts": st.integers(0, 2),
        "channel": st.sampled_from(["email", "letter"]),
        "sent": st.booleans(),
        "then": st.sampled_from([None, "failed", "cancelled"]),
    }
)
worlds = st.fixed_dictionaries(
    {
        "customers": st.lists(customers, min_size=3, max_size=4),
        "attach_letter": st.booleans(),
        "attach_invoices": st.booleans(),
        "extra_channel": st.sampled_from([False, "letter"]),
        "together": st.sampled_from([True, True, False]),
        "fails": st.sampled_from([None, "letter", "text", "invoice"]),  # of the last customer
        "merged": st.sampled_from([None, "proposed", "issued", "contacts"]),
        "plans": st.booleans(),
    }
)


def batch(channel):
    """Customers of one channel with several contacts, whose reminders leave together."""
    one = {"ages": [10, 25], "currency": "USD", "contacts": 2, "channel": channel}
    return {
        "customers": [{**one, "sent": sent, "then": None} for sent in (True, False, False)],
        **dict.fromkeys(("attach_letter", "attach_invoices", "together"), True),
        **dict.fromkeys(("extra_channel", "plans"), False),
        **dict.fromkeys(("fails", "merged")),
    }


def texts(name, content):
    """The texts of a file, those in it too, each as far as it has to be one customer's."""
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [texts(entry, archive.read(entry)) for entry in archive.namelist()]
        return [name, *(text for part in inside for text in part)]
    if name.endswith(".xlsx"):
        sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
        rows = [row for sheet in sheets for row in sheet.iter_rows(values_only=True)]
        return [name, *(str(cell) for row in rows for cell in row)]
    if content.startswith(FAKE_PDF):
        return [name, content.decode()]
    try:
        return [name, *pdf_pages(content)]
    except PdfReadError:
        return [name, content.decode(errors="replace")]


@tagged("post_install", "-at_install")
class TestOwnOnly(PlanCase, EmailCommon, HttpCase):
    """Whatever leaves is of one customer alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_rate("GBP", 2)
        cls.agency = cls.make_debtor("Fair Collections")
        cls.env["res.company"].search([("id", "!=", cls.company.id)]).dunning_nightly = False

    def test_nothing_of_another_customer(self):
        seen = dict.fromkeys(("mail", "letter", "print", "zip", "page", "statement"), 0)

        @settings(
            max_examples=4,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(worlds)
        @example(batch("email"))
        @example(batch("letter"))
        def check(world):
            with self.world(world):
                for kind, text in self.everything(world):
                    seen[kind] += 1
                    self.assert_of_one(text, f"{kind} in {world}")

        with patch.object(press, "_print", sketch):
            check()
        # what nobody looked at proves nothing
        self.assertGreater(min(seen.values()), 3, seen)

    # Whose something is

    def assert_of_one(self, text, told):
        """:param text: list of texts that go to one customer"""
        found = set(MARKS.findall(marked(" ".join(text))))
        strangers = found - self.owners.keys()
        self.assertFalse(strangers, f"Nobody's: {strangers}, {told}")
        self.assertEqual(len({self.owners[mark] for mark in found}), 1, f"{found}, {told}")

    def owned(self, number, *marks):
        self.owners.update((marked(mark), number) for mark in marks)

    # A world

    @contextmanager
    def world(self, world):
        """Customers with their invoices, in a database that is then as before."""
        savepoint = self.env.cr.savepoint()
        try:
            self.owners, self.debtors = {}, []
            self.sink.envelopes.clear()
            self.policy.level_ids.write(
                {key: world[key] for key in ("attach_letter", "attach_invoices", "extra_channel")}
            )
            for number, customer in enumerate(world["customers"]):
                self.make_customer(number, customer)
            yield
        finally:
            self.env.clear()
            savepoint.close(rollback=True)

    def place(self, mark, email):
        place = {"street": f"{mark} Road", "city": "Paris", "zip": "75002"}
        return {**place, "lang": "en_US", "email": f"{email}@example.com"}

    def make_customer(self, number, customer):
        mark = f"QZ{number}"
        self.owned(number, mark)
        debtor = self.make_debtor(f"{mark} Ltd", **self.place(mark, mark))
        self.debtors.append(debtor)
        for person in range(customer["contacts"]):
            values = self.place(mark, f"{mark}.{person}")
            values.update(name=f"{mark} Person", parent_id=debtor.id, type="dunning")
            self.env["res.partner"].create(values)
        for place, age in enumerate(customer["ages"]):
            code = customer["currency"] if place else "USD"
            move = self.invoice(
                age, 100 + number, debtor=debtor, currency=self.env.ref(f"base.{code}"), ref=mark
            )
            self.owned(number, move.name, f"MY-INVOICES-{move.id}")
            if customer["sent"]:
                self.keep_pdf(move, mark)

    def keep_pdf(self, move, mark):
        values = {"res_model": "account.move", "res_field": "invoice_pdf_report_file"}
        values.update(name=f"{mark}.pdf", raw=FAKE_PDF + mark.encode(), res_id=move.id)
        self.env["ir.attachment"].create({**values, "mimetype": "application/pdf"})
        move.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])

    def number(self, debtor):
        return next(self.owners[mark] for mark in MARKS.findall(debtor.name))

    @contextmanager
    def failing(self, world):
        """What the world says does not work."""
        mark = f"QZ{len(world['customers']) - 1}"

        def hit(kind, text):
            return world["fails"] == kind and mark in text

        def render(notice, *args):
            if hit("text", notice.partner_id.name):
                raise UserError(f"No text for {notice.partner_id.name}")
            return mail(notice, *args)

        def print_invoice(move):
            if hit("invoice", move.partner_id.name):
                raise ValueError(f"No PDF of {move.name}")
            return FAKE_PDF + move.partner_id.name.encode()

        mail = type(self.env["dunning.notice"])._render_email_body
        with ExitStack() as stack:
            for target, name, fake in (
                (type(self.env["dunning.notice"]), "_render_email_body", render),
                (type(self.env["account.move"]), "_dunning_new_pdf", print_invoice),
                (press, "_unprintable", lambda page: ["東"] if hit("letter", page) else []),
            ):
                stack.enter_context(patch.object(target, name, fake))
            yield

    def merge(self, first, second):
        """The second is the first; all that is known of either is now of one customer."""
        self.env.flush_all()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((first | second).ids, first)
        self.env.invalidate_all()

    def merge_customers(self):
        first, second = self.debtors[0], self.debtors[1]
        one, other = self.number(first), self.number(second)
        self.merge(first, second)
        self.owners = {m: one if n == other else n for m, n in self.owners.items()}
        self.debtors.remove(second)

    def merge_contacts(self):
        for debtor in self.debtors:
            people = debtor.child_ids.filtered(lambda person: person.type == "dunning")
            if len(people) > 1:
                self.merge(people[0], people[1])

    # What leaves

    def everything(self, world):
        """All that leaves in a world.

        :return: generator of (kind, list of texts that go to one customer)
        """
        notices = self.issue(world)
        self.env.flush_all()
        letters = notices.delivery_ids.filtered("is_printed")
        for letter in letters:
            file = letter.attachment_id or letter.notice_id.attachment_id
            yield "letter", [letter.contact_id.name, letter.address, *texts(file.name, file.raw)]
        if waiting := letters.filtered(lambda letter: letter.state == "queued"):
            url = waiting.action_print()["url"]
            content = self.env["ir.attachment"].browse(int(re.search(r"\d+", url)[0])).raw
            for page in pdf_pages(content):
                yield "print", [page]
        if world["plans"]:
            yield from self.plans()
        yield from self.statements()
        yield from self.sent()
        handover = self.handover(self.debtors[-1])
        yield "zip", texts(handover.attachment_id.name, handover.attachment_id.raw)

    def issue(self, world):
        """Remind everybody: some fail and are tried again, some are merged, some taken back."""
        notices = self.run_at(DAY).notice_ids
        if world["merged"] == "proposed":
            self.merge_customers()
        elif world["merged"] == "contacts":
            self.merge_contacts()
        for notice in notices:
            notice.channel = self.wish(world, notice)["channel"]
        notices.write({"state": "confirmed"})
        with self.failing(world):
            for batch in [notices] if world["together"] else notices:
                batch._issue(DAY)
        with self.failing({**world, "fails": None}):
            notices.filtered("error").action_retry()
            issued = notices.filtered(lambda notice: notice.state == "issued")
            for notice in issued:
                self.owned(self.number(notice.partner_id), notice.name)
            self.go_wrong(world, issued)
        if world["merged"] == "issued":
            self.merge_customers()
        return issued

    def wish(self, world, notice):
        return world["customers"][int(re.search(r"QZ(\d)", notice.partner_id.name)[1])]

    def go_wrong(self, world, notices):
        for notice in notices:
            if self.wish(world, notice)["then"] == "failed":
                notice.delivery_ids._fail("came back")
                notice.delivery_ids.action_retry()
            elif self.wish(world, notice)["then"] == "cancelled":
                notice.delivery_ids._succeed()
                notice._cancel("It was our mistake.")
                if notice.to_correct:
                    notice.action_correct()

    def plans(self):
        """An offer to each customer: its file, its page, and what one of its people finds."""
        for debtor in self.debtors:
            moves = self.env["account.move"].search([("partner_id", "=", debtor.id)])
            moves = moves.filtered(lambda move: move.currency_id == self.company.currency_id)
            plan = self.plan(*moves, partner_id=debtor.id)
            plan.action_offer()
            yield "page", texts("plan.pdf", plan._pdf())
        user = new_test_user(self.env, "portal.own", "base.group_portal", email="p@example.com")
        user.partner_id.write({"parent_id": debtor.id, "name": f"{debtor.name} Person"})
        self.authenticate("portal.own", "portal.own")
        yield "page", [self.url_open("/my/payment-plans").text]
        yield "page", [self.url_open(plan.access_url).text]
        yield "page", texts("plan.pdf", self.url_open(f"{plan.access_url}/pdf").content)
        for other in self.env["dunning.payment.plan"].search([("id", "!=", plan.id)]):
            yield "page", [debtor.name, self.url_open(other.access_url).text]
        self.authenticate(None, None)

    def statements(self):
        debtors = self.env["res.partner"].union(*self.debtors)
        period = Period(self.company, DAY)
        for id_, content in debtors._dunning_statement_files(period).items():
            yield "statement", [debtors.browse(id_).name, *texts("statement.pdf", content)]
        debtors._dunning_send_statements(period)

    def sent(self):
        """What arrives at a real server: to whom, and all parts of each message."""
        mails = self.env["mail.mail"].search([("state", "=", "outgoing")])
        with self.sending():
            mails.process_email_queue(mails.ids)
        for envelope in self.sink.envelopes:
            message = email.message_from_bytes(envelope.content, policy=policy.default)
            found = [*envelope.rcpt_tos, *map(str, message.values())]
            for part in message.walk():
                if part.is_multipart():
                    continue
                name, content = part.get_filename() or "", part.get_payload(decode=True)
                found += texts(name, content)
            yield "mail", found

    def handover(self, debtor):
        moves = self.env["account.move"].search([("partner_id", "=", debtor.id)])
        values = {"partner_id": debtor.id, "agency_id": self.agency.id}
        moves = moves.filtered(lambda move: move.move_type == "out_invoice")
        values["item_ids"] = [Command.set(self.items(*moves).ids)]
        handover = self.env["dunning.handover"].with_user(self.manager).create(values).sudo()
        handover._build_package(DAY)
        return handover
