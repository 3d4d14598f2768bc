import logging
from contextlib import contextmanager

from odoo import models
from odoo.tools import format_amount, format_date

from .statement import AT_ONCE

_logger = logging.getLogger(__name__)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _dunning_send_statements(self, period):
        """Send each of these debtors its statement, by the queue of outgoing mail.

        To the dunning contact, else the invoice contact, else the debtor itself.
        Whoever cannot be reached or fails is left out, the others get theirs.

        :param period: Period
        :return: debtors to whom it goes, and dict of the others to the reason
        :raises UserError: when there is nothing to send, or too much at once
        """
        debtors = self._dunning_statement_debtors(period, AT_ONCE)
        contacts = self.env["dunning.channel"]._reached("email", debtors.sudo())
        silent = debtors.filtered(lambda debtor: not contacts[debtor])
        problems = dict.fromkeys(silent, self.env._("No e-mail address"))
        files = (debtors - silent)._dunning_try_statement_files(period, problems)
        printed = debtors.browse(files)
        for statement in printed._dunning_statements(period) if printed else []:
            debtor = statement["debtor"]
            with self._dunning_problems(debtor, problems):
                debtor = debtor.with_context(lang=self.env.lang)  # notes are for users
                debtor._dunning_send_statement(statement, contacts[debtor], files[debtor.id])
        self.env["dunning.channel"]._send_queue()
        return debtors.filtered(lambda debtor: debtor not in problems), problems

    @contextmanager
    def _dunning_problems(self, debtors, problems):
        """Undo what fails for these debtors, and keep the reason for the others to go on."""
        try:
            with self.env.cr.savepoint():
                yield
        except Exception as error:
            _logger.info("No statement for %s: %s", debtors.ids, error, exc_info=True)
            problems.update({self.browse(debtor.id): str(error) for debtor in debtors})

    def _dunning_try_statement_files(self, period, problems):
        """All PDFs at once; one by one when that fails, so that only the one that
        cannot be printed is left out.
        """
        tried = {}
        with self._dunning_problems(self, tried):
            return self._dunning_statement_files(period) if self else {}
        if len(self) == 1:
            problems.update(tried)
            return {}
        return {
            id_: content
            for debtor in self
            for id_, content in debtor._dunning_try_statement_files(period, problems).items()
        }

    def _dunning_send_statement(self, statement, contact, content):
        """Post one statement on the open case of the debtor.

        Without one the debtor keeps a note alone: other companies read there too,
        and must not find what is owed to this one.

        :param statement: dict of ``_dunning_statements``
        :param contact: res.partner that gets the e-mail
        :param content: the PDF
        """
        mail = self._dunning_statement_mail(statement, contact, content)
        if statement["case"]:
            kind = {"message_type": "email_outgoing", "subtype_xmlid": "mail.mt_note"}
            statement["case"].message_post(**mail, **kind)
            return
        self.env["mail.thread"].message_notify(**mail)
        self._message_log(
            body=self.env._(
                "%(company)s has sent a statement of account as of %(date)s to %(address)s.",
                company=statement["company"].name,
                date=format_date(self.env, statement["period"].date),
                address=contact.email,
            )
        )

    def _dunning_statement_mail(self, statement, contact, content):
        """The e-mail as Odoo's messages take it: into the queue, to nobody else."""
        company, person = statement["company"], statement["person"]
        lang = contact._dunning_lang(self, company)
        local = self.with_context(lang=lang)
        subject, body = local._dunning_statement_words(statement, contact)
        return {
            "subject": subject,
            "body": body,
            "partner_ids": contact.ids,
            "author_id": person.id,
            "email_from": person.email_formatted if person.email else company.email_formatted,
            "attachments": [(local._dunning_statement_name(statement["period"], "pdf"), content)],
            "email_layout_xmlid": "dunning_advanced.statement_email",
            "force_email_company": company,
            "force_email_lang": lang,
            "force_send": False,
            "notify_skip_followers": True,
        }

    def _dunning_statement_words(self, statement, contact):
        """Subject and body of the e-mail, in the language of the context.

        :return: tuple of text and Markup
        """
        contact = contact.with_env(self.env)
        company = statement["company"]
        template = (
            self.env.ref("dunning_advanced.mail_template_statement")
            .with_company(company)
            .with_context(
                greeting=contact._dunning_greeting(),
                date=statement["period"].date,
                balance=self._dunning_amounts(statement, "balance"),
                overdue=self._dunning_amounts(statement, "amount_overdue"),
                charges=self._dunning_amounts(statement, "amount_charges"),
                owed=self._dunning_amounts(statement, "owed"),
            )
        )
        [subject] = template._render_field("subject", contact.ids).values()
        [words] = template._render_field("body_html", contact.ids).values()
        return " ".join(subject.split()), words

    def _dunning_amounts(self, statement, name):
        """One figure of all accounts of a statement in words; nothing where all are zero."""
        amounts = (
            (getattr(section["account"], name), section["currency"])
            for section in statement["sections"]
        )
        return ", ".join(
            format_amount(self.env, amount, currency) for amount, currency in amounts if amount
        )
