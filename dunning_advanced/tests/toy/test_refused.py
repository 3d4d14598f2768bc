from odoo import models

from ...models.case.stages import Legal, Stage
from ...models.case.tasks import Broken, Remind
from ...tools.parts import IncompleteError
from . import gate, timeline
from .common import ToyCase


class TwiceTheGate(models.AbstractModel):
    _name = _inherit = "dunning.engine"
    _module = None

    def _gates(self):
        return [gate.Strike(), *super()._gates(), gate.Strike()]


class TaskOfATakenCode(models.Model):
    _name = _inherit = "dunning.case"
    _module = None

    def _tasks(self):
        class Again(Broken):
            code = Remind.code

        return [*super()._tasks(), Again()]


class StageOfATakenCode(models.Model):
    _name = _inherit = "dunning.case"
    _module = None

    def _stages(self):
        return [Legal(), *super()._stages()]


class Cut(Stage):
    code, label, models = "cut", "Cut off", ()

    def condition(self, env, case, date):
        raise NotImplementedError


class StageThatIsNotShown(models.Model):
    _name = _inherit = "dunning.case"
    _module = None

    def _stages(self):
        return [Cut(), *super()._stages()]


class EventWithoutASentence(models.Model):
    _name = _inherit = "dunning.timeline"
    _module = None

    def _sources(self):
        return {**super()._sources(), "mute": timeline.DunningTimeline._source_strike(self)}


class TestRefused(ToyCase):
    """What does not fit to the rest is refused when the models are set up, not before a user."""

    def refused(self, toy, words):
        with self.assertRaisesRegex(IncompleteError, words), self.loaded(toy):
            self.fail("it was loaded")

    def test_gate_of_a_taken_code(self):
        self.refused(TwiceTheGate, r"gate\.py:\d+: Strike has the code 'strike' of Strike \(")

    def test_task_of_a_taken_code(self):
        self.refused(TaskOfATakenCode, r"\.py:\d+: Remind has the code 'remind' of Again \(")

    def test_stage_of_a_taken_code(self):
        self.refused(StageOfATakenCode, r"stages\.py:\d+: Legal has the code 'legal' of Legal")

    def test_stage_that_is_not_shown(self):
        self.refused(
            StageThatIsNotShown,
            r"test_refused\.py:\d+: Cut is not complete, add 'cut' to the selection of the field "
            "stage of dunning.case",
        )

    def test_event_without_a_sentence(self):
        self.refused(EventWithoutASentence, "'mute' has no sentence, .* a method _describe_mute")
