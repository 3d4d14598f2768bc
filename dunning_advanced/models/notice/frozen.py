from odoo import api, models
from odoo.tools import SQL

from ...tools import chain


class DunningNotice(models.Model):
    """What of a reminder is frozen, as the chain keeps it.

    Read by SQL, the same way when it is recorded and when it is checked: no language, right or
    cache of the user changes a letter of it.
    """

    _inherit = "dunning.notice"

    def _record_issued(self, kind="issued"):
        """Write the entries of the chain that tell what of these notices went out."""
        facts = self._frozen_facts()
        deliveries = self.delivery_ids._frozen_facts()
        told = self._told_facts()
        self.env["dunning.chain.entry"]._record(
            kind,
            [
                (
                    notice.company_id,
                    notice,
                    {
                        **facts[notice.id],
                        "deliveries": deliveries.get(notice.id, []),
                        "told": told[notice.id],
                    },
                )
                for notice in self
            ],
        )

    def _record_cancelled(self):
        """Write the entries of the chain that tell that these notices were taken back."""
        facts = self._cancelled_facts()
        self.env["dunning.chain.entry"]._record(
            "cancelled", [(notice.company_id, notice, facts[notice.id]) for notice in self]
        )

    @api.model
    def _record_merged(self, customer, others):
        """Write the entries of the chain that tell that customers became another one.

        :param customer: res.partner who stays
        :param others: res.partner who become him
        """
        others -= customer
        merged = {"merged": {"from": sorted(others.ids), "to": customer.id}}
        companies = self.search([("partner_id", "in", others.ids)]).company_id
        self.env["dunning.chain.entry"]._record(
            "merged", [(company, self.browse(), merged) for company in companies]
        )

    # What is the same whenever it is asked

    def _frozen_facts(self):
        """What must never change of issued notices: amounts as texts, in their currency.

        :return: dict of id to the content that can be asked again at any time
        """
        self.env.flush_all()
        lines, charges = self._frozen_lines(), self._frozen_charges()
        found, letters = {}, {}
        for row in self._frozen_rows():
            letters[row["id"]] = row.pop("attachment_id")
            amounts = {name: row.pop(name) for name in self._frozen_amounts()}
            notice = found[row["id"]] = {"reminder": row, "amounts": amounts}
            notice["lines"] = lines.get((row["id"], "dun"), [])
            notice["information"] = lines.get((row["id"], "info"), [])
            notice["charges"] = charges.get(row["id"], [])
        files = self._frozen_files(letters.values())
        for id_, letter in letters.items():
            found[id_]["letter"] = files.get(letter)
        return found

    def _frozen_amounts(self):
        """:return: dict of name in the content to column"""
        return {
            "open": "amount_open",
            "disputed": "amount_held",
            "credits": "amount_credit",
            "to_pay": "amount_total",
            "earlier_charges": "amount_charges_before",
        }

    def _frozen_rows(self):
        amounts = SQL(", ").join(
            SQL("%s AS %s", self._amount_text(SQL.identifier("notice", column)), SQL(name))
            for name, column in self._frozen_amounts().items()
        )
        self.env.cr.execute(
            SQL(
                """
                SELECT notice.id, notice.name AS number, notice.date::text AS date,
                       to_char(notice.date_issued, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS issued,
                       notice.rung AS level, currency.name AS currency,
                       notice.partner_id AS customer, notice.own_subject AS subject,
                       notice.own_body AS body, notice.attachment_id, %s
                  FROM dunning_notice notice
                  JOIN res_currency currency ON currency.id = notice.currency_id
                 WHERE notice.id = ANY(%s)
                """,
                amounts,
                self.ids,
            )
        )
        return self.env.cr.dictfetchall()

    def _amount_text(self, amount):
        """An amount as the customer reads it, with the decimals of the ``currency``."""
        return SQL("ROUND(COALESCE(%s, 0), currency.decimal_places)::text", amount)

    def _frozen_lines(self):
        """:return: dict of (notice id, "dun" or "info") to list of what stands on the notice"""
        return self._by_key(
            SQL(
                """
                SELECT line.notice_id, line.verdict, line.name AS invoice,
                       line.date_maturity::text AS due, %s AS open, %s AS disputed, %s AS to_pay
                  FROM dunning_line line
                  JOIN res_currency currency ON currency.id = line.currency_id
                 WHERE line.notice_id = ANY(%s) AND line.verdict IN ('dun', 'info')
                 ORDER BY line.notice_id, line.date_maturity, line.id
                """,
                self._amount_text(SQL("line.amount_open")),
                self._amount_text(SQL("line.amount_held")),
                self._amount_text(SQL("line.amount_net")),
                self.ids,
            ),
            "notice_id",
            "verdict",
        )

    def _frozen_charges(self):
        """:return: dict of notice id to list of what it asks for besides the invoices"""
        return self._by_key(
            SQL(
                """
                SELECT charge.notice_id, charge.kind, charge.name, charge.item_name AS invoice,
                       COALESCE(charge.announced, FALSE) AS announced, %s AS amount
                  FROM dunning_charge charge
                  JOIN res_currency currency ON currency.id = charge.currency_id
                 WHERE charge.notice_id = ANY(%s)
                 ORDER BY charge.notice_id, charge.id
                """,
                self._amount_text(SQL("charge.amount")),
                self.ids,
            ),
            "notice_id",
        )

    def _by_key(self, query, *keys):
        """The rows of a query by some of its columns, which they lose."""
        self.env.cr.execute(query)
        found = {}
        for row in self.env.cr.dictfetchall():
            values = tuple(row.pop(key) for key in keys)
            found.setdefault(values if len(keys) > 1 else values[0], []).append(row)
        return found

    def _frozen_files(self, ids):
        """:return: dict of attachment id to the SHA-256 of the file"""
        files = self.env["ir.attachment"].sudo().browse(filter(None, ids))
        return {file.id: chain.digest(file.raw or b"") for file in files}

    def _cancelled_facts(self):
        """:return: dict of id to what is recorded of a cancelled notice"""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT notice.id, notice.name AS number, notice.reason,
                       to_char(notice.date_cancelled, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS cancelled,
                       notice.cancelled_by_id AS cancelled_by
                  FROM dunning_notice notice WHERE notice.id = ANY(%s)
                """,
                self.ids,
            )
        )
        return {row["id"]: {"cancelled": row} for row in self.env.cr.dictfetchall()}

    # What was so when it went out

    def _told_facts(self):
        """What is recorded of issued notices besides, and may be another later.

        :return: dict of id to dict
        """
        files = self._frozen_attachments()
        return {
            notice.id: {
                "customer": notice.partner_id.name or "",
                "charges": notice._frozen_text(notice.amount_charges),
                "tax": notice._frozen_text(notice.amount_charge_tax),
                "due": notice._frozen_text(notice.amount_due),
                "attachments": files.get(notice.id, []),
            }
            for notice in self
        }

    def _frozen_text(self, amount):
        return f"{amount:.{self.currency_id.decimal_places}f}"

    def _frozen_attachments(self):
        """What went with the e-mails of notices.

        :return: dict of notice id to list of name and SHA-256
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT delivery.notice_id, attached.attachment_id, file.name
                  FROM dunning_delivery delivery
                  JOIN message_attachment_rel attached ON attached.message_id = delivery.message_id
                  JOIN ir_attachment file ON file.id = attached.attachment_id
                 WHERE delivery.notice_id = ANY(%s) AND delivery.correction IS NOT TRUE
                 ORDER BY delivery.notice_id, attached.attachment_id
                """,
                self.ids,
            )
        )
        hashes = self._frozen_files(file for _notice, file, _name in rows)
        found = {}
        for notice, file, name in rows:
            found.setdefault(notice, []).append({"name": name, "sha256": hashes[file]})
        return found


class DunningDelivery(models.Model):
    _inherit = "dunning.delivery"

    def _record(self, kind):
        """Write entries of the chain: these deliveries are new, or went to another address.

        :param kind: "resent" or "corrected"
        """
        facts = self._frozen_facts()
        self.env["dunning.chain.entry"]._record(
            kind,
            [
                (notice.company_id, notice, {"deliveries": facts[notice.id]})
                for notice in self.notice_id
            ],
        )

    def _record_again(self):
        """What was tried once more may have gone to another address, or as another delivery."""
        self.ensure_one()
        own = self.notice_id.delivery_ids.filtered(lambda one: one.correction == self.correction)
        own._record("corrected" if self.correction else "resent")

    def _frozen_facts(self):
        """By which channel they went to which address, and what.

        :return: dict of notice id to list, in the order of the deliveries
        """
        self.env.flush_all()
        notices = self.env["dunning.notice"]
        found = notices._by_key(
            SQL(
                """
                SELECT delivery.notice_id, delivery.id, delivery.channel, delivery.address,
                       delivery.attachment_id AS letter, message.subject,
                       encode(sha256(convert_to(message.body, 'UTF8')), 'hex') AS email,
                       COALESCE(delivery.correction, FALSE) AS correction
                  FROM dunning_delivery delivery
                  LEFT JOIN mail_message message ON message.id = delivery.message_id
                 WHERE delivery.id = ANY(%s)
                 ORDER BY delivery.notice_id, delivery.id
                """,
                self.ids,
            ),
            "notice_id",
        )
        rows = [row for own in found.values() for row in own]
        files = notices._frozen_files(row["letter"] for row in rows)
        for row in rows:
            row["letter"] = files.get(row["letter"])
        return found
