"""The normalisation that text comparisons share. Changing it changes the version of every scorer that uses it."""

from __future__ import annotations

__all__ = ["normalise"]


def normalise(text: str, casefold: bool = False) -> str:
    """Runs of white space become one space, the ends are trimmed, one full stop at the end goes; perhaps no case."""
    tidy = " ".join(text.split())
    tidy = tidy.removesuffix(".").rstrip()
    return tidy.casefold() if casefold else tidy
