"""Scores an estimate of a hidden object's position against its true position."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard_world.audit.questions import LocateObject, numbers_in
from steelyard_world.audit.scorers.goal import question_of

__all__ = ["ObjectPosition"]


@dataclass(frozen=True, slots=True)
class ObjectPosition:
    """1 where the x of ``{"x": [pixels]}`` is at most ``within`` pixels from the ball's centre, else 0.

    Raises InputError for a ``within`` that is no whole number from 1 to 64.
    """

    within: int = 2

    def __post_init__(self) -> None:
        if type(self.within) is not int or not 1 <= self.within <= 64:
            raise InputError("scorer 'world_position': within is a whole number of pixels from 1 to 64")

    @classmethod
    def from_options(cls, options: str) -> ObjectPosition:
        """Make the scorer that an identifier describes; raises InputError for other options."""
        if not options.isascii() or not options.isdigit():
            raise InputError(f"world_position has no option {options!r}")
        return cls(within=int(options[:3]))

    @property
    def identifier(self) -> str:
        """``world_position[2]@2``."""
        return f"world_position[{self.within}]@2"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Compare with the true position; unparsed where the answer is not a single number."""
        from steelyard_world.audit.object_position import true_position

        question = question_of(sample)
        assert isinstance(question, LocateObject)
        numbers = numbers_in(answer.text, ("x",))
        if numbers is None or len(numbers["x"]) != 1:
            return Score(value=0.0, parsed=False, note="not the position of an object")
        return Score(value=float(abs(numbers["x"][0] - true_position(question.seed)) <= self.within))
