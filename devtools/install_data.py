"""What a company has in its database after working with the addon for a while.

The demo's ledger and its reminders, what comes after reminders, and what people make of
an addon by hand: copies of its actions, numbers and texts, filters, defaults.

    python -m devtools.install_data prepare|work|again
"""

import sys
from datetime import date, timedelta

from .console import DevError, say
from .install_test import MODULES

DAY = date(2025, 6, 2)
LATER = DAY + timedelta(days=60)
PREFIX = "dunning."
CHART = "fr"


def prepare(env):
    """Give the company a French chart of accounts, and know all modules there are.

    :return: the result in words
    """
    modules = env["ir.module.module"]
    modules.update_list()
    installed = modules.search([("state", "=", "installed")])
    if missing := sorted(set(MODULES) - set(installed.mapped("name"))):
        raise DevError(f"not installed in the template: {', '.join(missing)}")
    env.company.country_id = env.ref("base.fr")
    env["account.chart.template"].try_loading(CHART, env.company, install_demo=False)
    if env.company.chart_template != CHART:
        raise DevError(f"the chart of accounts {CHART} was not loaded")
    return f"{len(installed)} modules, chart of accounts {CHART}"


def work(env):
    """Make the data and count it.

    :return: the result in words
    :raises DevError: when a model of ours has none: nothing would be shown about it
    """
    env["dunning.demo"]._load(env.company, DAY)
    finish_run(env)
    Company(env).live()
    by_hand(env)
    env.flush_all()
    counts = counted(env)
    return f"{sum(counts.values())} records of {len(counts)} models"


def again(env):
    """Remind of what has become overdue since, as after a first installation.

    :return: the result in words
    :raises DevError: when no reminder was issued
    """
    run = env["dunning.run"].create({"company_id": env.company.id, "date": LATER})
    run._propose()
    run.notice_ids.write({"state": "confirmed"})
    run.notice_ids._issue(LATER)
    issued = run.notice_ids.filtered(lambda notice: notice.state == "issued")
    if not issued:
        raise DevError("no reminder was issued after the addon was installed again")
    return f"{len(issued)} reminders issued"


def finish_run(env):
    """Issue the run that the demo leaves for review; print its letters."""
    run = env["dunning.run"].search([("state", "=", "proposed")])
    run.action_confirm()
    run.notice_ids.filtered(lambda notice: notice.state == "confirmed")._issue(DAY)
    run._refresh_state()
    waiting = run.notice_ids.delivery_ids.filtered(lambda one: one.state == "queued")
    waiting.filtered(lambda one: one.channel == "letter").action_print()
    waiting.filtered(lambda one: one.channel == "email")._succeed()


class Company:
    """What happens with single customers, one kind of it each."""

    def __init__(self, env):
        self.env, self.company = env, env.company
        expenses = self._account("expense")
        self.company.write(
            {
                "dunning_writeoff_account_id": expenses.id,
                "dunning_writeoff_journal_id": env["dunning.demo"]._journal("general").id,
                "dunning_writeoff_limit": 500,
                "dunning_fee_product_id": env.ref("dunning_advanced.product_fee").id,
                "dunning_policy_id": env.ref("dunning_advanced.policy_standard").id,
            }
        )

    def live(self):
        """Go through all of it."""
        for step in (
            self.plan,
            self.promise,
            self.dispute,
            self.hold,
            self.hand_over,
            self.write_off,
            self.credit_hold,
            self.customer,
        ):
            step(self._debtor(step.__name__))

    def plan(self, debtor):
        """A plan that runs, one that is offered and one that was broken off."""
        for end in ("run", "offer", "cancel"):
            items = self._items(self._invoice(debtor, 90))
            plan = self.env["dunning.payment.plan"].create(
                {
                    "partner_id": debtor.id,
                    "currency_id": items.currency_id.id,
                    "number": 3,
                    "date_first": DAY + timedelta(days=30),
                    "line_ids": [(0, 0, {"move_line_id": item.id}) for item in items],
                }
            )
            plan.action_offer()
            if end != "offer":
                plan._accept("Brandon Freeman", DAY, channel="phone")
            if end == "cancel":
                plan.action_cancel()

    def promise(self, debtor):
        """A promise to pay."""
        items = self._items(self._invoice(debtor, 20))
        self.env["dunning.promise"].create(
            {
                "partner_id": debtor.id,
                "amount": 60,
                "date": DAY + timedelta(days=7),
                "item_ids": [(6, 0, items.ids)],
            }
        )

    def dispute(self, debtor):
        """One that waits, one that was accepted with a credit note, one with a picture."""
        reason = self.env.ref("dunning_advanced.dispute_reason_damaged")
        for amount in (40, 50):
            move = self._invoice(debtor, 20)
            values = {"name": "box.txt", "raw": b"broken", "res_model": "dunning.dispute"}
            picture = self.env["ir.attachment"].create(values)
            dispute = self.env["dunning.dispute"].create(
                {
                    "move_id": move.id,
                    "reason_id": reason.id,
                    "amount": amount,
                    "attachment_ids": [(6, 0, picture.ids)],
                }
            )
        action = dispute.action_accept()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard.create({"journal_id": move.journal_id.id}).refund_moves()
        dispute.credit_move_id.action_post()

    def hold(self, debtor):
        """A hold of everything, and one of an invoice."""
        reason = self.env.ref("dunning_advanced.hold_reason_manual")
        move = self._invoice(debtor, 20)
        shared = {"reason_id": reason.id, "partner_id": debtor.id, "date_from": DAY}
        self.env["dunning.hold"].create([shared, {**shared, "move_id": move.id}])

    def hand_over(self, debtor):
        """Items that an agency has, with their file and its fee."""
        agency = self._debtor("agency")
        handover = self.env["dunning.handover"].create(
            {
                "partner_id": debtor.id,
                "agency_id": agency.id,
                "item_ids": [(6, 0, self._exhausted(debtor).ids)],
                "fee_ids": [(0, 0, {"name": "Their fee", "amount": 25})],
            }
        )
        handover.action_hand_over()
        handover._build_package(DAY)

    def write_off(self, debtor):
        """One that was booked, and one that waits for approval."""
        for approve in (True, False):
            writeoff = self.env["dunning.writeoff"].create(
                {
                    "partner_id": debtor.id,
                    "reason": "Struck off",
                    "item_ids": [(6, 0, self._exhausted(debtor).ids)],
                }
            )
            if approve:
                writeoff.action_approve()

    def credit_hold(self, debtor):
        """A customer who gets nothing on credit, with an invoice that was begun before."""
        self._invoice(debtor, 20)
        self.env["dunning.credit.hold"].create({"partner_id": debtor.id, "reason": "Late again"})
        self._draft(debtor, DAY)

    def customer(self, debtor):
        """What stands on customers and invoices themselves."""
        move = self._invoice(debtor, 20)
        policy = self.env.ref("dunning_advanced.policy_standard")
        contact = {"type": "dunning", "name": "Bookkeeping", "parent_id": debtor.id}
        self.env["res.partner"].create(contact)
        debtor.write(
            {
                "dunning_policy_id": policy.id,
                "dunning_user_id": self.env.user.id,
                "dunning_channel": "letter",
                "dunning_party": "consumer",
            }
        )
        move.dunning_policy_id = policy
        self.env["dunning.level.minimum"].create(
            {
                "level_id": policy.level_ids[:1].id,
                "currency_id": self.env.ref("base.USD").id,
                "amount": 10,
            }
        )
        self.env["dunning.fee"].create(
            {
                "name": "By amount",
                "kind": "single",
                "bracket_ids": [(0, 0, {"fixed": 5})],
            }
        )
        for record, kind in ((debtor, "rates"), (move, "blocked")):
            record.activity_schedule(f"dunning_advanced.mail_activity_{kind}", DAY)

    def _exhausted(self, debtor):
        """The items of an invoice whose last level was a month ago."""
        items = self._items(self._invoice(debtor, 90))
        last = self.env.ref("dunning_advanced.policy_standard").level_ids.sorted("days")[-1]
        lines = self.env["dunning.line"].with_company(self.company)
        lines._set_level(items, last, DAY - timedelta(days=30), "sent before we had Odoo")
        return items

    def _debtor(self, name):
        values = {"name": f"Customer of {name}", "is_company": True, "lang": "en_US"}
        address = {"email": f"{name}@example.com", "street": "Quay 1", "city": "Leeds"}
        return self.env["res.partner"].create({**values, **address})

    def _draft(self, debtor, due):
        line = {"name": "Work", "price_unit": 100, "tax_ids": False}
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": debtor.id,
                "invoice_date": due - timedelta(days=30),
                "invoice_date_due": due,
                "invoice_line_ids": [(0, 0, line)],
            }
        )

    def _invoice(self, debtor, days):
        """An invoice of 100 that was due so many days ago."""
        move = self._draft(debtor, DAY - timedelta(days=days))
        move.action_post()
        move.write({"is_move_sent": True, "dunning_date_known": move.invoice_date})
        return move

    def _items(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def _account(self, kind):
        domain = [
            *self.env["account.account"]._check_company_domain(self.company),
            ("account_type", "=", kind),
        ]
        return self.env["account.account"].search(domain, limit=1)


def by_hand(env):
    """What people make of an addon with Odoo's own means."""
    notices = env["ir.model"]._get("dunning.notice")
    env.ref("dunning_advanced.ir_cron_issue").copy({"active": False})
    env.ref("dunning_advanced.sequence_notice").copy({"company_id": env.company.id})
    env.ref("dunning_advanced.mail_template_level_1").copy({"name": "Our own words"})
    env["ir.filters"].create({"name": "Large ones", "model_id": notices.model})
    env["ir.exports"].create({"name": "For the bank", "resource": notices.model})
    env["ir.default"].set("res.partner", "dunning_channel", "letter")
    env["ir.default"].set("res.partner", "type", "dunning", user_id=env.uid)
    env["ir.actions.server"].create({"name": "Ours", "model_id": notices.id, "state": "code"})
    env["ir.rule"].create({"name": "Ours", "model_id": notices.id, "domain_force": "[]"})
    env["ir.ui.view"].create(
        {
            "name": "Ours",
            "model": "res.partner",
            "inherit_id": env.ref("base.view_partner_form").id,
            "arch": '<field name="name" position="after"><field name="dunning_party"/></field>',
        }
    )
    env["dunning.night"]._cron_night()
    env["dunning.run"].search([], limit=1).export_data(["id", "date"])  # gives external ids


def counted(env):
    """Count the records of each model of ours that keeps them."""
    ours = [m for n, m in env.items() if n.startswith(PREFIX) and m._auto and not m._transient]
    counts = {m._name: m.with_context(active_test=False).search_count([]) for m in ours}
    if empty := sorted(name for name, count in counts.items() if not count):
        raise DevError(
            f"there is no {', no '.join(empty)} in the data: make one in devtools/install_data.py"
        )
    return counts


ACTIONS = {"prepare": (prepare, DAY), "work": (work, DAY), "again": (again, LATER)}


def main(action):
    """Take a step on the day of it and print what it came to; return the exit code."""
    from freezegun import freeze_time

    from .session import database, odoo_env

    function, day = ACTIONS[action]
    try:
        with odoo_env(database()) as env, freeze_time(day, tick=True):
            own = {"allowed_company_ids": env.company.ids, "lang": "en_US"}
            print(function(env(context={**env.context, **own})))
    except DevError as error:
        say(f"dev: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
