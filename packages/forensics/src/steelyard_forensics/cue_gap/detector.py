"""The benchmark's cue as a detector: for each claim, the same questions under its own prompt and under another one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from steelyard.detectors.claimed import claims_to_ask
from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import Measurement, Plan, PlannedTest, Served
from steelyard_forensics.cue_gap.monitor import CUE, HEADER, PLACEBO, CueGapMonitor

__all__ = ["CueGap"]

MOST_PAIRS: Final = 300
# An effect up to the tolerance accuses nobody; one that is shown to be below the margin is *consistent*.
SEALED: Final[Mapping[str, str]] = {"tolerance": "0.05", "margin": "0.10"}


class CueGap:
    """D6: asks a benchmark's questions once more as published, and under an ordinary prompt (docs/detectors/cue.md)."""

    name = "cue_gap"
    version = 1
    access = ("text",)
    probes = True

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each claim whose prompt can be changed, over its first prompt format."""
        tests = (self._test(planner, served) for served in claims_to_ask(planner))
        return [test for test in tests if test is not None]

    def _test(self, planner: Planner, claimed: Served) -> PlannedTest | None:
        placebo = self._asked(planner, claimed, PLACEBO) or self._asked(planner, claimed, HEADER)
        cue = self._asked(planner, claimed, CUE) if placebo else None
        if cue is None or placebo is None:
            return None
        task, number = planner.measurement(claimed).task, claimed.claim_number
        return PlannedTest(
            id=f"cues-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=1.0,
            null=(
                "the same questions are answered at most 5 points better under the benchmark's own prompt than under "
                "another one"
            ),
            reads=(cue.reads, placebo.reads),
        )

    def _asked(self, planner: Planner, claimed: Served, arm: str) -> Served | None:
        return planner.measure(
            MeasurementRequest(
                name=f"{claimed.request}/{arm}",
                task=planner.measurement(claimed).task,
                limit=MOST_PAIRS,
                arm=arm,
                drawn=arm,
                beside=claimed.reads.measurement,
            )
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal the tolerance and the margin; all else follows from the share of the level."""
        return msgspec.structs.replace(test, sealed=dict(SEALED))

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """All of both arms: how soon an effect shows depends on its size, which nobody claims."""
        return sum(plan.by_id[reads.measurement].planned for reads in test.reads)

    def open(self, test: PlannedTest, plan: Plan) -> CueGapMonitor:
        """Start reading; raises ValueError for what :meth:`plan` and :meth:`seal` would not have written."""
        asked = [plan.by_id[reads.measurement] for reads in test.reads if reads.measurement in plan.by_id]
        if len(asked) != len(test.reads) or not _are_arms(asked) or test.sealed != SEALED:
            raise ValueError("it reads the same questions under the benchmark's prompt and under another, both sealed")
        return CueGapMonitor(test, plan, *asked)


def _are_arms(asked: Sequence[Measurement]) -> bool:
    if len(asked) != 2:
        return False
    cue, placebo = asked
    are_same = all(getattr(cue, name) == getattr(placebo, name) for name in ("beside", "seed", "population", "limit"))
    kinds = cue.drawn == cue.arm == CUE and placebo.drawn == placebo.arm and placebo.drawn in (PLACEBO, HEADER)
    return kinds and are_same and cue.population <= MOST_PAIRS and cue.repeats == placebo.repeats == 1
