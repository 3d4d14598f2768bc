from odoo import api, models
from odoo.tools import SQL

# Why somebody is written to, the best reason first.
FOR_REMINDERS, ON_INVOICES, FOR_INVOICES, DEBTOR = 1, 2, 3, 4


class DunningChannel(models.AbstractModel):
    """Who gets a reminder: one rule for proposals, reviews, issuing and documents."""

    _inherit = "dunning.channel"

    @api.model
    def _addressees_sql(self, asked):
        """Who gets each reminder by which channel.

        All contacts of the type for reminders; where there is none, the contacts to whom its
        invoices are made out; then the invoice contacts; then the debtor itself, even when it
        is archived: it still owes. Each is taken only where the channel can reach it. Of contacts
        that are not meant for reminders the policy takes all, or the first: the contact on the
        invoice that was due first.

        :param asked: SQL of a query with the columns

            * key: of the reminder, unique
            * debtor_id
            * contact_ids: the contacts on its invoices other than the debtor, the first one
              first; or NULL
            * others: whether some of its invoices are made out to no such contact
            * every: whether the policy takes all
        :return: SQL of a query with columns key and <channel>_contact_ids, an array of ids, the
            first one first; NULL where nobody is reached
        """
        columns = [self._reach_columns(channel.code) for channel in self._channels()]
        return SQL(
            "SELECT key, %s FROM (SELECT found.key, found.others, found.every, %s FROM (%s) found"
            " GROUP BY found.key, found.others, found.every) reach",
            SQL(", ").join(chosen for chosen, _found in columns),
            SQL(", ").join(found for _chosen, found in columns),
            self._candidates_sql(asked),
        )

    @api.model
    def _reach_columns(self, code):
        """Whom a channel reaches, the best first, and how many of them are written to.

        :return: SQL of the column of :meth:`_addressees_sql`, and of the columns that it reads
        """
        reached, ids = SQL.identifier(f"{code}_reached"), SQL.identifier(f"{code}_ids")
        ranks = {"meant": FOR_REMINDERS, "named": ON_INVOICES, "usual": FOR_INVOICES}
        names = {name: SQL.identifier(f"{code}_{name}") for name in ranks}
        counts = [
            SQL(
                "COUNT(*) FILTER (WHERE found.%s AND found.rank = %s) AS %s",
                reached,
                rank,
                names[name],
            )
            for name, rank in ranks.items()
        ]
        chosen = SQL(
            "%(ids)s[1:CASE WHEN %(meant)s > 0 THEN %(meant)s WHEN NOT every THEN 1"
            " WHEN others OR %(named)s = 0 THEN %(named)s + GREATEST(%(usual)s, 1)"
            " ELSE %(named)s END] AS %(name)s",
            ids=ids,
            name=SQL.identifier(f"{code}_contact_ids"),
            **names,
        )
        found = SQL(
            "array_agg(found.id ORDER BY found.rank, found.place, found.id)"
            " FILTER (WHERE found.%s) AS %s",
            reached,
            ids,
        )
        return chosen, SQL(", ").join([found, *counts])

    @api.model
    def _candidates_sql(self, asked):
        """Whom a reminder may be for, why, and by which channels each can be reached."""
        return SQL(
            """
            SELECT asked.key, asked.others, asked.every, partner.id,
                   CASE WHEN partner.id = asked.debtor_id THEN %s
                        WHEN partner.type = 'dunning' THEN %s
                        WHEN partner.id = ANY(asked.contact_ids) THEN %s ELSE %s END AS rank,
                   array_position(asked.contact_ids, partner.id) AS place, %s
              FROM (%s) asked
              JOIN res_partner partner ON partner.commercial_partner_id = asked.debtor_id
             WHERE partner.id = asked.debtor_id
                OR partner.active AND (partner.type IN ('dunning', 'invoice')
                                       OR partner.id = ANY(asked.contact_ids))
            """,
            DEBTOR,
            FOR_REMINDERS,
            ON_INVOICES,
            FOR_INVOICES,
            SQL(", ").join(
                SQL(
                    "COALESCE(%s, FALSE) AS %s",
                    channel.reach(SQL("partner")),
                    SQL.identifier(f"{channel.code}_reached"),
                )
                for channel in self._channels()
            ),
            asked,
        )

    @api.model
    def _asked_debtors(self, debtors):
        """What :meth:`_addressees_sql` asks for where there are no invoices."""
        return SQL(
            "SELECT id AS key, id AS debtor_id, NULL::int[] AS contact_ids, TRUE AS others,"
            " FALSE AS every FROM unnest(%s) debtor (id)",
            list(debtors.ids),
        )

    @api.model
    def _asked_notices(self, notices):
        """What :meth:`_addressees_sql` asks for reminders that are written down."""
        return SQL(
            """
            SELECT notice.id AS key, notice.partner_id AS debtor_id,
                   policy.every_contact IS TRUE AS every,
                   named.contact_ids, named.others IS NOT FALSE AS others
              FROM dunning_notice notice
              JOIN dunning_policy policy ON policy.id = notice.policy_id
              CROSS JOIN LATERAL (
                    SELECT array_agg(contact.id ORDER BY contact.due, contact.id)
                               FILTER (WHERE contact.id <> notice.partner_id) AS contact_ids,
                           bool_or(contact.id IS NULL OR contact.id = notice.partner_id) AS others
                      FROM (SELECT move.partner_id AS id, MIN(line.date_maturity) AS due
                              FROM dunning_line line
                              JOIN account_move_line item ON item.id = line.move_line_id
                              JOIN account_move move ON move.id = item.move_id
                             WHERE line.notice_id = notice.id AND line.verdict = 'dun'
                             GROUP BY move.partner_id) contact) named
             WHERE notice.id = ANY(%s)
            """,
            list(notices.ids),
        )

    def _addressees(self, code, notices):
        """Who gets each notice by a channel: those who were chosen for it where it is the
        notice's own channel and can reach them, else the usual ones.

        :return: dict of notice id to res.partner, empty where nobody is reached
        """
        chosen = notices.filtered(lambda notice: notice.channel == code).own_contact_ids
        chosen &= self._reachable(code, chosen)
        usual = self._usual(code, self._asked_notices(notices)) if notices else {}
        found = {}
        for notice in notices:
            own = notice.own_contact_ids & chosen if notice.channel == code else chosen.browse()
            found[notice.id] = own or chosen.browse(usual.get(notice.id))
        together = chosen.concat(*found.values())._prefetch_ids
        return {key: contacts.with_prefetch(together) for key, contacts in found.items()}

    def _reached(self, code, debtors):
        """The first who gets what is sent to each debtor and is about no single invoice.

        :return: dict of debtor to res.partner, empty where nobody is reached
        """
        usual = self._usual(code, self._asked_debtors(debtors)) if debtors else {}
        first = {debtor: (usual.get(debtor.id) or [])[:1] for debtor in debtors}
        together = debtors.browse(id_ for ids in first.values() for id_ in ids)._prefetch_ids
        return {
            debtor: debtors.browse(ids).with_prefetch(together) for debtor, ids in first.items()
        }

    def _first_reached(self, debtors):
        """Who gets what is sent to each debtor, by the first channel that reaches somebody.

        :return: dict of debtor to res.partner
        """
        if not debtors:
            return {}
        self.env.flush_all()
        self.env.cr.execute(self._addressees_sql(self._asked_debtors(debtors)))
        found = {}
        for row in self.env.cr.dictfetchall():
            ids = (row[f"{channel.code}_contact_ids"] for channel in self._channels())
            found[debtors.browse(row["key"])] = debtors.browse(next(filter(None, ids), ()))
        return found

    def _usual(self, code, asked):
        """:return: dict of key to list of ids of res.partner"""
        self.env.flush_all()
        self.env.cr.execute(self._addressees_sql(asked))
        column = f"{code}_contact_ids"
        return {row["key"]: row.get(column) or [] for row in self.env.cr.dictfetchall()}

    def _reachable(self, code, contacts):
        """Those of these contacts whom a channel reaches; archived ones only where they owe."""
        channel = self._get(code)
        if not contacts or not channel:
            return contacts.browse()
        self.env.flush_all()
        found = self.env.execute_query(
            SQL(
                "SELECT partner.id FROM res_partner partner WHERE partner.id = ANY(%s) AND %s"
                " AND (partner.active OR partner.id = partner.commercial_partner_id)",
                list(contacts.ids),
                channel.reach(SQL("partner")),
            )
        )
        return contacts.browse(id_ for [id_] in found)

    def _passed_over(self, code, notices):
        """Contacts who would get each notice, and cannot be reached by a channel.

        :return: dict of notice id to res.partner
        """
        if not notices or not self._get(code):
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT key, array_agg(id ORDER BY rank, place, id)
                  FROM (SELECT found.*, found.%(reached)s AS reached,
                               MIN(found.rank) FILTER (WHERE found.%(reached)s)
                                   OVER (PARTITION BY found.key) AS best
                          FROM (%(candidates)s) found) candidate
                 WHERE NOT reached AND rank < %(debtor)s AND rank <= COALESCE(best, %(debtor)s)
                 GROUP BY key
                """,
                reached=SQL.identifier(f"{code}_reached"),
                candidates=self._candidates_sql(self._asked_notices(notices)),
                debtor=DEBTOR,
            )
        )
        partners = self.env["res.partner"]
        together = partners.browse(id_ for _key, ids in rows for id_ in ids)._prefetch_ids
        return {key: partners.browse(ids).with_prefetch(together) for key, ids in rows}
