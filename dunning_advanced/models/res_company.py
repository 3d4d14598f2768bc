from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.image import image_data_uri

from odoo.addons.base.models.res_partner import _tz_get

from ..tools import zones


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_policy_id = fields.Many2one(
        "dunning.policy",
        string="Default dunning policy",
        help="For customers for whom nothing else is said. Empty: the first policy.",
    )
    dunning_user_id = fields.Many2one(
        "res.users", string="Dunning responsible", domain=[("share", "=", False)]
    )
    dunning_nightly = fields.Boolean(
        string="Propose reminders every night",
        default=True,
        help="Levels that go out without review are also sent; all others wait for somebody.",
    )
    dunning_tz = fields.Selection(
        _tz_get,
        string="Time zone of dunning",
        compute="_compute_dunning_tz",
        store=True,
        readonly=False,
        recursive=True,
        help="Decides which day it is, for all dates of dunning: whoever works on them, from "
        "wherever. That of the company's address unless changed.",
    )
    dunning_hour = fields.Float(
        string="Hour of the night work",
        default=5.0,
        help="When promises, plans and holds are looked at and reminders are proposed, once a "
        "day, by the clock of the company.",
    )
    dunning_retention = fields.Integer(
        string="Keep stopped items for (days)",
        default=180,
        help="Why an item was not reminded is kept so long; reminders are kept for ever. "
        "0: keep everything.",
    )
    dunning_law = fields.Selection(
        [("customer", "Country of the customer"), ("company", "Country of the company")],
        string="Law for businesses",
        required=True,
        default="customer",
        help="Whose interest rules and compensation hold for business customers. For consumers "
        "those of the country where they live hold in any case.",
    )
    dunning_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of charges",
        domain=[("type", "=", "sale")],
        check_company=True,
    )
    dunning_fee_product_id = fields.Many2one(
        "product.product", string="Product for fees", check_company=True
    )
    dunning_fixed_product_id = fields.Many2one(
        "product.product", string="Product for compensation", check_company=True
    )
    dunning_interest_product_id = fields.Many2one(
        "product.product", string="Product for interest", check_company=True
    )
    dunning_high_amount = fields.Monetary(
        string="High first reminder",
        default=10_000,
        help="A first reminder of this amount or more is pointed out in the review. 0: never.",
    )
    dunning_key_category_id = fields.Many2one(
        "res.partner.category",
        string="Tag of key customers",
        help="Reminders of customers with this tag are pointed out in the review.",
    )
    dunning_bank_days = fields.Integer(
        string="Bank lines wait for (days)",
        default=7,
        help="Bank lines that are not reconciled for longer are pointed out in the review. "
        "0: never.",
    )
    dunning_bank_age = fields.Integer(
        string="Bank transactions are up to date for (days)",
        default=3,
        help="When the newest bank transaction is older, customers may have paid without "
        "anybody knowing: reminders are proposed at night, but nothing goes out by itself. "
        "0: it always does.",
    )
    dunning_promise_tolerance = fields.Integer(
        string="Tolerance for promises (days)",
        default=3,
        help="A promise is broken when so many days after its date the money is not there.",
    )
    dunning_promise_days = fields.Integer(
        string="Promises at most (days ahead)",
        default=30,
        help="Whoever needs longer gets a payment plan.",
    )
    dunning_promise_thanks = fields.Boolean(
        string="Thank for kept promises", default=True, help="By e-mail, when the money is there."
    )
    dunning_behavior_months = fields.Integer(
        string="Payments of the last (months)",
        default=24,
        help="Payments and promises that are older say nothing any more.",
    )
    dunning_behavior_grace = fields.Integer(
        string="Tolerance for payments (days)",
        default=3,
        help="Banks need time: paid so many days after the due date is still on time.",
    )
    dunning_behavior_minimum = fields.Integer(
        string="New customer below (invoices)",
        default=3,
        help="With fewer invoices that were paid or are overdue, nothing is said about a customer.",
    )
    dunning_grade_b = fields.Integer(string="Class B from (points)", default=10)
    dunning_grade_c = fields.Integer(string="Class C from (points)", default=30)
    dunning_grade_d = fields.Integer(string="Class D from (points)", default=55)
    dunning_grade_e = fields.Integer(string="Class E from (points)", default=85)
    dunning_credit_block = fields.Boolean(
        string="Credit hold stops invoices",
        help="Only dunning managers may post invoices of customers on credit hold. What Odoo "
        "posts by itself, such as recurring invoices, is posted all the same.",
    )
    dunning_agency_id = fields.Many2one(
        "res.partner",
        string="Usual collection agency",
        help="Proposed when items are handed over.",
    )
    dunning_writeoff_account_id = fields.Many2one(
        "account.account",
        string="Account for bad debts",
        domain=[("account_type", "in", ("expense", "expense_direct_cost", "expense_other"))],
        check_company=True,
        help="Debited with what is written off. Taxes are not corrected by that: whether you may "
        "reclaim them, and how, depends on your country and is booked by your accountant.",
    )
    dunning_writeoff_journal_id = fields.Many2one(
        "account.journal",
        string="Journal for write-offs",
        domain=[("type", "=", "general")],
        check_company=True,
    )
    dunning_writeoff_limit = fields.Monetary(
        string="Write-offs with two people above",
        default=1_000,
        help="Above this amount a write-off is approved by another manager than who proposed it.",
    )
    dunning_plan_months = fields.Integer(
        string="Payment plans at most (months)",
        default=12,
        help="From the agreement to the last installment. 0: no limit.",
    )
    dunning_plan_minimum = fields.Monetary(
        string="Smallest installment",
        default=25,
        help="The last installment may be smaller. 0: no limit.",
    )
    dunning_plan_approval = fields.Monetary(
        string="Payment plans need approval above",
        default=10_000,
        help="A dunning manager approves plans over more than that. 0: none needs approval.",
    )
    dunning_plan_valid = fields.Integer(
        string="Offers are valid for (days)",
        default=14,
        help="Until then the customer may accept a payment plan, and reminders wait.",
    )
    dunning_plan_remind = fields.Integer(
        string="Remind of installments (days before)",
        default=3,
        help="By e-mail, so many days before each installment. 0: not at all.",
    )
    dunning_plan_tolerance = fields.Integer(
        string="Tolerance for installments (days)",
        default=5,
        help="An installment that is not there so many days after its date puts the plan in "
        "arrears.",
    )
    dunning_plan_cure = fields.Integer(
        string="Time to make up for it (days)",
        default=14,
        help="A plan that is in arrears for longer is put before somebody, who decides whether "
        "it ends.",
    )
    dunning_plan_thanks = fields.Boolean(
        string="Thank for completed plans", default=True, help="By e-mail, when all is paid."
    )

    _dunning_behavior_window = models.Constraint(
        "CHECK (dunning_behavior_months > 0 AND dunning_behavior_grace >= 0)",
        "Payment behavior needs at least one month to look at, and no negative tolerance.",
    )

    _dunning_grades_in_order = models.Constraint(
        "CHECK (0 < dunning_grade_b AND dunning_grade_b < dunning_grade_c"
        " AND dunning_grade_c < dunning_grade_d AND dunning_grade_d < dunning_grade_e)",
        "The classes of payment behavior follow each other: B begins above 0 points, C above B, "
        "D above C and E above D.",
    )

    _dunning_hour_of_a_day = models.Constraint(
        "CHECK (dunning_hour >= 0 AND dunning_hour < 24)",
        "The hour of the night work is between 0:00 and 23:59.",
    )

    _dunning_plan_limits = models.Constraint(
        "CHECK (dunning_plan_months >= 0 AND dunning_plan_minimum >= 0"
        " AND dunning_plan_approval >= 0 AND dunning_plan_remind >= 0"
        " AND dunning_plan_tolerance >= 0 AND dunning_plan_cure >= 0 AND dunning_plan_valid > 0)",
        "Limits of payment plans cannot be negative, and an offer is valid for a day at least.",
    )

    # not the fields of the company itself: they are computed anew with each line of the address
    @api.depends("partner_id.country_id", "partner_id.state_id", "parent_id.dunning_tz")
    def _compute_dunning_tz(self):
        """A branch follows its company, others the clocks of their address."""
        for company in self:
            address = company.partner_id
            company.dunning_tz = company.parent_id.dunning_tz or zones.zone_of(
                address.country_id.code, address.state_id.code
            )

    def _dunning_clock(self):
        """What the clocks of the company show.

        :return: naive datetime
        """
        self.ensure_one()
        return zones.local(fields.Datetime.now(), self.sudo().dunning_tz)

    def _dunning_today(self):
        """The day that it is in the company, wherever the server or the user may be: the
        one source of "today" for every date of dunning.

        :return: datetime.date
        """
        return self._dunning_clock().date()

    @api.model
    def _dunning_days(self):
        """The days that it is in any company, with their companies, to search by.

        :return: dictionary of res.company by date
        """
        return self._dunning_all().grouped(lambda company: company._dunning_today())

    @api.model
    def _dunning_today_sql(self, company):
        """The day that it is in the company of a row.

        :param company: column with the id of the company, as SQL
        :return: SQL of a date
        """
        return self._dunning_case_sql(company, self._dunning_days())

    @api.model
    def _dunning_day_sql(self, company, moment):
        """The day of a moment in the company of a row.

        :param company: column with the id of the company, as SQL
        :param moment: SQL of a timestamp in UTC
        :return: SQL of a date
        """
        zone = self._dunning_case_sql(
            company, self._dunning_all().grouped(lambda own: zones.known(own.dunning_tz))
        )
        return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", moment, zone)

    @api.model
    def _dunning_case_sql(self, company, values):
        """The value of the company of a row; no question of it where all have the same."""
        if len(values) == 1:
            return SQL("%s", *values)
        cases = (SQL("WHEN %s IN %s THEN %s", company, own._ids, v) for v, own in values.items())
        return SQL("(CASE %s END)", SQL(" ").join(cases))

    @api.model
    def _dunning_all(self):
        return self.sudo().search([("active", "in", (True, False))])

    def _dunning_above(self):
        """Whose settings hold for a company: ids of the company and of those above it, the
        highest first, before them False for what holds for all.
        """
        return [False, *self.sudo().parent_ids.ids]

    def _dunning_companies(self):
        """These companies and their branches, whatever the user may see of them."""
        return self.sudo().search([("id", "child_of", self.ids)])

    def _dunning_responsible(self, user):
        """Who is asked to do something: the one given, the company's, the one
        at work; nobody in particular when that is the system itself.

        :return: res.users, may be empty
        """
        if not (user or self.dunning_user_id) and self.env.user._is_superuser():
            return user
        return user or self.dunning_user_id or self.env.user

    def _dunning_reader_lang(self, user):
        """The language of what is written now and read later, whoever is at work: that of the
        one who is asked, else of the company's responsible, else of the company.

        :param user: res.users, may be empty
        """
        reader = (user or self.dunning_user_id).sudo()
        return reader.lang or self.sudo().partner_id.lang or self.env.lang

    def _dunning_managers(self):
        """The dunning managers of the company, whatever the user may see of them.

        :return: res.users, as superuser, who has been there longest first
        """
        manager = self.env.ref("dunning_advanced.group_manager")
        return (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", manager.ids),
                    ("company_ids", "in", self.ids),
                    ("share", "=", False),
                ],
                order="id",
            )
        )

    def _dunning_bank(self, currency):
        """The best account of the company to pay to in a currency, if there is one.

        :return: res.partner.bank
        """
        banks = self.partner_id.bank_ids.filtered(
            lambda bank: (
                bank.company_id in (self, self.env["res.company"])
                and bank.currency_id in (currency, self.env["res.currency"])
            )
        )
        return banks.sorted(lambda bank: (not bank.allow_out_payment, not bank.currency_id))[:1]

    def _dunning_logo(self):
        """The logo as a picture for a document, nothing where it is the one of Odoo."""
        if self.logo and not self.uses_default_logo:
            return image_data_uri(self.partner_id.image_512)
        return None

    # How the payment behavior of customers is scored.

    def _dunning_grade_bounds(self):
        """From how many points on each class begins, best first."""
        self.ensure_one()
        return {
            "A": 0,
            "B": self.dunning_grade_b,
            "C": self.dunning_grade_c,
            "D": self.dunning_grade_d,
            "E": self.dunning_grade_e,
        }
