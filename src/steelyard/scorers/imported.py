"""The score that another harness gave, from its log: recorded in the journal at import and never recomputed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score

__all__ = ["Imported"]

_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:,/@+-]{0,119}")


@dataclass(frozen=True, slots=True)
class Imported:
    """Scores of ``source``: harness and scorer, such as ``inspect_ai match`` or ``lm_eval exact_match,none``."""

    source: str
    executes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not _SOURCE.fullmatch(self.source):
            raise InputError(
                f"scorer 'imported': {self.source[:60]!r} must name harness and scorer, such as 'lm_eval acc'"
            )

    @classmethod
    def from_options(cls, options: str) -> Imported:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        return cls(options)

    @classmethod
    def named(cls, harness: str, scorer: str) -> Imported:
        """The scorer of a harness by its own name; what an identifier cannot hold becomes a hyphen."""
        return cls(re.sub(r"[^A-Za-z0-9 ._:,/@+-]", "-", f"{harness} {scorer}")[:120])

    @property
    def identifier(self) -> str:
        """``imported[HARNESS SCORER]@1``."""
        return f"imported[{self.source}]@1"

    def unavailable_reason(self) -> str:
        """Never available for a run: this scorer has only the scores of a log."""
        return "these scores come with another harness's log: import it by steelyard import"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """Never called: the score is in the journal."""
        raise NotImplementedError(f"the score of {sample.id} is in the journal, or there is none")
