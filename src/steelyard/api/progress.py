"""Progress of a run on stderr: rate, remaining time, and each claim's interval."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

from steelyard.plugins import ComparingMonitor
from steelyard.util.console import err

if TYPE_CHECKING:
    from steelyard.auditing.session import RunSession
    from steelyard.plugins import Monitor, Progress
    from steelyard.records import Measurement, Plan

__all__ = ["LiveProgress", "RunProgress", "working"]

# A terminal is redrawn this often; a log file gets a line this often.
REDRAW_SECONDS = 0.5
LOG_SECONDS = 60.0

# By whether a test reads the measurement: by which rule its interval is, and the finished run's.
INTERVALS = {
    True: "→ claim: the interval holds at every look; the finished claim's is by the same rule",
    False: "no test: the interval holds at every look, for all questions of the task; the finished run's is Wilson's",
}


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
        if self._display is not None:
            self._display.update(self._table(live))
        else:
            self._console.print(self._line(live), soft_wrap=True)
            sys.stderr.flush()

    def _table(self, live: RunSession) -> Any:
        from rich.table import Table
        from rich.text import Text

        from steelyard.util.console import fitting

        elapsed, shown = time.monotonic() - live.began, self._shown(live)
        has_scores = not self._plan.is_identity_check  # texts that are held against a file have no score
        tested = [bool(live.finders.monitors_of(each.id)) for each in shown]
        rules = [words for has_test, words in INTERVALS.items() if has_test in tested]
        table = Table(
            box=None,
            padding=(0, 1),
            title=self._title(elapsed, live),
            title_justify="left",
            caption="\n".join(rules) if has_scores else None,
            caption_justify="left",
        )
        table.add_column("task", overflow="fold")
        for name, justify in (("", "left"), ("asked", "right"), ("rate", "right"), ("left", "right")):
            table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
        if has_scores:
            table.add_column("interval → claim" if any(tested) else "interval", justify="right", no_wrap=True)
        for measurement in shown:
            name, *cells = self._row(live, measurement, elapsed)
            table.add_row(Text(name), *(cells if has_scores else cells[:-1]))
        return fitting(self._console, table)

    def _line(self, live: RunSession) -> str:
        """The table in one line, for a log."""
        elapsed = time.monotonic() - live.began
        parts = []
        for measurement in self._shown(live):
            name, _, asked, rate, left, _ = self._row(live, measurement, elapsed)
            parts.append(f"{name} {asked} ({', '.join(text for text in (rate, left) if text not in ('–', '…', ''))})")
        return "; ".join([self._title(elapsed, live), *(part.removesuffix(" ()") for part in parts)])

    def _shown(self, live: RunSession) -> list[Measurement]:
        """The measurements that were begun, or may be."""
        return [
            each
            for each in self._plan.measurements
            if live.answered[each.id] or not (live.finders.is_held(each.id) or live.finders.is_closed(each.id))
        ]

    def _row(self, live: RunSession, measurement: Measurement, elapsed: float) -> tuple[Any, ...]:
        from rich.progress_bar import ProgressBar

        from steelyard.util.text import one_line

        answered, total = live.answered[measurement.id], measurement.planned
        monitors = [_progress(monitor, measurement.id) for monitor in live.finders.monitors_of(measurement.id)]
        closed = live.finders.is_closed(measurement.id)
        bar = ProgressBar(total=total, completed=total if closed else min(answered, total), width=16)
        spent = live.schedules[measurement.role].used_seconds(measurement.id)
        if len(self._plan.measurements) == 1:  # its time is the clock's, pauses included
            spent, answered_here = elapsed, answered - self._asked_at_start[measurement.id]
            rate = answered_here / spent if spent > 1 else 0.0
        else:
            rate = answered / spent if spent else 0.0
        named = one_line(measurement.label, 80)
        if len(self._plan.models) > 1:
            model = self._plan.models[measurement.role].identity
            named += f", {one_line(model.name or model.uri, 40)}"
        return (
            named,
            bar,
            f"{answered}/{total}" + (" calls" if measurement.repeats > 1 else ""),
            f"{rate:.1f}/s" if rate else "–",
            _decisions(monitors) if closed else _left(monitors, total - answered, rate),
            _intervals(live, measurement, monitors),
        )

    def _title(self, elapsed: float, live: RunSession) -> str:
        budget = self._plan.budget_us
        title = f"{_clock(elapsed)} elapsed" + ("" if budget is None else f", budget {_clock(budget / 1e6)}")
        if live.group is not None and any(model.concurrency > 1 for model in self._plan.models.values()):
            title += f", {live.group.in_flight} in flight"
        costs = [budget.cost for budget in live.budgets.values() if budget.cost is not None]
        if (cost := sum(costs) if costs else None) is not None:
            title += f", cost {cost:.3g}"
        return title


def _progress(monitor: Monitor, measurement: str) -> Progress:
    return monitor.progress_of(measurement) if isinstance(monitor, ComparingMonitor) else monitor.progress()


def _decisions(tests: list[Progress]) -> str:
    return ", ".join(dict.fromkeys(test.decision for test in tests if test.decision))


def _intervals(live: RunSession, measurement: Measurement, tests: list[Progress]) -> str:
    """The interval of the first test and what it closes on; without a test, that of what is measured."""
    if not tests:
        interval, target = live.tallies[measurement.id, measurement.scorers[0]].interval, ""
    else:
        interval, target = tests[0].interval, f" → {tests[0].target}"
    return f"…{target}" if interval is None else f"{interval[0] * 100:.1f}–{interval[1] * 100:.1f}{target}"


def _left(tests: list[Progress], to_ask: int, rate: float) -> str:
    """Remaining time to the last decision, if what comes is like what was seen; the time budget may end it before."""
    if not rate:
        return "…"
    remaining = [test.remaining for test in tests]
    if any(answers is None for answers in remaining):
        return "…"
    needed = max((answers for answers in remaining if answers is not None), default=to_ask)
    return f"~{_clock(needed / rate)}" if needed else "…"


def _clock(seconds: float) -> str:
    if seconds < 3600:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d}"
