"""The bar of an evaluation on stderr; where that is no terminal, a line now and then."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from steelyard.cli.progress import LOG_SECONDS
from steelyard.util.console import err

__all__ = ["EvalProgress"]


class EvalProgress:
    """Counts episodes over all tests, models and ceilings. :meth:`show` is the callback of one model's run."""

    def __init__(self, total: int) -> None:
        self._console = err()
        self._total, self._done, self._within = total, 0, 0
        self._what = ""
        self._told = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> EvalProgress:
        if self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.fields[what]}"), BarColumn(), MofNCompleteColumn(), TextColumn("episodes"))
            self._bar = Progress(*columns, TimeRemainingColumn(), console=self._console, transient=True)
            self._task = self._bar.add_task("testing", total=self._total, what="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, what: str) -> None:
        """Name what is being tested from now on."""
        self._what = what
        self._draw()

    def show(self, done: int, total: int) -> None:
        """Told by a run that ``done`` of its ``total`` episodes are over."""
        self._within = done
        self._draw()
        if done >= total:
            self._done, self._within = self._done + total, 0

    def _draw(self) -> None:
        done = self._done + self._within
        if self._bar is not None:
            self._bar.update(self._task, completed=done, what=self._what)
        elif time.monotonic() - self._told >= LOG_SECONDS:
            self._told = time.monotonic()
            self._console.print(f"{self._what}: {done} of {self._total} episodes")
