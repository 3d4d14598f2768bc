from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class DunningNotice(models.Model):
    """What people do with reminders before they go out, one or thousands at once:
    confirm, lower, bring by another channel, assign, leave out.
    """

    _inherit = "dunning.notice"

    @api.depends("rung", "amount_total", "last_date", "last_rung", "last_total")
    def _compute_comparison(self):
        for notice in self:
            rungs = notice.rung - notice.last_rung
            by_rung = "higher" if rungs > 0 else "lower" if rungs < 0 else "same"
            notice.comparison = by_rung if notice.last_date else "new"
            notice.amount_change = (
                notice.amount_total - notice.last_total if notice.last_date else 0
            )

    def _compute_warning(self):
        found = {
            code: set(self.search(Domain("id", "in", self._origin.ids) & domain).ids)
            for code, domain in self._warning_domains().items()
        }
        words = self._warning_words()
        for notice in self:
            own = [words[code] for code, ids in found.items() if notice._origin.id in ids]
            notice.warning = ", ".join(label for label, _sentence in own)
            notice.warning_text = " ".join(sentence for _label, sentence in own)

    def _search_warning(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = self._warning_domains()
        found = Domain.OR(domains[code] for code in value if code in domains)
        return found | ~Domain.OR(domains.values()) if False in value else found

    # Business

    def _check_in_review(self):
        if any(notice.state not in ("proposed", "confirmed") for notice in self):
            raise UserError(self.env._("Only reminders that are not issued yet can be changed."))

    def _lower_to(self, level):
        self.write(
            {"level_id": level.id, "rung": level.rung, "own_subject": False, "own_body": False}
        )
        self.line_ids.filtered(lambda line: line.rung > level.rung).write(
            {"level_id": level.id, "rung": level.rung}
        )

    def _leave_out(self, reason):
        """Drop notices on a person's word, and say so on their run.

        :param reason: text that is shown on the notices
        """
        left_out = self._by_button()
        left_out._drop(reason)
        for run, notices in left_out.grouped("run_id").items():
            run._message_log(
                body=self.env._(
                    "Left out: %(notices)s. Reason: %(reason)s",
                    notices=notices._label(),
                    reason=reason,
                )
            )

    def _drop(self, reason):
        """Leave notices out before they are issued; their items are free again.

        :param reason: text that is shown on the notice
        """
        self._check_in_review()
        self.line_ids.write({"state": "void", "verdict": "dropped"})
        # The reason on each says it all; a message more on thousands helps nobody.
        silent = self.with_context(mail_notrack=True)
        silent.write({"state": "dropped", "reason": reason, "error": False})
        self.run_id._refresh_state()

    def _change_channel(self, channel):
        """Bring notices by another channel, to the contacts whom it reaches.

        :param channel: code of the channel
        :return: dunning.notice that it cannot reach; they stay as they are
        """
        self._check_in_review()
        contacts = self.env["dunning.channel"]._addressees(channel, self)
        reached = self._by_button().filtered(lambda notice: contacts[notice.id])
        reached.filtered("own_contact_ids").own_contact_ids = False
        for notice in reached:
            notice.write({"channel": channel, "contact_id": contacts[notice.id][:1].id})
        return self - reached

    def _assign(self, user):
        """Give notices to a responsible, who is asked to review them.

        :param user: res.users
        """
        self._check_in_review()
        notices = self._by_button()
        # No “you have been assigned” for each of them.
        notices.with_context(tracking_disable=True).write({"user_id": user.id})
        waiting = notices.filtered(lambda notice: notice.state == "proposed")
        if user != self.env.user:
            waiting.run_id._schedule_review(user)

    def _label(self):
        """These notices in a few words: how many, and the first customers."""
        names = ", ".join(notice.partner_id.display_name for notice in self[:3])
        if len(self) <= 3:
            return names
        return self.env._("%(count)s reminders (%(names)s, …)", count=len(self), names=names)

    def _notify_user(self, message, then=None):
        """A note on the screen of the user, which then shows the new state.

        :param then: action to go on with instead
        """
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": message,
                "sticky": True,
                "next": then or {"type": "ir.actions.act_window_close"},
            },
        }

    def _why_empty(self):
        """What took the last items off: the facts, else the words of their decisions."""
        lines = self.env["dunning.line"].search(
            [("notice_id", "=", self.id), ("state", "=", "void")]
        )
        labels = dict(lines._selection_decision())
        known = lines.filtered("reason")
        others = dict.fromkeys(
            labels.get(line.verdict, line.verdict) for line in lines - known if line.verdict
        )
        facts = [known._describe_facts({line: line.reason for line in known}), *others]
        return self.env._("No item is left to remind of: %s.", ", ".join(filter(None, facts)))

    def _refresh_amounts(self):
        """Sum the items that are left; a notice without items is dropped."""
        for notice in self:
            lines = notice.line_ids.filtered(lambda line: line.state in ("proposed", "issued"))
            if not lines:
                notice._drop(notice.reason or notice._why_empty())
                continue
            top = max(lines, key=lambda line: (line.rung, line.id))
            notice.write(
                {
                    "item_count": len(lines),
                    "date_oldest": min(line.date_maturity for line in lines),
                    "amount_open": sum(lines.mapped("amount_open")),
                    "amount_total": sum(lines.mapped("amount_net")),
                    "amount_held": sum(lines.mapped("amount_held")),
                    "amount_credit": sum(
                        line.amount_open - line.amount_held - line.amount_net for line in lines
                    ),
                    "amount_total_company": sum(
                        line.amount_open_company * line.amount_net / line.amount_open
                        for line in lines
                    ),
                    "level_id": top.level_id.id,
                    "rung": top.rung,
                }
            )

    # How a notice differs from the one before it: the last that was issued to the same
    # debtor, in the same currency, under the same policy, or under another where there is
    # none. A friendly reminder before the due date is compared with such ones only.

    @api.model
    def _last_sql(self, scope, by_policy):
        """The last issued notice by debtor, currency, and early or overdue.

        :param scope: Scope of a proposal
        :param by_policy: whether by policy, too
        """
        policy = SQL("notice.policy_id") if by_policy else SQL("NULL::int")
        return SQL(
            """
            SELECT DISTINCT ON (
                       notice.partner_id, notice.currency_id, %(policy)s, notice.rung < 1)
                   notice.partner_id, notice.currency_id, notice.policy_id,
                   notice.rung < 1 AS early, notice.date, notice.rung, notice.amount_total
              FROM dunning_notice notice
             WHERE notice.state = 'issued' AND notice.company_id = %(company)s AND %(only)s
             ORDER BY notice.partner_id, notice.currency_id, %(policy)s, notice.rung < 1,
                      notice.date DESC, notice.id DESC
            """,
            policy=policy,
            company=scope.company.id,
            only=self.env["dunning.engine"]._only(scope, SQL("notice.partner_id")),
        )

    @api.model
    def _comparison_columns(self):
        """The stored fields of this file, as :meth:`_compute_comparison` has them,
        for a proposal that writes notices ``draft`` in one statement beside the ``last`` ones
        of their policy, and the ``other`` ones of any.

        :return: dict of column to SQL
        """
        rung, total = (
            SQL("CASE WHEN last.date IS NULL THEN other.%(name)s ELSE last.%(name)s END", name=name)
            for name in (SQL("rung"), SQL("amount_total"))
        )
        return {
            "last_date": SQL("COALESCE(last.date, other.date)"),
            "last_rung": rung,
            "last_total": total,
            "comparison": SQL(
                "CASE SIGN(draft.top - draft.shift - %s)"
                " WHEN 1 THEN 'higher' WHEN 0 THEN 'same' WHEN -1 THEN 'lower' ELSE 'new' END",
                rung,
            ),
            "amount_change": SQL("COALESCE(draft.net - %s, 0)", total),
        }

    # What deserves a second look before a notice goes out.

    @api.model
    def _warning_words(self):
        """Label and sentence of each warning. Extension point, with the domains."""
        return {
            "contact": (
                self.env._("Bad e-mail address"),
                self.env._("E-mails to this address came back, or it is blacklisted."),
            ),
            "high": (
                self.env._("High first reminder"),
                self.env._("The first reminder in this currency and policy, and a high amount."),
            ),
            "key": (
                self.env._("Key customer"),
                self.env._("A key customer: call before you write?"),
            ),
            "unsent": (
                self.env._("Invoice never sent"),
                self.env._("Nobody knows that the customer got the invoice: send it first."),
            ),
            "credit": (
                self.env._("Open credits"),
                self.env._("The customer has open credits: match them with invoices first."),
            ),
        }

    @api.model
    def _warning_domains(self):
        """Which notices that wait deserve which warning, by the settings of their company.

        :return: dict of code to Domain
        """
        waiting = Domain("state", "in", ("proposed", "confirmed"))
        warnings = {
            "contact": self._warned_contact(),
            "high": self._by_company(self._warned_high),
            "key": self._by_company(self._warned_key),
            "credit": Domain("amount_credit", ">", 0) | self._by_company(self._warned_credit),
            "unsent": Domain("line_ids", "any", self.env["dunning.line"]._unsent_domain()),
        }
        return {code: waiting & domain for code, domain in warnings.items()}

    @api.model
    def _by_company(self, build):
        return Domain.OR(
            Domain("company_id", "=", company.id) & build(company) for company in self.env.companies
        )

    @api.model
    def _warned_contact(self):
        """One of those to whom it is addressed."""

        def addressed(doubtful):
            reminded = Domain("type", "=", "dunning") & doubtful
            return (
                Domain("contact_id", "any", doubtful)
                | Domain("own_contact_ids", "any", doubtful)
                | Domain("own_contact_ids", "=", False)
                & Domain("partner_id", "any", Domain("child_ids", "any", reminded))
            )

        return Domain.OR(
            Domain("channel", "=", channel.code) & addressed(channel.doubtful())
            for channel in self.env["dunning.channel"]._channels()
        )

    @api.model
    def _warned_high(self, company):
        limit = company.dunning_high_amount
        if not limit:
            return Domain.FALSE
        return Domain("comparison", "=", "new") & Domain("amount_total_company", ">=", limit)

    @api.model
    def _warned_key(self, company):
        tag = company.dunning_key_category_id
        return Domain("partner_id.category_id", "child_of", tag.ids) if tag else Domain.FALSE

    @api.model
    def _warned_credit(self, company):
        """Credits in any currency: those that lower the notice, and all others."""
        accounts = self.env["dunning.engine.item"]._receivables()
        companies = company._dunning_companies()
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                """%s IN (SELECT partner.commercial_partner_id
                            FROM account_move_line aml
                            JOIN res_partner partner ON partner.id = aml.partner_id
                           WHERE aml.account_id IN %s AND aml.company_id IN %s
                             AND aml.parent_state = 'posted' AND aml.reconciled IS NOT TRUE
                             AND aml.amount_residual_currency < 0)""",
                SQL.identifier(alias, "partner_id"),
                tuple(accounts.ids or [0]),
                tuple(companies.ids),
            )
        )
