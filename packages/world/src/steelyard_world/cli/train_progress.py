"""The progress of a training: step, loss, frames a second, time left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard_world.cli.progress_display import ProgressDisplay

if TYPE_CHECKING:
    from steelyard_world.training.loop import Update

__all__ = ["TrainProgress"]


class TrainProgress(ProgressDisplay):
    """Shows a training; give :meth:`show` as its progress callback.

    Speed is counted from the first update that it sees, so that steps before a resume do not count.
    """

    def __init__(self) -> None:
        super().__init__(1.0)
        self._first: Update | None = None

    def show(self, update: Update) -> None:
        """Draw again, if it is time."""
        self._first = self._first or update
        if self.due:
            words = self._words(update)
            self.update(update.progress, words, f"training {update.progress:.0%}: {words}")

    def _columns(self) -> Sequence[Any]:
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn

        return TextColumn("training"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[words]}")

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
