"""A text stream whose reader may stop: what is printed after that is thrown away, and the program goes on.

``steelyard audit … | head`` then still seals its run, and ends with the verdict's exit code.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from typing import Any, TextIO

__all__ = ["Outlet"]


class Outlet:
    """Stands in for ``sys.stdout`` or ``sys.stderr``, and is otherwise the stream that it is made of."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or throw away where nobody reads any more."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._throw_away()
            return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line, as :meth:`write`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush, or throw away where nobody reads any more."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._throw_away()

    def _throw_away(self) -> None:
        """Send everything from now on, and what is still buffered, to nowhere."""
        with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), self._stream.fileno())
