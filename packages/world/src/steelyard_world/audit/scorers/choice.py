"""Scores a choice among outcomes. The scene is made again from its seed."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import ModelOutput, Sample, Score
from steelyard_world.audit.questions import ChooseOutcome, numbers_in
from steelyard_world.audit.scorers.goal import question_of
from steelyard_world.sim.catalog import simulator

__all__ = ["OutcomeChoice"]


@dataclass(frozen=True, slots=True)
class OutcomeChoice:
    """1 where ``{"choice": [index]}`` is the outcome of the changed course in the true world, else 0."""

    @property
    def identifier(self) -> str:
        """``world_choice@3``."""
        return "world_choice@3"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Score an answer; unparsed where the choice is not the index of an outcome."""
        from steelyard_world.evaluation.reasoning import CHOICES, scene

        question = question_of(sample)
        assert isinstance(question, ChooseOutcome)
        numbers = numbers_in(answer.text, ("choice",))
        if numbers is None or len(numbers["choice"]) != 1 or numbers["choice"][0] not in range(CHOICES):
            return Score(value=0.0, parsed=False, note="not one of the outcomes")
        return Score(value=float(numbers["choice"][0] == scene(simulator(question.world), question.seed).answer))
