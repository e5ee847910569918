"""The log of a watch as it is read: canonical lines in one chain, in the only order that a watch can have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, parse_canonical, sha256_hex, without_defaults
from steelyard.records.watching import (
    BaselineSet,
    PassBegun,
    PassEnded,
    PassFacts,
    PassKind,
    PassLost,
    WatchLine,
    WatchOpened,
)
from steelyard.stats.watching import DROPS, LEAST_PASSES, MICRO

__all__ = ["GENESIS", "LOG", "MAX_LINE_BYTES", "Pass", "WatchLog", "encode_line", "log_of", "read_log", "with_line"]

LOG: Final = "watch.jsonl"
GENESIS: Final = "0" * 64  # the "previous line" of the first line
MAX_LINE_BYTES: Final = 100_000
_FOLDERS: Final[Mapping[PassKind, str]] = {"baseline": "baseline", "look": "looks"}


@dataclass(frozen=True)
class Pass:
    """One pass: how it began, and how it ended (None: it is open)."""

    begun: PassBegun
    end: PassEnded | PassLost | None = None

    @property
    def kind(self) -> PassKind:
        """Whether it is of the baseline, or a look."""
        return self.begun.kind

    @property
    def facts(self) -> PassFacts | None:
        """What it came to; None where it is open or lost."""
        return self.end.facts if isinstance(self.end, PassEnded) else None

    @property
    def place(self) -> str:
        """Its run's folder, within that of the watch."""
        return place_of(self.kind, self.begun.number)

    @property
    def words(self) -> str:
        """What it is called in sentences."""
        return f"{'pass' if self.kind == 'baseline' else 'look'} {self.begun.number}"


@dataclass(frozen=True)
class WatchLog:
    """A log whose chain and order hold. ``head`` is the digest of its last line."""

    opened: WatchOpened
    name: str
    """The digest of the first line, by which alerts call the watch."""
    head: str
    lines: int = 1
    passes: tuple[Pass, ...] = ()
    baseline: BaselineSet | None = None

    @property
    def open(self) -> Pass | None:
        """The pass that began and has no end yet."""
        return self.passes[-1] if self.passes and self.passes[-1].end is None else None

    def of(self, kind: PassKind) -> tuple[Pass, ...]:
        """The passes of a kind, those that are lost among them."""
        return tuple(each for each in self.passes if each.kind == kind)

    @property
    def done(self) -> int:
        """How many passes of the baseline have ended."""
        return sum(each.facts is not None for each in self.of("baseline"))

    @property
    def next(self) -> tuple[PassKind, int]:
        """The kind and the number of the pass that would begin now."""
        kind: PassKind = "baseline" if self.baseline is None else "look"
        return kind, len(self.of(kind)) + 1


def place_of(kind: PassKind, number: int) -> str:
    """The folder of a pass within that of its watch."""
    return f"{_FOLDERS[kind]}/{number:04d}"


def encode_line(line: WatchLine) -> bytes:
    """A line as it is written, without its end."""
    return canonical(without_defaults(line))


def read_log(data: bytes) -> WatchLog:
    """Read a log; a last line without an end was never acknowledged, and does not count.

    Raises VerificationError naming the first line that is none, breaks the chain, or cannot come there.
    """
    return log_of(_decoded(raw, number) for number, raw in enumerate(data.split(b"\n")[:-1], 1))


def log_of(lines: Iterable[WatchLine]) -> WatchLog:
    """The log with these lines; raises VerificationError where one cannot come there."""
    log: WatchLog | None = None
    for line in lines:
        log = with_line(log, line)
    if log is None:
        raise VerificationError(f"{LOG}: is empty")
    return log


def with_line(log: WatchLog | None, line: WatchLine) -> WatchLog:
    """The log after one more line, which must be the next of its chain; raises VerificationError where it cannot be."""
    seq, head = (0, GENESIS) if log is None else (log.lines, log.head)
    where = f"{LOG} line {seq + 1}"
    if (line.seq, line.prev or GENESIS) != (seq, head):
        raise VerificationError(f"{where}: the chain is broken: a line before it was changed, or this one was moved")
    if not _has_time(line):
        raise VerificationError(f"{where}: its time is none with a zone, as 2026-01-31T06:17:00+00:00")
    digest = sha256_hex(encode_line(line))
    if log is None:
        if not isinstance(line, WatchOpened) or not 0 < line.alpha < 1 or line.passes < LEAST_PASSES:
            raise VerificationError(f"{where}: does not open a watch")
        return WatchLog(line, digest, digest)
    after = _after(log, line)
    if after is None:
        raise VerificationError(f"{where}: what it says cannot follow the lines before it")
    return replace(after, head=digest, lines=log.lines + 1)


def _has_time(line: WatchLine) -> bool:
    try:
        return datetime.fromisoformat(getattr(line, "at", "1970-01-01T00:00+00:00")).tzinfo is not None
    except ValueError:
        return False


def _decoded(raw: bytes, number: int) -> WatchLine:
    try:
        if len(raw) > MAX_LINE_BYTES:
            raise ValueError(f"longer than {MAX_LINE_BYTES:,} bytes")
        document: Any = parse_canonical(raw)
        line: WatchLine = msgspec.convert(document, WatchLine)
        if without_defaults(line) != document:
            raise ValueError("spells out a field that equals its default")
        return line
    except (ValueError, RecursionError, VerificationError) as error:
        raise VerificationError(f"{LOG} line {number}: not a line of a watch ({error})") from None


def _after(log: WatchLog, line: WatchLine) -> WatchLog | None:
    """The log with a line that follows from its state; None where it does not."""
    if isinstance(line, WatchOpened):
        return None
    if isinstance(line, BaselineSet):
        is_due = log.baseline is None and log.open is None and log.done == log.opened.passes
        return replace(log, baseline=line) if is_due and _is_baseline(line) else None
    if isinstance(line, PassBegun):
        is_due = log.open is None and (line.kind, line.number) == log.next
        is_due = is_due and (line.kind == "look" or log.done < log.opened.passes)
        return replace(log, passes=(*log.passes, Pass(line))) if is_due else None
    if log.open is None or (line.kind, line.number) != (log.open.kind, log.open.begun.number):
        return None
    if isinstance(line, PassEnded) and not _are_facts(line.facts):
        return None
    return replace(log, passes=(*log.passes[:-1], replace(log.open, end=line)))


def _are_facts(facts: PassFacts) -> bool:
    counts = (facts.missing, facts.open, facts.reasoned, facts.prompt_tokens, facts.answer_tokens, facts.milliseconds)
    return facts.items > 0 and 0 <= facts.low <= facts.high <= MICRO and min(counts) >= 0


def _is_baseline(line: BaselineSet) -> bool:
    is_whole = len(line.bets) == len(DROPS) and min(line.bets) >= 0 and line.spread >= 0
    # A bet beyond 1/(1 − L) could lose more than is staked.
    return is_whole and 0 < line.bound < MICRO and max(line.bets) * (MICRO - line.bound) <= 1000 * MICRO
