from unittest.mock import patch

from lxml import html

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import PlanCase
from .signatures import SIGNATURE, picture


@tagged("post_install", "-at_install")
class PortalCase(PlanCase, HttpCase):
    """An offer, seen by a customer who is not logged in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_bank("12-345-678")

    def setUp(self):
        super().setUp()
        self.move = self.invoice(10, 300)
        self.offer = self.plan(self.move)
        self.offer.action_offer()
        self.authenticate(None, None)

    def link(self, plan, path="", token=None, **query):
        query["access_token"] = plan.access_token if token is None else token
        given = "&".join(f"{name}={value}" for name, value in query.items())
        return f"{plan.access_url}{path}?{given}"

    def shown(self, answer):
        """Text of the page of a plan; empty when it is not one."""
        found = html.fromstring(answer.text).xpath("//div[contains(@class, 'o_dunning_plan')]")
        return " ".join(" ".join(found[0].itertext()).split()).replace("\xa0", " ") if found else ""

    def page(self, plan=None, **options):
        return self.shown(self.url_open(self.link(plan or self.offer, **options)))

    def post(self, path, plan=None, token=None, **form):
        """Send one of the forms, as a browser without JavaScript does."""
        plan = plan or self.offer
        form = {
            "csrf_token": http.Request.csrf_token(self),
            "mark": plan._terms_mark(),
            **form,
        }
        return self.url_open(self.link(plan, path, token=token), data=form)

    def accept(self, plan=None, **form):
        return self.post("/accept", plan, **{"name": "Brandon Freeman", "agreed": "1", **form})

    def sign(self, signature=SIGNATURE, name="Brandon Freeman", mark=None, **options):
        url = self.link(self.offer, "/sign", mark=mark or self.offer._terms_mark(), **options)
        return self.make_jsonrpc_request(url, {"name": name, "signature": signature})

    def portal_user(self, login, debtor):
        user = new_test_user(self.env, login, "base.group_portal", email=f"{login}@example.com")
        user.partner_id.parent_id = debtor
        return user


class TestPlanPage(PortalCase):
    def test_offer_by_its_link(self):
        page = self.page()
        for words in (
            "Our offer: pay in installments",
            self.offer.name,
            "3 installments",
            "Installment 1 07/03/2024 $ 100.00",
            f"{self.move.name} 05/24/2024 $ 300.00",
            "by 06/17/2024 whether you agree",
            "No interest is charged",
            "Up to 5 days later is still on time",
            "Accept and sign",
            "It does not suit me",
        ):
            self.assertIn(words, page)
        self.assertNotIn("How to pay", page)

    def test_forms_work_without_javascript(self):
        tree = html.fromstring(self.url_open(self.link(self.offer)).text)
        for name, fields in (("accept", {"name", "agreed"}), ("decline", {"reason"})):
            [form] = tree.xpath(f"//form[contains(@action, '/{name}?')]")
            self.assertIn(self.offer.access_token, form.get("action"))
            self.assertEqual(form.get("method"), "POST")
            self.assertLessEqual({*fields, "csrf_token", "mark"}, {*form.fields})

    def test_running_plan_shows_what_came(self):
        self.offer._accept("Brandon Freeman", self.today(), channel="phone")
        self.receive(130, self.move, days=2)
        page = self.page()
        for words in (
            "Next installment $ 70.00 by 08/03/2024",
            "Paid $ 130.00",
            "Still to pay $ 170.00",
            "paid on 06/05/2024",
            "$ 30.00 paid, $ 70.00 to pay",
            f"Account no. 12-345-678 Payment reference {self.move.name}",
            "Accepted by Brandon Freeman 06/03/2024",
        ):
            self.assertIn(words, page)
        self.assertNotIn("Accept and sign", page)

    def test_early_settlement(self):
        plan = self.running(self.invoice(10, 1200), interest="fixed", interest_rate=12)
        self.at(40)
        currency = self.company.currency_id
        self.assertLess(plan.settlement, plan.amount_open)
        amount = currency.format(plan.settlement).replace("\xa0", " ")
        self.assertIn(f"To settle it all today {amount}", self.page(plan))

    def test_arrears_are_friendly(self):
        self.offer._accept("Brandon Freeman", self.today(), channel="phone")
        self.at(37)
        self.night()
        page = self.page()
        self.assertIn("$ 100.00 of the installment of 07/03/2024 has not arrived yet", page)
        self.assertIn("or talk to us", page)

    def test_each_end_says_so(self):
        plan = self.offer
        for state, words in (
            ("completed", "All is paid. Thank you."),
            ("replaced", "replaced by a new one"),
            ("defaulted", "$ 300.00 is due now"),
            ("cancelled", "does not hold any more"),
            ("draft", "We are working on your payment plan"),
        ):
            plan.sudo().write({"state": state, "date_end": self.today()})
            page = self.page()
            self.assertIn(words, page)
            self.assertNotIn("Accept and sign", page)
        self.assertNotIn("$ 100.00", page, "a draft is not shown")

    def test_pdf(self):
        answer = self.url_open(self.link(self.offer, "/pdf"))
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        self.assertTrue(answer.content.startswith(b"%PDF"))
        self.assertFalse(
            self.url_open(self.link(self.offer, "/pdf", token="x")).content[:4] == b"%PDF"
        )
        self.offer.action_draft()
        self.assertFalse(self.url_open(self.link(self.offer, "/pdf")).content[:4] == b"%PDF")

    def test_hostile_names_stay_text(self):
        self.debtor.name = "<script>alert(1)</script>"
        self.marc.sudo().partner_id.name = "<img src=x onerror=alert(2)>"
        text = self.url_open(self.link(self.offer)).text
        self.assertNotIn("<script>alert(1)", text)
        self.assertNotIn("<img src=x", text)


class TestPlanAccess(PortalCase):
    def test_without_the_right_link_nothing_is_seen(self):
        deco = self.make_debtor("Deco Addict")
        other = self.plan(self.invoice(10, 150, debtor=deco), partner_id=deco.id)
        other.action_offer()
        for token in ("", "wrong", other.access_token):
            self.assertFalse(self.page(token=token))
            self.accept(token=token)
            self.post("/decline", token=token, reason="no")
            self.assertIn("error", self.sign(token=token))
        self.assertEqual(self.offer.state, "offered")

    def test_what_is_of_others_is_as_what_does_not_exist(self):
        nobodys = "/my/payment-plans/999999999"
        for path in ("", "/pdf"):
            answers = [
                self.url_open(self.link(self.offer, path, token="wrong")),
                self.url_open(f"{nobodys}{path}?access_token=wrong"),
                self.url_open(f"{nobodys}{path}"),
            ]
            self.assertEqual([answer.status_code for answer in answers], [404] * 3)
            self.assertNotIn(self.debtor.name, answers[0].text)

    def test_a_name_that_is_no_text(self):
        for name in (["Ann"], {"name": "Ann"}, 7, True):
            answer = self.sign(name=name)
            self.assertIn("enter your name", answer["error"])
        self.assertEqual(self.offer.state, "offered")

    def test_customers_see_their_own_by_login(self):
        self.portal_user("brandon", self.debtor)
        self.portal_user("stranger", self.make_debtor("Deco Addict"))
        draft = self.plan(self.invoice(10, 150))
        self.authenticate("brandon", "brandon")
        page = self.url_open("/my/payment-plans").text
        self.assertIn(self.offer.name, page)
        self.assertIn("To be answered", page)
        self.assertNotIn(draft.name, page)
        self.assertIn("Our offer", self.shown(self.url_open(self.offer.access_url)))
        self.assertFalse(self.shown(self.url_open(draft.access_url)))
        counts = self.make_jsonrpc_request("/my/counters", {"counters": ["payment_plan_count"]})
        self.assertEqual(counts["payment_plan_count"], 1)
        self.authenticate("stranger", "stranger")
        self.assertIn("You have no payment plan", self.url_open("/my/payment-plans").text)
        self.assertFalse(self.shown(self.url_open(self.offer.access_url)))
        counts = self.make_jsonrpc_request("/my/counters", {"counters": ["payment_plan_count"]})
        self.assertEqual(counts["payment_plan_count"], 0)

    def test_portal_users_read_nothing_behind_the_page(self):
        user = self.portal_user("brandon", self.debtor)
        for model in ("dunning.payment.plan", "dunning.installment", "dunning.payment.plan.item"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(user).search([])

    def test_dunning_users_look_by_login_others_do_not(self):
        for login, groups, sees in (
            ("accountant.plans", "dunning_advanced.group_user", True),
            ("clerk.plans", "base.group_user", False),
        ):
            self.make_user(login, groups)
            self.authenticate(login, login)
            page = self.shown(self.url_open(self.offer.access_url))
            self.assertEqual(bool(page), sees, login)
        self.assertEqual(self.offer.action_customer_page()["url"], self.offer.access_url)


class TestPlanAnswer(PortalCase):
    changed = "has changed since you opened it"

    def subjects(self):
        """What went out about the offer, to the customer and to the responsible."""
        domain = [("model", "=", "dunning.payment.plan"), ("res_id", "=", self.offer.id)]
        return [mail.subject or "" for mail in self.env["mail.mail"].search(domain)]

    def test_sign(self):
        answer = self.sign()
        self.assertTrue(answer["force_refresh"])
        plan = self.offer
        self.assertEqual(
            (plan.state, plan.signed_by, plan.accepted_channel, plan.date_start),
            ("running", "Brandon Freeman", "portal", self.today()),
        )
        self.assertTrue(plan.signature)
        self.assertTrue(plan.signed_on)
        message = plan.message_ids.filtered(lambda m: m.message_type == "comment")
        self.assertIn("Accepted online by Brandon Freeman", message.body)
        self.assertEqual(message.author_id, self.debtor)
        self.assertEqual(message.attachment_ids, plan.attachment_id)
        self.assertEqual(plan.attachment_id.mimetype, "application/pdf")
        self.assertIn(self.marc.partner_id, message.notified_partner_ids)
        page = self.shown(self.url_open(answer["redirect_url"]))
        self.assertIn("Thank you. Your payment plan is agreed.", page)
        self.assertIn("Accepted by Brandon Freeman", page)

    def test_accept_by_name(self):
        page = self.shown(self.accept())
        self.assertIn("Thank you. Your payment plan is agreed.", page)
        self.assertEqual((self.offer.state, self.offer.signed_by), ("running", "Brandon Freeman"))
        self.assertFalse(self.offer.signature)

    def test_answers_that_miss_something(self):
        for form, words in (
            ({"agreed": ""}, "Please tick"),
            ({"name": "  "}, "enter your name"),
            ({"name": "x" * 200}, "enter your name"),
            ({"mark": ""}, self.changed),
        ):
            self.assertIn(words, self.shown(self.accept(**form)))
        self.assertIn("tell us why", self.shown(self.post("/decline", reason=" ")))
        self.assertEqual(self.offer.state, "offered")

    def test_what_is_no_signature(self):
        svg = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="
        for bad in (
            None,
            "",
            "no base64!",
            "aGVsbG8=",
            svg,
            picture("JPEG"),
            picture(drawn=False),
            SIGNATURE + "A" * 1_000_000,
            {"a": 1},
        ):
            self.assertIn("please sign again", self.sign(signature=bad)["error"])
        self.assertEqual(self.offer.state, "offered")

    def test_nobody_answers_twice(self):
        self.accept()
        mails = self.subjects()
        self.assertIn("answered already", self.sign()["error"])
        self.assertIn("answered already", self.shown(self.accept(name="Eve")))
        self.assertIn("answered already", self.shown(self.post("/decline", reason="no")))
        self.assertEqual((self.offer.state, self.offer.signed_by), ("running", "Brandon Freeman"))
        self.assertEqual(self.subjects(), mails)

    def test_offer_that_is_over(self):
        self.at(15)
        self.assertIn("was valid until 06/17/2024", self.page())
        self.assertNotIn("Accept and sign", self.page())
        self.assertIn("was valid until 06/17/2024", self.sign()["error"])
        self.assertIn("was valid until 06/17/2024", self.shown(self.accept()))
        self.assertEqual(self.offer.state, "offered")

    def test_last_day_is_that_of_the_company(self):
        self.company.dunning_tz = "America/New_York"
        self.now.move_to("2024-06-18 02:00:00")
        self.assertIn("agreed", self.shown(self.accept()))
        self.assertEqual(str(self.offer.date_start), "2024-06-17")

    def test_changed_since_the_page_was_opened(self):
        mark = self.offer._terms_mark()
        self.offer.action_draft()
        self.offer.number = 5
        self.offer.action_offer()
        self.assertIn(self.changed, self.sign(mark=mark)["error"])
        self.assertIn(self.changed, self.shown(self.accept(mark=mark)))
        self.assertEqual(self.offer.state, "offered")
        self.accept()
        self.assertEqual(self.offer.state, "running")

    def test_decline(self):
        hostile = "Too much: <script>alert(1)</script> rather 50 a month"
        page = self.shown(self.post("/decline", reason=hostile))
        self.assertIn("You have declined this plan", page)
        plan = self.offer
        self.assertEqual((plan.state, plan.decline_reason), ("cancelled", hostile))
        self.assertFalse(plan.hold_id.active)
        message = plan.message_ids.filtered(lambda m: m.message_type == "comment")
        self.assertIn("&lt;script&gt;", message.body)
        self.assertIn(self.marc.partner_id, message.notified_partner_ids)
        activity = self.case().activity_ids
        self.assertIn("was declined: talk to the customer", activity.summary)
        self.assertEqual(activity.user_id, self.marc)
        self.assertNotIn("cancelled", " ".join(self.subjects()))

    def test_what_stands_in_the_way_is_told_to_us(self):
        plan = self.offer
        with patch.object(type(plan), "_take_over", side_effect=UserError("Invoice is disputed.")):
            page = self.shown(self.accept())
        self.assertIn("Something has changed on our side", page)
        self.assertNotIn("disputed", page)
        self.assertEqual(plan.state, "offered")
        self.assertTrue(plan.message_ids.filtered(lambda m: "Invoice is disputed." in m.body))
        self.assertIn("cannot be accepted online", self.case().activity_ids.summary)

    def test_forms_need_their_session(self):
        answer = self.accept(csrf_token="wrong")
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.offer.state, "offered")
