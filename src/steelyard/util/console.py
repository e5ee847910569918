"""The two consoles: results on stdout, everything else on stderr; never wider than 100 columns."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["WIDTH", "err", "out"]

WIDTH = 100


def _columns() -> int:
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)


def out() -> Console:
    """The console for results. Markup and highlighting are off: text from models is shown, never interpreted."""
    from rich.console import Console

    return Console(width=_columns(), markup=False, highlight=False, emoji=False)


def err() -> Console:
    """The console for progress, warnings and errors."""
    from rich.console import Console

    return Console(width=_columns(), markup=False, highlight=False, emoji=False, stderr=True)
