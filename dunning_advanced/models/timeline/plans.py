from odoo import api, models
from odoo.tools import SQL, format_date

from ..mixins.labels import labels


class DunningTimeline(models.Model):
    """Payment plans, from the offer to their end, and their installments."""

    _inherit = "dunning.timeline"
    _depends = {
        "dunning.payment.plan": [
            "amount_open",
            "amount_total",
            "approved_by_id",
            "company_id",
            "currency_id",
            "date_approved",
            "date_arrears",
            "date_end",
            "date_offered",
            "date_start",
            "ended_by_id",
            "hold_id",
            "name",
            "partner_id",
            "state",
            "user_id",
        ],
        "dunning.installment": [
            "amount",
            "amount_open",
            "amount_paid",
            "date_paid",
            "plan_id",
        ],
        "dunning.hold": ["name", "reason_id"],
    }

    @api.model
    def _sources(self):
        return {
            **super()._sources(),
            "plan_offered": self._source_plan("date_offered", user_id=SQL("event.user_id")),
            "plan_approved": self._source_plan(
                "date_approved", "muted", user_id=SQL("event.approved_by_id")
            ),
            "plan_start": self._source_plan("date_start"),
            "installment_paid": self._source_installment_paid(),
            "plan_arrears": self._source_plan(
                "date_arrears", "warning", amount=SQL("event.amount_open")
            ),
            "plan_end": self._source_plan_end(),
        }

    @api.model
    def _own_holds(self):
        """A plan that is taken back and offered again has a new hold each time."""
        return SQL(
            """
            %s AND NOT EXISTS (
               SELECT FROM dunning_payment_plan plan
                WHERE plan.partner_id = event.partner_id
                  AND (plan.hold_id = event.id OR event.reason_id = %s AND event.name = plan.name))
            """,
            super()._own_holds(),
            self.env["ir.model.data"]._xmlid_to_res_id("dunning_advanced.hold_reason_plan"),
        )

    @api.model
    def _source_plan(self, date, tone="info", condition=None, **columns):
        """The plans that have a day of their life.

        :param date: name of a field of the plan
        :param condition: SQL on the plan ``event``
        """
        day = SQL.identifier("event", date)
        return self._event(
            SQL(
                "FROM dunning_payment_plan event WHERE %s IS NOT NULL AND %s",
                day,
                condition or SQL("TRUE"),
            ),
            "plan",
            "dunning.payment.plan",
            **{
                "tone": SQL("%s", tone),
                "date": day,
                "moment": SQL("event.write_date"),
                "currency_id": SQL("event.currency_id"),
                "amount": SQL("event.amount_total"),
                **columns,
            },
        )

    def _describe_plan_offered(self, plan):
        return self.env._(
            "Payment plan %(plan)s offered, last installment on %(date)s",
            plan=plan.name,
            date=format_date(self.env, plan.date_last),
        )

    def _describe_plan_approved(self, plan):
        return self.env._("Payment plan %s approved", plan.name)

    def _describe_plan_start(self, plan):
        channels = labels(plan, "accepted_channel")
        return self.env._(
            "Payment plan %(plan)s accepted by %(name)s (%(channel)s)",
            plan=plan.name,
            name=plan.signed_by,
            channel=channels.get(plan.accepted_channel),
        )

    def _describe_plan_arrears(self, plan):
        return self.env._("Payment plan %s in arrears", plan.name)

    @api.model
    def _source_plan_end(self):
        """The end of plans that the customer knew; one may be a draft again since."""
        return self._source_plan(
            "date_end",
            condition=SQL(
                "event.date_offered IS NOT NULL"
                " AND event.state IN ('completed', 'defaulted', 'replaced', 'cancelled')"
            ),
            tone=SQL(
                """
                CASE event.state WHEN 'completed' THEN 'success' WHEN 'defaulted' THEN 'danger'
                             ELSE 'muted' END
                """
            ),
            amount=SQL(
                "CASE event.state WHEN 'completed' THEN event.amount_total"
                " ELSE event.amount_open END"
            ),
            user_id=SQL("event.ended_by_id"),
        )

    def _describe_plan_end(self, plan):
        states = labels(plan, "state")
        return self.env._(
            "Payment plan %(plan)s: %(state)s", plan=plan.name, state=states[plan.state]
        )

    @api.model
    def _source_installment_paid(self):
        return self._event(
            SQL(
                """
                FROM dunning_payment_plan plan
                JOIN dunning_installment event ON event.plan_id = plan.id
               WHERE event.date_paid IS NOT NULL AND event.amount_open <= 0
                 AND event.amount_paid > 0
                """
            ),
            "plan",
            "dunning.installment",
            tone=SQL("'info'"),
            date=SQL("event.date_paid"),
            moment=SQL("event.write_date"),
            partner_id=SQL("plan.partner_id"),
            company_id=SQL("plan.company_id"),
            currency_id=SQL("plan.currency_id"),
            amount=SQL("event.amount"),
        )

    def _describe_installment_paid(self, installment):
        return self.env._(
            "%(installment)s of payment plan %(plan)s paid",
            installment=installment._label(),
            plan=installment.plan_id.name,
        )

    def _opened(self, record):
        if record._name == "dunning.installment":
            return record.plan_id
        return super()._opened(record)
