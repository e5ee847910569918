"""What answered a row, of a model that names its networks: kind, number of parameters, and SHA-256 of the weights."""

from __future__ import annotations

from steelyard.records import AnsweredBy, ClaimVerdict, MeasurementResult
from steelyard.util.text import one_line

__all__ = ["DIGITS", "in_lines", "in_words"]

DIGITS = 12  # of a SHA-256, enough to tell networks apart


def in_lines(result: ClaimVerdict | MeasurementResult) -> list[str]:
    """Two lines for each network, for a narrow column: ``jepa-map, 385,568`` and the digests; none where it has none.

    The claimed network comes first, then its rivals.
    """
    return [line for place, each in enumerate(result.answered_by) for line in (_kind(place, each), _digests(each, " "))]


def in_words(result: ClaimVerdict | MeasurementResult) -> str:
    """``jepa-map, 385,568 parameters, SHA-256 0a1b2c3d4e5f``; empty where the model names no networks."""
    return "; ".join(
        f"{_kind(place, each)} parameters, SHA-256 {_digests(each, ', ')}"
        for place, each in enumerate(result.answered_by)
    )


def _kind(place: int, answered: AnsweredBy) -> str:
    against = "against " if place else ""
    return f"{against}{one_line(answered.kind, 40) or 'a network'}, {answered.parameters:,}"


def _digests(answered: AnsweredBy, between: str) -> str:
    return between.join(one_line(each, DIGITS + 1)[:DIGITS] for each in answered.sha256)
