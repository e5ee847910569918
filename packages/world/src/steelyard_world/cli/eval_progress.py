"""The progress of an evaluation, in episodes over all tests, models and ceilings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from steelyard_world.cli.progress_display import ProgressDisplay

__all__ = ["EvalProgress"]


class EvalProgress(ProgressDisplay):
    """Counts episodes. :meth:`show` is the callback of one model's run; ``total`` is the number of all episodes."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self._done, self._within = 0, 0
        self._part = ""
        self._drawn = time.monotonic()  # a short evaluation prints no line to a log

    def begin(self, part: str) -> None:
        """Name what is tested from now on."""
        self._part = part
        self._draw()

    def show(self, done: int, total: int) -> None:
        """Take note that ``done`` of a run's ``total`` episodes are over."""
        self._within = done
        self._draw()
        if done >= total:
            self._done, self._within = self._done + total, 0

    def _draw(self) -> None:
        if self._display is not None or self.due:
            done = self._done + self._within
            self.update(done, self._part, f"{self._part}: {done} of {self._total} episodes")

    def _columns(self) -> Sequence[Any]:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

        words = TextColumn("{task.fields[words]}")
        return words, BarColumn(), MofNCompleteColumn(), TextColumn("episodes"), TimeRemainingColumn()
