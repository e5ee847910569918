"""What is known of a share of right answers where some answers are open or missing: two bounds, and perhaps a point.

Answers are not open at random. A polite model's right answers are sentences that hold the answer without naming it,
and its wrong ones do not hold it at all: the share among those that could be read is then near 0, whatever the model
knows. So the share of the readable ones is an estimate only where the others could hardly move it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["POINT_WITHIN", "TOO_WIDE", "share_bounds", "share_point"]

# A point stands for a range of two points at most: no more than the default tolerance of an audit.
POINT_WITHIN: Final = 0.02
# A range of more than a quarter says nothing: two models rarely differ by more.
TOO_WIDE: Final = 0.25


def share_bounds(right: float, unread: float, n: int) -> tuple[float, float] | None:
    """The share of right answers if all ``unread`` (open or missing) ones are wrong, and if all are right.

    None before the first of ``n`` answers.
    """
    return (right / n, (right + unread) / n) if n else None


def share_point(right: float, unread: float, n: int) -> float | None:
    """The share among the answers that were read; None where the others could move it by more than POINT_WITHIN."""
    if n == unread or unread > POINT_WITHIN * n:
        return None
    return right / (n - unread)
