"""Documents, read back."""

import io
from contextlib import contextmanager
from unittest.mock import patch

from PyPDF2 import PdfReader

from odoo.addons.dunning_advanced.models import ir_actions_report as press

from .common import DunningCommon


def pdf_pages(content):
    """Text of the pages of a PDF, blanks squeezed."""
    reader = PdfReader(io.BytesIO(content))
    return [" ".join(page.extract_text().replace("\ufeff", "").split()) for page in reader.pages]


def sheet_rows(sheet):
    """The rows of a sheet as dicts by title."""
    titles, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(titles, row, strict=True)) for row in rows]


class LetterheadCommon(DunningCommon):
    """A company with a letterhead, and a customer who can get a letter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"name": "Brandt Ltd", "street": "Main Street 1", "phone": "555 0100"})
        cls.home = {"street": "12 rue de la Paix", "city": "Paris", "zip": "75002"}
        cls.debtor.write({**cls.home, "ref": "C-1001"})

    @contextmanager
    def no_weasyprint(self):
        """An installation that has wkhtmltopdf only.

        :return: list of what it is given: bodies, and dict of options
        """
        given = []

        def convert(_self, bodies, **values):
            given.append((bodies, values))
            return b"%PDF-1.4"

        reports = type(self.env["ir.actions.report"])
        with (
            patch.object(press, "weasyprint", None),
            patch.object(reports, "get_wkhtmltopdf_state", lambda _self: "ok"),
            patch.object(reports, "_run_wkhtmltopdf", convert),
        ):
            yield given
