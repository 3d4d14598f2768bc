from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date, get_lang

from ..tools import phone
from ..tools.points import CLASSES
from ..tools.public_holidays import PublicHolidays
from ..tools.waiting import BUSINESS, CONSUMER, protection
from .engine.engine import Scope


class ResPartner(models.Model):
    _inherit = "res.partner"

    type = fields.Selection(
        selection_add=[("dunning", "Dunning")], ondelete={"dunning": "set default"}
    )
    dunning_policy_id = fields.Many2one(
        "dunning.policy",
        company_dependent=True,
        copy=False,
        string="Dunning policy",
        groups="dunning_advanced.group_user",
        help="Empty: as the follow-up rules say.",
    )
    dunning_user_id = fields.Many2one(
        "res.users",
        company_dependent=True,
        copy=False,
        string="Dunning responsible",
        domain=[("share", "=", False)],
        groups="dunning_advanced.group_user",
    )
    dunning_channel = fields.Selection(
        selection=lambda self: self.env["dunning.channel"]._selection(),
        string="Preferred channel",
        copy=False,
        groups="dunning_advanced.group_user",
        help="Empty: as the level says.",
    )
    dunning_overdue = fields.Monetary(
        string="Overdue", compute="_compute_dunning", groups="dunning_advanced.group_user"
    )
    dunning_disputed = fields.Monetary(
        string="Of which disputed",
        compute="_compute_dunning",
        groups="dunning_advanced.group_user",
    )
    dunning_item_count = fields.Integer(
        string="Overdue items", compute="_compute_dunning", groups="dunning_advanced.group_user"
    )
    dunning_summary = fields.Char(
        string="Dunning", compute="_compute_dunning", groups="dunning_advanced.group_user"
    )
    dunning_level_id = fields.Many2one(
        "dunning.level",
        string="Dunning level",
        compute="_compute_dunning",
        search="_search_dunning_level_id",
        groups="dunning_advanced.group_user",
    )
    dunning_grade = fields.Selection(
        [(letter, letter) for letter in CLASSES],
        string="Class of payment behavior",
        compute="_compute_dunning_grade",
        search="_search_dunning_grade",
        groups="dunning_advanced.group_user",
        help="A pays reliably, E hardly ever; empty for new customers.",
    )
    dunning_party = fields.Selection(
        [(BUSINESS, "Business"), (CONSUMER, "Consumer")],
        string="Business or consumer",
        copy=False,
        groups="dunning_advanced.group_user",
        help="Decides what a reminder may cost by law. Empty: companies are businesses, "
        "everybody else is protected as a consumer.",
    )
    dunning_party_default = fields.Char(
        compute="_compute_dunning_party_default", groups="dunning_advanced.group_user"
    )
    dunning_phone = fields.Html(
        string="To dial",
        compute="_compute_dunning_phone",
        sanitize=False,
        groups="dunning_advanced.group_user",
    )
    dunning_phone_problem = fields.Char(
        string="Problem of the number",
        compute="_compute_dunning_phone",
        groups="dunning_advanced.group_user",
    )
    dunning_rule_id = fields.Many2one(
        "dunning.rule",
        string="Follow-up rule",
        compute="_compute_dunning_rule_id",
        search="_search_dunning_rule_id",
        groups="dunning_advanced.group_user",
        help="The rule that takes the customer today; none where nothing is open.",
    )
    # Plain information for everybody at work, without a right to dunning.
    dunning_credit_hold = fields.Char(
        string="Credit hold",
        compute="_compute_dunning_credit_hold",
        compute_sudo=True,
        groups="base.group_user",
    )

    @api.depends_context("company")
    def _compute_dunning(self):
        company = self.env.company
        debtors = self.commercial_partner_id
        balances = debtors._dunning_balances(company)
        levels = debtors._dunning_levels(company)
        for partner in self:
            rows = balances.get((company.id, partner.commercial_partner_id.id), [])
            partner.dunning_overdue = sum(row["overdue_company"] for row in rows)
            partner.dunning_disputed = sum(row["disputed_company"] for row in rows)
            partner.dunning_item_count = sum(row["items"] for row in rows)
            partner.dunning_level_id = levels.get(partner.commercial_partner_id.id)
            overdue = self.env._("%s overdue", partner.dunning_item_count)
            level = partner.dunning_level_id.name
            partner.dunning_summary = f"{overdue} · {level}" if level else overdue

    def _search_dunning_level_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        company = self.env.company
        reminded = self.env["dunning.line"]._read_group(
            [("state", "in", ("issued", "moved")), ("company_id", "=", company.id)], ["partner_id"]
        )
        levels = self.browse(debtor.id for [debtor] in reminded)._dunning_levels(company)
        debtors = [partner for partner, level in levels.items() if level in value]
        domain = Domain("commercial_partner_id", "in", debtors)
        if False in value:
            domain |= Domain("commercial_partner_id", "not in", list(levels))
        return domain

    @api.depends_context("company")
    def _compute_dunning_grade(self):
        behaviors = self.env["dunning.behavior"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
            ]
        )
        found = {behavior.partner_id: behavior.grade for behavior in behaviors}
        for partner in self:
            partner.dunning_grade = found.get(partner.commercial_partner_id)

    def _search_dunning_grade(self, operator, value):
        if operator != "in":
            return NotImplemented
        behaviors = self.env["dunning.behavior"].sudo()
        of_company = Domain("company_id", "=", self.env.company.id)
        graded = behaviors._search(of_company & Domain("grade", "in", list(value)))
        domain = Domain("commercial_partner_id", "in", graded.subselect("partner_id"))
        if False in value:
            known = behaviors._search(of_company & Domain("grade", "!=", False))
            domain |= Domain("commercial_partner_id", "not in", known.subselect("partner_id"))
        return domain

    @api.depends("is_company")
    def _compute_dunning_party_default(self):
        for partner in self:
            partner.dunning_party_default = (
                self.env._("Business, as a company")
                if partner.commercial_partner_id.is_company
                else self.env._("Consumer, as a person")
            )

    @api.depends("phone", "country_id", "commercial_partner_id.country_id")
    def _compute_dunning_phone(self):
        wrong = self._dunning_wrong_numbers()
        for partner in self:
            number = partner._dunning_phone()
            said = wrong.get((partner._origin, number.dialed))
            link = Markup('<a href="tel:%s">%s</a>') % (number.dialed, number.readable)
            partner.dunning_phone = link if number.dialed and not said else False
            partner.dunning_phone_problem = (
                self.env._(
                    "%(number)s was the wrong number on %(date)s",
                    number=number.readable,
                    date=format_date(self.env, said),
                )
                if said
                else partner._dunning_phone_problem(number)
            )

    @api.depends_context("company")
    def _compute_dunning_rule_id(self):
        rules = self.env["dunning.rule"]
        self.env.flush_all()
        taken = rules._taken_sql(self._dunning_scope(self.commercial_partner_id.ids))
        found = dict(self.env.execute_query(taken))
        for partner in self:
            partner.dunning_rule_id = rules.browse(found.get(partner.commercial_partner_id.id))

    @api.model
    def _search_dunning_rule_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env.flush_all()
        taken = self.env["dunning.rule"]._taken_sql(self._dunning_scope())
        ids = tuple(id_ for id_ in value if id_) or (0,)
        by_rule = SQL("(SELECT debtor_id FROM (%s) taken WHERE rule_id IN %s)", taken, ids)
        found = Domain("id", "in", by_rule)
        if False in value:
            found |= Domain("id", "not in", SQL("(SELECT debtor_id FROM (%s) taken)", taken))
        return found

    @api.depends_context("company", "lang")
    @api.depends("commercial_partner_id")
    def _compute_dunning_credit_hold(self):
        found = self._dunning_credit_holds(self.env.company)
        for partner in self:
            hold = found.get(partner.commercial_partner_id)
            partner.dunning_credit_hold = hold and hold._words()

    # Actions

    def action_dunning_case(self):
        """Open the case of the customer, or its closed ones, or start one."""
        self.ensure_one()
        debtor = self.commercial_partner_id
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_advanced.action_dunning_case"
        )
        case = self.env["dunning.case"].search(
            [
                ("partner_id", "=", debtor.id),
                ("company_id", "=", self.env.company.id),
                ("state", "=", "open"),
            ],
            limit=1,
        )
        action.update(context={"default_partner_id": debtor.id})
        if case:
            return dict(action, res_id=case.id, views=[(False, "form")])
        return dict(action, domain=[("partner_id", "=", debtor.id)])

    def action_dunning_items(self):
        """Open the receivable items of the customer that are not settled."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Open items"),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": self._dunning_items_domain(self.env.company),
        }

    def action_dunning_remind(self):
        """A run for these customers alone, opened for review."""
        return self.commercial_partner_id._dunning_remind()

    def action_dunning_behavior(self):
        """Classify the customer as of today and open the class with its reasons."""
        self.ensure_one()
        return self.env["dunning.behavior"]._explain(self.commercial_partner_id, self.env.company)

    def action_dunning_fix(self):
        """Open the contact in a dialog, to correct its data."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Contact data"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    # Business

    def _check_dunning_debtor(self):
        """:raises ValidationError: for a contact of somebody else, who owes in its place"""
        for partner in self.filtered(lambda partner: partner != partner.commercial_partner_id):
            raise ValidationError(
                self.env._(
                    "%(contact)s is a contact of %(debtor)s: choose %(debtor)s.",
                    contact=partner.name,
                    debtor=partner.commercial_partner_id.name,
                )
            )

    def _dunning_items_domain(self, company):
        """The open receivable items of these customers, credits included.

        :param company: res.company, with its branches
        """
        return [
            ("partner_id.commercial_partner_id", "in", self.commercial_partner_id.ids),
            ("account_id.account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("reconciled", "=", False),
            ("company_id", "child_of", company.id),
        ]

    def _dunning_remind(self):
        """Propose for these debtors today and open what came out.

        :raises UserError: when nothing can be reminded, with the reasons
        """
        run = self.env["dunning.run"].create(
            {"company_id": self.env.company.id, "partner_ids": [fields.Command.set(self.ids)]}
        )
        run.action_propose()
        if not run.notice_ids:
            reasons = run.stop_summary or self.env._("no open item")
            raise UserError(
                self.env._(
                    "Nothing to remind %(customers)s of today: %(reasons)s.",
                    customers=", ".join(self.mapped("display_name")),
                    reasons=reasons,
                )
            )
        action = run.action_view_notices()
        if len(run.notice_ids) == 1:
            action.update(res_id=run.notice_ids.id, views=[(False, "form")])
        return action

    @api.model
    def _dunning_balances(self, companies, date=None):
        """Overdue balances of these debtors, in one query.

        Open credits lower them, never below zero.

        :param companies: res.company; each with its branches
        :param date: an item is overdue after its due date; today in each company unless given
        :return: dict of (company id, debtor id) to a list of dicts with
            currency_id, overdue, overdue_company, disputed, disputed_company (what is
            disputed of the overdue), items, due
        """
        found = defaultdict(list)
        if not self.ids:
            return found
        self.env.flush_all()
        for company in companies:
            day = date or company._dunning_today()
            self.env.cr.execute(
                self._dunning_balances_sql(company, day, SQL("%s", tuple(self.ids)))
            )
            for row in self.env.cr.dictfetchall():
                found[company.id, row["debtor_id"]].append(row)
        return found

    @api.model
    def _dunning_balances_sql(self, company, date, debtors):
        """As :meth:`_dunning_balances`, for debtors given as the right side of IN."""
        return SQL(
            """
            SELECT debtor_id, currency_id, items, due, overdue, overdue_company,
                   LEAST(disputed, overdue) AS disputed,
                   LEAST(disputed_company, overdue_company) AS disputed_company
              FROM (
            SELECT partner.commercial_partner_id AS debtor_id, aml.currency_id,
                   COUNT(*) FILTER (WHERE %(late)s) AS items,
                   MIN(COALESCE(aml.date_maturity, aml.date)) FILTER (WHERE %(late)s) AS due,
                   GREATEST(0, SUM(aml.amount_residual_currency) FILTER (
                       WHERE %(late)s OR aml.amount_residual_currency < 0)) AS overdue,
                   GREATEST(0, SUM(aml.amount_residual) FILTER (
                       WHERE %(late)s OR aml.amount_residual_currency < 0)) AS overdue_company,
                   COALESCE(SUM(part.amount) FILTER (WHERE %(late)s), 0) AS disputed,
                   COALESCE(SUM(part.amount * aml.amount_residual / aml.amount_residual_currency)
                       FILTER (WHERE %(late)s), 0) AS disputed_company
              FROM account_move_line aml
              JOIN res_partner partner ON partner.id = aml.partner_id
              LEFT JOIN (%(disputed)s) part ON part.id = aml.id
             WHERE aml.account_id IN (
                       SELECT id FROM account_account WHERE account_type = 'asset_receivable')
               AND aml.reconciled IS NOT TRUE AND aml.parent_state = 'posted'
               AND aml.amount_residual_currency <> 0
               AND partner.commercial_partner_id IN %(debtors)s
               AND aml.company_id IN %(companies)s
             GROUP BY partner.commercial_partner_id, aml.currency_id
            HAVING COUNT(*) FILTER (WHERE %(late)s) > 0) balances
            """,
            late=SQL(
                "(aml.amount_residual_currency > 0 AND COALESCE(aml.date_maturity, aml.date) < %s)",
                date,
            ),
            debtors=debtors,
            disputed=self.env["dunning.dispute"]._items_sql(debtors),
            companies=tuple(company._dunning_companies().ids),
        )

    def _dunning_levels(self, company):
        """The highest level of the open items of these debtors.

        :return: dict of debtor id to level id
        """
        if not self.ids:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (line.partner_id) line.partner_id, line.level_id
                  FROM dunning_line line
                  JOIN account_move_line aml ON aml.id = line.move_line_id
                 WHERE line.state IN ('issued', 'moved') AND line.company_id = %s
                   AND line.partner_id IN %s
                   AND aml.reconciled IS NOT TRUE AND aml.parent_state = 'posted'
                 ORDER BY line.partner_id, line.rung DESC
                """,
                company.id,
                tuple(self.ids),
            )
        )
        return dict(rows)

    def _dunning_lang(self, debtor, company):
        """The language of a document: of the contact, else of its debtor, else of
        the company.
        """
        partners = (self, debtor, company.partner_id)
        wanted = next((partner.lang for partner in partners if partner.lang), None)
        return get_lang(self.env, wanted).code

    def _dunning_greeting(self):
        """How a letter to this contact begins: by name, unless it is a company. One to several
        contacts names none of them.
        """
        if len(self) == 1 and self.name and not self.is_company:
            return self.env._("Dear %s,", " ".join(self.name.split()))
        return self.env._("Dear Sir or Madam,")

    def _dunning_address(self, company):
        """The address as the post of the customer's country wants it; at home
        without the country, else with it in the company's language: it is read
        where the letter is posted.

        :param company: res.company that sends the letter
        :return: lines of text
        """
        partner = self.with_context(lang=company.partner_id.lang)
        lines = partner._display_address(without_company=True).splitlines()
        if partner.country_id == company.country_id:
            lines = [line for line in lines if line != partner.country_id.name]
        name = partner.name or partner.commercial_partner_id.name
        if partner.commercial_company_name and partner.commercial_company_name != name:
            lines = [partner.commercial_company_name, name, *lines]
        else:
            lines = [name, *lines]
        return "\n".join(line for line in lines if line and line.strip())

    def _dunning_party(self):
        """Whether the law sees a business or a consumer in this debtor.

        :return: "business" or "consumer"; consumer where nothing is known
        """
        self.ensure_one()
        debtor = self.sudo().commercial_partner_id
        return debtor.dunning_party or (BUSINESS if debtor.is_company else CONSUMER)

    @api.model
    def _dunning_party_domain(self, party):
        """The debtors of whom :meth:`_dunning_party` says the same, as a domain.

        :param party: "business" or "consumer"
        """
        unsaid = Domain("dunning_party", "=", False)
        return Domain("dunning_party", "=", party) | unsaid & Domain(
            "is_company", "=" if party == BUSINESS else "!=", True
        )

    def _dunning_law(self, company):
        """The country whose law says what a reminder may cost this debtor.

        Consumers are protected by the law of the country where they live,
        whatever the contract says. For businesses the company chooses.

        :return: res.country, that of the company where the debtor has none
        """
        self.ensure_one()
        home = company.account_fiscal_country_id or company.country_id
        if self._dunning_party() == BUSINESS and company.dunning_law == "company":
            return home
        return self.commercial_partner_id.country_id or home

    def _dunning_protection(self, company):
        """What the law asks of a reminder before it may cost this debtor anything.

        :return: :class:`tools.waiting.Protection`
        """
        return protection(self._dunning_law(company).code, self._dunning_party())

    def _dunning_holidays(self, company):
        """The public holidays where this debtor lives, on which the post does not come.

        :return: container of dates; those of the company where the debtor has no country
        """
        self.ensure_one()
        debtor = self.commercial_partner_id
        country = debtor.country_id or company.account_fiscal_country_id or company.country_id
        state = (
            debtor.state_id if debtor.state_id.country_id == country else debtor.state_id.browse()
        )
        return PublicHolidays(country.code or "", state.code or "")

    # Numbers that can be dialed, and what is wrong with the others.

    def _dunning_wrong_numbers(self):
        """Numbers at which the last call reached somebody else.

        :return: dict of (res.partner, number as dialed) to the day of that call
        """
        calls = self.env["dunning.call"].sudo()
        found = calls.search(
            [("contact_id", "in", self.ids), ("number", "!=", False)], order="date, id"
        )
        last = {(call.contact_id._origin, call.number): call for call in found}
        return {key: call.date for key, call in last.items() if call.outcome == "wrong"}

    def _dunning_phone(self):
        """The number of this contact, read as it is dialed in its country, in that of
        the customer, or in that of the company.

        :return: Phone
        """
        self.ensure_one()
        country = (
            self.country_id or self.commercial_partner_id.country_id or self.env.company.country_id
        )
        return phone.parse(self.phone, country.code)

    def _dunning_phone_problem(self, number):
        if not number.problem:
            return False
        texts = {
            "missing": self.env._("no phone number"),
            "short": self.env._("“%s” is too short to be a phone number", number.written),
            "long": self.env._("“%s” is too long to be a phone number", number.written),
            "prefix": self.env._("“%s” does not exist in that country", number.written),
            "letters": self.env._("“%s” is no phone number", number.written),
        }
        return texts[number.problem]

    @api.model
    def _dunning_scope(self, partner_ids=()):
        """These debtors, all when there are none, today in the company at work."""
        company = self.env.company
        today = company._dunning_today()
        return Scope(company=company, date=today, partner_ids=tuple(partner_ids))

    def _dunning_credit_holds(self, companies):
        """The credit holds of these customers in companies and those above them.

        :return: dict of debtor to dunning.credit.hold, as superuser
        """
        holds = (
            self.env["dunning.credit.hold"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", self.commercial_partner_id.ids),
                    ("company_id", "parent_of", companies.ids),
                ],
                order="date, id",
            )
        )
        return {hold.partner_id: hold for hold in holds}
