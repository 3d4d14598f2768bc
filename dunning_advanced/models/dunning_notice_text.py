from odoo import models


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    def _render_texts(self):
        """Subject and words of the level, in the language of the customer.

        :return: dict of notice id to (subject, body)
        """
        texts = {}
        for template, notices in self.grouped(lambda n: n.level_id.mail_template_id).items():
            ids = notices._origin.ids
            if not template or not ids:
                continue
            template = template.sudo()
            subjects = template._render_field("subject", ids, compute_lang=True)
            bodies = template._render_field("body_html", ids, compute_lang=True)
            texts.update({id_: (subjects[id_], bodies[id_]) for id_ in ids})
        return texts

    def _render_email_body(self):
        """The whole e-mail as the customer gets it."""
        self.ensure_one()
        return self.body

    def _mail_values(self):
        """Values of the outgoing mail of this notice."""
        self.ensure_one()
        return {
            "subject": self.subject,
            "body_html": self._render_email_body(),
            "recipient_ids": [(4, self.contact_id.id)],
            "email_from": self.user_id.email_formatted or self.company_id.email_formatted,
            "model": self._name,
            "res_id": self.id,
            "auto_delete": False,
        }
