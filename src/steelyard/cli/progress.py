"""Progress of a run on stderr: rate, remaining time, and each claim's interval."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

from steelyard.util.console import err

if TYPE_CHECKING:
    from steelyard.auditing.session import RunSession
    from steelyard.detectors.claim_retest import ClaimMonitor
    from steelyard.records import Plan

__all__ = ["LiveProgress", "RunProgress", "working"]

# A terminal is redrawn this often; a log file gets a line this often.
REDRAW_SECONDS = 0.5
LOG_SECONDS = 15.0


def working(message: str) -> Any:
    """A spinner for preparatory work of unknown length; one plain line where stderr is no terminal."""
    console = err()
    if console.is_terminal:
        return console.status(message)
    console.print(message)
    from contextlib import nullcontext

    return nullcontext()


class LiveProgress:
    """A display on stderr for the time of a ``with`` block: redrawn on a terminal, else printed now and then."""

    def __init__(self) -> None:
        self._console = err()
        self._display: Any = None  # None where stderr is no terminal
        self._drawn = 0.0

    def _new_display(self) -> Any:
        from rich.live import Live

        return Live(console=self._console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._display = self._new_display()
            self._display.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._display is not None:
            self._display.stop()

    @property
    def _period(self) -> float:
        """Seconds from one drawing to the next."""
        return LOG_SECONDS if self._display is None else REDRAW_SECONDS

    def _is_due(self) -> bool:
        """Whether it is time to draw; if so, the time of the last drawing is now."""
        now = time.monotonic()
        due = now - self._drawn >= self._period
        self._drawn = now if due else self._drawn
        return due


class RunProgress(LiveProgress):
    """Watches a :class:`~steelyard.auditing.session.RunSession`.

    Use it as a context manager and give :meth:`watch` as the watcher.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._asked_at_start: dict[str, int] = {}

    def notify(self, line: str) -> None:
        """Print one line above the display, such as that the endpoint is down."""
        from steelyard.util.text import one_line

        self._console.print(one_line(line, 300), markup=False, highlight=False)

    def watch(self, live: RunSession) -> None:
        """Redraw, if it is time."""
        if not self._asked_at_start:
            self._asked_at_start = dict(live.answered)
        if not self._is_due():
            return
        table = self._table(live)
        if self._display is not None:
            self._display.update(table)
        else:
            self._console.print(table)
            sys.stderr.flush()

    def _table(self, live: RunSession) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        elapsed = time.monotonic() - live.began
        table = Table(box=None, padding=(0, 1), title=self._title(elapsed, live), title_justify="left")
        for name, justify in (("task", "left"), ("", "left"), ("asked", "right"), ("rate", "right"), ("left", "right")):
            table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
        table.add_column("interval → claim", justify="right", no_wrap=True)
        for row in self._plan.rows:
            reader = live.readers[row.id]
            claim = self._plan.sheet.claims[row.claim]
            answered = live.answered[row.id]
            total = row.planned
            bar = ProgressBar(total=total, completed=total if reader.decision else min(answered, total), width=16)
            spent = live.schedule.used_seconds(row.id)
            if len(self._plan.rows) == 1:  # its time is wall-clock time, pauses included
                spent, answered_here = elapsed, answered - self._asked_at_start[row.id]
                rate = answered_here / spent if spent > 1 else 0.0
            else:
                rate = answered / spent if spent else 0.0
            table.add_row(
                row.task[:24],
                bar,
                f"{answered}/{total}",
                f"{rate:.1f}/s" if rate else "–",
                reader.decision or (_time_for_calls(total - answered, rate) if row.estimate else _left(reader, rate)),
                f"{_interval(reader, self._plan.alpha, claim.scale)}{'' if row.estimate else f' → {claim.value}'}",
            )
        return table

    def _title(self, elapsed: float, live: RunSession) -> str:
        budget = self._plan.budget_us
        title = f"{_clock(elapsed)} elapsed" + ("" if budget is None else f", budget {_clock(budget / 1e6)}")
        if live.runner is not None and self._plan.concurrency > 1:
            title += f", {live.runner.in_flight} in flight"
        if (cost := live.budget.cost) is not None:
            title += f", cost {cost:.3g}"
        return title


def _interval(reader: ClaimMonitor, alpha: float, scale: int) -> str:
    from steelyard.stats.intervals import confidence_sequence

    if not reader.trace:
        return "…"
    n, low_right, high_right = reader.trace[-1]
    low, high = confidence_sequence(n, low_right, high_right, reader.cells, alpha)
    digits = 1 if scale == 100 else 3
    return f"{low * scale:.{digits}f}–{high * scale:.{digits}f}"


def _left(reader: ClaimMonitor, rate: float) -> str:
    """Remaining time to a decision, extrapolated from the scores so far; the time budget may end it before."""
    from steelyard.stats.sequential import StopTable, samples_needed

    tracker, test = reader.tracker, reader.test
    if tracker is None or test is None or not tracker.n or not rate:
        return "…"
    table = StopTable(inconsistent=test.inconsistent, consistent=test.consistent)
    needed = samples_needed(table, tracker.n, tracker.right, reader.cells, tracker.right / tracker.n)
    return f"~{_clock(needed / rate)}" if needed else "…"


def _time_for_calls(calls: int, rate: float) -> str:
    return f"~{_clock(calls / rate)}" if rate else "…"


def _clock(seconds: float) -> str:
    if seconds < 3600:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d}"
