"""What a judge says: ``VERDICT: yes`` or ``VERDICT: no`` on the last line that is a verdict.

Only the judge's own output is read. What it was given to judge is in its prompt, so no text there can be the verdict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score

__all__ = ["JudgeVerdict", "VerdictKind"]

VerdictKind = Literal["criterion", "pair"]

MAX_CHARACTERS: Final = 10_000
_VALUES: Final[dict[str, dict[str, float]]] = {
    "criterion": {"yes": 1.0, "no": 0.0},
    "pair": {"first": 1.0, "second": 0.0, "tie": 0.5},
}
_LINE: Final = re.compile(r"[\s*_#>`-]*verdict[\s*_`]*:[\s*_`\"']*([a-z]+)[\s*_`\"'.!]*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class JudgeVerdict:
    """A judge's verdict: 1 for ``yes`` and 0 for ``no``; of a ``pair`` 1 for ``first``, 0 for ``second``, ½ for a tie.

    A verdict is a line of its own, ``VERDICT: yes``, in any case and with Markdown around it. Open are: no such line,
    lines with different verdicts, another word, and a refusal.
    """

    of: VerdictKind = "criterion"

    def __post_init__(self) -> None:
        if self.of not in _VALUES:
            raise InputError("scorer 'verdict': of must be criterion or pair")

    @classmethod
    def from_options(cls, options: str) -> JudgeVerdict:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        return cls(options)  # type: ignore[arg-type]

    @property
    def identifier(self) -> str:
        """``verdict@1`` or ``verdict[pair]@1``."""
        return "verdict@1" if self.of == "criterion" else f"verdict[{self.of}]@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """The verdict's value; open, saying why, where there is none or more than one."""
        if output.outcome is not Outcome.OK:
            return Score(value=None, note=f"the judge's answer is {output.outcome.value}")
        lines = output.text[-MAX_CHARACTERS:].splitlines()
        words = {found[1].lower() for line in lines if (found := _LINE.fullmatch(line))}
        if len(words) != 1:
            return Score(value=None, note="two different verdicts" if words else "no verdict")
        (word,) = words
        value = _VALUES[self.of].get(word)
        return Score(value=value, note="" if value is not None else "a verdict that was not asked for")
