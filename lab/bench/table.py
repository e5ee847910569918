"""What benches print alike: a row of ``make bench``, a rate with its limits, a table of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from steelyard.stats.intervals import clopper_pearson

__all__ = ["Row", "print_rows", "rate_of"]


@dataclass(frozen=True)
class Row:
    """``ours`` against ``floor`` on the same work in the same run, beside the budget of the design."""

    what: str
    n: int
    ours: str
    floor: str
    ratio: str
    budget: str


def rate_of(number: int, of: int) -> str:
    """``number`` of ``of`` as a share, with the 95 % limits of Clopper and Pearson: ``0.050 [0.031, 0.076]``."""
    low, high = clopper_pearson(number, of)
    return f"{number / of:.3f} [{low:.3f}, {high:.3f}]"


def print_rows(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with a first column *what*, and the others to the right."""
    table = Table(title=title, title_justify="left")
    for name in ("what", *names):
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        table.add_row(*row)
    Console(width=140).print(table)
