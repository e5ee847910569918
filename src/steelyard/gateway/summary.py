"""The summary of a recording: counts, tokens, times and repeats. A pure function of the journal, without texts."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from steelyard.errors import VerificationError
from steelyard.records import Exchange, Outcome, Record
from steelyard.storage.journal.lines import Cut, Header, JournalRecord, Session, Stop
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder

__all__ = ["STOPPED", "PathSummary", "Quantiles", "RecordingSummary", "render", "summarise", "summary_of"]

FORMAT: Final = "steelyard-recording/1"
# Clients choose paths and endpoints choose model names: beyond so many they are counted together.
MAX_NAMES: Final = 50
OTHERS: Final = "(others)"
STOPPED: Final = "stopped"  # the reason of a clean stop


class Quantiles(Record, frozen=True, kw_only=True):
    """Nearest-rank quantiles of ``n`` durations, in microseconds; None where there is none."""

    n: int = 0
    median: int | None = None
    p90: int | None = None
    p99: int | None = None
    longest: int | None = None


class PathSummary(Record, frozen=True, kw_only=True):
    """The calls to one path. ``first_byte`` covers streamed answers only, ``elapsed`` all answers."""

    path: str
    calls: int
    answered: int
    streamed: int
    prompt_tokens: int
    completion_tokens: int
    elapsed: Quantiles
    first_byte: Quantiles


class RecordingSummary(Record, frozen=True, kw_only=True):
    """The whole recording.

    ``repeated``: calls whose body had been sent before to the same path. ``again_after_answer``: those of them that
    came after a valid answer, so that an answer may have been chosen among several. ``whole`` is false where the
    recorder was killed: calls that were in flight then are missing.
    """

    calls: int
    answered: int
    outcomes: dict[str, int]
    paths: tuple[PathSummary, ...]
    models: dict[str, int]
    prompt_tokens: int
    completion_tokens: int
    requests: int
    repeated: int
    again_after_answer: int
    sessions: int
    first_us: int | None
    last_us: int | None
    whole: bool


@dataclass
class _Path:
    calls: int = 0
    answered: int = 0
    streamed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    elapsed: array[int] = field(default_factory=lambda: array("q"))
    first_byte: array[int] = field(default_factory=lambda: array("q"))

    def take(self, exchange: Exchange) -> None:
        self.calls += 1
        self.streamed += exchange.streamed
        self.prompt_tokens += exchange.prompt_tokens
        self.completion_tokens += exchange.completion_tokens
        if exchange.outcome.answered:
            self.answered += 1
            self.elapsed.append(exchange.elapsed_us)
            if exchange.streamed:
                self.first_byte.append(exchange.first_byte_us)


def summary_of(run: RunFolder) -> RecordingSummary:
    """The summary of a recording's journal; raises VerificationError for a record that no gateway writes."""
    return summarise(record for record, _ in read_lines(run.path))


def summarise(records: Iterable[JournalRecord]) -> RecordingSummary:
    """The summary of a journal's records, in order; raises VerificationError for a record that no gateway writes."""
    paths: dict[str, _Path] = {}
    outcomes: Counter[str] = Counter()
    models: Counter[str] = Counter()
    answered: dict[bytes, bool] = {}  # by request: whether it has had an answer
    repeated = again = sessions = 0
    first = last = None
    whole = False
    for record in records:
        whole = isinstance(record, Stop) and record.reason == STOPPED
        sessions += isinstance(record, Session)
        if isinstance(record, Header | Session | Stop | Cut):
            continue
        if not isinstance(record, Exchange):
            raise VerificationError(f"journal record {record.seq}: a recording holds exchanges alone")
        name = record.path if record.path in paths or len(paths) < MAX_NAMES else OTHERS
        paths.setdefault(name, _Path()).take(record)
        outcomes[record.outcome.value] += 1
        if record.model:
            models[record.model if record.model in models or len(models) < MAX_NAMES else OTHERS] += 1
        first = record.started_us if first is None else min(first, record.started_us)
        last = max(last or 0, record.started_us + record.elapsed_us)
        if record.request:
            key = bytes.fromhex(record.request) + record.path.encode()
            before = answered.get(key)
            repeated += before is not None
            again += before is True
            answered[key] = bool(before) or record.outcome.answered
    return RecordingSummary(
        calls=sum(path.calls for path in paths.values()),
        answered=sum(path.answered for path in paths.values()),
        outcomes={outcome.value: outcomes[outcome.value] for outcome in Outcome if outcomes[outcome.value]},
        paths=tuple(_path(name, path) for name, path in sorted(paths.items())),
        models=dict(sorted(models.items())),
        prompt_tokens=sum(path.prompt_tokens for path in paths.values()),
        completion_tokens=sum(path.completion_tokens for path in paths.values()),
        requests=len(answered),
        repeated=repeated,
        again_after_answer=again,
        sessions=sessions,
        first_us=first,
        last_us=last,
        whole=whole,
    )


def _path(name: str, path: _Path) -> PathSummary:
    return PathSummary(
        path=name,
        calls=path.calls,
        answered=path.answered,
        streamed=path.streamed,
        prompt_tokens=path.prompt_tokens,
        completion_tokens=path.completion_tokens,
        elapsed=_quantiles(path.elapsed),
        first_byte=_quantiles(path.first_byte),
    )


def _quantiles(values: array[int]) -> Quantiles:
    ordered = sorted(values)
    if not ordered:
        return Quantiles()

    def at(percent: int) -> int:
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]

    return Quantiles(n=len(ordered), median=at(50), p90=at(90), p99=at(99), longest=ordered[-1])


def render(summary: RecordingSummary, served: str) -> dict[str, Any]:
    """The summary as JSON: the content of ``report.json``."""
    document: dict[str, Any] = {"format": FORMAT, "served": served, **msgspec.to_builtins(summary)}
    return document
