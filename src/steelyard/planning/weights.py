"""How the error budget is divided: a pure function of the tests, which a verifier recomputes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from steelyard.records import PlannedTest

__all__ = ["share_out"]


def share_out(tests: Sequence[PlannedTest]) -> tuple[PlannedTest, ...]:
    """The tests with their relative weights divided by their sum; weight 0 stays 0 (a test without a p-value)."""
    total = math.fsum(test.weight for test in tests)
    return tuple(
        test if not test.weight else msgspec.structs.replace(test, weight=test.weight / total) for test in tests
    )
