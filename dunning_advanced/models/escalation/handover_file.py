import logging
import tempfile
import zipfile

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import split_every

from ...tools.filenames import safe, unique
from ..statement.statement import Period
from .handover_claim import HANDOVER

_logger = logging.getLogger(__name__)

# Letters that are printed at once: so many are in memory, not all.
LETTERS = 20


class DunningHandover(models.Model):
    """The file for the agency: one ZIP with everything about the items."""

    _inherit = "dunning.handover"

    def _build_package(self, date):
        """Make the ZIP and keep it with the hand-over, in place of an earlier one.

        Documents are written one by one, and never all in memory. One that cannot be
        made is named with the reason on the first page, and in the chatter.

        :param date: day of the statement, last day of interest
        :raises UserError: when there are no items
        """
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("Choose the items first: the file is about them."))
        # What went out a moment ago has its place in the chain too.
        self.env["dunning.chain.entry"]._link()
        here = self._in_their_language()
        with tempfile.TemporaryFile() as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                contents = here._write_documents(archive, date)
                archive.writestr(
                    safe(f"00 {here.env._('Claim and contents')}", "pdf"), here._first(contents)
                )
            file.seek(0)
            self._keep_package(file.read())
        made = sum(not problem for _name, problem in contents)
        self._message_log(body=self.env._("File made, with %s documents.", made + 1))
        for name, problem in contents:
            if problem:
                self._message_log(
                    body=self.env._(
                        "%(document)s is missing in the file: %(reason)s",
                        document=name,
                        reason=problem,
                    )
                )

    def _write_documents(self, archive, date):
        """:return: list of (name, None, or why it is missing)"""
        contents, taken = [], set()
        for folder, name, content, problem in self._documents(date):
            path = unique(f"{safe(folder)}/{name}" if folder else name, taken)
            taken.add(path)
            contents.append((path, problem))
            if content is not None:
                archive.writestr(path, content)
        return contents

    def _first(self, contents):
        streams = self.env["ir.actions.report"]._render_qweb_pdf_prepare_streams(
            HANDOVER, {"contents": contents}, self.ids
        )
        return streams[self.id]["stream"].getvalue()

    def _keep_package(self, content):
        values = {
            "name": safe(f"{self.name} {self.partner_id.name}", "zip"),
            "raw": content,
            "mimetype": "application/zip",
        }
        if self.attachment_id:
            self.attachment_id.sudo().write(values)
        else:
            owner = {"res_model": self._name, "res_id": self.id}
            attachment = self.env["ir.attachment"].sudo().create({**values, **owner})
            self.sudo().attachment_id = attachment
        self.sudo().date_package = fields.Datetime.now()

    # Documents

    def _documents(self, date):
        """All documents but the first, one after the other. Extension point.

        :return: generator of (folder, name of the file, content or None, problem or None)
        """
        period = Period(self.company_id, date, self._first_day())
        debtor = self.partner_id.with_company(self.company_id)
        for extension, make in (
            ("pdf", debtor._dunning_statement_pdf),
            ("xlsx", debtor._dunning_statement_xlsx),
        ):
            name = safe(debtor._dunning_statement_name(period, extension)[: -len(extension) - 1])
            yield self._try_document("", f"{name}.{extension}", lambda: make(period))  # noqa: B023
        history = safe(self.env._("History %s", debtor.name), "xlsx")
        yield self._try_document("", history, lambda: self._history_xlsx(date))
        yield from self._evidence_documents()
        yield from self._letter_documents()
        yield from self._invoice_documents()

    def _first_day(self):
        """The statement begins with the oldest of the invoices."""
        items = self.line_ids.move_line_id
        return min(items.mapped("date"), default=None)

    def _try_document(self, folder, name, make):
        """Make a document; a failure is told and the others go on."""
        try:
            with self.env.cr.savepoint():
                return folder, name, make(), None
        except Exception as error:
            _logger.info("No %s for hand-over %s", name, self.id, exc_info=True)
            return folder, name, None, str(error)

    def _letter_documents(self):
        """The letter of each reminder: as it was sent, or as it would have been."""
        folder = self.env._("Letters")
        for batch in split_every(LETTERS, self.notice_ids.ids):
            notices = self.env["dunning.notice"].browse(batch)
            found = self._try_document(folder, "", notices._letter_files)[2] or {}
            for notice in notices:
                if notice.id in found:
                    yield folder, safe(notice._letter_filename()), found[notice.id], None
                else:
                    yield self._try_document(
                        folder,
                        safe(notice._letter_filename()),
                        lambda notice=notice: notice._letter_files()[notice.id],
                    )

    def _invoice_documents(self):
        folder = self.env._("Invoices")
        for move in self.line_ids.move_line_id.move_id.sudo():
            if move.is_sale_document(include_receipts=True):
                yield self._try_document(folder, safe(move.name, "pdf"), move._dunning_pdf)
