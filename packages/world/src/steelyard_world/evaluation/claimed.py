"""Which differences between kinds of world model are stated as such, and the sentences that state them.

All differences of one report, the averages over sizes and those of single sizes, stand under Holm's procedure at 5 %
together; only those that stay are stated. Fewer than five trainings make a preview, which states none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from steelyard.stats.multiplicity import weighted_holm
from steelyard_world.evaluation.efficiency import CurveComparison
from steelyard_world.stats.crossed import Estimate, Interval

__all__ = ["ALPHA", "MIN_TRAININGS", "Decided", "decide", "factor_sentence", "family", "sentence"]

ALPHA = 0.05
MIN_TRAININGS = 5
"""The fewest trainings of each kind for a difference to be stated."""


class Decided(NamedTuple):
    """Whether Holm's procedure leaves the average difference, and which of those at single sizes."""

    average: bool
    sizes: tuple[bool, ...]


def decide(comparisons: Sequence[CurveComparison], alpha: float = ALPHA) -> list[Decided]:
    """Put all averages and all single sizes under Holm together; where trainings are too few, none is left."""
    gaps = [gap for each in comparisons for gap in (each.average, *each.differences)]
    left = iter(weighted_holm([gap.p for gap in gaps], [1.0] * len(gaps), alpha))
    found = []
    for each in comparisons:
        enough = each.trainings >= MIN_TRAININGS
        whole, *single = [next(left) and enough for _ in (each.average, *each.differences)]
        found.append(Decided(whole, tuple(single)))
    return found


def family(comparisons: Sequence[CurveComparison], decided: Sequence[Decided]) -> str:
    """One sentence about the whole family: how many differences were tested, and how many are left."""
    if not comparisons:
        return ""
    count = sum(1 + len(each.differences) for each in comparisons)
    fewest = min(each.trainings for each in comparisons)
    if fewest < MIN_TRAININGS:
        return (
            f"A preview: {fewest} trainings of a kind. Differences are stated from {MIN_TRAININGS} trainings on, so "
            "none is stated here; the p of each is before any correction for their number."
        )
    stay = sum(each.average + sum(each.sizes) for each in decided)
    return (
        f"{count} differences, averages over sizes and single sizes, stand under Holm at {100 * ALPHA:g} % together: "
        f"{stay} are left, and only they are stated as differences."
    )


def sentence(comparison: CurveComparison, decided: Decided, measure: str, by: str) -> str:
    """Describe what is left of a comparison. ``by``: the unit of sizes, such as ``frames``."""
    first, second, whole = comparison.first, comparison.second, comparison.average
    span = f"from {_size(comparison.sizes[0])} to {_size(comparison.sizes[-1])} {by}"
    shown = f"{_gap(whole)} ({comparison.trainings} trainings each, {comparison.units} shared units, p {_p(whole.p)})"
    if comparison.trainings < MIN_TRAININGS:
        return f"Preview: on average over sizes {span}, {first} less {second} in {measure}: {shown}."
    if decided.average:
        word = "higher" if whole.estimate > 0 else "lower"
        verdict = f"On average over sizes {span}, {first} scores {word} than {second} in {measure}"
    else:
        verdict = (
            f"On average over sizes {span}, these data do not show whether {first} or {second} is better in {measure}"
        )
    groups: dict[str, list[str]] = {"higher": [], "lower": [], "undecided": []}
    for size, gap, stays in zip(comparison.sizes, comparison.differences, decided.sizes, strict=True):
        groups["undecided" if not stays else "higher" if gap.estimate > 0 else "lower"].append(_size(size))
    alone = "; ".join(f"{word} at {', '.join(sizes)}" for word, sizes in groups.items() if sizes)
    return f"{verdict}: {shown}; by single size, {alone} {by}."


def factor_sentence(times: Interval, comparison: CurveComparison, decided: Decided, score: float, by: str) -> str:
    """Say how many times the first kind's data the second needs; a factor is stated only where Holm left the average.

    Nothing is stated where the interval includes 1 or trainings are too few.
    """
    first, second = comparison.first, comparison.second
    high = "∞" if math.isinf(times.high) else f"{times.high:.1f}"
    shown = f"{times.estimate:.1f} [{times.low:.1f}, {high}]"
    if comparison.trainings < MIN_TRAININGS:
        return f"Preview: for a score of {score}, {by} of {second} over those of {first}: {shown} times."
    if decided.average and not times.low <= 1 <= times.high:
        return f"For a score of {score}, {second} needs {shown} times the {by} that {first} needs."
    return (
        f"For a score of {score}, these data do not show whether {first} or {second} needs fewer {by}: {shown} times."
    )


def _gap(gap: Estimate) -> str:
    return f"{gap.estimate:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]"


def _p(p: float) -> str:
    return "< .0001" if p < 1e-4 else f"= {p:.4f}".replace("0.", ".", 1)


def _size(size: float) -> str:
    return f"{size:,.0f}" if size >= 10 else f"{size:g}"
