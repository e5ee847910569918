"""What the progress displays of training and evaluation share: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from steelyard.api.progress import LiveProgress

__all__ = ["ProgressDisplay"]


class ProgressDisplay(LiveProgress):
    """A context manager that shows progress on stderr; subclasses give the bar's columns.

    ``total``: what :meth:`update`'s ``done`` counts up to.
    """

    def __init__(self, total: float) -> None:
        super().__init__()
        self._total = total
        self._task: Any = None

    def _new_display(self) -> Any:
        from rich.progress import Progress

        bar = Progress(*self._columns(), console=self._console, transient=True)
        self._task = bar.add_task("", total=self._total, words="")
        return bar

    @property
    def due(self) -> bool:
        """Whether it is time to draw again: often on a terminal, seldom in a log."""
        return time.monotonic() - self._drawn >= self._period

    def update(self, done: float, words: str, line: str) -> None:
        """Draw ``done`` and ``words`` on a bar, or print ``line`` to a log."""
        self._drawn = time.monotonic()
        if self._display is not None:
            self._display.update(self._task, completed=done, words=words)
        else:
            self._console.print(line)

    def _columns(self) -> Sequence[Any]:
        """Give rich's columns; ``{task.fields[words]}`` is the text of the last update."""
        raise NotImplementedError
