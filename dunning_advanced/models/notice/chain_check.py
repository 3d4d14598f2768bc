import json
from collections import Counter
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ...tools import chain

# Entries that are read at once, and problems after which the rest is not told.
BATCH, ENOUGH = 500, 100
# Stands for the number of an entry without a place: the highest that a column holds.
LAST = 2**31 - 1


class Row(NamedTuple):
    """An entry as the table has it."""

    number: int
    previous: str
    hash: str
    digest: str
    content: str
    kind: str
    recorded: str
    notice: int
    name: str  # number of the notice
    id: int


class Checked(NamedTuple):
    """What came of checking the chain of a company."""

    count: int
    found: int  # recorded after they were issued
    waiting: int  # without a place yet
    number: int
    hash: str  # of the last entry
    problems: list  # sentences, in the order of the chain: the first is where it breaks


class DunningChainEntry(models.Model):
    """Asks whether the chain is whole, and whether the reminders are still what it says."""

    _inherit = "dunning.chain.entry"

    @api.model
    def _check(self, company):
        """Check all entries of a company, and its reminders against them. Files are read too.

        :return: Checked
        """
        return self.sudo()._check_all(company)

    @api.model
    def _check_all(self, company):
        self.env.flush_all()
        number, last, counts, problems = 0, chain.BEGIN, Counter(), []
        customers = self._merged_customers(company)
        for rows in self._batches(company):
            entries = [chain.Entry(*row[:5]) for row in rows if row.number]
            problems += self._broken(rows, chain.breaks(entries, number, last))
            problems += self._changed_waiting(rows)
            problems += self._differing(rows, customers)
            if entries:
                number, last = entries[-1].number, entries[-1].hash
            counts.update(row.kind if row.number else "waiting" for row in rows)
            self.env["ir.attachment"].invalidate_model(["raw", "datas"])
            if len(problems) >= ENOUGH:
                break
        problems += self._unrecorded(company)
        return Checked(
            count=counts.total(),
            found=counts["found"],
            waiting=counts["waiting"],
            number=number,
            hash=last,
            problems=problems[:ENOUGH],
        )

    @api.model
    def _describe(self, checked):
        """What came of a check, in sentences; what does not fit comes first.

        :param checked: Checked
        """
        told = list(checked.problems)
        if not told:
            told.append(self.env._("%s entries, all of them as they were recorded.", checked.count))
        if checked.found:
            told.append(
                self.env._(
                    "%s reminders were issued before the chain began: what they said then is not "
                    "proved, that it has not changed since is.",
                    checked.found,
                )
            )
        if checked.waiting:
            told.append(
                self.env._(
                    "%s entries are new and get their place in the chain in a moment.",
                    checked.waiting,
                )
            )
        if checked.number:
            told.append(
                self.env._(
                    "The last is entry %(number)s with the hash %(hash)s. Keep it outside of this "
                    "database: a later check has to find it again.",
                    number=checked.number,
                    hash=checked.hash,
                )
            )
        return told

    @api.model
    def _batches(self, company):
        """Yield lists of Row in the order of the chain; those without a place come last."""
        after = (0, 0)
        while found := self.env.execute_query(
            SQL(
                """
                SELECT entry.number, entry.previous, entry.hash, entry.digest, entry.content,
                       entry.kind, to_char(entry.date, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                       entry.notice_id, notice.name, entry.id
                  FROM dunning_chain_entry entry
                  LEFT JOIN dunning_notice notice ON notice.id = entry.notice_id
                 WHERE entry.company_id = %(company)s
                   AND (COALESCE(entry.number, %(last)s), entry.id) > %(after)s
                 ORDER BY COALESCE(entry.number, %(last)s), entry.id
                 LIMIT %(limit)s
                """,
                company=company.id,
                last=LAST,
                after=after,
                limit=BATCH,
            )
        ):
            yield [Row(*row) for row in found]
            after = (found[-1][0] or LAST, found[-1][-1])

    # The chain itself

    @api.model
    def _broken(self, rows, breaks):
        names = {row.number: self._name_of(row) for row in rows if row.number}
        words = {
            "content": self.env._("its content was changed."),
            "gap": self.env._("entries before it were deleted."),
            "previous": self.env._(
                "it does not follow the entry before it: one was deleted, moved or put in between."
            ),
            "hash": self.env._("its hash is not the one that it must have."),
        }
        return [f"{names[entry.number]}: {words[why]}" for entry, why in breaks]

    @api.model
    def _changed_waiting(self, rows):
        return [
            f"{self._name_of(row)}: {self.env._('its content was changed.')}"
            for row in rows
            if not row.number and chain.digest(row.content) != row.digest
        ]

    @api.model
    def _name_of(self, row):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        place = self.env._("Entry %s", row.number or self.env._("without a place"))
        return f"{place} ({', '.join(filter(None, (row.name, kinds.get(row.kind, row.kind))))})"

    # The reminders

    @api.model
    def _differing(self, rows, customers):
        """What is not any more as it was recorded."""
        notices = self.env["dunning.notice"].browse({row.notice for row in rows if row.notice})
        now = self._as_they_are(notices)
        problems = []
        for row in rows:
            where = self._where(row, self._recorded(row), now.get(row.notice), customers)
            if where is not None:
                problems.append(
                    self.env._(
                        "%(entry)s: it is not as it was recorded any more: %(where)s.",
                        entry=self._name_of(row),
                        where=where,
                    )
                )
        return problems

    @api.model
    def _recorded(self, row):
        """The content of an entry, empty where it is no JSON any more."""
        try:
            return json.loads(row.content)
        except ValueError:
            return {}

    @api.model
    def _as_they_are(self, notices):
        """:return: dict of notice id to what can be compared with its entries"""
        frozen, cancelled = notices._frozen_facts(), notices._cancelled_facts()
        deliveries = notices.delivery_ids._frozen_facts()
        last = self._last_deliveries(notices)
        states = dict(
            self.env.execute_query(
                SQL("SELECT id, state FROM dunning_notice WHERE id = ANY(%s)", notices.ids)
            )
        )
        taken_back = self._cancelled_ids(notices)
        return {
            id_: {
                "facts": facts,
                "cancelled": cancelled[id_],
                "deliveries": (last.get(id_, {}), deliveries.get(id_, [])),
                "state": states[id_] == ("cancelled" if id_ in taken_back else "issued"),
            }
            for id_, facts in frozen.items()
        }

    @api.model
    def _cancelled_ids(self, notices):
        rows = self.env.execute_query(
            SQL(
                "SELECT notice_id FROM dunning_chain_entry"
                " WHERE notice_id = ANY(%s) AND kind = 'cancelled'",
                notices.ids,
            )
        )
        return {id_ for [id_] in rows}

    @api.model
    def _last_deliveries(self, notices):
        """What the chain says last of each delivery.

        :return: dict of notice id to dict of delivery id to what was recorded
        """
        found = {}
        for notice, content in self.env.execute_query(
            SQL(
                "SELECT notice_id, content FROM dunning_chain_entry WHERE notice_id = ANY(%s)"
                " AND kind <> 'cancelled' ORDER BY id",
                notices.ids,
            )
        ):
            try:
                deliveries = json.loads(content).get("deliveries", ())
            except ValueError:
                continue
            found.setdefault(notice, {}).update({one["id"]: one for one in deliveries})
        return found

    @api.model
    def _where(self, row, frozen, now, customers):
        """Where an entry or its reminder is not as it was recorded, None where all is so."""
        own = chain.difference(frozen, {"kind": row.kind, "recorded": row.recorded})
        if own is not None or row.kind == "merged":
            return own
        if not now:
            return "reminder"
        if row.kind == "cancelled":
            return chain.difference(frozen, now["cancelled"])
        if row.kind not in ("issued", "found"):
            return None
        if not now["state"]:
            return "state"
        where = chain.difference(frozen, self._comparable(frozen, now["facts"], customers))
        return self._where_delivered(*now["deliveries"]) if where is None else where

    @api.model
    def _comparable(self, frozen, facts, customers):
        """What of a reminder as it is has to be as it was recorded."""
        customer = frozen.get("reminder", {}).get("customer")
        if customers.get(customer) == facts["reminder"]["customer"]:
            facts = {**facts, "reminder": {**facts["reminder"], "customer": customer}}
        # A letter that could not be made at first may have gone with another try.
        return facts if frozen.get("letter") else {**facts, "letter": None}

    @api.model
    def _where_delivered(self, recorded, now):
        """:param recorded: dict of delivery id to what the chain says of it"""
        by_id = {one["id"]: one for one in now}
        # A correction that could not be sent has told nobody anything.
        known = recorded.keys() | {one["id"] for one in now if not one["correction"]}
        for id_ in sorted(known):
            where = chain.difference(recorded.get(id_), by_id.get(id_))
            if where is not None:
                return f"delivery {where}".strip()
        return None

    @api.model
    def _merged_customers(self, company):
        """Customers who became another one, see the merging of contacts.

        :return: dict of the id that was recorded to that of now
        """
        now = {}
        for [content] in self.env.execute_query(
            SQL(
                "SELECT content FROM dunning_chain_entry"
                " WHERE company_id = %s AND kind = 'merged' ORDER BY id",
                company.id,
            )
        ):
            merged = json.loads(content)["merged"]
            gone = set(merged["from"])
            now = {old: merged["to"] if new in gone else new for old, new in now.items()}
            now.update(dict.fromkeys(gone, merged["to"]))
        return now

    @api.model
    def _unrecorded(self, company):
        """Reminders that are issued and of which the chain knows nothing."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT notice.name FROM dunning_notice notice
                 WHERE notice.company_id = %s AND notice.state IN ('issued', 'cancelled')
                   AND NOT EXISTS (SELECT FROM dunning_chain_entry entry
                                    WHERE entry.notice_id = notice.id
                                      AND entry.kind IN ('issued', 'found'))
                 ORDER BY notice.id LIMIT %s
                """,
                company.id,
                ENOUGH,
            )
        )
        return [
            self.env._("%s: it has no entry in the chain.", name or self.env._("A reminder"))
            for [name] in rows
        ]
