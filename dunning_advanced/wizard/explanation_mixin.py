from markupsafe import Markup

from odoo import models
from odoo.tools import format_date


class DunningExplanation(models.AbstractModel):
    """An explanation in sentences, each naming its record as a link."""

    _name = "dunning.answer"
    _description = "Explanation in Sentences"

    def _marked(self, holds, sentence, yes, no):
        """A sentence behind a green or red mark.

        :param yes: label of the mark where it holds
        :param no: label where it does not
        """
        color, label = ("success", yes) if holds else ("danger", no)
        return Markup('<div class="mb-1"><span class="badge text-bg-%s me-2">%s</span>%s</div>') % (
            color,
            label,
            sentence,
        )

    def _paragraph(self, text, strong=False):
        tag = Markup("<p><strong>%s</strong></p>") if strong else Markup("<p>%s</p>")
        return tag % text

    def _link(self, record):
        return Markup('<a href="/odoo/%s/%s">%s</a>') % (
            record._name,
            record.id,
            record.display_name,
        )

    def _day(self, date):
        return format_date(self.env, date)

    def _browse(self, model, record_id):
        return self.env[model].browse(record_id or [])
