"""One row of the table that ``make bench`` prints."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Row"]


@dataclass(frozen=True)
class Row:
    """``ours`` against ``floor`` on the same work in the same run, beside the budget of the design."""

    what: str
    n: int
    ours: str
    floor: str
    ratio: str
    budget: str
