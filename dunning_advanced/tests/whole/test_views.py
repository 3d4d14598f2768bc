import base64
import io
from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form
from odoo.tools.pdf import PdfReader

from ..common import DAY, DunningCommon

RECORDS = [
    "dunning.case",
    "dunning.run",
    "dunning.notice",
    "dunning.delivery",
    "dunning.line",
    "dunning.hold",
    "dunning.promise",
    "dunning.credit.hold",
    "dunning.handover",
    "dunning.writeoff",
    "dunning.dispute",
]
RULES = [
    "dunning.policy",
    "dunning.level",
    "dunning.rule",
    "dunning.team",
    "dunning.contact.cap",
    "dunning.hold.reason",
    "dunning.dispute.reason",
    "dunning.reference",
    "dunning.interest.rule",
    "dunning.fee",
]
PLAIN = ("dunning_credit_hold",)  # what everybody at work may know
BY_LETTER = {"email": False, "street": "Main Street 7", "city": "Ghent", "zip": "9000"}


class ViewCase(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls.make_user(
            "books", "account.group_account_invoice,base.group_partner_manager"
        )
        cls.clerk = cls.make_user("clerk", "base.group_user")
        cls.dunner = cls.make_user("dunner", "dunning_advanced.group_user")

    def open_screen(self, record, user, view="form", view_id=None):
        """Load a view and read all that it shows, as the web client does.

        :return: names of all fields and buttons of the view
        """
        model = record.with_user(user)
        loaded = model.get_views([(view_id, view)])
        arch = etree.fromstring(loaded["views"][view]["arch"])
        fields = [
            node.get("name")
            for node in arch.iter("field")
            if not any(parent.tag == "field" for parent in node.iterancestors())
        ]
        model.web_read({name: {} for name in fields})
        return {node.get("name") for node in arch.iter("field", "button", "page")}


class TestAccess(ViewCase):
    def test_accountant_without_dunning_opens_invoice_customer_and_payment(self):
        invoice = self.invoice(40)
        self.remind()
        payment = self.pay(self.debtor, 10)
        names = self.open_screen(invoice, self.accountant)
        names |= self.open_screen(self.debtor, self.accountant)
        names |= self.open_screen(payment, self.accountant)
        invoices = self.env.ref("account.view_out_invoice_tree")
        names |= self.open_screen(invoice, self.accountant, "list", invoices.id)
        self.assertFalse(
            [name for name in names if name and "dunning" in name and name not in PLAIN]
        )

    def test_accountant_without_dunning_edits_and_pays(self):
        invoice = self.invoice(40)
        self.remind()
        with Form(self.debtor.with_user(self.accountant)) as form:
            form.phone = "+32 2 290 34 90"
        register = self.env["account.payment.register"].with_user(self.accountant)
        register.with_context(active_model="account.move", active_ids=invoice.ids).create(
            {}
        ).action_create_payments()
        self.assertFalse(invoice.amount_residual)

    def test_clerk_without_accounting_opens_and_edits_the_customer(self):
        self.invoice(40)
        self.remind()
        names = self.open_screen(self.debtor, self.clerk)
        self.assertFalse(
            [name for name in names if name and "dunning" in name and name not in PLAIN]
        )
        self.env.ref("base.group_partner_manager").user_ids |= self.clerk
        with Form(self.debtor.with_user(self.clerk)) as form:
            form.phone = "+32 2 290 34 90"

    def test_nobody_without_dunning_sees_its_records(self):
        root = self.env.ref("dunning_advanced.menu_root")
        for user in (self.accountant, self.clerk):
            self.assertNotIn(root.id, self.env["ir.ui.menu"].with_user(user)._visible_menu_ids())
            for model in RECORDS + RULES:
                with self.assertRaises(AccessError, msg=model):
                    self.env[model].with_user(user).search([])

    def test_dunning_user_does_the_daily_work(self):
        by_letter = self.make_debtor("Letter Only", **BY_LETTER)
        invoice = self.invoice(40, debtor=by_letter)
        self.invoice(40)
        run = self.env["dunning.run"].with_user(self.dunner).create({})
        run.action_propose()
        letter = run.notice_ids.filtered(lambda notice: notice.partner_id == by_letter)
        action = (run.notice_ids - letter).action_drop()
        wizard = self.env[action["res_model"]].with_user(self.dunner)
        wizard.with_context(**action["context"]).create(
            {"reason": "agreed by phone"}
        ).action_apply()
        with Form(letter) as form:
            form.subject = "Please pay"
        run.action_confirm()
        self.assertEqual((letter.state, letter.subject), ("issued", "Please pay"))
        self.assertEqual((run.notice_ids - letter).mapped("state"), ["dropped"])
        self.assertEqual(run.print_count, 1)
        run.action_print_letters()
        run.invalidate_recordset()
        self.assertEqual((run.print_count, letter.delivery_ids.state), (0, "done"))
        self.assertEqual(invoice.with_user(self.dunner).dunning_level_id, self.first)

    def test_dunning_user_does_not_change_the_rules(self):
        for record in (self.policy, self.first):
            with self.assertRaises(AccessError):
                record.with_user(self.dunner).name = "mine"
        visible = self.env["ir.ui.menu"].with_user(self.dunner)._visible_menu_ids()
        self.assertIn(self.env.ref("dunning_advanced.menu_todo").id, visible)
        self.assertNotIn(self.env.ref("dunning_advanced.menu_configuration").id, visible)

    def test_runs_of_other_companies_are_not_seen(self):
        self.invoice(40)
        run = self.remind()
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.make_user("stranger", "dunning_advanced.group_user", elsewhere)
        for record in (run, run.notice_ids, run.line_ids, run.notice_ids.delivery_ids, case):
            self.assertFalse(self.env[record._name].with_user(stranger).search([]), record._name)
            with self.assertRaises(AccessError):
                record.with_user(stranger).read(["company_id"])


class TestScreens(ViewCase):
    def count_queries(self, records, fields):
        """Queries of a list of these records, access rules not counted."""
        counts = []
        for _again in range(2):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env[records._name].browse(records.ids).web_read({name: {} for name in fields})
            counts.append(self.env.cr.sql_log_count - before)
        return counts[-1]

    def test_every_screen_opens_for_a_dunning_user(self):
        self.invoice(40)
        held = self.make_debtor("Held")
        self.invoice(40, debtor=held)
        self.env["dunning.hold"].create(
            {"name": "disputed", "partner_id": held.id, "date_from": DAY, "date_to": DAY}
        )
        self.remind()
        self.env["dunning.promise"].create(
            {"partner_id": self.debtor.id, "amount": 9, "date": fields.Date.today()}
        ).action_cancel()
        debtor = {"partner_id": self.debtor.id}
        self.env["dunning.credit.hold"].create({**debtor, "reason": "Nothing paid"})
        self.env["dunning.handover"].create({**debtor, "agency_id": held.id})
        self.env["dunning.writeoff"].create({**debtor, "reason": "Struck off"})
        reason = self.env.ref("dunning_advanced.dispute_reason_damaged")
        self.env["dunning.dispute"].create(
            {"move_id": self.invoice(40).id, "amount": 9, "reason_id": reason.id}
        )
        actions = self.env["ir.actions.act_window"]
        for model in RECORDS + RULES:
            record = self.env[model].search([], limit=1)
            modes = actions.search([("res_model", "=", model)]).mapped("view_mode")
            for view in {"list", "form", "kanban"} & set(",".join(modes).split(",")):
                with self.subTest(model=model, view=view):
                    self.assertTrue(self.open_screen(record, self.dunner, view))

    def test_empty_lists_teach(self):
        actions = self.env["ir.actions.act_window"].search(
            [("res_model", "in", RECORDS + RULES), ("target", "=", "current")]
        )
        self.assertEqual(set(actions.mapped("res_model")), {*RECORDS, *RULES} - {"dunning.level"})
        self.assertFalse(actions.filtered(lambda action: not action.help).mapped("name"))

    def test_worklist_starts_with_the_most_money_then_age(self):
        debts = {"Small": (10, 50), "Large": (90, 20), "Old": (50, 60), "Young": (50, 30)}
        for name, (amount, days) in debts.items():
            self.invoice(days, amount, debtor=self.make_debtor(name))
        self.run_at()
        cases = self.env["dunning.case"]
        by_amount = cases.search([], order="amount_overdue desc, days_overdue desc")
        self.assertEqual(by_amount.mapped("partner_id.name"), ["Large", "Old", "Young", "Small"])
        by_age = cases.search([], order="days_overdue")
        self.assertEqual(by_age.mapped("partner_id.name"), ["Large", "Young", "Small", "Old"])

    def test_paid_cases_come_last(self):
        invoice = self.invoice(40, 900)
        self.invoice(40, 1, debtor=self.make_debtor("Small"))
        self.run_at()
        self.pay(self.debtor, 900, invoices=invoice)
        cases = self.env["dunning.case"].search([], order="amount_overdue desc")
        self.assertEqual(cases.mapped("partner_id.name"), ["Small", "Azure Interior"])

    def test_worklist_takes_the_same_queries_for_any_number_of_cases(self):
        for number in range(3):
            self.invoice(40, debtor=self.make_debtor(f"Debtor{number}"))
        self.remind()
        cases = self.env["dunning.case"].search([])
        fields = ["display_name", "amount_overdue", "days_overdue", "level_id", "hold_id"]
        fields += ["stage", "broken_count", "phone", "phone_problem", "amount_disputed"]
        self.assertEqual(self.count_queries(cases, fields), self.count_queries(cases[:1], fields))

    def test_list_of_runs_takes_the_same_queries_for_any_number_of_runs(self):
        self.invoice(40)
        runs = self.remind() | self.remind(DAY + timedelta(days=14))
        fields = ["notice_count", "amount_summary", "stop_summary", "print_count", "error_count"]
        self.assertEqual(self.count_queries(runs, fields), self.count_queries(runs[:1], fields))

    def test_run_sums_up_what_it_found(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.invoice(40, 100)
        self.invoice(40, 30, currency=euro)
        self.invoice(40, debtor=self.make_debtor("Letter", **BY_LETTER))
        self.invoice(40, debtor=self.make_debtor("Nowhere", email=False))
        self.invoice(-10, debtor=self.make_debtor("Patient"))
        run = self.run_at()
        self.assertEqual((run.notice_count, run.review_count, run.error_count), (3, 3, 0))
        self.assertEqual(run.level_summary, "First reminder 3")
        self.assertEqual(run.channel_summary, "E-mail 2, Letter 1")
        self.assertEqual(run.stop_summary, "Not due yet 1, No usable contact data 1")
        self.assertEqual((run.line_count, run.unreachable_count), (1, 1))
        amounts = [self.company.currency_id.format(200), euro.format(30)]
        self.assertEqual(set(run.amount_summary.split(" + ")), set(amounts))
        run.notice_ids[0]._drop("not now")
        run.invalidate_recordset()
        self.assertEqual((run.notice_count, run.review_count), (2, 2))

    def test_invoices_are_found_by_their_level(self):
        reminded, untouched = self.invoice(40), self.invoice(0)
        self.remind()
        moves = self.env["account.move"]
        both = [("id", "in", (reminded | untouched).ids)]
        for domain, found in (
            ([("dunning_level_id", "!=", False)], reminded),
            ([("dunning_level_id", "=", False)], untouched),
            ([("dunning_level_id", "=", self.first.id)], reminded),
            ([("dunning_level_id", "!=", self.first.id)], untouched),
            ([("dunning_level_id", "in", [self.first.id, False])], reminded | untouched),
        ):
            with self.subTest(domain=domain):
                self.assertEqual(moves.search(both + domain), found)

    def test_invoice_tells_its_level_and_why(self):
        invoice = self.invoice(40)
        self.remind()
        self.assertIn("First reminder", invoice.dunning_status)
        action = invoice.with_user(self.dunner).action_dunning_explain()
        wizard = self.env[action["res_model"]].with_user(self.dunner)
        with Form(wizard.with_context(**action["context"])) as form:
            self.assertIn("Second reminder", form.answer)

    def test_customer_shows_what_is_overdue(self):
        self.invoice(40)
        self.invoice(40)
        self.remind()
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": self.debtor.id})
        for partner in (self.debtor, contact):
            self.assertEqual(partner.dunning_summary, "2 overdue · First reminder")
            self.assertEqual(partner.dunning_overdue, 200)
        self.assertEqual(self.make_debtor("Good").dunning_item_count, 0)

    def test_level_shows_its_words_for_an_imagined_customer(self):
        self.assertIn("Brandon Freeman", self.first.preview)
        self.first.mail_template_id = self.last.mail_template_id
        self.assertIn("Final reminder", self.first.preview)
        self.first.mail_template_id.subject = "{{ object.nothing }}"
        self.assertTrue(self.first.preview, "a broken text must not close the form")
        self.first.mail_template_id = False
        self.assertFalse(self.first.preview)

    def test_levels_say_when_and_which_is_the_last(self):
        self.assertEqual(self.before.when, "3 days before the due date")
        self.assertEqual(self.second.when, "19 days after the due date")
        self.assertEqual(self.policy.level_ids.filtered("is_last"), self.last)

    def test_reminder_previews_what_its_channel_brings(self):
        self.invoice(40)
        notice = self.run_at().notice_ids
        with Form(notice) as form:
            form.subject = "Dear customer"
            form.body = "<p>my own words</p>"
        self.assertIn("my own words", notice.preview)
        self.assertFalse(notice.letter_preview)
        notice.channel = "letter"
        pdf = PdfReader(io.BytesIO(base64.b64decode(notice.letter_preview)))
        self.assertIn("my own words", pdf.pages[0].extract_text())

    def test_case_has_the_highest_level_of_what_is_open(self):
        paid = self.invoice(40, 50)
        self.remind()
        self.invoice(40, 70)
        self.remind(DAY + timedelta(days=14))
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.assertEqual((case.level_id, case.rung, case.is_last), (self.second, 2, False))
        self.pay(self.debtor, 50, invoices=paid)
        case.invalidate_recordset()
        self.assertEqual(case.level_id, self.first)

    def test_customers_are_reminded_from_their_menu(self):
        self.invoice(40)
        action = self.env.ref("dunning_advanced.action_partner_remind").with_user(self.dunner)
        context = {"active_model": "res.partner", "active_ids": self.debtor.ids}
        opened = action.with_context(**context, active_id=self.debtor.id).run()
        self.assertEqual(opened["res_model"], "dunning.notice")
        notice = self.env["dunning.notice"].browse(opened["res_id"])
        self.assertEqual((notice.partner_id, notice.state), (self.debtor, "proposed"))

    def test_case_shows_the_hold_of_today(self):
        self.invoice(40)
        self.run_at()
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)])
        self.assertFalse(case.hold_id)
        hold = self.env["dunning.hold"].create({"name": "disputed", "partner_id": self.debtor.id})
        case.invalidate_recordset()
        self.assertEqual(case.hold_id, hold)
        hold._lift("settled", fields.Date.today())
        case.invalidate_recordset()
        self.assertFalse(case.hold_id)


class TestBadInput(ViewCase):
    def test_forms_ask_for_what_is_missing(self):
        for model in ("dunning.policy", "dunning.rule", "dunning.hold", "dunning.case"):
            with self.subTest(model=model), self.assertRaises(AssertionError):
                Form(self.env[model]).save()

    def test_leaving_out_takes_a_reason(self):
        self.invoice(40)
        notice = self.run_at().notice_ids
        action = notice.action_drop()
        with self.assertRaises(AssertionError):
            Form(self.env[action["res_model"]].with_context(**action["context"])).save()
        self.assertEqual(notice.state, "proposed")

    def test_issued_reminders_are_not_edited(self):
        self.invoice(40)
        notice = self.remind().notice_ids
        for field in ("subject", "body", "channel"):
            with self.subTest(field=field), self.assertRaises(AssertionError):
                Form(notice)[field] = "letter"

    def test_used_policy_and_level_say_why_they_stay(self):
        self.invoice(40)
        self.remind()
        for record in (self.policy, self.first):
            with self.assertRaisesRegex(UserError, "archive it instead"):
                record.unlink()

    def test_run_of_the_future_is_refused(self):
        run = self.env["dunning.run"].create({"date": "2999-12-31"})
        with self.assertRaisesRegex(UserError, "12/31/2999"):
            run.action_propose()
