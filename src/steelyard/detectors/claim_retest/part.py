"""A claim about a whole benchmark, tested on a part of it: how much lower an honest vendor's part may score."""

from __future__ import annotations

import math
from fractions import Fraction

from steelyard.records import Claim, Measurement

__all__ = ["least_on_part", "whole_of"]


def whole_of(claim: Claim, measurement: Measurement) -> int | None:
    """How many items a claim is about, where the samples are a part of them; None where they are the whole.

    These are the benchmark's, or more if the vendor states to have scored more.
    """
    of = max(measurement.part.of if measurement.part else measurement.population, claim.samples or 0)
    return None if measurement.part is None and of == measurement.population else of


def least_on_part(least: Fraction, whole: int, measurement: Measurement, level: float) -> Fraction:
    """The share of our samples that must be right, so that a whole of which ``least`` is right has it by 1 − ``level``.

    Where ⌈whole · least⌉ items or more are right, fewer than r of n that are drawn at random are right with probability
    at most ``level``: exact, by :func:`steelyard.stats.hypergeometric.least_drawn`. Only the samples that are published
    items are taken for drawn; the others could only add to r.
    """
    from steelyard.stats.hypergeometric import least_drawn

    drawn = measurement.part.same if measurement.part else measurement.population
    right = max(0, math.ceil(whole * least))
    return min(least, Fraction(least_drawn(whole, right, drawn, level), measurement.population))
