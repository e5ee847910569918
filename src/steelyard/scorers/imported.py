"""The mark that another harness gave, as its log says: it is journalled at the import and never made again."""

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
    """Marks by ``source``, the harness and its scorer, such as ``inspect_ai match`` or ``lm_eval exact_match,none``."""

    source: str
    executes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not _SOURCE.fullmatch(self.source):
            raise InputError(
                f"scorer 'imported': {self.source[:60]!r} names no harness and scorer, such as 'lm_eval acc'"
            )

    @classmethod
    def from_options(cls, options: str) -> Imported:
        """The scorer that its identifier describes."""
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
        """Nothing can be asked under this scorer: it has only the marks that a log brings."""
        return "marks of this kind come with another harness's log: bring it in by steelyard import"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """Never called: the mark stands in the journal."""
        raise NotImplementedError(f"the mark of {sample.id} stands in the journal, or there is none")
