"""The choice whose text the model wrote, such as *yes* or *no*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.marks import marked_answers
from steelyard.scorers.reading.phrases import TRUTH_WORDS
from steelyard.scorers.reading.texts import holds

__all__ = ["Option"]

MAX_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Option:
    """The choice that the marked answer, else the output, begins with; else the only one in it as whole words.

    So *Yes, there is no doubt* is yes; *Ja* and *true* are yes too, where the choices are yes and no. Case and dress
    make no difference. Where the output begins with several, the longest counts. No choice, or several, is open.
    Reads the first 10,000 characters.
    """

    reads_truncated: ClassVar[bool] = True

    @classmethod
    def from_options(cls, options: str) -> Option:
        """Raises InputError: there are no options."""
        raise InputError(f"option has no option {options!r}")

    @property
    def identifier(self) -> str:
        """``option@2``."""
        return "option@2"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the choice is the target, 0 for another, open where none or several are named."""
        text = output.text[:MAX_CHARACTERS]
        marked = marked_answers(text)
        if output.outcome is Outcome.TRUNCATED:
            closed = [each for each in marked if each.closed]
            found = _begun(comparable(closed[-1].text), sample) if closed else _closed_opening(text, sample)
        else:
            read = comparable(marked[-1].text if marked else text)
            found = _begun(read, sample) or _held(read, sample)
        if len(found) != 1:
            return Score(value=None)
        return Score(value=float(str(found[0]) == sample.target))


def _begun(read: str, sample: Sample) -> list[int]:
    """The number of the longest choice that a text begins with."""
    first = read.split()[:1]
    begun = [
        (len(choice), number)
        for number, choice in enumerate(map(comparable, sample.choices))
        if choice and read.startswith(choice) and not read[len(choice) : len(choice) + 1].isalnum()
    ]
    if begun:
        return [] if _offers_another(read, sample) else [max(begun)[1]]
    for words in TRUTH_WORDS:
        if first and first[0].strip(",.;:!") in words:
            return [number for number, choice in enumerate(map(comparable, sample.choices)) if choice in words]
    return []


def _offers_another(read: str, sample: Sample) -> bool:
    """Whether a second choice follows the first behind *or*: "yes or no"."""
    words = read.split()[:4]
    return any(word in ("or", "oder", "ou", "/") for word in words) and len(_held(" ".join(words), sample)) > 1


def _held(read: str, sample: Sample) -> list[int]:
    return [number for number, choice in enumerate(map(comparable, sample.choices)) if choice and holds(read, choice)]


def _closed_opening(text: str, sample: Sample) -> list[int]:
    """The choice that a cut output begins with, where a mark closes it: "Yes, since …"."""
    read = comparable(text)
    found = _begun(read, sample)
    if len(found) != 1:
        return []
    choice = comparable(sample.choices[found[0]])
    return found if read.startswith(choice) and read[len(choice) : len(choice) + 1] in tuple(",.;:!") else []
