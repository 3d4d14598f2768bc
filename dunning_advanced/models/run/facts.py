from odoo import api, models
from odoo.tools import SQL, format_amount, format_date


class DunningLine(models.Model):
    """What has become of an item since it was put on a reminder, as facts: who paid it when and
    by which entry, what holds it.
    """

    _inherit = "dunning.line"

    @api.model
    def _in_words_of(self, notice):
        """In the language of whoever is responsible for a reminder."""
        return self.with_context(lang=notice.company_id._dunning_reader_lang(notice.user_id))

    def _facts(self, decisions, rows):
        """Why these lines are not reminded of any more, where there is more to say than the
        decision.

        :param decisions: dict of dunning.line to its decision now
        :param rows: dict of id of the item to what the engine says of it
        :return: dict of dunning.line to text
        """
        payments = self._entries_since(self.move_line_id)
        free = self._free_credits([line for line in self if decisions[line] == "covered"])
        facts = {}
        for line in self:
            words, decision = line._in_words_of(line.notice_id), decisions[line]
            row = rows.get(line.move_line_id.id)
            if decision == "changed":
                fact = words._fact_gone(row, payments.get(line.move_line_id.id, ()))
            elif decision == "held":
                fact = words._fact_held(self.env["dunning.hold"].browse(row["hold_id"]))
            elif decision == "covered":
                fact = words._fact_covered(free.get((line.partner_id.id, line.currency_id.id), ()))
            else:
                continue
            facts[line] = fact
        return facts

    def _facts_part(self, rows):
        """What is left of these lines, see :meth:`_facts`."""
        payments = self._entries_since(self.move_line_id)
        return {
            line: line._in_words_of(line.notice_id)._fact_part(
                rows[line.move_line_id.id], payments.get(line.move_line_id.id, ())
            )
            for line in self
        }

    def _label_of(self, decision):
        return dict(self._selection_decision()).get(decision, decision)

    def _fact_gone(self, row, entries):
        """Of an item that is not open any more, or is another customer's."""
        self.ensure_one()
        item, move = self.move_line_id, self.move_line_id.move_id.sudo()
        if not item:
            return self.env._("deleted")
        if move.state != "posted":
            return self.env._("reset or cancelled, so it is not posted any more")
        debtor = item.partner_id.commercial_partner_id
        if debtor != self.partner_id:
            return self.env._("now of %s", debtor.display_name)
        if row and row["currency_id"] != self.currency_id.id:
            return self.env._("now in %s", item.currency_id.name)
        if row:
            return self.env._("has become due")
        return self._fact_paid(entries) or self.env._("nothing is open any more")

    def _fact_paid(self, entries):
        """By which entries it was paid or credited, and when the last of them was.

        :param entries: list of (name, date, whether it is a credit note), the last first
        """
        if not entries:
            return ""
        [(_name, date, credited), *_others] = entries
        values = {
            "day": format_date(self.env, date, date_format="d MMM"),
            "entries": ", ".join(dict.fromkeys(name for name, *_rest in entries[:3])),
        }
        if credited:
            return self.env._("credited on %(day)s by %(entries)s", **values)
        return self.env._("paid on %(day)s by %(entries)s", **values)

    def _fact_held(self, hold):
        if hold.date_to:
            day = format_date(self.env, hold.date_to)
            return self.env._(
                "on hold until %(day)s: %(hold)s", day=day, hold=hold.sudo().display_name
            )
        return self.env._("on hold: %s", hold.sudo().display_name)

    def _fact_covered(self, entries):
        fact = self._fact_paid(entries)
        if not fact:
            return self._label_of("covered")
        return self.env._("covered: %s", fact)

    def _fact_part(self, row, entries):
        """Of an item of which less is asked for now than the reminder says."""
        left = format_amount(self.env, row["net"], self.currency_id)
        if fact := self._fact_paid(entries):
            return self.env._("only %(amount)s are left, %(fact)s", amount=left, fact=fact)
        return self.env._("only %s are left", left)

    def _entries_since(self, items):
        """The entries that paid or credited items after they were put on these lines.

        :return: dict of id of the item to list of (name, date, whether it is a credit note),
            the last first
        """
        since = min(self.mapped("create_date"), default=None)
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partial.debit_move_id, move.name, move.date,
                       move.move_type = 'out_refund'
                  FROM account_partial_reconcile partial
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_move move ON move.id = credit.move_id
                 WHERE partial.debit_move_id = ANY(%s) AND partial.create_date >= %s
                 ORDER BY move.date DESC, partial.id DESC
                """,
                list(items.ids),
                since,
            )
        )
        found = {}
        for item, *entry in rows:
            found.setdefault(item, []).append(tuple(entry))
        return found

    @api.model
    def _free_credits(self, lines):
        """Open payments and credit notes of the customers of lines.

        :return: dict of (id of the customer, id of the currency) to list as of
            :meth:`_entries_since`
        """
        if not lines:
            return {}
        companies = self.concat(*lines).company_id
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner.commercial_partner_id, item.currency_id, move.name, move.date,
                       move.move_type = 'out_refund'
                  FROM account_move_line item
                  JOIN account_move move ON move.id = item.move_id
                  JOIN res_partner partner ON partner.id = item.partner_id
                 WHERE partner.commercial_partner_id = ANY(%s) AND item.account_id IN %s
                   AND item.company_id = ANY(%s) AND item.parent_state = 'posted'
                   AND item.reconciled IS NOT TRUE AND item.amount_residual_currency < 0
                 ORDER BY move.date DESC, item.id DESC
                """,
                list({line.partner_id.id for line in lines}),
                tuple(self.env["dunning.engine.item"]._receivables().ids or [0]),
                [id_ for company in companies for id_ in company._dunning_companies().ids],
            )
        )
        found = {}
        for partner, currency, *entry in rows:
            found.setdefault((partner, currency), []).append(tuple(entry))
        return found

    @api.model
    def _describe_facts(self, facts):
        """Facts with the invoices that they are about, as one sentence.

        :param facts: dict of dunning.line to text
        """
        names = {}
        for line, fact in facts.items():
            names.setdefault(fact, []).append(line.name or line.display_name)
        return "; ".join(f"{', '.join(own[:5])}: {fact}" for fact, own in names.items())
