import json

from odoo import models
from odoo.tools import format_datetime

from ...tools.filenames import safe
from ..mixins.labels import label

EVIDENCE = "dunning_advanced.evidence"


class DunningHandover(models.Model):
    """What proves that the reminders were sent, and what they said."""

    _inherit = "dunning.handover"

    def _evidence_documents(self):
        """The sheet for people, and the entries of the chain to repeat its hashes."""
        yield self._try_document("", safe(self.env._("Evidence"), "pdf"), self._evidence_pdf)
        yield self._try_document("", self._evidence_file(), self._evidence_json)

    def _evidence_file(self):
        return safe(self.env._("Evidence"), "json")

    def _evidence_pdf(self):
        streams = self.env["ir.actions.report"]._render_qweb_pdf_prepare_streams(
            EVIDENCE, {}, self.ids
        )
        return streams[self.id]["stream"].getvalue()

    def _evidence_json(self):
        entries = self._evidence_entries()
        return json.dumps(
            [
                {
                    "number": entry.number,
                    "previous": entry.previous,
                    "hash": entry.hash,
                    "content": entry.content,
                }
                for entry in entries
                if entry.number
            ],
            ensure_ascii=False,
            indent=1,
        ).encode()

    def _evidence_entries(self):
        """What the chain has of these reminders, as it was recorded."""
        return (
            self.env["dunning.chain.entry"]
            .sudo()
            .search([("notice_id", "in", self.notice_ids.ids)], order="number, id")
        )

    def _evidence_values(self):
        """What the sheet shows, in the language of who gets it.

        :return: list of dicts, in the order of the hand-overs
        """
        return [handover._in_their_language()._evidence(handover._today()) for handover in self]

    def _evidence(self, date):
        entries = self._evidence_entries().grouped("notice_id")
        return {
            **self._document_frame(date),
            "zone": self.company_id.dunning_tz,
            "file": self._evidence_file(),
            "reminders": [
                self._evidence_reminder(notice, entries.get(notice.sudo(), ()))
                for notice in self.notice_ids
            ],
        }

    def _evidence_reminder(self, notice, entries):
        """:param entries: of the chain, in their order"""
        contents = [json.loads(entry.content) for entry in entries]
        issued = next((one for one in contents if "reminder" in one), {}).get("reminder", {})
        recorded = {one["id"]: one for content in contents for one in content.get("deliveries", ())}
        return {
            "number": issued.get("number") or notice.name,
            "level": notice.level_id.name,
            "issued": self._evidence_time(notice.date_issued),
            "subject": issued.get("subject") or notice.own_subject,
            "entries": [
                {
                    "kind": label(entry.with_env(self.env).sudo(), "kind"),
                    "recorded": self._evidence_time(entry.date),
                    "number": entry.number or "-",
                    "hash": entry.hash or "",
                }
                for entry in entries
            ],
            "deliveries": [
                self._evidence_delivery(delivery, recorded.get(delivery.id, {}))
                for delivery in notice.delivery_ids.sorted("id")
            ],
        }

    def _evidence_delivery(self, delivery, recorded):
        """:param recorded: what the chain says of it"""
        return {
            "channel": self._label(delivery, "channel"),
            "address": recorded.get("address") or delivery.address or "",
            "message_id": delivery.email_message_id or "",
            "answer": delivery.server_answer or "",
            "outcome": ". ".join(self._evidence_outcome(delivery)),
        }

    def _evidence_outcome(self, delivery):
        if delivery.correction:
            yield self.env._("Correction")
        yield self._label(delivery, "state")
        if delivery.date_done:
            yield self._evidence_time(delivery.date_done)
        if delivery.printed_by_id:
            yield self.env._("Printed by %s", delivery.printed_by_id.sudo().name)
        if delivery.date_failed:
            yield self.env._("Failed on %s", self._evidence_time(delivery.date_failed))
        if delivery.error:
            yield delivery.error

    def _evidence_time(self, moment):
        return format_datetime(self.env, moment, tz=self.company_id.dunning_tz, dt_format="medium")
