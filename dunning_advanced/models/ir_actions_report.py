import base64
import html
import io
import logging
import subprocess
import threading
from collections import OrderedDict
from functools import cache

from lxml.html import document_fromstring
from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import file_open
from odoo.tools.gc import disabling_gc
from odoo.tools.image import image_data_uri
from odoo.tools.pdf import merge_pdf

# WeasyPrint reports every step of every letter as INFO.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
try:
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher
except (ImportError, OSError):  # OSError: Pango is missing on this machine
    weasyprint = None

from ..tools import legible  # noqa: E402
from .escalation.handover_claim import HANDOVER  # noqa: E402 - after the optional import
from .escalation.handover_evidence import EVIDENCE  # noqa: E402
from .notice.letter import REPORT  # noqa: E402
from .plan.sending import PLAN  # noqa: E402
from .statement.statement import STATEMENT  # noqa: E402

_logger = logging.getLogger(__name__)

PRINTED = (REPORT, STATEMENT, HANDOVER, EVIDENCE, PLAN)

# What can be kept between letters is made once per thread: it is not safe to share.
_press = threading.local()


def _stylesheet(name="letter"):
    with file_open(f"dunning_advanced/static/src/css/{name}.css") as file:
        return Markup(file.read())  # its quotes stay quotes inside of <style>


@cache
def _coverage():
    """The code points that the fonts of this machine have, or None when nobody can tell.

    Asked once per process: it prints with the fonts that were there when it began, too.
    """
    command = ["fc-list", "--format", "%{fontformat}:%{charset}\n"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        _logger.warning(
            "Letters are not checked for characters that no font has, install fontconfig: %s", error
        )
        return None
    return legible.covered(listed.stdout)


def _unprintable(page):
    """The characters that a letter shows and no font of this machine has.

    :param page: the document as HTML
    :return: list of characters
    """
    coverage = _coverage()
    # Most letters have nothing at all that is missing: their tags need not be told apart.
    if coverage is None or not legible.missing(html.unescape(page), coverage):
        return []
    texts = document_fromstring(page).xpath(
        "//text()[not(ancestor::head or ancestor::style or ancestor::script)]"
    )
    return legible.missing("".join(texts), coverage)


def _print(page, pictures):
    """PDF of one letter. It carries all it shows: nothing is fetched from anywhere.

    :param page: the document as HTML, with its pictures inside
    :param pictures: dict that is kept between letters, so that a logo is decoded once
    """
    if not hasattr(_press, "css"):
        _press.fonts = FontConfiguration()
        _press.fetcher = URLFetcher(allowed_protocols=("data",))
        _press.css = weasyprint.CSS(
            string=_stylesheet("letter_base") + _stylesheet("letter"),
            font_config=_press.fonts,
            url_fetcher=_press.fetcher,
        )
    document = weasyprint.HTML(string=page, url_fetcher=_press.fetcher)
    # WeasyPrint's stylesheet for all of HTML is left out: letter_base.css is enough.
    document._ua_stylesheets = lambda *args, **kwargs: []
    # A letter is many small objects that are gone when it is done: searching them
    # for garbage again and again in between takes a tenth of the time.
    with disabling_gc():
        return document.write_pdf(
            stylesheets=[_press.css], font_config=_press.fonts, cache=pictures
        )


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Reminder letters, statements, hand-overs and payment plans: frozen ones as
        they are, others by WeasyPrint, and by Odoo's usual way where it cannot be imported.

        :raises UserError: when a letter would show boxes instead of characters
        """
        report = self._get_report(report_ref)
        if report.report_name not in PRINTED or not res_ids:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids)
        copies = "dunning_letter_contacts" in self.env.context
        streams = {} if copies or report.report_name != REPORT else self._dunning_frozen(res_ids)
        fresh = [id_ for id_ in res_ids if id_ not in streams]
        pages = self._dunning_pages(report, data, fresh) if fresh else {}
        if weasyprint:
            pictures = {}
            for id_, page in pages.items():
                content = io.BytesIO(_print(page, pictures))
                streams[id_] = {"stream": content, "attachment": None}
        elif fresh:
            streams.update(super()._render_qweb_pdf_prepare_streams(report_ref, data, fresh))
        return OrderedDict((id_, streams[id_]) for id_ in res_ids)

    def _dunning_frozen(self, ids):
        notices = self.env["dunning.notice"].browse(ids)
        notices.check_access("read")
        return {
            notice.id: {"stream": io.BytesIO(notice.attachment_id.sudo().raw), "attachment": None}
            for notice in notices.filtered("attachment_id")
        }

    def _dunning_pages(self, report, data, ids):
        """The letters as HTML.

        :return: dict of id to page
        :raises UserError: when one of them has characters that cannot be printed
        """
        values = self._get_rendering_context(report, ids, {**(data or {}), "inline_css": ""})
        pages = {}
        for id_, letter in zip(ids, values["letters"], strict=True):
            page = self._render_template(report.report_name, {**values, "letters": [letter]})
            pages[id_] = page.decode()
            if chars := _unprintable(pages[id_]):
                raise UserError(self._dunning_illegible(report, id_, chars))
        return pages

    def _dunning_illegible(self, report, id_, chars):
        """:return: why a letter cannot be printed, and what to do"""
        record = self.env[report.model].browse(id_).sudo()
        debtor = record if record._name == "res.partner" else record.partner_id
        values = {
            "customer": debtor.display_name,
            "characters": legible.named(chars),
            "packages": ", ".join(legible.packages(chars)),
        }
        if values["packages"]:
            return self.env._(
                "The letter to %(customer)s cannot be printed: no font on the server has "
                "%(characters)s. Ask your administrator to install %(packages)s there and to "
                "restart Odoo, or write this in other characters, then try again.",
                **values,
            )
        return self.env._(
            "The letter to %(customer)s cannot be printed: no font on the server has "
            "%(characters)s, nor has a common one. Write this in other characters, then try again.",
            **values,
        )

    @api.model
    def _dunning_merge(self, documents):
        """Several PDF files as one."""
        return documents[0] if len(documents) == 1 else merge_pdf(documents)

    @api.model
    def _dunning_qr_code(self, text):
        """A text as a QR code for a document.

        :return: data URI
        """
        return image_data_uri(base64.b64encode(self.barcode("QR", text, width=200, height=200)))


class ReportLetter(models.AbstractModel):
    _name = "report.dunning_advanced.letter"
    _description = "Reminder Letter"

    def _get_report_values(self, docids, data=None):
        notices = self.env["dunning.notice"].browse(docids)
        notices.check_access("read")
        return {"inline_css": _stylesheet(), **(data or {}), "letters": notices._letter_values()}


class ReportStatement(models.AbstractModel):
    _name = "report.dunning_advanced.statement"
    _description = "Statement of Account"

    def _get_report_values(self, docids, data=None):
        debtors = self.env["res.partner"].browse(docids)
        statements = debtors._dunning_statements((data or {}).get("period"))
        return {"inline_css": _stylesheet(), **(data or {}), "letters": statements}


class ReportHandover(models.AbstractModel):
    _name = "report.dunning_advanced.handover"
    _description = "First Document of a Hand-over"

    def _get_report_values(self, docids, data=None):
        handovers = self.env["dunning.handover"].browse(docids)
        handovers.check_access("read")
        contents = (data or {}).get("contents") or ()
        return {
            "inline_css": _stylesheet(),
            **(data or {}),
            "letters": handovers._file_values(contents),
        }


class ReportEvidence(models.AbstractModel):
    _name = "report.dunning_advanced.evidence"
    _description = "Evidence Sheet of a Hand-over"

    def _get_report_values(self, docids, data=None):
        handovers = self.env["dunning.handover"].browse(docids)
        handovers.check_access("read")
        return {
            "inline_css": _stylesheet(),
            **(data or {}),
            "letters": handovers._evidence_values(),
        }


class ReportPaymentPlan(models.AbstractModel):
    _name = "report.dunning_advanced.payment_plan"
    _description = "Payment Plan"

    def _get_report_values(self, docids, data=None):
        plans = self.env["dunning.payment.plan"].browse(docids)
        plans.check_access("read")
        return {"inline_css": _stylesheet(), **(data or {}), "letters": plans._letter_values()}
