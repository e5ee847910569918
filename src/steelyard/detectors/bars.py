"""What tests against a bar share: whether answers vary, and how a score counts."""

from __future__ import annotations

from collections.abc import Mapping

from steelyard.records import Measurement, Plan, PlannedModel, SampleScore
from steelyard.stats.series import series_share

__all__ = ["MISSING", "OPEN", "RIGHT", "WRONG", "is_steady", "mark_of", "share_of_series"]

WRONG, RIGHT, OPEN, MISSING = range(4)


def is_steady(measurement: Measurement, models: Mapping[str, PlannedModel]) -> bool:
    """Whether asking again would give the same answers: in-process, greedy."""
    capabilities = models[measurement.role].capabilities
    return capabilities.deterministic and measurement.decoding == "greedy" and measurement.repeats == 1


def share_of_series(plan: Plan, measurement: Measurement, *, strict: bool) -> float:
    """The share of its levels that a gate has: of the n-th of a strict series 6/(π²n²), of any other all."""
    return series_share(max(1, plan.gate_number_of(measurement))) if strict else 1.0


def mark_of(score: SampleScore) -> int:
    """``RIGHT`` for a full score, ``OPEN`` or ``MISSING`` where there is none, else ``WRONG``."""
    if score.status == "missing":
        return MISSING
    return OPEN if score.value is None else int(score.value == 1)
