from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import SQL

from ...tools import chain
from ...tools.sql import values

# So many entries get their place in one transaction.
AT_ONCE = 1000


class DunningChainEntry(models.Model):
    """What went out, for good: each reminder, correction and cancellation of a company.

    An entry is written in the transaction of what it tells. Its place in the chain, which one
    worker at a time gives, follows within seconds: issuing waits for nobody. See
    ``tools/chain.py`` for the hashes.
    """

    _name = "dunning.chain.entry"
    _description = "Entry of the Chain"
    _order = "company_id, number desc, id desc"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    number = fields.Integer(
        string="Entry no.",
        readonly=True,
        aggregator=None,
        help="Place in the chain of the company. Empty for the seconds until it is given.",
    )
    kind = fields.Selection(
        [
            ("found", "Recorded later"),
            ("issued", "Issued"),
            ("resent", "Sent again"),
            ("corrected", "Correction"),
            ("cancelled", "Cancelled"),
            ("merged", "Customers merged"),
        ],
        required=True,
        readonly=True,
        help="Recorded later: it was issued before the chain began.",
    )
    notice_id = fields.Many2one(
        "dunning.notice",
        string="Reminder",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    date = fields.Datetime(string="Recorded on", required=True, readonly=True)
    content = fields.Text(required=True, readonly=True, help="What went out, as JSON.")
    digest = fields.Char(
        string="Hash of the content", required=True, readonly=True, help="SHA-256 of the content."
    )
    previous = fields.Char(string="Hash before", readonly=True, help="That of the entry before.")
    hash = fields.Char(
        readonly=True, help="SHA-256 of the hash before, the entry no. and the hash of the content."
    )

    _place = models.UniqueIndex(
        "(company_id, number) WHERE number IS NOT NULL",
        "This place in the chain is taken already: try again.",
    )

    _waiting_idx = models.Index("(company_id, id) WHERE number IS NULL")

    @api.depends("number", "kind", "notice_id")
    def _compute_display_name(self):
        for entry in self:
            parts = (str(entry.number or ""), entry.notice_id.name)
            entry.display_name = " · ".join(filter(None, parts)) or self.env._("Entry")

    def write(self, vals):
        if vals:
            raise UserError(
                self.env._(
                    "What went out is recorded for good: entries of the chain cannot change."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "What went out is recorded for good: entries of the chain cannot be deleted."
            )
        )

    # Business

    @api.model
    def _record(self, kind, rows):
        """Write entries; they get their place soon after this transaction.

        :param kind: of all of them
        :param rows: list of (res.company, dunning.notice or nothing, content as a dict)
        :return: dunning.chain.entry
        """
        now = fields.Datetime.now()
        vals_list = []
        for company, notice, facts in rows:
            content = chain.canonical(
                {
                    "kind": kind,
                    "company": {"id": company.id, "name": company.name},
                    "recorded": f"{now.isoformat()}Z",
                    **facts,
                }
            )
            vals_list.append(
                {
                    "company_id": company.id,
                    "kind": kind,
                    "notice_id": notice.id,
                    "date": now,
                    "content": content,
                    "digest": chain.digest(content),
                }
            )
        # Who issues and works on has woken the scheduled action, or is it.
        if vals_list and not self.env.context.get("dunning_links_later"):
            self.env["dunning.notice"]._wake_cron()
        return self.sudo().create(vals_list)

    @api.model
    def _waiting_count(self):
        """How many entries have no place yet."""
        self.flush_model()
        [[count]] = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM dunning_chain_entry WHERE number IS NULL")
        )
        return count

    @api.model
    def _link(self):
        """Give entries that wait their place, unless another worker does so at the moment.

        Only one transaction at a time may do this, and none waits for another. Call it in a
        transaction of its own: who looked at the chain before cannot see what was added since.

        :return: how many got one
        :raises ConcurrencyError: when the chain has grown since this transaction began
        """
        self.flush_model()
        [[free]] = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(hashtext('dunning_chain_entry'))")
        )
        if not free:
            return 0
        waiting = self.env.execute_query(
            SQL(
                "SELECT company_id, id, digest FROM dunning_chain_entry WHERE number IS NULL"
                " ORDER BY company_id, id LIMIT %s",
                AT_ONCE,
            )
        )
        if waiting:
            self._keep_places(list(self._places(waiting)))
        return len(waiting)

    @api.model
    def _places(self, waiting):
        """Yield id, number, previous hash and hash of entries.

        :param waiting: rows of company, id and digest, in their order
        """
        by_company = {}
        for company, id_, digest in waiting:
            by_company.setdefault(company, []).append((id_, digest))
        heads = self._heads(by_company)
        for company, rows in by_company.items():
            ids, digests = zip(*rows, strict=True)
            places = chain.links(digests, *heads.get(company, ()))
            yield from ((id_, *place) for id_, place in zip(ids, places, strict=True))

    @api.model
    def _heads(self, companies):
        """The last entry of the chain of each company.

        :param companies: ids
        :return: dict of id to (number, hash)
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT company.id, head.number, head.hash
                  FROM unnest(%s) AS company(id)
                  JOIN LATERAL (SELECT number, hash FROM dunning_chain_entry
                                 WHERE company_id = company.id AND number IS NOT NULL
                                 ORDER BY number DESC LIMIT 1) head ON TRUE
                """,
                list(companies),
            )
        )
        return {company: (number, hash_) for company, number, hash_ in rows}

    @api.model
    def _keep_places(self, places):
        columns = {"id": "int", "number": "int", "previous": "varchar", "hash": "varchar"}
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    SQL(
                        "UPDATE dunning_chain_entry entry SET number = place.number,"
                        " previous = place.previous, hash = place.hash"
                        " FROM (%s) place WHERE place.id = entry.id",
                        values(columns, places),
                    ),
                    log_exceptions=False,
                )
        except IntegrityError as error:
            raise ConcurrencyError(str(error)) from error
        self.invalidate_model(["number", "previous", "hash"])
