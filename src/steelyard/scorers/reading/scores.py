"""A reading as a score."""

from __future__ import annotations

from steelyard.records import Score
from steelyard.scorers.reading.texts import Reading

__all__ = ["score_of"]


def score_of(reading: Reading) -> Score:
    """1, 0, or open where the output can be read in two ways or not at all."""
    return Score(value=None) if reading is None else Score(value=float(reading))
