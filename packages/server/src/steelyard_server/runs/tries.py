"""How often the same was asked, in words, for pages and for the client."""

from __future__ import annotations

__all__ = ["tries_in_words"]


def tries_in_words(states: list[str]) -> str:
    """``3 other jobs of this project asked this model the same: 1 cancelled, 2 finished``; "" for none."""
    if not states:
        return ""
    counts = ", ".join(f"{states.count(each):,} {each}" for each in sorted(set(states)))
    jobs = "1 other job" if len(states) == 1 else f"{len(states):,} other jobs"
    return f"{jobs} of this project asked this model about the same: {counts}"
