import io
import re
from datetime import timedelta
from html import unescape

import openpyxl
from lxml import etree

from odoo import Command
from odoo.tests import HttpCase, tagged

from odoo.addons.dunning_advanced.models import ir_actions_report as press
from odoo.addons.dunning_advanced.models.statement.statement import Period

from .. import brackets
from ..brackets import LANG, MODULE
from ..common import DAY
from ..plan.common import PlanCase

# Words of the invoices of tests, and of Odoo itself.
DATA = frozenset({"work"})
FOOTER = DATA | {"Powered", "by", "Odoo", "odoo", "Logo"}
# Texts of a view that people read, in attributes and between tags.
SHOWN = re.compile(
    r'(?:string|placeholder|help|title|confirm|sum|data-tooltip|aria-label)="([^"]+)"|>([^<>]+)<'
)


class BracketsCase(PlanCase):
    """Whoever reads something reads brackets; whoever is at work, and the night, is English."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.terms = brackets.load(cls)
        cls.marc.write({"name": "MARC", "lang": LANG})
        cls.manager.write({"name": "MANAGER", "lang": LANG})
        cls.company.write({"name": "BRANDT", "country_id": cls.env.ref("base.de").id})
        cls.company.partner_id.lang = LANG
        cls.make_bank("12-345-678")
        cls.agency = cls.make_debtor("FAIR", lang=LANG)
        cls.debtor.write({"name": "QZ0", **cls.place()})

    @classmethod
    def place(cls):
        """A customer who reads brackets, in data that have no words."""
        place = {"street": "1 QZ", "city": "QZ", "zip": "75002"}
        country = cls.env.ref("base.de").id
        return {**place, "lang": LANG, "country_id": country}

    def customer(self, name, **values):
        return self.make_debtor(name, **{**self.place(), **values})

    def assert_brackets(self, text, told, known=DATA):
        self.assertIn(brackets.OPEN, text, told)
        self.assertFalse(brackets.bare(text, known), f"{told}: {text[:2000]}")


class TestNightWords(BracketsCase):
    """What the night writes down is in the language of who reads it in the morning."""

    def test_activities_notes_and_reasons(self):
        known_notes = self.env["mail.message"].search([]).ids
        known_tasks = self.env["mail.activity"].search([]).ids
        self.prepare()
        for days in (0, 37, 52):
            self.at(days)
            self.night("plans", "judge", "disputes", "propose", "close", "credit_holds")
            self.night("handovers", "review_holds", "review_blocked", "issue", "rates")
        tasks = self.env["mail.activity"].search([("id", "not in", known_tasks)])
        # Other users, who look after rates too, read English.
        tasks = tasks.filtered(lambda task: task.user_id.lang in (LANG, False))
        for task in tasks:
            with self.subTest(task=task.activity_type_id.name):
                self.assertIn(brackets.OPEN, task.summary)
                words = f"{task.summary} {brackets.shown(task.note or '-')}"
                self.assert_brackets(words, task.activity_type_id.name)
        self.assertGreaterEqual(set(tasks.activity_type_id.mapped("name")), self.kinds())
        self.check_notes(known_notes)
        for model, field in (("dunning.notice", "error"), ("dunning.line", "reason")):
            for record in self.env[model].search([(field, "!=", False)]):
                with self.subTest(model=model):
                    self.assert_brackets(record[field], model)

    def kinds(self):
        """The tasks that a night gives."""
        names = "promise plan hold credit contact decide review agency dispute blocked"
        xmlids = [f"dunning_advanced.mail_activity_{name}" for name in names.split()]
        return {self.env.ref(xmlid).name for xmlid in xmlids}

    def check_notes(self, known):
        notes = self.env["mail.message"].search(
            [("id", "not in", known), ("model", "=like", "dunning.%"), ("body", "!=", "")]
        )
        self.assertGreater(len(notes), 5)
        # Odoo tells of new records and of activities in its own words.
        notes = notes.filtered(lambda note: note.message_type != "user_notification")
        for note in notes.filtered(lambda note: note.create_uid._is_superuser()):
            words = brackets.shown(note.body)
            with self.subTest(note=words[:60]):
                self.assertFalse(brackets.bare(words, {*DATA, "created"}), (note.model, words))

    def prepare(self):
        """Something for each step of the night."""
        self.policy.level_ids.automatic = True
        self.first.automatic = False  # is reviewed
        self.invoice(-3, debtor=self.customer("QZ9"))
        silent = self.customer("QZ1", email=False, street=False, city=False)
        self.invoice(10, debtor=silent)
        last = self.invoice(60, debtor=self.customer("QZ2"))
        lines = self.env["dunning.line"].with_company(self.company)
        sent = DAY - timedelta(days=30)
        lines._set_level(self.items(last), self.last, sent, brackets.bracket("sent before"))
        self.promise(50, self.invoice(10), days=7)
        payer = self.customer("QZ3")
        plan = self.plan(self.invoice(10, 300, debtor=payer), partner_id=payer.id)
        plan.action_offer()
        plan._accept("QZ", self.today(), channel="phone")
        held = self.customer("QZ4")
        self.invoice(10, debtor=held)
        self.env["dunning.hold"].create({"partner_id": held.id, "date_review": DAY})
        self.env["dunning.credit.hold"].create(
            {"partner_id": self.customer("QZ5").id, "reason": "QZ", "user_id": self.marc.id}
        )
        self.hand_over()
        disputed = self.invoice(10, debtor=self.customer("QZ7"))
        reason = self.env.ref("dunning_advanced.dispute_reason_damaged")
        self.env["dunning.dispute"].create({"move_id": disputed.id, "reason_id": reason.id})
        blocked = self.invoice(10, debtor=self.customer("QZ8"))
        self.items(blocked).no_followup = True

    def hand_over(self):
        debtor = self.customer("QZ6")
        move = self.invoice(60, debtor=debtor)
        handover = self.env["dunning.handover"].create(
            {
                "partner_id": debtor.id,
                "agency_id": self.agency.id,
                "item_ids": [Command.set(self.items(move).ids)],
            }
        )
        handover._hand_over(DAY, confirmed=True)
        self.pay(debtor, 40, invoices=move)


@tagged("post_install", "-at_install")
class TestDocumentWords(BracketsCase, HttpCase):
    """E-mails, letters, statements, plans, pages and workbooks in the customer's language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_rate("EUR", 1)
        cls.first.fee_ids = cls.env.ref("dunning_advanced.fee_statutory")

    def page(self, report, record, **data):
        page = self.env["ir.actions.report"]._render_qweb_html(report, record.ids, data=data)[0]
        return brackets.shown(page.decode())

    def assert_book(self, content, told):
        for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets:
            rows = sheet.iter_rows(values_only=True)
            cells = [cell for row in rows for cell in row if isinstance(cell, str)]
            self.assert_brackets(" | ".join([sheet.title, *cells]), f"{told} {sheet.title}")

    def test_reminders(self):
        self.invoice(10, 300)
        self.pay(self.debtor, 20)
        notices = self.remind().notice_ids
        for notice in notices:
            self.assert_brackets(notice.own_subject, "subject")
            self.assert_brackets(brackets.shown(notice._render_email_body()), "e-mail")
            self.assert_brackets(self.page(press.REPORT, notice), "letter")
            # what is put into a sentence, too
            self.assertIn("‹Germany›", " ".join(notice.charge_ids.mapped("formula")))
        notices._cancel("QZ")
        notices.action_correct()
        for correction in notices.delivery_ids.filtered("correction"):
            self.assert_brackets(brackets.shown(correction.message_id.body), "correction")

    def test_statements(self):
        self.invoice(10, 300)
        self.pay(self.debtor, 20)
        self.remind()
        period = Period(self.company, DAY, DAY - timedelta(days=90))
        self.assert_brackets(self.page(press.STATEMENT, self.debtor, period=period), "statement")
        self.debtor._dunning_send_statements(period)
        mail = self.env["mail.mail"].search([("subject", "like", "‹"), ("state", "=", "outgoing")])
        self.assert_brackets(brackets.shown(mail.sorted("id")[-1].body_html), "e-mail")
        reader = self.debtor.with_context(lang=LANG)
        self.assert_book(reader._dunning_statement_xlsx(period), "statement")

    def test_plans(self):
        plan = self.plan(self.invoice(10, 300))
        plan.action_offer()
        self.assert_brackets(self.page(press.PLAN, plan), "plan")
        self.assert_brackets(self.portal(plan), "page", FOOTER)
        plan._accept("QZ", DAY, channel="portal")
        self.at(37)
        self.night("plans")
        self.receive(300, plan.line_ids.move_line_id.move_id, days=37)
        mails = self.env["mail.mail"].search(
            [("model", "=", "dunning.payment.plan"), ("res_id", "=", plan.id)]
        )
        self.assertGreaterEqual(len(mails), 4)
        for mail in mails:
            self.assert_brackets(mail.subject, "subject")
            self.assert_brackets(brackets.shown(mail.body_html), mail.subject)
        self.assert_book(plan.with_context(lang=LANG)._xlsx(), "plan")

    def portal(self, plan):
        self.authenticate(None, None)
        url = f"{plan.access_url}?access_token={plan.access_token}"
        answer = self.url_open(url, cookies={"frontend_lang": LANG})
        page = etree.HTML(answer.text).xpath("//div[contains(@class, 'o_dunning_plan')]")[0]
        return brackets.shown(etree.tostring(page, encoding="unicode"))

    def test_hand_overs(self):
        move = self.invoice(60, 300)
        self.remind(DAY - timedelta(days=20))
        values = {"partner_id": self.debtor.id, "agency_id": self.agency.id}
        values["item_ids"] = [Command.set(self.items(move).ids)]
        handover = self.env["dunning.handover"].create(values)
        self.assert_brackets(self.page(press.HANDOVER, handover), "hand-over")
        self.assert_brackets(self.page(press.EVIDENCE, handover), "evidence")
        self.assert_book(handover._in_their_language()._history_xlsx(DAY), "history")

    def test_workbook_of_a_run(self):
        self.invoice(10, 300)
        run = self.remind()
        self.assert_book(run.with_context(lang=LANG)._xlsx(), "run")


class TestScreenWords(BracketsCase):
    """Lists, forms, kanbans and the labels of fields."""

    def own_models(self):
        models = [self.env[name] for name in self.env if name.startswith("dunning.")]
        return [model.with_context(lang=LANG) for model in models]

    def assert_term(self, text, told):
        """No own term is shown as it is in English."""
        text = (text or "").strip()
        self.assertFalse(text in self.terms and self.terms[text] != text, f"{told}: {text!r}")

    def test_fields(self):
        for model in self.own_models():
            for name, facts in model.fields_get().items():
                if model._fields[name]._module != MODULE:
                    continue
                told = f"{model._name}.{name}"
                self.assert_term(facts["string"], told)
                self.assert_term(facts.get("help"), told)
                field = model._fields[name]
                if not field.related or field.related_field.model_name.startswith("dunning."):
                    for _code, label in facts.get("selection", ()):
                        self.assert_term(label, told)

    def test_views(self):
        views = self.env["ir.ui.view"].search([("model", "=like", "dunning.%")])
        seen = 0
        for view in views.filtered(lambda view: not view.inherit_id):
            model = self.env[view.model].with_context(lang=LANG)
            arch = model.get_view(view.id, view.type)["arch"]
            seen += arch.count(brackets.OPEN)
            for text in SHOWN.findall(brackets.outside(arch)):
                self.assert_term(unescape("".join(text)), view.xml_id)
        self.assertGreater(seen, 500)

    def test_names_and_sentences(self):
        """What is computed for a list or form when somebody reads brackets."""
        self.invoice(10, 300)
        self.promise(50, self.invoice(60))
        run = self.remind()
        for record in (run, run.notice_ids, run.line_ids, self.case(), run.notice_ids.delivery_ids):
            self.env.invalidate_all()
            for reader in record.with_context(lang=LANG):
                self.check_record(reader)

    def check_record(self, record):
        for name, field in record._fields.items():
            own = field._module == MODULE and field.compute and not field.store
            own = own and not name.endswith(("_code", "_button", "_url"))
            if own and field.type in ("char", "text", "html") and record[name]:
                text = record[name]
                words = brackets.shown(text) if field.type == "html" else text
                with self.subTest(field=str(field)):
                    self.assertFalse(brackets.bare(words, DATA), f"{field}: {words[:500]}")
