from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class DunningCase(models.Model):
    """Where a case stands, told by facts: nothing to set, nothing to drag."""

    _inherit = "dunning.case"

    def _compute_stage(self):
        self._flush_stage()
        query = SQL(
            "SELECT c.id, %s FROM dunning_case c WHERE c.id IN %s",
            self._stage_sql(SQL("c")),
            tuple(self.ids) or (0,),
        )
        found = dict(self.env.execute_query(query))
        for case in self:
            case.stage = found.get(case._origin.id or case.id, "todo")

    @api.model
    def _search_stage(self, operator, value):
        if operator != "in":
            return NotImplemented
        self._flush_stage()
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT c.id FROM dunning_case c WHERE %s IN %s)",
                self._stage_sql(SQL("c")),
                tuple(filter(None, value)) or (None,),
            ),
        )

    @api.model
    def _group_expand_stage(self, values, domain):
        return [stage for stage, _label in self._fields["stage"].selection]

    def _flush_stage(self):
        for model in (
            "dunning.hold",
            "dunning.promise",
            "dunning.payment.plan",
            "dunning.dispute",
            "dunning.handover",
            "dunning.call",
            "dunning.notice",
        ):
            self.env[model].flush_model()
        self.env["mail.activity"].flush_model()
        self.flush_model()

    @api.model
    def _stage_sql(self, case):
        """The stage of a row of dunning_case, from what is written about its customer.

        A promise says more than the hold that it brings. Whoever was contacted stays so
        until an activity of the case is due.

        :param case: alias of the row, as SQL
        """
        today = fields.Date.context_today(self)
        holds = self.env["dunning.hold"]
        return SQL(
            """
            CASE WHEN %(case)s.state = 'closed' THEN 'closed'
                 WHEN EXISTS (SELECT FROM dunning_handover g
                               WHERE g.partner_id = %(case)s.partner_id AND g.state = 'handed'
                                 AND g.company_id = %(case)s.company_id) THEN 'legal'
                 WHEN EXISTS (SELECT FROM dunning_dispute q
                               WHERE q.partner_id = %(case)s.partner_id AND q.state = 'open'
                                 AND q.company_id = %(case)s.company_id) THEN 'disputed'
                 WHEN EXISTS (SELECT FROM dunning_payment_plan y
                               WHERE y.partner_id = %(case)s.partner_id
                                 AND y.state IN ('offered', 'running')
                                 AND y.company_id = %(case)s.company_id) THEN 'plan'
                 WHEN EXISTS (SELECT FROM dunning_promise p
                               WHERE p.partner_id = %(case)s.partner_id AND p.state = 'open'
                                 AND p.company_id = %(case)s.company_id) THEN 'promised'
                 WHEN EXISTS (SELECT FROM dunning_hold h
                               WHERE h.partner_id = %(case)s.partner_id AND h.scope = 'debtor'
                                 AND h.company_id = %(case)s.company_id AND %(lasting)s)
                      THEN 'hold'
                 WHEN EXISTS (SELECT FROM mail_activity a
                               WHERE a.res_model = 'dunning.case' AND a.res_id = %(case)s.id
                                 AND a.active AND a.date_deadline <= %(today)s) THEN 'todo'
                 WHEN EXISTS (SELECT FROM dunning_call k
                               WHERE k.case_id = %(case)s.id AND k.conversation)
                   OR EXISTS (SELECT FROM dunning_notice n
                               WHERE n.partner_id = %(case)s.partner_id AND n.state = 'issued'
                                 AND n.company_id = %(case)s.company_id
                                 AND n.date >= %(case)s.date_open) THEN 'contacted'
                 ELSE 'todo' END
            """,
            case=case,
            lasting=holds._lasting_sql(today),
            today=today,
        )
