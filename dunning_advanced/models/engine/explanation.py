from dataclasses import replace

from odoo import api, models
from odoo.tools import SQL


class DunningEngineExplain(models.AbstractModel):
    """Asks every gate about one item, not only the first that holds."""

    _name = "dunning.engine.explain"
    _description = "Dunning Engine: Explanation"

    @api.model
    def _answers(self, scope, item):
        """What every gate says about an item, and what it would get without
        the gates that stop it alone.

        :param scope: Scope, limited to the debtor of the item
        :param item: account.move.line
        :return: None when the item is not open at the date, else a dict with
            ``gates`` (list of (Gate, whether it stops, first day on which it
            lets the item pass)), the columns of the stage ``stepped``, and
            from the stage ``decided`` those of the reminder that it would be on
        """
        self.env.flush_all()
        facts = self._first(
            scope,
            SQL(
                "SELECT item.*, %s FROM stepped item WHERE item.id = %s",
                self._columns(scope, "item"),
                item.id,
            ),
        )
        if not facts:
            return None
        asked = replace(scope, asked_item_ids=(item.id,))
        facts.update(
            self._first(
                asked,
                SQL(
                    "SELECT item.net, %s FROM netted item WHERE item.id = %s",
                    self._columns(scope, "credit"),
                    item.id,
                ),
            )
        )
        facts.update(self._first(asked, self._notice_sql(scope, item)))
        facts["gates"] = [
            (gate, bool(facts[column]), facts.get(f"{column}_start"))
            for gate in self.env["dunning.engine"]._gates()
            if (column := f"{gate.scope}_{gate.code}") in facts
        ]
        return facts

    @api.model
    def _next_day(self, facts):
        """The first day on which the gates that stop by date let an item pass.

        :param facts: see :meth:`_answers`
        :return: None where another gate stops it, or a hold without a last day
        """
        days = [start for _gate, stops, start in facts["gates"] if stops]
        return max(filter(None, [*days, facts["start"]]), default=None) if all(days) else None

    @api.model
    def _columns(self, scope, level):
        """The conditions of the gates of a scope, and their days, as columns."""
        row = SQL("item") if level in ("item", "credit") else SQL("draft")
        columns = {}
        for gate, condition in self.env["dunning.engine"]._gates_of(scope, level):
            columns[f"{level}_{gate.code}"] = condition
            columns[f"{level}_{gate.code}_start"] = gate.start(row, scope)
        return SQL(", ").join(
            SQL("(%s) AS %s", column, SQL.identifier(name))
            for name, column in columns.items()
            if column
        )

    @api.model
    def _notice_sql(self, scope, item):
        return SQL(
            """
            SELECT draft.top, draft.shift, draft.net AS notice_net, draft.net_top,
                   draft.level_id AS notice_level_id,
                   draft.channel, draft.contact_ids, draft.free_from, %s, %s
              FROM decided draft
              JOIN netted own ON own.id = %s AND own.debtor_id = draft.debtor_id
                   AND own.currency_id = draft.currency_id AND own.policy_id = draft.policy_id
                   AND (own.rung < 1) = draft.early
            """,
            self._columns(scope, "debtor"),
            self._columns(scope, "early"),
            item.id,
        )

    @api.model
    def _first(self, scope, query):
        self.env.cr.execute(SQL("%s %s", self.env["dunning.engine"]._with(scope), query))
        return next(iter(self.env.cr.dictfetchall()), {})
