"""What a rule finds: a span of a text, and of which kind it is."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Span"]


class Span(NamedTuple):
    """The half-open span ``start`` … ``end`` (in characters) of a text, and the kind of what is there (``"EMAIL"``)."""

    start: int
    end: int
    kind: str
