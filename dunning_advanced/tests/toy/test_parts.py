from odoo.tests import BaseCase

from ...models.case.stages import Stage
from ...models.case.tasks import Activity, OwnActivity, Task
from ...models.engine.gates import Gate, PayingItem
from ...models.money.kinds import Kind
from ...models.reach.contract import Channel
from ...tools.parts import IncompleteError


class TestParts(BaseCase):
    """What lacks a part is refused when its module loads, with file and line."""

    def refused(self, words):
        return self.assertRaisesRegex(IncompleteError, rf"test_parts\.py:\d+: .*{words}")

    def test_gate_without_a_label(self):
        with self.refused("Strike is not complete, give it label: its name in lists"):

            class Strike(Gate):
                code, scope = "strike", "item"

                def condition(self, env, scope):
                    return None

                def describe(self, why, facts, stops):
                    return ""

    def test_gate_without_a_sentence(self):
        with self.refused("describe: a method that gives its sentence"):

            class Strike(Gate):
                code, scope, label = "strike", "item", "Post on strike"

                def condition(self, env, scope):
                    return None

    def test_gate_of_a_stage_that_asks_no_gates(self):
        with self.refused("Strike is not complete, give it scope: one of item, credit, debtor"):

            class Strike(PayingItem):
                scope = "items"

    def test_gate_in_a_count_that_no_run_has(self):
        with self.refused("counted_as: one of None, not_due, waiting, pending"):

            class Strike(PayingItem):
                counted_as = "strike"

    def test_task_without_its_activities(self):
        with self.refused("types: the XML ids of its types of activities"):

            class Apologize(OwnActivity):
                code = "apologize"

    def test_task_of_a_button_that_is_not_there(self):
        with self.refused("button: one of None, call, .*, open"):

            class Apologize(Activity):
                button = "apologize"

    def test_task_without_a_query(self):
        with self.refused("query: a method that gives SQL"):

            class Apologize(Task):
                code, model = "apologize", "res.partner"

                def describe(self, case, record):
                    return ""

    def test_stage_without_its_tables(self):
        with self.refused("models: the models whose tables it reads"):

            class Cut(Stage):
                code, label = "cut", "Cut off"

                def condition(self, env, case, date):
                    return None

    def test_channel_without_a_label(self):
        with self.refused("Pigeon is not complete, give it label: its name in lists"):

            class Pigeon(Channel):
                code, icon = "pigeon", "fa-twitter"

                def reach(self, alias):
                    return None

                def address(self, contact):
                    return ""

                def deliver(self, channels, notices, contacts):
                    return None

    def test_channel_that_delivers_nothing(self):
        with self.refused(
            "reach: a method that gives an SQL condition on a contact; "
            "address: .*; deliver: a method that brings reminders to contacts"
        ):

            class Pigeon(Channel):
                code, label, icon = "pigeon", "Pigeon", "fa-twitter"

    def test_kind_of_charges_without_a_product(self):
        with self.refused("Paper is not complete, give it product: the field of res.company"):

            class Paper(Kind):
                code, label, asked_by = "paper", "Paper", ("charge_paper",)

    def test_a_base_may_be_incomplete(self):
        class _Base(Gate):
            code = "strike"

        self.assertIsNone(_Base.label)
