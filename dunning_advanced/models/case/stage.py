from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.parts import IncompleteError, distinct
from .stages import STAGES, ToDo


class DunningCase(models.Model):
    """The stage of a case."""

    _inherit = "dunning.case"

    def _compute_stage(self):
        self._flush_stage()
        query = SQL(
            "SELECT kase.id, %s FROM dunning_case kase WHERE kase.id IN %s",
            self._stage_sql(SQL("kase")),
            tuple(self.ids) or (0,),
        )
        found = dict(self.env.execute_query(query))
        for case in self:
            case.stage = found.get(case._origin.id or case.id, ToDo.code)

    @api.model
    def _search_stage(self, operator, value):
        if operator != "in":
            return NotImplemented
        self._flush_stage()
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT kase.id FROM dunning_case kase WHERE %s IN %s)",
                self._stage_sql(SQL("kase")),
                tuple(filter(None, value)) or (None,),
            ),
        )

    @api.model
    def _group_expand_stage(self, values, domain):
        return [stage for stage, _label in self._fields["stage"].selection]

    @api.model
    def _stages(self):
        """The stages in the order in which they are asked. Extension point: a stage of another
        module is also added to the selection of ``stage``.

        :return: list of Stage
        """
        return list(STAGES)

    @api.model
    def _check_stages(self):
        """Refuse stages that could not be told apart or shown.

        :raises IncompleteError: when there are any
        """
        shown = dict(self._fields["stage"].selection)
        for stage in distinct(self._stages()):
            if stage.code not in shown:
                raise IncompleteError(
                    f"{stage.written_at}: {type(stage).__name__} is not complete, add "
                    f"{stage.code!r} to the selection of the field stage of dunning.case"
                )

    def _flush_stage(self):
        self.flush_model()
        for name in {name for stage in self._stages() for name in stage.models}:
            self.env[name].flush_model()

    @api.model
    def _stage_sql(self, case):
        """The stage of a row of dunning_case, from what is written about its customer.

        :param case: alias of the row, as SQL
        """
        today = self.env["res.company"]._dunning_today_sql(SQL("%s.company_id", case))
        whens = [
            SQL("WHEN %s THEN %s", stage.condition(self.env, case, today), stage.code)
            for stage in self._stages()
        ]
        return SQL("CASE %s ELSE %s END", SQL(" ").join(whens), ToDo.code)
