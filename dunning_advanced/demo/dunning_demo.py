import csv
from dataclasses import dataclass, field

from odoo import Command, api, fields, models
from odoo.tools import file_open

LANGUAGES = ("fr_FR", "de_DE", "nl_NL", "es_ES", "it_IT", "en_GB")
# What one US dollar was worth; only the proportions matter.
RATES = {"USD": 1.0, "EUR": 0.92, "GBP": 0.79, "CHF": 0.88}
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_activity_quick_update": True,
}


@dataclass
class Customer:
    """One customer of the demo: its row of customers.csv and what was made of it."""

    number: int
    row: dict
    partner: models.Model
    invoices: list = field(default_factory=list)

    @property
    def story(self):
        return self.row["story"]


class DunningDemo(models.AbstractModel):
    """Demo data: customers in seven countries, their ledger and its reminders.

    All dates are relative to the day that is given, all choices follow from
    the table of customers: the same day gives the same data.
    """

    _name = "dunning.demo"
    _description = "Dunning Demo Data"

    @api.model
    def _load(self, company, today):
        """Make the demo data of a company.

        :param company: res.company; gets the generic chart if it has none
        :param today: date up to which the story is told
        :return: dunning.run that is open for review
        """
        demo = self.with_company(company).with_context(**QUIET)
        if not company.chart_template:
            self.env["account.chart.template"].try_loading("generic_coa", company)
        demo._prepare(today)
        customers = demo._create_customers()
        demo._create_invoices(customers, today)
        demo._analyze()
        payments = demo._create_payments(customers, today)
        demo._analyze()
        demo._make_stories(customers, today)
        return demo._make_past(customers, payments, today)

    @api.model
    def _analyze(self):
        """Tell PostgreSQL how much is in the ledger.

        What others see of it is empty until this transaction ends. If their
        statistics are taken meanwhile, Odoo's query of the payments of invoices
        takes hours. Ours are right, and as long as this transaction lasts nobody
        else can take any.
        """
        self.env.flush_all()
        self.env.cr.execute(
            "ANALYZE account_move, account_move_line, account_payment,"
            " account_partial_reconcile, account_move__account_payment, res_partner"
        )

    # What is there before the first invoice

    @api.model
    def _prepare(self, today):
        company = self.env.company
        for code in LANGUAGES:
            self.env["res.lang"]._activate_lang(code)
        # Odoo translates a module after its demo data: too late for what was sent before.
        self.env["ir.module.module"]._load_module_terms(["dunning_advanced"], LANGUAGES)
        for code in ("EUR", "GBP", "USD"):
            self._add_rate(self.env.ref(f"base.{code}"), today)
        company.dunning_user_id = self.env.ref("base.user_admin")
        policy = self._create_policy()
        self._create_rules(policy, self._create_charging_policy(today))

    @api.model
    def _add_rate(self, currency, today):
        company = self.env.company
        currency.active = True
        if currency == company.currency_id:
            return
        own = RATES.get(company.currency_id.name, 1.0)
        self.env["res.currency.rate"].create(
            {
                "name": fields.Date.subtract(today, years=2),
                "currency_id": currency.id,
                "company_id": company.id,
                "company_rate": RATES[currency.name] / own,
            }
        )

    @api.model
    def _create_policy(self):
        """A patient policy for key accounts, always reviewed by a person."""
        texts = [self.env.ref(f"dunning_advanced.mail_template_level_{n}") for n in range(4)]
        levels = [("Heads-up", -5), ("Friendly note", 10), ("Reminder", 30), ("Talk to us", 50)]
        return self.env["dunning.policy"].create(
            {
                "name": "Key accounts",
                "sequence": 20,
                "company_id": self.env.company.id,
                "currency_id": self.env.company.currency_id.id,
                "level_ids": [
                    Command.create(
                        {
                            "name": name,
                            "days": days,
                            "mail_template_id": text.id,
                            "minimum_amount": 50,
                            "pay_within": 14,
                        }
                    )
                    for (name, days), text in zip(levels, texts, strict=True)
                ],
            }
        )

    @api.model
    def _create_charging_policy(self, today):
        """The standard ladder with what the law gives: fixed sums, interest, and a fee."""
        company = self.env.company
        fee = self.env["dunning.fee"].create(
            {
                "name": "Reminder fee",
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "amount": 6,
                "amount_ids": [
                    Command.create({"currency_id": self.env.ref("base.EUR").id, "amount": 5})
                ],
            }
        )
        product = self.env.ref("dunning_advanced.product_fee")
        for code in LANGUAGES:  # customers read it
            fee.with_context(lang=code).name = product.with_context(lang=code).name
        statutory = self.env.ref("dunning_advanced.fee_statutory")
        policy = self.env.ref("dunning_advanced.policy_standard").copy(
            {"name": "With charges", "sequence": 30, "company_id": company.id}
        )
        policy.charge_mode = "posted"
        _before, _first, second, last = policy.level_ids.sorted("days")
        second.fee_ids = statutory
        last.fee_ids = fee
        # Nothing is charged with a rate that nobody has entered yet.
        rates = self.env.ref("dunning_advanced.reference_ecb").rate_ids
        last.charge_interest = max(rates.mapped("date_to")) >= today
        return policy

    @api.model
    def _create_rules(self, policy, charging):
        company = self.env.company
        marc = self.env.ref("base.user_demo", raise_if_not_found=False)
        shared = {"company_id": company.id, "user_id": (marc or self.env.user).id}
        standard = self.env.ref("dunning_advanced.policy_standard")
        members = self.env.ref("base.user_admin") | (marc or self.env["res.users"])
        team = self.env["dunning.team"].create({"name": "Receivables", "member_ids": members.ids})
        self.env["dunning.rule"].create(
            [
                {
                    "name": "Key accounts: a person looks first",
                    "sequence": 1,
                    "company_id": company.id,
                    "category_ids": [Command.link(self._tag("Key account").id)],
                    "policy_id": policy.id,
                    "approval": True,
                },
                {
                    **shared,
                    "name": "Germany and the Netherlands, with charges",
                    "sequence": 2,
                    "country_ids": [
                        Command.link(self.env.ref(f"base.{c}").id) for c in ("de", "nl")
                    ],
                    "policy_id": charging.id,
                },
                {
                    "name": "Large and old debts: a person looks first",
                    "sequence": 3,
                    "company_id": company.id,
                    "policy_id": standard.id,
                    "team_id": team.id,
                    "amount_from": 5_000,
                    "days_from": 30,
                    "approval": True,
                },
                {
                    "name": "Everybody else, shared by the team",
                    "sequence": 4,
                    "company_id": company.id,
                    "policy_id": standard.id,
                    "team_id": team.id,
                },
            ]
        )

    @api.model
    def _tag(self, name):
        tags = self.env["res.partner.category"]
        return tags.search([("name", "=", name)], limit=1) or tags.create({"name": name})

    # Customers

    @api.model
    def _create_customers(self):
        with file_open("dunning_advanced/demo/customers.csv") as file:
            rows = list(csv.DictReader(file))
        partners = self.env["res.partner"].create([self._customer_values(row) for row in rows])
        return [
            Customer(number, row, partner)
            for number, (row, partner) in enumerate(zip(rows, partners, strict=True))
        ]

    @api.model
    def _customer_values(self, row):
        keep = ("ref", "name", "lang", "street", "zip", "city", "phone", "email")
        values = {name: row[name] for name in keep}
        values.update(
            is_company=True,
            country_id=self.env.ref(f"base.{self._country_xmlid(row['country'])}").id,
            property_payment_term_id=self._term(row).id,
            child_ids=[Command.create(contact) for contact in self._contacts(row)],
        )
        if row["tag"]:
            values["category_id"] = [Command.link(self._tag(row["tag"]).id)]
        return values

    @api.model
    def _country_xmlid(self, code):
        return {"GB": "uk"}.get(code, code.lower())

    @api.model
    def _contacts(self, row):
        """The contacts for invoices and for reminders, where a customer has them."""
        if row["invoice_email"]:
            yield {
                "type": "invoice",
                "name": "Accounts payable",
                "email": row["invoice_email"],
                "lang": row["lang"],
            }
        if row["dunning_name"]:
            yield {
                "type": "dunning",
                "name": row["dunning_name"],
                "email": row["dunning_email"],
                "lang": row["lang"],
            }

    @api.model
    def _term(self, row):
        if row["story"] == "installments":
            return self._term_in_installments()
        return self.env.ref(f"account.account_payment_term_{row['terms']}days")

    @api.model
    def _term_in_installments(self):
        return self.env["account.payment.term"].create(
            {
                "name": "30% now, 30% in 30 days, 40% in 60 days",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": part, "nb_days": days})
                    for part, days in ((30, 0), (30, 30), (40, 60))
                ],
            }
        )
