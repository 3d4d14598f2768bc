import logging

from odoo import models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, split_every

_logger = logging.getLogger(__name__)

BATCH = 100
# Up to so many records are worked off while the user waits; more are queued.
AT_ONCE = 20


class DunningBatch(models.AbstractModel):
    """Work on many records that any number of workers may share, and in which
    one failure does not stop the others.
    """

    _name = "dunning.batch"
    _description = "Work in Batches"

    def _take_next(self, domain):
        """The next records of a domain that no other transaction is working on;
        they are this one's until it ends.
        """
        query = self._search(domain, order="id", limit=BATCH)
        free = self.env.execute_query(SQL("%s FOR UPDATE SKIP LOCKED", query.select()))
        return self.browse(id_ for [id_] in free)

    def _for_readers(self):
        """The records by company, in the language of its responsible: what fails while nobody
        looks is read later.

        :return: generator of (res.company, records)
        """
        for company, records in self.grouped("company_id").items():
            lang = company._dunning_reader_lang(self.env["res.users"])
            yield company, records.with_context(lang=lang)

    def _all_or_each(self, work):
        """Do the work for all of a batch, and for each alone where that fails."""
        for batch in map(self.browse, split_every(BATCH, self.ids)):
            if not batch._try(work) and len(batch) > 1:
                for record in batch:
                    record._try(work)

    def _try(self, work):
        """Do the work for all of these records or none.

        :param work: function of the records
        :return: whether it worked; the reason is on the record if it was one
        :raises ConcurrencyError, psycopg2.Error: on a conflict with another
            transaction, whose work this one can only see by beginning again
        """
        try:
            with self.env.cr.savepoint():
                work(self)
        except (ConcurrencyError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            if len(self) == 1:
                self._refuse(self._explain(error))
            return False
        return True

    def _refuse(self, reason):
        """Show why nothing could be done for this record."""
        self.error = reason

    def _explain(self, error):
        """The reason in the words of the user; what is no user error is logged."""
        if isinstance(error, UserError):
            return str(error)
        _logger.error("Nothing could be sent for %s", self, exc_info=error)
        return self.env._(
            "This could not be sent: %(error)s. Try again; if it fails again, "
            "ask your administrator to look at the server log.",
            error=str(error) or type(error).__name__,
        )
