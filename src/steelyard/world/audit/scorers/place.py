"""Was the hidden object found? The estimate of an answer against where the ball truly is."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.world.audit.questions import Locate, numbers_in
from steelyard.world.audit.scorers.goal import question_of

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """1 where the x of ``{"x": [pixels]}`` is within so many pixels of the ball's centre."""

    within: int = 2

    def __post_init__(self) -> None:
        within: object = self.within  # it comes from a task file
        if not isinstance(within, int) or not 1 <= within <= 64:
            raise InputError("scorer 'world_place': within is a whole number of pixels from 1 to 64")

    @classmethod
    def from_options(cls, options: str) -> Place:
        """The scorer that its identifier describes."""
        if not options.isascii() or not options.isdigit():
            raise InputError(f"world_place has no option {options!r}")
        return cls(within=int(options[:3]))

    @property
    def identifier(self) -> str:
        """``world_place[2]@1``."""
        return f"world_place[{self.within}]@1"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Make the scene again and compare; what is no single number is unparsed."""
        from steelyard.world.audit.object_position import true_place

        question = question_of(sample)
        assert isinstance(question, Locate)
        said = numbers_in(answer.text, ("x",))
        if said is None or len(said["x"]) != 1:
            return Score(value=0.0, parsed=False, note="not the place of an object")
        return Score(value=float(abs(said["x"][0] - true_place(question.seed)) <= self.within))
