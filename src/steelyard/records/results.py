"""What it shows: scores, findings and verdicts."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from steelyard.records.record import Record

__all__ = ["ClaimVerdict", "Finding", "Needs", "Note", "SampleScore", "Score", "TracePoint", "Verdict", "VerdictWord"]


class Score(Record, frozen=True, kw_only=True):
    """A scorer's mark: a value in [0, 1], or *unparsed* (no answer extracted: value 0, counted apart)."""

    value: float
    parsed: bool = True
    note: str = ""


class SampleScore(Record, frozen=True, kw_only=True):
    """The mark of one answer in the committed order. *missing* has no value: the plan's rule gives bounds both ways."""

    row: str
    position: int
    sample: str
    repeat: int
    status: Literal["scored", "unparsed", "missing"]
    value: float | None
    scorer: str
    seq: int


class VerdictWord(StrEnum):
    """The fixed words of a verdict."""

    INCONSISTENT = "inconsistent"
    CONSISTENT = "consistent"
    INSUFFICIENT_POWER = "insufficient_power"
    NOT_TESTABLE = "not_testable"
    NOT_TESTED = "not_tested"

    @property
    def words(self) -> str:
        """The word as prose: ``insufficient power``."""
        return self.value.replace("_", " ")


class Finding(Record, frozen=True, kw_only=True):
    """What a detector showed, with its error rate. ``null`` is the null hypothesis in one sentence."""

    detector: str
    check: str
    task: str = ""
    null: str = ""
    assumptions: tuple[str, ...] = ()
    statistic: float | None = None
    p: float | None = None
    e: float | None = None
    effect: float | None = None
    ci: tuple[float, float] | None = None
    n: int | None = None
    mde: float | None = None
    calls: int = 0
    tokens: int = 0
    message: str
    records: tuple[str, ...] = ()


class Note(Record, frozen=True, kw_only=True):
    """A remark that proves nothing by itself: it never changes an exit code."""

    detector: str
    check: str
    task: str = ""
    message: str


class Needs(Record, frozen=True, kw_only=True):
    """What a decision would still cost, if the samples to come are like those seen."""

    samples: int
    seconds: float | None = None


class TracePoint(Record, frozen=True, kw_only=True):
    """One look while the interval closes: samples read, right so far, interval of the proportion."""

    n: int
    right: int
    low: float
    high: float


class ClaimVerdict(Record, frozen=True, kw_only=True):
    """The verdict on one claim; all proportions are fractions, ``claimed_text`` is as printed."""

    task: str
    claimed_text: str
    unit: str
    claimed: float | None
    tolerance: float
    measured: float | None = None
    ci: tuple[float, float] | None = None
    asked: int = 0
    of: int = 0
    missing: int = 0
    unparsed: int = 0
    verdict: VerdictWord
    reason: str = ""
    better: bool = False
    p: float | None = None
    log_e: float | None = None
    level: float | None = None
    needs: Needs | None = None
    implied_reruns: dict[str, int | None] = msgspec.field(default_factory=dict)
    row: str = ""
    cell: str = ""
    differences: tuple[str, ...] = ()
    trace: tuple[TracePoint, ...] = ()
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    line: int = 0
    note: str = ""


class Verdict(Record, frozen=True, kw_only=True):
    """The whole report: one word, one exit code, and what they rest on."""

    verdict: VerdictWord
    exit: int
    model: str
    served: str
    alpha: float
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()
    limits: tuple[str, ...] = ()
