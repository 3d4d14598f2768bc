from odoo import api, models
from odoo.tools import SQL

from ..mixins.labels import labels


class DunningTimeline(models.Model):
    """What follows after the last level: hand-overs, write-offs and credit holds."""

    _inherit = "dunning.timeline"
    _depends = {
        "dunning.handover": [
            "amount_handed",
            "company_id",
            "date_end",
            "date_handed",
            "ended_by_id",
            "handed_by_id",
            "hold_id",
            "partner_id",
        ],
        "dunning.writeoff": [
            "amount_company",
            "company_id",
            "date_decided",
            "date_proposed",
            "decided_by_id",
            "partner_id",
            "state",
            "user_id",
        ],
        "dunning.credit.hold": [
            "active",
            "company_id",
            "date",
            "date_lifted",
            "lifted_by_id",
            "partner_id",
            "user_id",
        ],
        "res.company": ["currency_id"],
    }

    @api.model
    def _sources(self):
        return {
            **super()._sources(),
            "credit_hold_set": self._source_credit_hold(
                SQL("TRUE"), SQL("event.date"), SQL("event.user_id"), "primary"
            ),
            "credit_hold_lifted": self._source_credit_hold(
                SQL("event.active IS NOT TRUE"),
                SQL("event.date_lifted"),
                SQL("event.lifted_by_id"),
                "normal",
            ),
            "handover_begun": self._source_step(
                "handover",
                "date_handed",
                "handed_by_id",
                SQL("event.amount_handed"),
                SQL("'danger'"),
            ),
            "handover_ended": self._source_step(
                "handover", "date_end", "ended_by_id", SQL("NULL"), SQL("'normal'")
            ),
            "writeoff_proposed": self._source_step(
                "writeoff",
                "date_proposed",
                "user_id",
                SQL("event.amount_company"),
                SQL("'warning'"),
            ),
            "writeoff_decided": self._source_step(
                "writeoff",
                "date_decided",
                "decided_by_id",
                SQL("event.amount_company"),
                SQL("CASE event.state WHEN 'approved' THEN 'danger' ELSE 'muted' END"),
            ),
        }

    @api.model
    def _own_holds(self):
        return SQL(
            "%s AND NOT EXISTS (SELECT FROM dunning_handover handover"
            " WHERE handover.partner_id = event.partner_id AND handover.hold_id = event.id)",
            super()._own_holds(),
        )

    @api.model
    def _source_step(self, kind, date, user, amount, tone):
        """Steps after the last level that have a day of their life; their amount is in
        company currency.

        :param kind: "handover" or "writeoff"
        :param date: name of the field of the day
        :param user: name of the field that says who did it
        :param amount: SQL
        :param tone: SQL
        """
        day = SQL.identifier("event", date)
        return self._event(
            SQL(
                "FROM %s event JOIN res_company company ON company.id = event.company_id"
                " WHERE %s IS NOT NULL",
                SQL.identifier(f"dunning_{kind}"),
                day,
            ),
            kind,
            f"dunning.{kind}",
            tone=tone,
            date=day,
            moment=SQL("event.write_date"),
            currency_id=SQL("CASE WHEN %s IS NOT NULL THEN company.currency_id END", amount),
            amount=amount,
            user_id=SQL.identifier("event", user),
        )

    def _describe_handover_begun(self, handover):
        return self.env._(
            "%(number)s handed over to %(agency)s",
            number=handover.name,
            agency=handover.agency_id.name,
        )

    def _describe_handover_ended(self, handover):
        outcomes = labels(handover, "outcome")
        states = labels(handover, "state")
        values = {
            "number": handover.name,
            "outcome": outcomes.get(handover.outcome) or states[handover.state],
        }
        if handover.end_reason:
            return self.env._(
                "Hand-over %(number)s: %(outcome)s, %(reason)s",
                reason=handover.end_reason,
                **values,
            )
        return self.env._("Hand-over %(number)s: %(outcome)s", **values)

    def _describe_writeoff_proposed(self, writeoff):
        return self.env._("Write-off proposed: %s", writeoff.reason)

    def _describe_writeoff_decided(self, writeoff):
        if writeoff.state == "approved":
            return self.env._("Written off: %s", writeoff.reason)
        return self.env._("Write-off rejected: %s", writeoff.decision)

    @api.model
    def _source_credit_hold(self, condition, date, user, tone):
        return self._event(
            SQL("FROM dunning_credit_hold event WHERE %s", condition),
            "credit_hold",
            "dunning.credit.hold",
            tone=SQL("%s", tone),
            date=date,
            moment=SQL("event.write_date"),
            user_id=user,
        )

    def _describe_credit_hold_set(self, hold):
        return self.env._("Credit hold: %s", hold.reason)

    def _describe_credit_hold_lifted(self, hold):
        return self.env._("Credit hold lifted: %s", hold.reason)
