"""The bar of a training on stderr: step, loss, frames a second, time that is left; a line now and then in a log."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from steelyard.cli.progress import LOG_SECONDS, REDRAW_SECONDS
from steelyard.util.console import err

if TYPE_CHECKING:
    from steelyard.world.training.loop import Update

__all__ = ["TrainProgress"]


class TrainProgress:
    """Give :meth:`show` as the progress callback. It counts from the first step that it sees: a resume is no speed."""

    def __init__(self) -> None:
        self._console = err()
        self._bar: Any = None
        self._task: Any = None
        self._drawn = 0.0
        self._first: Update | None = None

    def __enter__(self) -> TrainProgress:
        if self._console.is_terminal:
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

            columns = (TextColumn("training"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[words]}"))
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("training", total=1.0, words="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, update: Update) -> None:
        """Redraw, if it is time."""
        self._first = self._first or update
        now = time.monotonic()
        if now - self._drawn < (REDRAW_SECONDS if self._bar is not None else LOG_SECONDS):
            return
        self._drawn = now
        words = self._words(update)
        if self._bar is None:
            self._console.print(f"training {update.progress:.0%}: {words}")
        else:
            self._bar.update(self._task, completed=update.progress, words=words)

    def _words(self, update: Update) -> str:
        assert self._first is not None
        words = f"step {update.step:,}"
        if "total" in update.losses:
            words += f", loss {update.losses['total']:.4g}"
        seconds, done = update.seconds - self._first.seconds, update.progress - self._first.progress
        if seconds > 0 and done > 0:
            rate = (update.frames - self._first.frames) / seconds
            words += f", {rate:,.0f} frames/s, {_clock((1 - update.progress) * seconds / done)} left"
        return words


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
