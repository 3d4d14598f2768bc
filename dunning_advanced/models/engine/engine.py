from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date as Date

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.parts import distinct
from .gates import COUNTS, GATES

# Memory for each sort and hash of a run over everybody; one run a company at a time.
WORK_MEM = "128MB"
# A run for more debtors than this is planned like one for everybody.
FEW = 200


@dataclass(frozen=True)
class Scope:
    """What one evaluation looks at."""

    company: models.Model
    date: Date
    partner_ids: tuple = ()  # debtors, all when empty
    own_notice_ids: tuple = ()  # notices that do not count, neither as pending nor as past
    run_id: int | None = None  # set when notices are to be written
    as_of: bool = False  # rebuild the ledger as it was on the date; for looking only
    leaving_item_ids: tuple = ()  # items of reminders that leave now: only asked if owed still
    asked_item_ids: tuple = ()  # items that pass the item gates, to ask what else would stop them


class DunningEngine(models.AbstractModel):
    """Decides every open item of a company at a date, set-based.

    One statement of named stages. Each ``_stage_<name>`` method returns the
    SQL of one stage; it may read the stages before it.
    """

    _name = "dunning.engine"
    _description = "Dunning Engine"

    def _register_hook(self):
        super()._register_hook()
        distinct(self._gates(), key=lambda gate: (gate.scope, gate.code))

    @api.model
    def _gates(self):
        """The gates in the order in which they are asked. Extension point.

        :return: list of Gate
        """
        return list(GATES)

    @api.model
    def _gates_of(self, scope, level):
        """The gates of a scope, each with its condition.

        :param level: "item", "credit", "debtor" or "early"
        :return: list of (Gate, SQL)
        """
        return [
            (gate, gate.condition(self.env, scope))
            for gate in self._gates()
            if gate.scope == level and (gate.asked_again or not scope.leaving_item_ids)
        ]

    @api.model
    def _only_counted(self):
        """Codes of decisions that are counted for a run and not written as lines."""
        return tuple(gate.code for gate in self._gates() if gate.counted_as)

    @api.model
    def _counts(self, found):
        """The items that get no line, as a run counts them.

        :param found: dict of decision to number of items
        :return: dict of field of dunning.run to number of items
        """
        counted_as = {gate.code: gate.counted_as for gate in self._gates()}
        return {
            f"{name}_count": sum(
                count for code, count in found.items() if counted_as.get(code) == name
            )
            for name in COUNTS
        }

    @api.model
    def _awaiting_level(self):
        """Codes of decisions that pass by themselves on the day of the next level."""
        return tuple(gate.code for gate in self._gates() if gate.awaits_level)

    @api.model
    def _asked_again(self):
        """Codes of decisions that stop a reminder that was issued and has not left yet."""
        return tuple(gate.code for gate in self._gates() if gate.asked_again)

    @api.model
    def _not_overdue(self):
        """Codes of decisions that say of an item that its customer has nothing to pay now."""
        return tuple(gate.code for gate in self._gates() if not gate.is_overdue)

    @api.model
    def _decision(self, scope, level):
        """The first gate of a scope that holds, as an SQL expression.

        :param level: see :meth:`_gates_of`
        """
        whens = [
            SQL("WHEN %s THEN %s", condition, gate.code)
            for gate, condition in self._gates_of(scope, level)
        ]
        return SQL("CASE %s END", SQL(" ").join(whens)) if whens else SQL("NULL::text")

    @api.model
    def _start(self, scope, levels, row, decision, otherwise):
        """The first day on which the gate that stopped an item lets it pass.

        :param levels: see :meth:`_gates_of`
        :param row: alias of a row that these gates know, as SQL
        :param decision: the decision about it, as SQL
        :param otherwise: the day where none of them stopped it, as SQL
        """
        starts = [
            (gate.code, gate.start(row, scope))
            for gate in self._gates()
            if gate.scope in levels and not gate.counted_as
        ]
        whens = [SQL("WHEN %s THEN %s", code, start) for code, start in starts if start]
        if not whens:
            return otherwise
        return SQL("CASE %s %s ELSE %s END", decision, SQL(" ").join(whens), otherwise)

    @api.model
    def _stages(self, scope):
        """Names and SQL of the stages, in order.

        :return: dict of stage name to SQL
        """
        names = [
            ("items", self.env["dunning.engine.item"]._stage_items),
            *self.env["dunning.engine.policy"]._stages(),
            *self.env["dunning.engine.incoming"]._stages(),
            *self.env["dunning.engine.item"]._stages(),
            *self.env["dunning.engine.credit"]._stages(),
            *self.env["dunning.engine.group"]._stages(),
        ]
        return {name: build(scope) for name, build in names}

    @api.model
    def _with(self, scope):
        """The stages as a WITH clause, ready for a final query."""
        stages = [
            SQL("%s AS %s(%s)", SQL.identifier(name), self._materialized(name, scope), query)
            for name, query in self._stages(scope).items()
        ]
        return SQL("WITH %s", SQL(", ").join(stages))

    @api.model
    def _materialized(self, name, scope):
        # Folded into the stages that read them, these would be computed again
        # for each of them, or for each of their rows.
        kept = ["debtors", "gated", "netted", "levels", "notices"]
        if scope.partner_ids:
            kept += ["history", "pending"]
        return SQL("MATERIALIZED ") if name in kept else SQL("")

    @api.model
    @contextmanager
    def _planned(self, scope):
        """Let PostgreSQL plan the statement for what it has to read.

        It cannot know how many rows come out of a stage, guesses a handful, and
        would join whole ledgers by nested loops: hours instead of seconds. So a
        run over everybody hashes and sorts, in memory where it may; one for a few
        debtors is left to the planner, which has indexes for them. Compiling so
        long a statement takes longer than it saves.
        """
        settings = {"jit": "off"}
        if not 0 < len(scope.partner_ids) <= FEW:
            settings |= {"enable_nestloop": "off", "work_mem": WORK_MEM}
        for name, value in settings.items():
            self.env.cr.execute(SQL("SET LOCAL %s = %s", SQL.identifier(name), value))
        yield
        for name in settings:
            self.env.cr.execute(SQL("SET LOCAL %s TO DEFAULT", SQL.identifier(name)))

    @api.model
    def _evaluate(self, scope):
        """The decision about every open item of the scope. Writes nothing.

        :return: list of dicts with the columns of the stage ``decisions``
        """
        self.env.flush_all()
        query = SQL("%s SELECT * FROM decisions", self._with(scope))
        with self._planned(scope):
            self.env.cr.execute(query)
            return self.env.cr.dictfetchall()

    @api.model
    def _lock(self, company):
        """Let one proposal at a time through for a company and its branches.

        :raises UserError: when another one is under way
        """
        self.env.cr.execute(
            SQL(
                "SELECT pg_try_advisory_xact_lock(hashtext('dunning.run'), %s)",
                company.root_id.id,
            )
        )
        if not self.env.cr.fetchone()[0]:
            raise UserError(
                self.env._(
                    "Another dunning run of %s is being proposed right now. "
                    "Wait a moment and propose again.",
                    company.root_id.name,
                )
            )

    # Helpers

    @api.model
    def _only(self, scope, column):
        """Condition that keeps to the debtors of the scope."""
        if not scope.partner_ids:
            return SQL("TRUE")
        return SQL("%s IN %s", column, scope.partner_ids)
