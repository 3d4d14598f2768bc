from datetime import timedelta

from odoo.fields import Domain

from ..common import DAY
from ..plan.common import PlanCase

# Values that are asked for besides those that records have.
OTHERS = {
    "boolean": [True, False],
    "date": [DAY, DAY + timedelta(days=10), False],
    "char": [False],
    "selection": [False],
    "many2one": [False],
}
# Searches that find less than is shown, by what their field says.
NARROWER = {
    ("dunning.case", "next_date"): "only tasks are found, not the day of the next level",
}


class TestSearches(PlanCase):
    """Every field with a search of its own finds what it shows, and its negation the rest."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_debtor("Gemini Furniture")
        cls.new = cls.make_debtor("Deco Addict")
        cls.env["dunning.rule"].create(
            {
                "name": "Geminis",
                "partner_domain": [("id", "=", cls.other.id)],
                "policy_id": cls.policy.id,
            }
        )
        cls.env["dunning.behavior"].sudo().create(
            {"partner_id": cls.other.id, "company_id": cls.company.id, "grade": "B", "date": DAY}
        )

    def setUp(self):
        super().setUp()
        self.reminded = self.invoice(10)
        self.later = self.invoice(20, debtor=self.other)
        self.fresh = self.invoice(-20, debtor=self.new)
        run = self.remind()
        self.set_level(self.later, self.last)
        second = self.remind(DAY + timedelta(days=15))
        second.notice_ids[:1]._cancel("wrong customer")
        self.assertIn("cancelled", (run | second).notice_ids.mapped("state"))
        self.invoice(30, 5000, debtor=self.new)
        self.run_at(DAY + timedelta(days=16))
        plan = self.running(self.reminded)
        self.at(40)
        plan.sudo()._update_state(DAY + timedelta(days=40))

    def set_level(self, invoice, level):
        items = invoice.line_ids.filtered("date_maturity")
        self.env["dunning.line"]._set_level(items, level, DAY, "as agreed")

    def searched_fields(self):
        for model in self.env.registry.values():
            if model._abstract or model._transient:
                continue
            for field in model._fields.values():
                own = field._modules and "dunning_advanced" in field._modules
                if own and field.search and not field.related and not field.store:
                    yield self.env[model._name], field

    def test_finds_what_is_shown_and_the_rest(self):
        found = list(self.searched_fields())
        self.assertGreater(len(found), 10)
        for model, field in found:
            records = self.records(model)
            self.assertTrue(records, model._name)
            for value in self.values(records, field):
                with self.subTest(f"{model._name}.{field.name}", value=value):
                    self.check(records, field, value)

    def records(self, model):
        """Those of this test; there are customers and invoices of others in the database."""
        own = {
            "res.partner": Domain("id", "in", (self.debtor | self.other | self.new).ids),
            "account.move": Domain("company_id", "=", self.company.id),
            "account.move.line": Domain("company_id", "=", self.company.id)
            & Domain("account_type", "=", "asset_receivable"),
        }
        return model.search(own.get(model._name, Domain.TRUE))

    def values(self, records, field):
        shown = {self.raw(record, field) for record in records}
        if field.name == "warning":
            shown = set(records._warning_domains())
        return sorted(shown | set(OTHERS[field.type]), key=repr)

    def raw(self, record, field):
        value = record[field.name]
        return value.id if field.type == "many2one" else value

    def search(self, records, *leaf, negated=False):
        domain = Domain(*leaf)
        return records.search(Domain("id", "in", records.ids) & (~domain if negated else domain))

    def check(self, records, field, value):
        name = field.name
        match = self.search(records, name, "in", [value])
        rest = records - match
        if (records._name, name) not in NARROWER:
            self.assertEqual(match, records.filtered(lambda one: self.shows(one, field, value)))
        self.assertEqual(self.search(records, name, "not in", [value]), rest)
        self.assertEqual(self.search(records, name, "=", value), match)
        self.assertEqual(self.search(records, name, "!=", value), rest)
        self.assertEqual(self.search(records, name, "in", [value], negated=True), rest)
        self.assertEqual(self.search(records, name, "not in", [value], negated=True), match)
        self.assertEqual(self.search(records, name, "in", []), records.browse())
        self.assertEqual(self.search(records, name, "not in", []), records)
        if field.type == "date" and value:
            self.check_order(records, name, value)

    def shows(self, record, field, value):
        if field.name == "warning":
            codes = record.filtered_domain(record._warning_domains().get(value, Domain.FALSE))
            return bool(codes) if value else not record.warning
        return self.raw(record, field) == value

    def check_order(self, records, name, value):
        before = self.search(records, name, "<", value)
        on = self.search(records, name, "=", value)
        after = self.search(records, name, ">", value)
        self.assertEqual(self.search(records, name, "<=", value), before | on)
        self.assertEqual(self.search(records, name, ">=", value), on | after)
        self.assertFalse(before & after)
        self.assertEqual(self.search(records, name, "<", value, negated=True), records - before)
