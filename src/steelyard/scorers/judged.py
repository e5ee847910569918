"""Answers that a judge scores: a second run, sealed over this one. Until then each of them is open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score

__all__ = ["WAITS", "Judged"]

WAITS: Final = "a judge scores it"
_RUBRIC: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Judged:
    """Every answer is open; ``rubric`` is the file, in the suite's folder, by which a judge scores it later.

    Whatever an answer is, a judge sees it: one that was cut off, too.
    """

    reads_truncated: ClassVar[bool] = True

    rubric: str = ""

    def __post_init__(self) -> None:
        if self.rubric and not _RUBRIC.fullmatch(self.rubric):
            raise InputError(
                f"scorer 'judged': rubric {self.rubric[:60]!r} is no file of the suite, such as graders/helpful.yaml"
            )

    @classmethod
    def from_options(cls, options: str) -> Judged:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        return cls(options)

    @property
    def identifier(self) -> str:
        """``judged[graders/helpful.yaml]@1``; ``judged@1`` without a rubric of the suite's own."""
        return f"judged[{self.rubric}]@1" if self.rubric else "judged@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """Open, always."""
        return Score(value=None, note=WAITS)
