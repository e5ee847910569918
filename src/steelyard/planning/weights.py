"""How the error budget and the time are divided: pure functions of tests and measurements, which a verifier recomputes.

What detectors ask beside the claims has a part ω of both (``--detect-weight``), and the claims have 1 − ω. Without such
tests the claims have all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from steelyard.errors import InputError
from steelyard.records import Measurement, PlannedTest

__all__ = ["DETECT_WEIGHT", "detect_weight_of", "share_out", "shares_of_time"]

DETECT_WEIGHT: Final = "0.2"


def detect_weight_of(text: str) -> float:
    """A part of the error budget as a proportion; raises InputError for anything but a number between 0 and 1."""
    if not re.fullmatch(r"0?\.[0-9]{1,6}", text) or not float(text):
        raise InputError(f"--detect-weight {text[:20]!r}: a number between 0 and 1, as {DETECT_WEIGHT}")
    return float(text)


def share_out(tests: Sequence[PlannedTest], probing: Collection[str] = (), weight: str = "") -> tuple[PlannedTest, ...]:
    """The tests with their relative weights divided by their sum; weight 0 stays 0 (a test without a p-value).

    Those by the rules that are ``probing`` together have the part ``weight``, the others the rest; where only one kind
    has tests with a weight, it has all.
    """
    of_probes = math.fsum(test.weight for test in tests if test.rule in probing)
    of_others = math.fsum(test.weight for test in tests if test.rule not in probing)
    part = detect_weight_of(weight) if of_probes and of_others else 1.0
    shared = []
    for test in tests:
        if test.weight and test.rule in probing:
            test = msgspec.structs.replace(test, weight=test.weight / of_probes * part)
        elif test.weight:
            rest = 1.0 - part if of_probes else 1.0
            test = msgspec.structs.replace(test, weight=test.weight / of_others * rest)
        shared.append(test)
    return tuple(shared)


def shares_of_time(measurements: Sequence[Measurement], weight: str) -> list[float]:
    """The share of the time of each measurement: equal ones, and ``weight`` for all that are drawn together."""
    drawn = sum(bool(each.drawn) for each in measurements)
    others = len(measurements) - drawn
    if not drawn or not others:
        return [1.0 / len(measurements) for _ in measurements]
    part = detect_weight_of(weight)
    return [part / drawn if each.drawn else (1.0 - part) / others for each in measurements]
