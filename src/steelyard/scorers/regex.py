"""The text that a pattern of the task file extracts, compared exactly."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.answer import Answer
from steelyard.scorers.reading.dress import comparable
from steelyard.util.foreign_pattern import ForeignPattern, Found, compiled

__all__ = ["Regex"]

MAX_CHARACTERS = 10_000
_MAX_UNTIL = 40
_IN_WORD = re.compile(r"\w|[.,]\d")  # 88 and 8.5 do not begin with the answer 8, nor "not" with "no"
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Regex:
    """The first (or last) match of ``pattern``: its first group, or all of it, must equal the target.

    The pattern means what it means in Python, and RE2 matches it: in time linear in the text, whatever both are.
    Only the first 10,000 characters of the answer are read (the last ones for ``which: last``). Case, Markdown, quotes
    and closing punctuation of what matches make no difference. No match is open: nothing was read.

    With ``careful``, for patterns without an end such as ``the answer is (.*)``, the first match and the last must
    agree, and what is not the target is wrong only where no reader could find the target in it: see :meth:`score`.

    ``until`` is where a harness stops its model that is not stopped here, such as a blank line. What stands before it
    counts where the pattern matches there. Where it matches behind it alone, a harness that stops finds nothing, and
    one that does not finds an answer: then a wrong one is 0, and a right one is open.
    """

    compares_texts: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True

    pattern: str
    which: Literal["first", "last"] = "first"
    careful: bool = False
    until: str = ""
    _compiled: ForeignPattern = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.which not in ("first", "last"):
            raise InputError("scorer 'regex': which must be first or last")
        if not isinstance(self.careful, bool):
            raise InputError("scorer 'regex': careful must be true or false")
        if type(self.until) is not str or len(self.until) > _MAX_UNTIL:
            raise InputError(f"scorer 'regex': until must be a text of at most {_MAX_UNTIL} characters")
        try:
            found = compiled(self.pattern)
            if self.which == "last" or self.careful:
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
        """``regex[{"pattern":…}]@5``, with every option that is not at its default, as JSON with sorted keys."""
        options: dict[str, object] = {"pattern": self.pattern}
        if self.which != "first":
            options["which"] = self.which
        if self.careful:
            options["careful"] = True
        if self.until:
            options["until"] = self.until
        return f"regex[{json.dumps(options, sort_keys=True, separators=(',', ':'))}]@5"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the extracted text equals the target, 0 where not, open where nothing was read.

        With ``careful`` it is open, not 0, where a match begins with the target (*(B) 12/25/1937*), where the scorer
        ``answer`` does not say that the match is another answer, or where it reads the target in the whole text.
        """
        before, is_there, _ = output.text.partition(self.until) if self.until else (output.text, "", "")
        if not is_there:
            return self._score(sample, output)
        if self._extract(before, self.which) is not None:
            return self._score(sample, msgspec.structs.replace(output, text=before, outcome=Outcome.OK))
        whole = self._score(sample, output)
        return whole if whole.value == 0 else Score(value=None, note=f"read behind {self.until!r}, or not at all")

    def _score(self, sample: Sample, output: ModelOutput) -> Score:
        truncated = output.outcome is Outcome.TRUNCATED
        found = self._extract(output.text, self.which)
        if found is None or (truncated and (self.which == "last" or found.end >= len(output.text))):
            return Score(value=None)
        if self.careful:
            return self._careful(sample, output, found)
        return Score(value=float(comparable(self._taken(found)) == comparable(sample.target)))

    def _careful(self, sample: Sample, output: ModelOutput, found: Found) -> Score:
        other = self._extract(output.text, "last" if self.which == "first" else "first") or found
        matches = self._taken(found), self._taken(other)
        target = comparable(sample.target)
        if all(comparable(match) == target for match in matches):
            return Score(value=1.0)
        is_wrong = output.outcome is not Outcome.TRUNCATED and _reading(sample, output.text) != 1
        is_wrong = is_wrong and not any(_may_mean(sample, match) for match in matches)
        return Score(value=0.0 if is_wrong else None)

    def _taken(self, found: Found) -> str:
        return found.groups[1 if self._compiled.group_count else 0] or ""

    def _extract(self, text: str, which: Literal["first", "last"]) -> Found | None:
        if which == "first":
            return self._compiled.first(text[:MAX_CHARACTERS])
        return self._compiled.last(text[-MAX_CHARACTERS:])


def _may_mean(sample: Sample, match: str) -> bool:
    """Whether a match is the target or begins with it, says nothing, or ``answer`` does not read another answer."""
    read, target = comparable(match), comparable(sample.target)
    if not read or not target or (read.startswith(target) and not _IN_WORD.match(read, len(target))):
        return True
    said, meant = _WORDS.findall(read), _WORDS.findall(target)
    if said != meant and sorted(said) == sorted(meant):
        return False  # the same words in another order: another sorting
    return _reading(sample, match) != 0


def _reading(sample: Sample, text: str) -> float | None:
    return Answer(former=True).score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value
