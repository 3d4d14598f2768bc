from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import UserError

from ..common import DAY, DunningCommon

HALF_YEARS = [
    (date(year, month, 1), date(year, month + 5, 30 if month == 1 else 31))
    for year in range(2016, 2027)
    for month in (1, 7)
]


class ChargeCommon(DunningCommon):
    """The ready policy with a fee of 5 at the first level, 10 at the second."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.germany = cls.env.ref("base.de")
        cls.debtor.country_id = cls.germany
        cls.five = cls.make_fee(5)
        cls.ten = cls.make_fee(10)
        cls.statutory = cls.env.ref("dunning_advanced.fee_statutory")
        cls.first.fee_ids = cls.five
        cls.second.fee_ids = cls.ten
        cls.income = cls.company_data["default_account_revenue"]

    @classmethod
    def make_fee(cls, amount, **values):
        return cls.env["dunning.fee"].create(
            {
                "name": f"Fee of {amount}",
                "kind": "fixed",
                "amount": amount,
                "currency_id": cls.company.currency_id.id,
                **values,
            }
        )

    @classmethod
    def make_person(cls, name, country):
        return cls.make_debtor(name, is_company=False, country_id=cls.env.ref(country).id)

    def notice_at(self, day=DAY):
        """The one reminder that goes out on a day."""
        return self.remind(day).notice_ids.filtered(lambda notice: notice.state == "issued")

    def open_charges(self, notice):
        """Kind and amount of what is charged."""
        charges = notice.charge_ids.filtered(lambda charge: charge.state == "open")
        return sorted((charge.kind, charge.amount) for charge in charges)

    def receive(self, amount, *moves):
        """Today's payment of these invoices, in their currency."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": moves[0].partner_id.id,
                "amount": amount,
                "currency_id": moves[0].currency_id.id,
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        booked = payment.move_id.union(*moves)
        booked.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()


class MoneyCase(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rules = cls.env["dunning.interest.rule"]

    def ref(self, name):
        return self.env.ref(f"dunning_advanced.{name}")

    def refused(self, words, error=UserError):
        return self.assertRaisesRegex(error, words)

    def refused_by_database(self, constraint):
        """Odoo shows the message of the constraint instead of this error."""
        return self.assertRaisesRegex(IntegrityError, constraint)
