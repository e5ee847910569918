"""What a claim retest seals in the plan: the claim, its threshold, its levels and its integer stop tables."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from steelyard.evidence.canonical import without_defaults
from steelyard.records import Claim, Measurement, Plan, PlannedTest
from steelyard.records.record import Record

__all__ = ["ClaimTest", "claim_of", "decode", "encode", "measurement_of", "seal"]


class ClaimTest(Record, frozen=True, kw_only=True):
    """One claim's test. ``claim`` is its index in the sheet; ``threshold`` (M0) and the stop tables count trials.

    Greedy measurements whose repeat check shows no change use the sealed tables. Sampled ones, and greedy ones that
    turn out not to be deterministic, widen the margin by the noise of ``claimed_repeats`` passes, which the repeat
    check measures, and test at half the level. So do claims whose vendor scored only ``claimed_samples``, by the noise
    of that selection, and those whose samples are a part of the ``whole`` that the claim is about. For these a rule is
    sealed instead of a table.
    """

    claim: int
    tolerance: str
    claimed_repeats: int = 1
    claimed_samples: int | None = None
    whole: int | None = None
    threshold: int = 0
    alpha_inconsistent: float = 0.0
    alpha_consistent: float = 0.0
    stop_inconsistent: tuple[int, ...] = ()
    stop_consistent: tuple[int, ...] = ()

    def has_table(self, measurement: Measurement) -> bool:
        """Whether integer stop tables are sealed: not if the margin depends on the repeat check."""
        return measurement.decoding == "greedy" and self.claimed_samples is None and self.whole is None


def encode(test: ClaimTest) -> dict[str, Any]:
    """The JSON object that goes into :attr:`~steelyard.records.PlannedTest.sealed`."""
    sealed: dict[str, Any] = without_defaults(test)
    return sealed


def decode(test: PlannedTest) -> ClaimTest:
    """What a planned claim retest seals; raises ValueError for anything that :func:`encode` would not have written."""
    found = msgspec.convert(test.sealed, ClaimTest)
    if encode(found) != test.sealed:
        raise ValueError(f"test {test.id}: a default is spelled out")
    return found


def claim_of(test: PlannedTest, plan: Plan) -> Claim:
    """The claim that a test is about; raises ValueError where the plan's sheet has none there."""
    number = decode(test).claim
    if plan.sheet is None or not 0 <= number < len(plan.sheet.claims):
        raise ValueError(f"test {test.id}: the sheet has no claim {number}")
    return plan.sheet.claims[number]


def measurement_of(test: PlannedTest, plan: Plan) -> Measurement:
    """The one measurement that a claim retest reads; raises ValueError where it reads another number of them."""
    if len(test.reads) != 1 or test.reads[0].measurement not in plan.by_id:
        raise ValueError(f"test {test.id}: a claim retest reads one measurement of the plan")
    return plan.by_id[test.reads[0].measurement]


def seal(test: PlannedTest, plan: Plan) -> PlannedTest:
    """Give a test its levels, its threshold M0 and its integer stop tables: they follow from its share of the level."""
    from steelyard.stats.sequential import stop_table, threshold

    sealed, claim, measurement = decode(test), claim_of(test, plan), measurement_of(test, plan)
    alpha = plan.alpha * test.weight
    half_unit = claim.printed_unit / claim.scale / 2
    level = threshold(measurement.trials, claim.number / claim.scale, half_unit, Fraction(sealed.tolerance) / 100)
    changes: dict[str, Any] = {
        "threshold": level,
        "alpha_inconsistent": alpha,
        "alpha_consistent": plan.alpha,
        "stop_inconsistent": (),
        "stop_consistent": (),
    }
    if sealed.has_table(measurement):
        table = stop_table(measurement.trials, level, alpha, plan.alpha)
        changes |= {"stop_inconsistent": table.inconsistent, "stop_consistent": table.consistent}
    return msgspec.structs.replace(test, sealed=encode(msgspec.structs.replace(sealed, **changes)))
