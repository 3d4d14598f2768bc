"""What is issued, agreed or decided is changed by nobody at will: a table of every model.

Each field of each record in each state is written, each record deleted and each public method
called, as from outside, by five kinds of users. What they may is what the tables say.
"""

import inspect

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..common import DAY
from ..plan.common import PlanCase

# model: state: what dunning users and managers may write by hand, and the buttons that change it
OPEN = {
    "dunning.call": {"reached": "note"},
    "dunning.case": {"open": "note team_id user_id", "closed": "note"},
    "dunning.charge": {"open": ""},
    "dunning.credit.hold": {"active": "reason", "lifted": ""},
    "dunning.delivery": {"queued": "", "done": "", "failed": "", "withdrawn": ""},
    "dunning.dispute": {
        "open": "amount attachment_ids date_deadline reason_id text user_id",
        "accepted": "",
        "rejected": "",
        "withdrawn": "",
    },
    "dunning.handover": {
        "draft": "agency_id fee_ids item_ids kind note reference",
        "handed": "fee_ids note reference",
        "closed": "fee_ids reference",
        "returned": "fee_ids reference",
    },
    "dunning.handover.item": {"handed": ""},
    "dunning.hold": {
        "active": "date_from date_review date_to freezes_charges item_ids move_id name reason_id "
        "scope",
        "lifted": "",
    },
    "dunning.installment": {"running": ""},
    "dunning.line": {"issued": "", "proposed": "", "stopped": "", "void": ""},
    "dunning.notice": {
        "proposed": "body channel contact_ids subject user_id",
        "confirmed": "body channel contact_ids subject user_id",
        "issued": "",
        "cancelled": "",
        "dropped": "",
    },
    "dunning.payment.plan": {
        "draft": "amount_each date_down date_first date_valid down_payment fees frequency interest "
        "interest_rate method number replace_promises user_id whole",
        "to_approve": "date_valid user_id",
        "offered": "user_id",
        "running": "user_id",
        "completed": "",
        "defaulted": "",
        "cancelled": "",
    },
    "dunning.payment.plan.item": {"running": ""},
    "dunning.promise": {"open": "note", "kept": "note", "broken": "note", "cancelled": "note"},
    "dunning.promise.item": {"open": ""},
    "dunning.run": {
        "draft": "company_id date partner_ids simulation",
        "proposed": "date notice_ids",
        "confirmed": "notice_ids",
        "done": "",
        "cancelled": "",
    },
    "dunning.writeoff": {"proposed": "date item_ids line_ids reason", "approved": ""},
    "dunning.writeoff.item": {"proposed": "amount"},
}
# model: state: buttons that change a record of it; all others leave what is stored as it was
PRESSED = {
    "dunning.delivery": {"queued": "action_mark_done", "failed": "action_mark_done action_retry"},
    "dunning.dispute": {
        "open": "action_withdraw",
        "accepted": "action_mark_told",
        "rejected": "action_mark_told",
        "withdrawn": "action_mark_told",
    },
    # the file can be made again at any time; the claim in it stays that of the hand-over
    "dunning.handover": dict.fromkeys(
        ("draft", "handed", "closed", "returned"), "action_build_package action_send"
    ),
    "dunning.hold": {"active": "action_reviewed"},
    "dunning.notice": {
        "proposed": "action_charge_anyway action_confirm",
        "confirmed": "action_charge_anyway action_retry",
    },
    "dunning.payment.plan": {
        "draft": "action_ask_approval action_cancel action_offer",
        "to_approve": "action_cancel action_draft action_offer",
        "offered": "action_cancel action_draft",
        "running": "action_cancel action_send_again",
        "cancelled": "action_draft",
    },
    "dunning.promise": {"open": "action_cancel"},
    "dunning.run": {
        "draft": "action_cancel action_propose_today",
        "proposed": "action_cancel action_propose_today",
        "confirmed": "action_cancel action_propose_today",
    },
}
# A child that is guarded with its parent: its only state is that of the parent.
PARENTS = {
    "dunning.handover.item": "step_id",
    "dunning.installment": "plan_id",
    "dunning.payment.plan.item": "plan_id",
    "dunning.promise.item": "promise_id",
    "dunning.writeoff.item": "step_id",
    "dunning.handover.fee": "handover_id",
}
# Written by managers alone, in any state: how dunning works.
RULES = {
    "dunning.contact.cap",
    "dunning.dispute.reason",
    "dunning.fee",
    "dunning.fee.amount",
    "dunning.fee.bracket",
    "dunning.hold.reason",
    "dunning.interest.rule",
    "dunning.interest.tier",
    "dunning.level",
    "dunning.level.minimum",
    "dunning.policy",
    "dunning.reference",
    "dunning.reference.rate",
    "dunning.rule",
    "dunning.score.step",
    "dunning.team",
}
# Nobody writes them.
COMPUTED = {
    "dunning.behavior",
    "dunning.chain.entry",
    "dunning.law.check",
    "dunning.night",
    "dunning.timeline",
}
# model: who may create and who may delete, of u(ser) and m(anager)
RIGHTS = {
    "dunning.call": ("um", "m"),
    "dunning.case": ("um", "m"),
    "dunning.charge": ("", ""),
    "dunning.credit.hold": ("um", "m"),
    "dunning.delivery": ("", ""),
    "dunning.dispute": ("um", "m"),
    "dunning.handover": ("um", "um"),
    "dunning.handover.fee": ("um", "um"),
    "dunning.handover.item": ("", ""),
    "dunning.hold": ("um", "m"),
    "dunning.installment": ("", ""),
    "dunning.line": ("", ""),
    "dunning.notice": ("", ""),
    "dunning.payment.plan": ("um", "m"),
    "dunning.payment.plan.item": ("", ""),
    "dunning.promise": ("um", "m"),
    "dunning.promise.item": ("", ""),
    "dunning.run": ("um", "um"),
    "dunning.writeoff": ("um", "m"),
    "dunning.writeoff.item": ("", "um"),
    **dict.fromkeys(RULES, ("m", "m")),
    **dict.fromkeys(COMPUTED, ("", "")),
}
TALK = ("activity_", "message_", "website_message_", "rating_", "access_")
MAGIC = {"id", "create_uid", "create_date", "write_uid", "write_date", "display_name"}
# Called by strangers, these only name a dialog or a page, which refuses them then.
HARMLESS = {
    ("dunning.case", "action_escalate"),
    ("dunning.case", "action_log_call"),
    ("dunning.credit.hold", "action_lift"),
    ("dunning.dispute", "action_tell"),
    ("dunning.handover", "action_hand_over_early"),
    ("dunning.notice", "action_cancel"),
    ("dunning.notice", "action_preview_letter"),
    ("dunning.payment.plan", "action_export_xlsx"),
    ("dunning.payment.plan", "action_print"),
    ("dunning.run", "action_export_xlsx"),
    ("dunning.run", "action_view_lines"),
    ("dunning.run", "action_view_notices"),
}


@tagged("post_install", "-at_install")
class TestFrozen(PlanCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(
                cls.env,
                f"frozen.{role}",
                groups,
                company_id=cls.company.id,
                company_ids=[Command.set(cls.company.ids)],
            )
            for role, groups in (
                ("biller", "account.group_account_invoice"),
                ("employee", "base.group_user"),
                ("portal", "base.group_portal"),
                ("user", "dunning_advanced.group_user"),
                ("manager", "dunning_advanced.group_manager"),
            )
        }

    def setUp(self):
        super().setUp()
        self.records = self.make_records()
        self.env.flush_all()

    def make_records(self):
        """A record of each model that people work with, as they come to be."""
        run = self.remind_all()
        notice = run.notice_ids[:1]
        found = {"dunning.run": run, "dunning.notice": notice}
        found["dunning.line"] = notice.line_ids[:1]
        found["dunning.delivery"] = notice.delivery_ids[:1]
        case = self.env["dunning.case"].search([("partner_id", "=", self.debtor.id)], limit=1)
        found["dunning.case"] = case
        found["dunning.call"] = self.env["dunning.call"].create(
            {"case_id": case.id, "outcome": "reached"}
        )
        found["dunning.charge"] = self.env["dunning.charge"].create(
            {
                "name": "Fee",
                "notice_id": notice.id,
                "level_id": notice.level_id.id,
                "company_id": self.company.id,
                "partner_id": self.debtor.id,
                "kind": "fee",
                "currency_id": self.company.currency_id.id,
                "amount": 5,
                "date": DAY,
            }
        )
        found["dunning.credit.hold"] = self.env["dunning.credit.hold"].create(
            {"partner_id": self.debtor.id, "reason": "Too late"}
        )
        found["dunning.promise"] = promise = self.promise(50, self.invoice(4))
        found["dunning.promise.item"] = promise.line_ids
        reason = self.env.ref("dunning_advanced.dispute_reason_damaged").id
        found["dunning.dispute"] = self.env["dunning.dispute"].create(
            {"move_id": self.invoice(4).id, "reason_id": reason, "amount": 10}
        )
        found["dunning.hold"] = self.env["dunning.hold"].create(
            {"partner_id": self.debtor.id, "move_id": self.invoice(4).id, "name": "Asked"}
        )
        found["dunning.payment.plan"] = plan = self.running(self.invoice(4))
        found["dunning.payment.plan.item"] = plan.line_ids[:1]
        found["dunning.installment"] = plan.installment_ids[:1]
        items = self.items(self.invoice(4), self.invoice(4))
        for model, item in zip(("handover", "writeoff"), items, strict=True):
            own = {"agency_id": self.make_debtor("Agency").id} if model == "handover" else {}
            step = self.env[f"dunning.{model}"].create(
                {
                    "partner_id": self.debtor.id,
                    "item_ids": [Command.set(item.ids)],
                    "reason" if model == "writeoff" else "note": "Gone",
                    **own,
                }
            )
            found[f"dunning.{model}"] = step
            lines = self.env[f"dunning.{model}.item"]
            found[lines._name] = lines.search([("step_id", "=", step.id)])
        self.assertFalse([name for name, record in found.items() if len(record) != 1])
        return found

    def remind_all(self):
        self.invoice(6)
        self.invoice(6, debtor=self.make_debtor("Deco Addict"))
        return self.remind()

    def bring(self, model, state):
        """The record of a model, brought to a state behind the back of all buttons."""
        record = self.records[model]
        owner = record[PARENTS[model]] if model in PARENTS else record
        if "active" in owner._fields and state in ("active", "lifted"):
            column, value = "active", state == "active"
        else:
            column, value = ("outcome" if model == "dunning.call" else "state"), state
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE {owner._table} SET {column} = %s WHERE id = %s",  # noqa: S608 - own names
            [value, owner.id],
        )
        self.env.invalidate_all()
        return record

    def as_role(self, record, role):
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(self.users[role]).sudo(False)

    def attempt(self, record, name, *args):
        """Call a method as from outside and take it back; what came of it."""
        try:
            with self.cr.savepoint() as savepoint, mute_logger("odoo.sql_db"):
                call_kw(record, name, list(args), {})
                self.env.flush_all()
                savepoint.rollback()
        except AccessError:
            return "denied"
        except UserError:
            return "refused"
        finally:
            self.env.invalidate_all()
        return "done"

    def names(self, model):
        return [
            name
            for name, field in self.env[model]._fields.items()
            if name not in MAGIC and not name.startswith(TALK) and not field.related
        ]

    def test_every_model_is_in_a_table(self):
        found = {
            model._name
            for model in self.env.values()
            if model._name.startswith("dunning.") and not model._abstract and not model._transient
        }
        known = {*OPEN, *RULES, *COMPUTED, "dunning.handover.fee", "dunning.channel"}
        self.assertEqual(found - known, set(), "models that no table names")
        self.assertEqual(set(RIGHTS) - found, set())

    def test_what_may_be_written_in_each_state(self):
        for model, states in OPEN.items():
            for state, allowed in states.items():
                record = self.bring(model, state)
                for role in ("user", "manager"):
                    mine = self.as_role(record, role)
                    open_ = {
                        name
                        for name in self.names(model)
                        if self.attempt(mine, "write", mine.ids, {name: self.same(record, name)})
                        == "done"
                    }
                    with self.subTest(model=model, state=state, role=role):
                        self.assertEqual(" ".join(sorted(open_)), allowed)

    def same(self, record, name):
        """The value of a field as it is, in the form of a write from outside."""
        field = record._fields[name]
        value = record.sudo()[name]
        if field.type in ("one2many", "many2many"):
            return []
        return field.convert_to_write(value, record)

    def test_rights_of_strangers(self):
        for role in ("biller", "employee", "portal"):
            for model in OPEN:
                record = self.as_role(self.records[model], role)
                with self.subTest(model=model, role=role):
                    self.assertEqual(self.attempt(record, "read", record.ids, ["id"]), "denied")
                    self.assertEqual(self.attempt(record, "create", [{}]), "denied")
                    self.assertEqual(self.attempt(record, "unlink", record.ids), "denied")
                    for name in self.names(model)[:3]:
                        value = self.same(self.records[model], name)
                        self.assertEqual(
                            self.attempt(record, "write", record.ids, {name: value}), "denied"
                        )

    def test_who_may_create_and_delete(self):
        for model, (create, delete) in RIGHTS.items():
            for role in ("user", "manager"):
                mine = self.env[model].with_user(self.users[role]).sudo(False)
                with self.subTest(model=model, role=role):
                    self.assertEqual(mine.has_access("create"), role[0] in create)
                    self.assertEqual(mine.has_access("unlink"), role[0] in delete)

    def buttons(self, model):
        """The public methods of a model that the addon wrote and that need nothing more."""
        for name, method in inspect.getmembers(type(self.env[model]), inspect.isfunction):
            if name.startswith("_") or not method.__module__.startswith("odoo.addons.dunning"):
                continue
            if name in ("create", "write", "unlink", "default_get", "read", "copy"):
                continue
            try:
                get_public_method(self.env[model], name)
            except AccessError:
                continue
            needed = [
                parameter
                for parameter in list(inspect.signature(method).parameters.values())[1:]
                if parameter.default is parameter.empty
                and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
            ]
            if not needed and not getattr(method, "_api_model", False):
                yield name

    def test_strangers_press_no_button(self):
        for model in OPEN:
            for name in self.buttons(model):
                for role in ("biller", "portal"):
                    record = self.as_role(self.records[model], role)
                    with self.subTest(model=model, method=name, role=role):
                        if (model, name) not in HARMLESS:
                            self.assertEqual(self.attempt(record, name, record.ids), "denied")

    def stored(self, record):
        self.env.flush_all()
        self.env.cr.execute(f"SELECT * FROM {record._table} WHERE id = %s", [record.id])  # noqa: S608
        row = self.env.cr.dictfetchone() or {}
        quiet = {"write_date", "write_uid", "access_token", "message_main_attachment_id"}
        return {name: value for name, value in row.items() if name not in quiet}

    def press(self, record, role, name):
        """The stored fields that a button changes; taken back."""
        mine = self.as_role(record, role)
        before = self.stored(record)
        changed = set()
        try:
            with self.cr.savepoint() as savepoint, mute_logger("odoo.sql_db"):
                call_kw(mine, name, [mine.ids], {})
                after = self.stored(record)
                changed = {key for key in before if after.get(key) != before[key]}
                savepoint.rollback()
        except UserError:
            changed.clear()
        finally:
            self.env.invalidate_all()
        return changed

    def test_buttons_change_only_what_they_are_for(self):
        for model, states in OPEN.items():
            for state in states:
                record = self.bring(model, state)
                pressed = {name for name in self.buttons(model) if self.press(record, "user", name)}
                with self.subTest(model=model, state=state):
                    self.assertEqual(
                        " ".join(sorted(pressed)), PRESSED.get(model, {}).get(state, "")
                    )
