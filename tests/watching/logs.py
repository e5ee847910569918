"""Logs of watches that no model was asked for: a baseline of equal passes, and looks with given means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steelyard.records.watching import (
    WATCH_FORMAT,
    BaselineSet,
    PassBegun,
    PassEnded,
    PassFacts,
    PassKind,
    PassLost,
    WatchLine,
    WatchOpened,
)
from steelyard.stats.watching import MICRO
from steelyard.watching.log import WatchLog, with_line
from steelyard.watching.passes import baseline_line

AT = "2026-11-27T06:00:00+00:00"
ITEMS = 50


class Writer:
    """Makes the lines of a log, one after the other."""

    def __init__(self, passes: int = 10, **opened: Any) -> None:
        first = WatchOpened(format=WATCH_FORMAT, software="test 0", at=AT, task="sums", passes=passes, **opened)
        self.lines: list[WatchLine] = [first]
        self.log: WatchLog = with_line(None, first)

    @property
    def place(self) -> dict[str, Any]:
        return {"seq": self.log.lines, "prev": self.log.head}

    def add(self, line: WatchLine) -> None:
        self.log = with_line(self.log, line)
        self.lines.append(line)

    def begin(self, at: str = AT) -> tuple[PassKind, int]:
        kind, number = self.log.next
        self.add(PassBegun(**self.place, at=at, kind=kind, number=number, plan=f"{number:064x}"))
        return kind, number

    def end(self, share: float, at: str = AT, **facts: Any) -> None:
        kind, number = self.begin(at)
        mean = round(share * MICRO)
        found = PassFacts(**({"items": ITEMS, "low": mean, "high": mean} | facts))
        self.add(PassEnded(**self.place, at=at, kind=kind, number=number, bundle="b" * 64, facts=found))

    def lose(self, reason: Any = "gone") -> None:
        kind, number = self.begin()
        self.add(PassLost(**self.place, at=AT, kind=kind, number=number, reason=reason))

    def set_baseline(self, share: float = 0.8, **changed: Any) -> BaselineSet:
        right = round(share * ITEMS)
        scores = [[1.0] * right + [0.0] * (ITEMS - right)] * self.log.opened.passes
        line = baseline_line(scores, self.log.opened.alpha, self.log.lines, self.log.head, AT)
        self.add(line)
        return line


def watched(shares: Sequence[float] = (), *, baseline: float = 0.8, **facts: Any) -> Writer:
    """A log with a whole baseline, and a look with each of these shares of right answers."""
    writer = Writer()
    for _ in range(10):
        writer.end(baseline, **facts)
    writer.set_baseline(baseline)
    for share in shares:
        writer.end(share, **facts)
    return writer
