"""What tests against a bar share: the bar as text, whether answers vary, and how a score counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from steelyard.records import Measurement, PlannedModel, SampleScore

__all__ = ["MISSING", "OPEN", "RIGHT", "WRONG", "bar_of", "is_steady", "mark_of"]

WRONG, RIGHT, OPEN, MISSING = range(4)
_BAR: Final = re.compile(r"0?\.[0-9]{1,6}|[01](\.0{1,6})?")


def bar_of(text: str) -> Fraction | None:
    """A decimal text from 0 to 1 as a share, exact; None for any other text."""
    return Fraction(text) if _BAR.fullmatch(text) else None


def is_steady(measurement: Measurement, models: Mapping[str, PlannedModel]) -> bool:
    """Whether asking again would give the same answers: in-process, greedy."""
    capabilities = models[measurement.role].capabilities
    return capabilities.deterministic and measurement.decoding == "greedy" and measurement.repeats == 1


def mark_of(score: SampleScore) -> int:
    """``RIGHT`` for a full score, ``OPEN`` or ``MISSING`` where there is none, else ``WRONG``."""
    if score.status == "missing":
        return MISSING
    return OPEN if score.value is None else int(score.value == 1)
