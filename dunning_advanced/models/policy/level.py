from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class DunningLevel(models.Model):
    """One level of a policy: when it applies, what is said, by which channel."""

    _name = "dunning.level"
    _description = "Dunning Level"
    _order = "policy_id, days, id"

    policy_id = fields.Many2one("dunning.policy", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="policy_id.company_id", store=True)
    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    days = fields.Integer(
        string="Days after due date",
        required=True,
        help="The level applies from this many days after the due date. "
        "Negative: a friendly reminder before the due date.",
    )
    min_interval = fields.Integer(
        string="Days since the last reminder",
        default=0,
        help="At least so many days after the last reminder. "
        "0: the distance between the days of this level and of the one before.",
    )
    fresh_days = fields.Integer(
        string="Days after the invoice was sent",
        default=3,
        help="As the first reminder of an invoice, the level waits until the customer has had "
        "the invoice for so many days: since it was sent, or posted where nobody knows of it "
        "being sent. 0: it does not wait.",
    )
    rung = fields.Integer(
        string="Level number",
        compute="_compute_rung",
        store=True,
        help="Place on the ladder: 1 is the first reminder after the due date, "
        "0 and below come before it.",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="Text",
        domain=[("model", "=", "dunning.notice")],
        default=lambda self: self.env.ref(
            "dunning_advanced.mail_template_level_1", raise_if_not_found=False
        ),
        help="Subject and words of the e-mail and of the letter. "
        "The table of items and the ways to pay are added around them.",
    )
    channel = fields.Selection(
        selection=lambda self: self.env["dunning.channel"]._selection(),
        required=True,
        default="email",
    )
    fallback_channel = fields.Selection(
        selection=lambda self: self.env["dunning.channel"]._selection(),
        string="If not possible",
        default="letter",
    )
    extra_channel = fields.Selection(
        selection=lambda self: self.env["dunning.channel"]._selection(),
        string="And also by",
        help="A second way that is always used too, where the customer can be reached by it.",
    )
    automatic = fields.Boolean(
        string="Send without review",
        help="The nightly run sends reminders of this level by itself. "
        "Otherwise they wait for somebody to confirm them.",
    )
    attach_letter = fields.Boolean(string="Attach the letter (PDF)")
    attach_invoices = fields.Boolean(string="Attach the invoices (PDF)")
    pay_within = fields.Integer(
        string="Pay within (days)",
        default=7,
        help="The letter asks to pay within so many days from its date.",
    )
    currency_id = fields.Many2one(related="policy_id.currency_id")
    minimum_amount = fields.Monetary(
        help="Below this amount nothing is sent at this level. "
        "Converted to the currency of the items at the date of the run.",
    )
    minimum_share = fields.Float(
        string="Minimum share (%)",
        help="Below this share of all that the customer owes in the currency, "
        "nothing is sent at this level.",
    )
    fee_ids = fields.Many2many(
        "dunning.fee",
        string="Fees",
        check_company=True,
        help="What a reminder of this level costs. Consumers get what the law of their "
        "country leaves.",
    )
    charge_interest = fields.Boolean(
        string="Interest",
        help="By the interest rule of the customer's country, from the due date or from the "
        "last day that was charged.",
    )
    has_charges = fields.Boolean(
        compute="_compute_has_charges",
        store=True,
        help="A level of the policy costs something, so charges are looked for.",
    )
    minimum_ids = fields.One2many("dunning.level.minimum", "level_id", copy=True)
    when = fields.Char(compute="_compute_when")
    is_last = fields.Boolean(string="Last level", compute="_compute_is_last")
    preview = fields.Html(
        compute="_compute_preview", help="The text as an imagined customer would get it."
    )

    _interval_not_negative = models.Constraint(
        "CHECK (min_interval >= 0)",
        "The days since the last reminder cannot be negative: enter 0 for the "
        "distance between the levels.",
    )
    _fresh_days_not_negative = models.Constraint(
        "CHECK (fresh_days >= 0)",
        "The days after the invoice was sent cannot be negative: enter 0 not to wait.",
    )
    _pay_within_not_negative = models.Constraint(
        "CHECK (pay_within >= 0)",
        "The days to pay cannot be negative: enter 0 to ask for payment at once.",
    )
    _minimum_not_negative = models.Constraint(
        "CHECK (minimum_amount >= 0 AND minimum_share >= 0 AND minimum_share <= 100)",
        "The minimum amount cannot be negative, and the minimum share lies between 0 and 100.",
    )

    @api.constrains("days", "policy_id", "active")
    def _check_days(self):
        for policy in self.policy_id:
            seen = {}
            for level in policy.level_ids.filtered("active"):
                twin = seen.setdefault(level.days, level)
                if twin != level:
                    raise ValidationError(
                        self.env._(
                            "Policy “%(policy)s” has two levels on the same day (%(days)s): "
                            "“%(one)s” and “%(two)s”. Give one of them another day.",
                            policy=policy.name,
                            days=level.days,
                            one=twin.name,
                            two=level.name,
                        )
                    )

    @api.depends("days", "active", "policy_id.level_ids.days", "policy_id.level_ids.active")
    def _compute_rung(self):
        for policy in self.policy_id:
            levels = policy.level_ids.filtered("active").sorted("days")
            before = levels.filtered(lambda level: level.days < 0)
            for rung, level in enumerate(levels, start=1 - len(before)):
                level.rung = rung
        for level in self.filtered(lambda level: not level.active or not level.policy_id):
            level.rung = 0

    @api.depends(
        lambda self: [
            f"policy_id.level_ids.{name}" for name in self.env["dunning.charge"]._asked_by()
        ]
    )
    def _compute_has_charges(self):
        names = self.env["dunning.charge"]._asked_by()
        # Of the whole policy: some customers are told before what the next level costs.
        for policy, levels in self.grouped("policy_id").items():
            levels.has_charges = any(level[name] for level in policy.level_ids for name in names)

    @api.depends("days")
    def _compute_when(self):
        for level in self:
            if level.days < 0:
                level.when = self.env._("%s days before the due date", -level.days)
            elif level.days:
                level.when = self.env._("%s days after the due date", level.days)
            else:
                level.when = self.env._("on the due date")

    @api.depends("rung", "policy_id.level_ids.rung", "policy_id.level_ids.active")
    def _compute_is_last(self):
        for level in self:
            rungs = level.policy_id.level_ids.filtered("active").mapped("rung")
            level.is_last = level.active and level.rung == max(rungs, default=0)

    @api.depends("mail_template_id.subject", "mail_template_id.body_html")
    def _compute_preview(self):
        for level in self:
            level.preview = level._render_sample()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = self.env["dunning.line"].sudo().search([("level_id", "in", self.ids)], limit=1)
        if used:
            raise UserError(
                self.env._(
                    "Level “%(level)s” of policy “%(policy)s” has been used by a dunning run "
                    "and cannot be deleted: archive it instead.",
                    level=used.level_id.name,
                    policy=used.level_id.policy_id.name,
                )
            )

    def _next(self):
        """The level after this one, nothing after the last."""
        self.ensure_one()
        later = self.policy_id.level_ids.filtered(
            lambda level: level.active and level.rung > self.rung
        )
        return later.sorted("rung")[:1]

    def _below(self):
        """The next gentler level; one after the due date never becomes one before it.

        :return: dunning.level, empty when there is none
        """
        self.ensure_one()
        return self.policy_id.level_ids.filtered(
            lambda level: (
                level.active and level.rung < self.rung and (level.rung > 0 or self.rung <= 0)
            )
        )[-1:]

    def _render_sample(self):
        """Subject and words as an imagined customer would read them."""
        self.ensure_one()
        template = self.mail_template_id.sudo()
        sample = self.env["dunning.notice"].new(self._sample_values())
        if not template:
            return False
        try:
            [subject] = template._render_field("subject", sample._ids).values()
            [body] = template._render_field("body_html", sample._ids).values()
        except UserError as error:
            return Markup("<p>%s</p>") % error
        return Markup("<p><b>%s</b></p>%s") % (subject, body)

    def _sample_values(self):
        today = self.env.company._dunning_today()
        customer = self.env["res.partner"].new({"name": self.env._("Brandon Freeman")})
        return {
            "company_id": self.env.company.id,
            "currency_id": self.env.company.currency_id.id,
            "partner_id": customer,
            "contact_id": customer,
            "user_id": self.env.user.id,
            "policy_id": self.policy_id._origin.id,
            "level_id": self._origin.id,
            "rung": self.rung,
            "date": today,
            "date_oldest": fields.Date.subtract(today, days=self.days),
            "item_count": 1,
            "amount_open": 1240,
            "amount_total": 1240,
        }

    def _minimums_in(self, currencies, company, date):
        """The minimum amount of this level, in each currency.

        :param currencies: res.currency of items
        :param company: res.company whose rates count
        :param date: date of the rates
        :return: list of (res.currency, amount in it, or None when it takes a
            rate that is missing)
        """
        self.ensure_one()
        own = {minimum.currency_id: minimum.amount for minimum in self.minimum_ids}
        known = currencies._dunning_with_rate(company)
        return [
            (
                currency,
                own[currency]
                if currency in own
                else self._convert_minimum(currency, known, company, date),
            )
            for currency in currencies
        ]

    def _convert_minimum(self, currency, known, company, date):
        source = self.currency_id
        if not self.minimum_amount or source == currency:
            return self.minimum_amount
        if source not in known or currency not in known:
            return None
        return source._convert(self.minimum_amount, currency, company, date)


class DunningLevelMinimum(models.Model):
    """The minimum amount of a level in one currency, instead of a converted one."""

    _name = "dunning.level.minimum"
    _description = "Dunning Level Minimum"
    _order = "level_id, currency_id"

    level_id = fields.Many2one("dunning.level", required=True, ondelete="cascade", index=True)
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(required=True)

    _unique_currency = models.Constraint(
        "UNIQUE (level_id, currency_id)",
        "A level has one minimum for a currency: change the one that is there.",
    )
    _not_negative = models.Constraint(
        "CHECK (amount >= 0)", "The minimum amount cannot be negative."
    )
