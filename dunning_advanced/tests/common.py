from datetime import date, timedelta

from odoo import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.tests.common import BaseCommon

from . import prepared

DAY = date(2024, 6, 3)  # a Monday; the day on which most tests run dunning


@tagged("post_install", "-at_install")
class DunningCommon(AccountTestInvoicingCommon):
    """A company with the ready policy: -3, 5, 19 and 33 days after the due date."""

    # whether invoices keep the day on which they are posted or sent, by the real clock
    keeps_days = False

    @classmethod
    def setUpClass(cls):
        if prepared.is_kept():
            # beginning above the classes that would make the accounting again
            super(BaseCommon, cls).setUpClass()
            prepared.restore(cls)
        else:
            super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref("dunning_advanced.group_manager")
        # buttons and rights are tested as the users who press them
        cls.env = cls.env(su=True)
        cls.company = cls.company_data["company"]
        # customers have had the invoices of tests for long
        if not cls.keeps_days:
            cls.classPatch(cls.registry["account.move"], "_dunning_keep_day", lambda _moves: None)
        # tests stop the clock at midnight in UTC
        cls.company.dunning_tz = "UTC"
        cls.policy = cls.env.ref("dunning_advanced.policy_standard")
        cls.before, cls.first, cls.second, cls.last = cls.policy.level_ids.sorted("days")
        cls.debtor = cls.make_debtor("Azure Interior")

    @classmethod
    def setup_other_company(cls, **values):
        """Another company, with the clock of the first."""
        data = super().setup_other_company(**values)
        data["company"].dunning_tz = "UTC"
        return data

    @classmethod
    def make_debtor(cls, name, **values):
        """A customer company with an e-mail and no postal address."""
        email = f"{name.split()[0].lower()}@example.com"
        return cls.env["res.partner"].create(
            {"name": name, "is_company": True, "email": email, "lang": "en_US", **values}
        )

    @classmethod
    def add_rate(cls, code, rate, day="2020-01-01"):
        """A currency that is worth 1/rate of the company's."""
        currency = cls.env.ref(f"base.{code}")
        currency.active = True
        cls.env["res.currency.rate"].create(
            {
                "name": day,
                "currency_id": currency.id,
                "company_id": cls.company.id,
                "company_rate": rate,
            }
        )
        return currency

    @classmethod
    def invoice(cls, days, amount=100.0, debtor=None, kind="out_invoice", currency=None, **values):
        """A posted invoice that is due ``days`` before DAY (negative: after it)."""
        due = DAY - timedelta(days=days)
        move = cls.env["account.move"].create(
            {
                "move_type": kind,
                "partner_id": (debtor or cls.debtor).id,
                "invoice_date": due - timedelta(days=30),
                "date": due - timedelta(days=30),
                "invoice_date_due": due,
                "currency_id": (currency or cls.company.currency_id).id,
                "is_move_sent": True,
                "invoice_line_ids": [
                    Command.create({"name": "work", "price_unit": amount, "tax_ids": []})
                ],
                **values,
            }
        )
        move.action_post()
        return move

    @classmethod
    def pay(cls, debtor, amount, days=0, invoices=None):
        """A payment ``days`` before DAY; on account unless invoices are given."""
        payment = cls.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": debtor.id,
                "amount": amount,
                "date": DAY - timedelta(days=days),
                "journal_id": cls.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        if invoices:
            (payment.move_id | invoices).line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            ).reconcile()
        return payment

    def invoice_of(self, company, amount):
        """A posted invoice of another company, due since the first of January."""
        move = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.debtor.id,
                    "invoice_date": "2024-01-01",
                    "invoice_date_due": "2024-01-01",
                    "invoice_line_ids": [
                        Command.create({"name": "work", "price_unit": amount, "tax_ids": []})
                    ],
                }
            )
        )
        move.action_post()
        return move

    @classmethod
    def make_user(cls, login, groups, company=None):
        """A user of one company, with an e-mail address."""
        company = company or cls.company
        return new_test_user(
            cls.env,
            login,
            groups,
            name=login.split(".")[0].title(),
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
            email=f"{login}@example.com",
        )

    def run_at(self, day=DAY, **values):
        """A proposed run of the company."""
        run = self.env["dunning.run"].create({"company_id": self.company.id, "date": day, **values})
        run._propose()
        return run

    def remind(self, day=DAY):
        """Propose, issue everything and say that it was delivered."""
        run = self.run_at(day)
        notices = run.notice_ids
        notices.write({"state": "confirmed"})
        notices._issue(day)
        self.assertFalse(notices.filtered("error"), notices.mapped("error"))
        notices.delivery_ids._succeed()
        return run

    def decisions(self, run):
        """Decision by invoice."""
        return {line.move_id: line.verdict for line in run.line_ids}
