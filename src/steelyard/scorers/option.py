"""The choice whose text the model wrote, such as *yes* or *no*."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.contains import stands_alone
from steelyard.scorers.normalise import normalise

__all__ = ["Option"]

MAX_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Option:
    """The choice that the answer begins with; else the only one that occurs in it as whole words. Case is ignored.

    So *Yes, there is no doubt* is yes. Where the answer begins with several, the longest counts. No choice, or
    several, is unparsed. Reads the first 10,000 characters.
    """

    @classmethod
    def from_options(cls, options: str) -> Option:
        """Raises InputError: there are no options."""
        raise InputError(f"option has no option {options!r}")

    @property
    def identifier(self) -> str:
        """``option@1``."""
        return "option@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the choice is the target."""
        reply = normalise(output.text[:MAX_CHARACTERS], casefold=True).lstrip("*_\"'([")
        choices = [normalise(choice, casefold=True) for choice in sample.choices]
        begun = [
            choice
            for choice in choices
            if choice and reply.startswith(choice) and not reply[len(choice) : len(choice) + 1].isalnum()
        ]
        found = [max(begun, key=len)] if begun else [each for each in choices if each and stands_alone(each, reply)]
        if len(found) != 1:
            return Score(value=0.0, parsed=False, note="no choice" if not found else "several choices")
        return Score(value=float(str(choices.index(found[0])) == sample.target))
