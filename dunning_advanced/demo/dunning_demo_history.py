from datetime import datetime, time, timedelta

from odoo import Command, api, models

WEEKS = 13


class DunningDemo(models.AbstractModel):
    _inherit = "dunning.demo"

    @api.model
    def _make_past(self, customers, bookings, today):
        """Remind every week for three months, as payments come in, and leave
        the run of today open for review. No mail leaves the house.

        :return: dunning.run of today
        """
        flagged = self._flagged(customers)
        for week in range(WEEKS, 0, -1):
            day = today - timedelta(weeks=week)
            bookings = self._book(bookings, day)
            run = self._run(day)
            self._drop_once(run, flagged)
            notices = run.notice_ids.filtered(lambda notice: notice.state == "proposed")
            notices.write({"state": "confirmed"})
            notices._issue(day)
            run._refresh_state()
            self._arrive(notices, flagged, day, letters=week > 1)
        self._book(bookings, today)
        self._cancel_one(flagged)
        self._talk(flagged, today)
        run = self._run(today)
        self._close_cases(today)
        self.env["dunning.behavior"]._refresh(self.env.company, today)
        return run

    @api.model
    def _close_cases(self, today):
        cases = self.env["dunning.case"].search([("company_id", "=", self.env.company.id)])
        overdue = {
            partner
            for _company, partner in cases.partner_id._dunning_balances(self.env.company, today)
        }
        cases.filtered(lambda case: case.partner_id.id not in overdue)._close()

    @api.model
    def _flagged(self, customers):
        """Partners by the story that is told about them."""
        return {customer.story: customer.partner for customer in customers if customer.story}

    @api.model
    def _book(self, bookings, day):
        """Reconcile what is dated up to the day.

        :return: the bookings that are left
        """
        due = [booking.items for booking in bookings if booking.date <= day]
        self.env["account.move.line"]._reconcile_plan(due)
        return [booking for booking in bookings if booking.date > day]

    @api.model
    def _run(self, day):
        run = self.env["dunning.run"].create(
            {
                "company_id": self.env.company.id,
                "date": day,
                "user_id": self.env.ref("base.user_admin").id,
            }
        )
        run._propose()
        return run

    @api.model
    def _drop_once(self, run, flagged):
        notices = run.notice_ids.filtered(lambda n: n.partner_id == flagged.get("dropped"))
        if notices:
            notices._drop("Called: the director pays this week")
            del flagged["dropped"]

    @api.model
    def _cancel_one(self, flagged):
        last = self.env["dunning.notice"].search(
            [("partner_id", "=", flagged["cancelled"].id), ("state", "=", "issued")], limit=1
        )
        last._cancel("The goods had been sent back before")

    @api.model
    def _arrive(self, notices, flagged, day, letters):
        """Say of notices that they went out that day: all arrive but those to
        the mailbox that does not exist, and letters that wait to be printed.
        """
        moment = datetime.combine(day, time(9, 30))
        deliveries = notices.delivery_ids
        bounced = deliveries.filtered(
            lambda d: d.channel == "email" and d.partner_id == flagged["bounce"]
        )
        arrived = (deliveries - bounced).filtered(lambda d: letters or d.channel != "letter")
        arrived._succeed()
        bounced._fail("550 5.1.1 The mailbox does not exist")
        arrived.write({"date_done": moment})
        notices.write({"date_issued": moment})
        deliveries.mail_id.sudo().write({"state": "sent"})
        bounced.mail_id.sudo().write({"state": "exception"})
        deliveries.message_id.sudo().write({"date": moment})

    @api.model
    def _talk(self, flagged, today):
        """Two customers promised on the phone to pay; one of them has let the day pass."""
        promises = self.env["dunning.promise"].create(
            [
                self._promise_values(flagged["promise"], today - timedelta(days=2), days=7),
                self._promise_values(flagged["broken"], today - timedelta(days=12), days=5),
            ]
        )
        promises._update_state(today)
        for case in promises._own_cases():
            self.env["dunning.call"].create(
                {
                    "case_id": case.id,
                    "contact_id": case.partner_id.id,
                    "number": case.partner_id._dunning_phone().dialed,
                    "date": today - timedelta(days=2),
                    "user_id": self.env.ref("base.user_admin").id,
                    "outcome": "voicemail",
                    "note": "Asked to be called back about the promise",
                }
            )

    @api.model
    def _promise_values(self, customer, day, days):
        items = self.env["account.move.line"].search(
            [
                *customer._dunning_items_domain(self.env.company),
                ("amount_residual_currency", ">", 0),
                ("date_maturity", "<=", day),
            ]
        )
        items = items.filtered(lambda item: item.currency_id == items.currency_id[:1])
        return {
            "partner_id": customer.id,
            "company_id": self.env.company.id,
            "user_id": self.env.ref("base.user_admin").id,
            "currency_id": items.currency_id.id,
            "item_ids": [Command.set(items.ids)],
            "amount": sum(items.mapped("amount_residual_currency")),
            "date_made": day,
            "date": day + timedelta(days=days),
            "note": "Waits for money of his own customers",
        }
