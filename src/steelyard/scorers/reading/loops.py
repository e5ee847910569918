"""Outputs that end in a loop: a model that repeats itself until it is cut off gives no answer."""

from __future__ import annotations

__all__ = ["ends_in_loop"]

LAST = 100
WITHIN = 1_000
TIMES = 3


def ends_in_loop(text: str) -> bool:
    """Whether the last 100 characters occur three times, side by side or apart, in the last 1,000."""
    return len(text) >= LAST and text[-WITHIN:].count(text[-LAST:]) >= TIMES
