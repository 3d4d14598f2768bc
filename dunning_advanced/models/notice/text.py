import uuid
from functools import cache

from lxml import html
from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_amount, format_date, is_html_empty

from ...tools.text import one_line
from ..engine.engine import Scope


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    @api.depends("contact_id.lang", "partner_id.lang", "company_id.partner_id.lang")
    def _compute_lang(self):
        for notice in self:
            notice.lang = notice.contact_id._dunning_lang(notice.partner_id, notice.company_id)

    @api.depends("contact_ids", "contact_id.name", "contact_id.is_company")
    @api.depends_context("lang")
    def _compute_greeting(self):
        for notice in self:
            notice.greeting = notice.contact_ids._dunning_greeting()

    def _texts(self, render):
        """What is said: the words written for a notice, else those of its level.

        :param render: function that gives the latter of some notices, as
            :meth:`_render_texts` does
        :return: dict of notice to (subject, body)
        """
        written = self.filtered(lambda n: n.own_subject and not is_html_empty(n.own_body))
        rendered = render(self - written)
        texts = {}
        for notice in self:
            subject, body = rendered.get(notice.id, ("", ""))
            texts[notice] = (
                notice.own_subject or subject,
                body if is_html_empty(notice.own_body) else notice.own_body,
            )
        return texts

    def _render_texts(self, template=None):
        """Subject and words of the level, in the language of the customer.

        :param template: mail.template to take instead of that of the level
        :return: dict of notice id to (subject, body)
        """
        texts = {}
        groups = self._origin.grouped(lambda n: (template or n.level_id.mail_template_id, n.lang))
        for (template, lang), notices in groups.items():
            if template and notices.ids:
                template = template.sudo().with_context(lang=lang)
                subjects = template._render_field("subject", notices.ids)
                bodies = notices._render_words(template)
                for id_ in notices.ids:
                    # A subject is one line, whatever names hold.
                    texts[id_] = one_line(subjects[id_]), bodies[id_]
        return texts

    def _render_words(self, template):
        """The body of a template for all these notices at once: Odoo compiles a
        mail template anew for each record, which takes longer than all the rest.

        :param template: mail.template, in the language of the notices
        :return: dict of notice id to Markup
        :raises UserError: when the template is not correct
        """
        if is_html_empty(template.body_html):
            return dict.fromkeys(self.ids, "")
        cut = uuid.uuid4().hex
        words = html.fragment_fromstring(template.body_html, create_parent="t")
        words.set("t-foreach", "notices")
        words.set("t-as", "object")
        html.etree.SubElement(words, "t").text = cut
        notices = template.env[self._name].browse(self.ids)
        values = dict(template._render_eval_context(), notices=notices)
        try:
            joined = self.env["ir.qweb"]._render(words, values, lang=template.env.lang)
        except Exception as error:
            raise UserError(
                self.env._(
                    "The text “%(name)s” cannot be filled in, correct it: %(error)s",
                    name=template.name,
                    error=error,
                )
            ) from error
        parts = joined.split(cut)
        rendered = dict(zip(self.ids, map(Markup, parts), strict=False))
        return template._render_template_postprocess(self._name, rendered)

    def _try_render_texts(self):
        """Like :meth:`_render_texts`, without the notices that cannot be
        rendered: one broken text must not close the list of all.
        """
        try:
            return self._render_texts()
        except UserError:
            if len(self) == 1:
                return {}
            return {
                id_: text for notice in self for id_, text in notice._try_render_texts().items()
            }

    def _frame_values(self, formats=None):
        """What the frames around the words show, in the customer's language.

        Read as superuser: a document must not depend on who prints it. The
        caller has checked the access to the notice.

        :param formats: what :meth:`_formats` gave, to share it in a batch
        """
        self.ensure_one()
        notice = self.sudo().with_company(self.company_id).with_context(lang=self.lang)
        bank = notice._bank_account()
        return {
            "notice": notice,
            "company": notice.company_id,
            "lang": notice.lang,
            "lines": notice.line_ids.sorted(lambda line: (line.date_maturity, line.name or "")),
            "information": notice._information(),
            "person": notice._contact_person(),
            "bank": bank,
            "account_number": bank._dunning_number(),
            "reference": notice._payment_reference(),
            "url": notice._customer_url(),
            "charges": notice._charge_values(),
            **(formats or self._formats())(notice.lang, notice.currency_id),
        }

    def _formats(self):
        """How amounts and dates are written; what is written often is formatted once.

        :return: function of language and currency that gives the functions
            ``amount`` and ``day``
        """

        @cache
        def formats(lang, currency):
            env = self.with_context(lang=lang).env
            return {
                "amount": cache(lambda value: format_amount(env, value, currency)),
                "day": cache(lambda value: format_date(env, value)),
            }

        return formats

    def _contact_person(self):
        """Whom the customer can talk to: the responsible, else the company."""
        user = self.user_id or self.company_id.dunning_user_id
        return user.partner_id or self.company_id.partner_id

    def _bank_account(self):
        """The account to pay to: that of the invoices, else the company's best one."""
        return self.line_ids.move_id._dunning_bank(self.company_id, self.currency_id)

    def _payment_reference(self):
        """What to write on the transfer: the invoices, or the reminder if they are many."""
        lines = self.line_ids
        names = [line.move_id.payment_reference or line.name or "" for line in lines]
        joined = ", ".join(dict.fromkeys(filter(None, names)))
        return joined if joined and len(joined) <= 60 else self.name or joined[:60]

    def _customer_url(self):
        """Where the customer sees and pays: the page of the oldest invoice, or nothing."""
        links = (line._customer_url() for line in self.line_ids)
        return next((link for link in links if link), "")

    def _open_customer_pages(self):
        """Give the invoices the tokens by which customers open them, in one statement."""
        # Not those of entries, which have no page: customers may share an opening
        # entry, and two workers would then wait for each other.
        moves = self.line_ids.move_id.sudo().filtered(
            lambda move: not move.access_token and move.is_sale_document(include_receipts=True)
        )
        if moves:
            moves.flush_recordset(["access_token"])
            self.env.cr.execute(
                SQL(
                    "UPDATE account_move SET access_token = gen_random_uuid()"
                    " WHERE id IN %s AND access_token IS NULL",
                    tuple(moves.ids),
                )
            )
            moves.invalidate_recordset(["access_token"])

    # What a notice lists for information, never in its sum: items of the debtor
    # that are not due yet, and his open credits, in the currency of the notice.

    @api.model
    def _inform_run(self, scope):
        """List them on the notices of a proposal."""
        if any(self.env["dunning.engine.policy"]._policies(scope).mapped("inform")):
            self._insert_information(scope, SQL("notice.run_id = %s", scope.run_id))

    def _inform_again(self, company, date):
        """List on these notices what is open on the day on which they are issued."""
        self.env.flush_all()
        mine = tuple(self.ids)
        self.env.cr.execute(
            SQL("DELETE FROM dunning_line WHERE notice_id IN %s AND verdict = 'info'", mine)
        )
        informing = self.filtered(lambda notice: notice.policy_id.inform)
        if informing:
            scope = Scope(company=company, date=date, partner_ids=tuple(informing.partner_id.ids))
            self._insert_information(scope, SQL("notice.id IN %s", mine))
        self.invalidate_recordset(["info_ids"])

    @api.model
    def _insert_information(self, scope, notices):
        """One statement for all notices ``notice`` that meet a condition."""
        query = SQL(
            """
            INSERT INTO dunning_line (
                run_id, company_id, notice_id, partner_id, move_line_id, name, date,
                date_maturity, currency_id, amount_open, amount_open_company, amount_net,
                policy_id, verdict, state, create_date, write_date)
            SELECT notice.run_id, notice.company_id, notice.id, notice.partner_id,
                   item.id, item.name, %(date)s,
                   item.due, item.currency_id, item.open, item.open_company, 0,
                   notice.policy_id, 'info', 'info', now() AT TIME ZONE 'UTC',
                   now() AT TIME ZONE 'UTC'
              FROM dunning_notice notice
              JOIN dunning_policy policy ON policy.id = notice.policy_id AND policy.inform
              JOIN (%(items)s) item ON item.debtor_id = notice.partner_id
                   AND item.currency_id = notice.currency_id
             WHERE %(notices)s
               AND (item.open < 0 OR item.due > %(date)s AND item.no_followup IS NOT TRUE)
               AND NOT EXISTS (SELECT FROM dunning_line own
                                WHERE own.run_id = notice.run_id AND own.move_line_id = item.id
                                  AND own.state IN ('proposed', 'issued'))
             ORDER BY item.due, item.id
            """,
            date=scope.date,
            items=self.env["dunning.engine.item"]._stage_items(scope),
            notices=notices,
        )
        with self.env["dunning.engine"]._planned(scope):
            self.env.cr.execute(query)

    def _information(self):
        """The lines that are listed for information, apart.

        :return: dict with coming (not due yet) and credits, both dunning.line
        """
        coming = self.info_ids.filtered(lambda line: line.amount_open > 0)
        return {"coming": coming, "credits": self.info_ids - coming}
