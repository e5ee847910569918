"""Was the right outcome chosen? The scene is made again from its seed."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import ModelOutput, Sample, Score
from steelyard.world.audit.questions import ChooseOutcome, numbers_in
from steelyard.world.audit.scorers.goal import question_of
from steelyard.world.sim.catalog import simulator

__all__ = ["OutcomeChoice"]


@dataclass(frozen=True, slots=True)
class OutcomeChoice:
    """1 where ``{"choice": [index]}`` names the outcome that the changed course has in the true world."""

    @property
    def identifier(self) -> str:
        """``world_choice@2``."""
        return "world_choice@2"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Unparsed where the choice is no whole number of an outcome."""
        from steelyard.world.evaluation.reasoning import CHOICES, scene

        question = question_of(sample)
        assert isinstance(question, ChooseOutcome)
        said = numbers_in(answer.text, ("choice",))
        if said is None or len(said["choice"]) != 1 or said["choice"][0] not in range(CHOICES):
            return Score(value=0.0, parsed=False, note="not one of the outcomes")
        return Score(value=float(said["choice"][0] == scene(simulator(question.world), question.seed).answer))
