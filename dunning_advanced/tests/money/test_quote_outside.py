import xmlrpc.client
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import HttpCase, get_db_name, new_test_user
from odoo.tools import mute_logger

from ..common import DunningCommon

DEBT = ["DE", True, "10000.00", "2024-11-30", "2025-03-31"]


class TestQuoteOutside(DunningCommon, HttpCase):
    """Other programs ask what a debt has come to, by each door that Odoo has for them."""

    def setUp(self):
        super().setUp()
        self.asker = new_test_user(
            self.env,
            "till.system",
            "dunning_advanced.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.login = (get_db_name(), self.asker.id, "till.system")

    def xmlrpc(self, *args, **kwargs):
        call = self.xmlrpc_object.execute_kw
        return call(*self.login, "dunning.interest.rule", "quote", args, kwargs)

    def jsonrpc(self, *args, **kwargs):
        """The whole answer, be it an error."""
        params = [*self.login, "dunning.interest.rule", "quote", args, kwargs]
        answer = self.url_open(
            "/jsonrpc",
            json={
                "jsonrpc": "2.0",
                "method": "call",
                "params": {"service": "object", "method": "execute_kw", "args": params},
            },
        )
        self.assertEqual(answer.status_code, 200)
        return answer.json()

    def check(self, quote):
        self.assertEqual((quote["interest"], quote["fixed_sum"]), (382.66, 40))
        self.assertEqual((quote["total_open"], quote["currency"]), (10422.66, "EUR"))
        self.assertIn("BGB", quote["citation"])
        self.assertEqual(
            [(row["date_from"], row["date_to"], row["rate"]) for row in quote["segments"]],
            [("2024-12-01", "2024-12-31", 12.37), ("2025-01-01", "2025-03-31", 11.27)],
        )
        self.assertAlmostEqual(sum(row["amount"] for row in quote["segments"]), 382.66, 2)

    def test_xml_rpc(self):
        self.check(self.xmlrpc(*DEBT))
        paid = self.xmlrpc(*DEBT, payments=[["2025-02-28", 10422.66]], currency_code="EUR")
        self.assertEqual(paid["principal_open"], 0)
        self.assertGreater(paid["excess"], 0)

    def test_json_rpc(self):
        self.check(self.jsonrpc(*DEBT)["result"])
        paid = self.jsonrpc(*DEBT, payments=[["2025-01-31", "2000.10"]])["result"]
        self.assertEqual(len(paid["segments"]), 3)

    def test_json_of_today(self):
        names = ("country_code", "business", "principal", "due", "until")
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        keys = self.env["res.users.apikeys"].with_user(self.asker)
        key = keys._generate("rpc", "till", tomorrow)
        answer = self.url_open(
            "/json/2/dunning.interest.rule/quote",
            json=dict(zip(names, DEBT, strict=True)),
            headers={"Authorization": f"Bearer {key}"},
        )
        self.assertEqual(answer.status_code, 200, answer.text)
        self.check(answer.json())

    @mute_logger("odoo.http", "odoo.addons.rpc.controllers.xmlrpc")
    def test_what_is_wrong_is_told_in_words(self):
        with self.assertRaisesRegex(xmlrpc.client.Fault, "“XX” is not the code of a country"):
            self.xmlrpc("XX", *DEBT[1:])
        error = self.jsonrpc("DE", True, "ten", *DEBT[3:])["error"]["data"]
        self.assertEqual(error["name"], "odoo.exceptions.UserError")
        self.assertIn("“ten” is not an amount", error["message"])
