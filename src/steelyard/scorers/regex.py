"""The text that a pattern of the task file extracts, compared exactly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.reading.dress import comparable

__all__ = ["Regex"]

MAX_CHARACTERS = 10_000
# "(a+)+", "(a|a)*" and their like take exponential time on hostile text; they can all be written more plainly.
_NESTED_REPETITION = re.compile(r"(?<!\\)[+*}]\??[^()]*\)[+*{]|\|[^()]*\)+[+*{]")


@dataclass(frozen=True, slots=True)
class Regex:
    """The first (or last) match of ``pattern``: its first group, or all of it, must equal the target.

    Only the first 10,000 characters of the answer are read (the last ones for ``which: last``). Case, Markdown, quotes
    and closing punctuation of what matches make no difference. No match is open: nothing was read.
    """

    reads_truncated: ClassVar[bool] = True

    pattern: str
    which: Literal["first", "last"] = "first"
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.which not in ("first", "last"):
            raise InputError("scorer 'regex': which must be first or last")
        if _NESTED_REPETITION.search(self.pattern):
            raise InputError(f"scorer 'regex': a repetition inside a repetition can take forever: {self.pattern!r}")
        try:
            object.__setattr__(self, "_compiled", re.compile(self.pattern))
        except (re.error, TypeError, OverflowError, RecursionError) as error:
            raise InputError(f"scorer 'regex': {error}") from None

    @classmethod
    def from_options(cls, options: str) -> Regex:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        try:
            return cls(**json.loads(options))
        except (ValueError, TypeError, RecursionError):
            raise InputError(f"regex has no options {options[:80]!r}") from None

    @property
    def identifier(self) -> str:
        """``regex[{"pattern":…}]@2``, with every option that is not at its default, as JSON with sorted keys."""
        options: dict[str, object] = {"pattern": self.pattern}
        if self.which != "first":
            options["which"] = self.which
        return f"regex[{json.dumps(options, sort_keys=True, separators=(',', ':'))}]@2"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the extracted text equals the target, 0 where not, open where nothing was read."""
        truncated = output.outcome is Outcome.TRUNCATED
        found = self._extract(output.text)
        if found is None or (truncated and (self.which == "last" or found[1] >= len(output.text))):
            return Score(value=None)
        return Score(value=float(comparable(found[0]) == comparable(sample.target)))

    def _extract(self, text: str) -> tuple[str, int] | None:
        """What matched, and where it ends."""
        if self.which == "first":
            match = self._compiled.search(text[:MAX_CHARACTERS])
        else:
            match = None
            for match in self._compiled.finditer(text[-MAX_CHARACTERS:]):  # noqa: B007 — the last one is wanted
                pass
        if match is None:
            return None
        return (match.group(1) if self._compiled.groups else match.group()) or "", match.end()
