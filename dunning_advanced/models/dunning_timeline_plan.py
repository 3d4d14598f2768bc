from odoo import api, fields, models
from odoo.tools import SQL


class DunningTimeline(models.Model):
    """Payment plans: offered, agreed, in arrears, and what became of them."""

    _inherit = "dunning.timeline"
    _depends = {
        "dunning.payment.plan": [
            "amount_open",
            "amount_total",
            "company_id",
            "currency_id",
            "date_arrears",
            "date_end",
            "date_offered",
            "date_start",
            "hold_id",
            "name",
            "partner_id",
            "state",
            "user_id",
        ],
    }

    kind = fields.Selection(selection_add=[("plan", "Payment plan"), ("hold",)])

    @api.model
    def _icons(self):
        return {**super()._icons(), "plan": "fa-calendar"}

    @api.model
    def _sources(self):
        return {
            **super()._sources(),
            "plan_offered": self._source_plan("offered", "info"),
            "plan_start": self._source_plan("start", "info"),
            "plan_arrears": self._source_plan("arrears", "warning", amount="amount_open"),
            "plan_end": self._source_plan_end(),
        }

    @api.model
    def _own_holds(self):
        return SQL(
            "%s AND NOT EXISTS (SELECT FROM dunning_payment_plan y"
            " WHERE y.partner_id = e.partner_id AND y.hold_id = e.id)",
            super()._own_holds(),
        )

    @api.model
    def _source_plan(self, day, tone, amount="amount_total"):
        """Plans on the day that a field of theirs names."""
        date = SQL.identifier("e", f"date_{day}")
        return self._plan_event(
            SQL("%s IS NOT NULL", date),
            tone=SQL("%s", tone),
            date=date,
            amount=SQL.identifier("e", amount),
        )

    @api.model
    def _source_plan_end(self):
        return self._plan_event(
            SQL("e.date_end IS NOT NULL"),
            tone=SQL(
                "CASE e.state WHEN 'completed' THEN 'success' WHEN 'defaulted' THEN 'danger'"
                " ELSE 'muted' END"
            ),
            date=SQL("e.date_end"),
            amount=SQL("CASE e.state WHEN 'completed' THEN e.amount_total ELSE e.amount_open END"),
        )

    @api.model
    def _plan_event(self, condition, **columns):
        return self._event(
            SQL("FROM dunning_payment_plan e WHERE %s", condition),
            "plan",
            "dunning.payment.plan",
            moment=SQL("e.create_date"),
            currency_id=SQL("e.currency_id"),
            user_id=SQL("e.user_id"),
            **columns,
        )

    def _tell_plan_offered(self, plan):
        return self.env._("Payment plan %s offered", plan.name)

    def _tell_plan_start(self, plan):
        return self.env._(
            "Payment plan %(plan)s accepted by %(name)s", plan=plan.name, name=plan.signed_by
        )

    def _tell_plan_arrears(self, plan):
        return self.env._("Payment plan %s in arrears", plan.name)

    def _tell_plan_end(self, plan):
        labels = dict(plan._fields["state"]._description_selection(self.env))
        return self.env._(
            "Payment plan %(plan)s: %(state)s", plan=plan.name, state=labels[plan.state]
        )
