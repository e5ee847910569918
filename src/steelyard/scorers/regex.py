"""The text that a pattern of the task file extracts, compared exactly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Literal

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.normalise import normalise

__all__ = ["Regex"]

MAX_CHARACTERS = 10_000
# "(a+)+", "(a|a)*" and their like take exponential time on hostile text; they can all be written more plainly.
_NESTED_REPETITION = re.compile(r"(?<!\\)[+*}]\??[^()]*\)[+*{]|\|[^()]*\)+[+*{]")


@dataclass(frozen=True, slots=True)
class Regex:
    """The first (or last) match of ``pattern``: its first group, or all of it, must equal the target.

    Only the first 10,000 characters of the answer are read (the last ones for ``which: last``). No match is unparsed.
    """

    pattern: str
    which: Literal["first", "last"] = "first"
    casefold: bool = False
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
        """``regex[{"pattern":…}]@1``, with every option that is not at its default, as JSON with sorted keys."""
        options: dict[str, object] = {"pattern": self.pattern}
        if self.which != "first":
            options["which"] = self.which
        if self.casefold:
            options["casefold"] = True
        return f"regex[{json.dumps(options, sort_keys=True, separators=(',', ':'))}]@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the extracted text equals the target."""
        found = self._extract(output.text)
        if found is None:
            return Score(value=0.0, parsed=False, note="no match")
        return Score(value=float(normalise(found, self.casefold) == normalise(sample.target, self.casefold)))

    def _extract(self, text: str) -> str | None:
        if self.which == "first":
            match = self._compiled.search(text[:MAX_CHARACTERS])
        else:
            match = None
            for match in self._compiled.finditer(text[-MAX_CHARACTERS:]):  # noqa: B007 — the last one is wanted
                pass
        if match is None:
            return None
        return (match.group(1) if self._compiled.groups else match.group()) or ""
