"""The text that a pattern of the task file extracts, compared exactly."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.reading.dress import comparable
from steelyard.util.foreign_pattern import ForeignPattern, Found, compiled

__all__ = ["Regex"]

MAX_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Regex:
    """The first (or last) match of ``pattern``: its first group, or all of it, must equal the target.

    The pattern means what it means in Python, and RE2 matches it: in time linear in the text, whatever both are.
    Only the first 10,000 characters of the answer are read (the last ones for ``which: last``). Case, Markdown, quotes
    and closing punctuation of what matches make no difference. No match is open: nothing was read.
    """

    reads_truncated: ClassVar[bool] = True

    pattern: str
    which: Literal["first", "last"] = "first"
    _compiled: ForeignPattern = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.which not in ("first", "last"):
            raise InputError("scorer 'regex': which must be first or last")
        try:
            found = compiled(self.pattern)
            if self.which == "last":
                found.last("")  # refuses one whose last match is always empty
        except InputError as error:
            raise InputError(f"scorer 'regex': {error}") from None
        object.__setattr__(self, "_compiled", found)

    @classmethod
    def from_options(cls, options: str) -> Regex:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        try:
            return cls(**json.loads(options))
        except (ValueError, TypeError, RecursionError):
            raise InputError(f"regex has no options {options[:80]!r}") from None

    @property
    def identifier(self) -> str:
        """``regex[{"pattern":…}]@3``, with every option that is not at its default, as JSON with sorted keys."""
        options: dict[str, object] = {"pattern": self.pattern}
        if self.which != "first":
            options["which"] = self.which
        return f"regex[{json.dumps(options, sort_keys=True, separators=(',', ':'))}]@3"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the extracted text equals the target, 0 where not, open where nothing was read."""
        truncated = output.outcome is Outcome.TRUNCATED
        found = self._extract(output.text)
        if found is None or (truncated and (self.which == "last" or found.end >= len(output.text))):
            return Score(value=None)
        text = found.groups[1 if self._compiled.group_count else 0] or ""
        return Score(value=float(comparable(text) == comparable(sample.target)))

    def _extract(self, text: str) -> Found | None:
        if self.which == "first":
            return self._compiled.first(text[:MAX_CHARACTERS])
        return self._compiled.last(text[-MAX_CHARACTERS:])
