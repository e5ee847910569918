"""What the progress displays of training and evaluation share: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from steelyard.api.progress import LOG_SECONDS, REDRAW_SECONDS
from steelyard.util.console import err

__all__ = ["ProgressDisplay"]


class ProgressDisplay:
    """A context manager that shows progress on stderr; subclasses give the bar's columns.

    ``total``: what :meth:`update`'s ``done`` counts up to.
    """

    def __init__(self, total: float) -> None:
        self._console = err()
        self._total = total
        self._bar: Any = None
        self._task: Any = None
        self._drawn = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.progress import Progress

            self._bar = Progress(*self._columns(), console=self._console, transient=True)
            self._task = self._bar.add_task("", total=self._total, words="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def due(self) -> bool:
        """Whether it is time to draw again: often on a terminal, seldom in a log."""
        return time.monotonic() - self._drawn >= (REDRAW_SECONDS if self._bar is not None else LOG_SECONDS)

    def update(self, done: float, words: str, line: str) -> None:
        """Draw ``done`` and ``words`` on a bar, or print ``line`` to a log."""
        self._drawn = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, completed=done, words=words)
        else:
            self._console.print(line)

    def _columns(self) -> Sequence[Any]:
        """Give rich's columns; ``{task.fields[words]}`` is the text of the last update."""
        raise NotImplementedError
