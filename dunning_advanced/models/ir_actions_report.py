import base64
import io
import logging
import threading
from collections import OrderedDict

from markupsafe import Markup

from odoo import api, models
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

from .escalation.handover_claim import HANDOVER  # noqa: E402 - after the optional import
from .escalation.handover_evidence import EVIDENCE  # noqa: E402
from .notice.letter import REPORT  # noqa: E402
from .plan.sending import PLAN  # noqa: E402
from .statement.statement import STATEMENT  # noqa: E402

PRINTED = (REPORT, STATEMENT, HANDOVER, EVIDENCE, PLAN)

# What can be kept between letters is made once per thread: it is not safe to share.
_press = threading.local()


def _stylesheet(name="letter"):
    with file_open(f"dunning_advanced/static/src/css/{name}.css") as file:
        return Markup(file.read())  # its quotes stay quotes inside of <style>


def _print(html, cache):
    """PDF of one letter. It carries all it shows: nothing is fetched from anywhere.

    :param html: the document, with its pictures inside
    :param cache: dict that is kept between letters, so that a logo is decoded once
    """
    if not hasattr(_press, "css"):
        _press.fonts = FontConfiguration()
        _press.fetcher = URLFetcher(allowed_protocols=("data",))
        _press.css = weasyprint.CSS(
            string=_stylesheet("letter_base") + _stylesheet("letter"),
            font_config=_press.fonts,
            url_fetcher=_press.fetcher,
        )
    document = weasyprint.HTML(string=html, url_fetcher=_press.fetcher)
    # WeasyPrint's stylesheet for all of HTML is left out: letter_base.css is enough.
    document._ua_stylesheets = lambda *args, **kwargs: []
    # A letter is many small objects that are gone when it is done: searching them
    # for garbage again and again in between takes a tenth of the time.
    with disabling_gc():
        return document.write_pdf(stylesheets=[_press.css], font_config=_press.fonts, cache=cache)


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Reminder letters, statements, hand-overs and payment plans: frozen ones as
        they are, others by WeasyPrint, and by Odoo's usual way where it cannot be imported.
        """
        report = self._get_report(report_ref)
        if report.report_name not in PRINTED or not res_ids:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids)
        copies = "dunning_letter_contacts" in self.env.context
        streams = {} if copies or report.report_name != REPORT else self._dunning_frozen(res_ids)
        fresh = [id_ for id_ in res_ids if id_ not in streams]
        if fresh and weasyprint:
            streams.update(self._dunning_letters(report, data, fresh))
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

    def _dunning_letters(self, report, data, ids):
        values = self._get_rendering_context(report, ids, {**(data or {}), "inline_css": ""})
        cache, streams = {}, {}
        for id_, letter in zip(ids, values["letters"], strict=True):
            html = self._render_template(report.report_name, {**values, "letters": [letter]})
            streams[id_] = {"stream": io.BytesIO(_print(html.decode(), cache)), "attachment": None}
        return streams

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
