"""Was the hidden object found? The estimate of an answer against where the ball truly is."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.world.audit.questions import LocateObject, numbers_in
from steelyard.world.audit.scorers.goal import question_of

__all__ = ["ObjectPosition"]


@dataclass(frozen=True, slots=True)
class ObjectPosition:
    """1 where the x of ``{"x": [pixels]}`` is within so many pixels of the ball's centre."""

    within: int = 2

    def __post_init__(self) -> None:
        if not isinstance(self.within, int) or not 1 <= self.within <= 64:
            raise InputError("scorer 'world_position': within is a whole number of pixels from 1 to 64")

    @classmethod
    def from_options(cls, options: str) -> ObjectPosition:
        """The scorer that its identifier describes."""
        if not options.isascii() or not options.isdigit():
            raise InputError(f"world_position has no option {options!r}")
        return cls(within=int(options[:3]))

    @property
    def identifier(self) -> str:
        """``world_position[2]@1``."""
        return f"world_position[{self.within}]@1"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Make the scene again and compare; what is no single number is unparsed."""
        from steelyard.world.audit.object_position import true_position

        question = question_of(sample)
        assert isinstance(question, LocateObject)
        said = numbers_in(answer.text, ("x",))
        if said is None or len(said["x"]) != 1:
            return Score(value=0.0, parsed=False, note="not the place of an object")
        return Score(value=float(abs(said["x"][0] - true_position(question.seed)) <= self.within))
