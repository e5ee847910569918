"""The whole answer is the target, whatever its dress."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.normalise import normalise
from steelyard.scorers.reading.frames import names_text, read_in_frame
from steelyard.scorers.reading.marks import marked_answers
from steelyard.scorers.reading.number_answers import framed_number
from steelyard.scorers.reading.numbers import plain_number
from steelyard.scorers.reading.scores import score_of
from steelyard.scorers.reading.texts import Reading, line_reading, text_reading

__all__ = ["Exact"]

_ITEM: Final = re.compile(r"[\s*_]*([0-9]{1,2})[*_]*[.)][*_]*\s+[^\W\d]")


@dataclass(frozen=True, slots=True)
class Exact:
    """The final answer equals the target.

    Case, Markdown, LaTeX, quotes, closing punctuation, a leading article and "The answer is" make no difference.
    Where no answer is marked and a text of at most 60 characters holds the target beside other words, it is open; so is
    a marked answer that begins with the target as the items of a list begin with their number.

    ``strict``: the whole output equals the target but for white space and one closing full stop; nothing else counts.
    """

    compares_texts: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True

    strict: bool = False
    former: bool = False

    @classmethod
    def from_options(cls, options: str) -> Exact:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "strict":
            raise InputError(f"exact has no option {options!r}")
        return cls(strict=True)

    @property
    def identifier(self) -> str:
        """``exact@6`` or ``exact[strict]@4``."""
        return "exact[strict]@4" if self.strict else f"exact@{6 - self.former}"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 for the target, 0 for another answer, open where it can be read in two ways."""
        truncated = output.outcome is Outcome.TRUNCATED
        if self.strict:
            equal = normalise(output.text) == normalise(sample.target)
            return Score(value=None) if truncated else Score(value=float(equal))
        if truncated:
            return score_of(line_reading(output.text, sample.target))
        target, number = sample.target, plain_number(sample.target)

        def read(text: str) -> Reading:
            reading = text_reading(text, target)
            if self.former or reading is not False:
                return None if reading is False and _may_be_no_item(text, target) else reading
            is_said = re.search(rf"(?:\bis|:)\W{{1,4}}{re.escape(target)}(?!\w)", text, re.IGNORECASE)
            may_be = number is not None and framed_number(text, number) is not False
            return None if is_said or may_be or _may_be_no_item(text, target) else False

        return score_of(read(output.text) if self.former else read_in_frame(output.text, read, names_text(target)))


def _may_be_no_item(text: str, target: str) -> bool:
    """Whether the marked answer begins with the target, as the number of an item or as the end of a sentence.

    "The answer is 8. I hope that helps." has the form of "The answer is 8. Paris".
    """
    marked = marked_answers(text)
    found = _ITEM.match(marked[-1].text) if marked else None
    return found is not None and found[1] == target.strip()
