"""The claim retest as a detector: one test a claim, each on its own measurement."""

from __future__ import annotations

import re
from collections.abc import Sequence

from steelyard.claims.decoding import states_decoding
from steelyard.detectors.claim_retest.result import ClaimFinder
from steelyard.detectors.claim_retest.retest import expected_test
from steelyard.detectors.claim_retest.sealed import ClaimTest, claim_of, decode, encode, measurement_of
from steelyard.detectors.claim_retest.thresholds import seal
from steelyard.plugins import Planner
from steelyard.records import Claim, Measurement, Plan, PlannedTest, Reads, RepeatCheck, Served

__all__ = ["ClaimRetest"]

# How much a vendor's answers vary who does not say that it sampled: each sample is asked once in its order, and again.
SAMPLES_CHECKED, ASKED_AGAIN, TEMPERATURE = 50, 2, 0.7


class ClaimRetest:
    """D1: asks each claim's benchmark in a committed order until the claim is decided (docs/statistics.md)."""

    name = "claim_retest"
    version = 2
    access = ("text",)

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each claim that can be measured, all with the same weight."""
        tests = []
        for number, claim in enumerate(planner.sheet.claims if planner.sheet else ()):
            served = planner.measure(f"claim/{number}", claim.task, claim=claim)
            if served is not None:
                tests.append(self._test(planner, number, claim, served))
        return tests

    def _test(self, planner: Planner, number: int, claim: Claim, served: Served) -> PlannedTest:
        measurement = planner.measurement(served)
        population = measurement.population
        sealed = ClaimTest(
            claim=number,
            tolerance=planner.tolerance,
            claimed_repeats=claim.repeats if isinstance(claim.repeats, int) else 1,
            claimed_samples=claim.samples if claim.samples is not None and claim.samples < population else None,
        )
        return PlannedTest(
            id=f"claim-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', claim.task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=1.0,
            null="the served model's score is not lower than the claim by more than the tolerance",
            reads=(served.reads, *self._sampling_check(planner, number, claim, measurement)),
            sealed=encode(sealed),
        )

    def _sampling_check(
        self, planner: Planner, number: int, claim: Claim, measurement: Measurement
    ) -> tuple[Reads, ...]:
        """Sampled answers, asked only before *inconsistent*: a vendor that states no decoding may have sampled."""
        offers = planner.models[measurement.role].capabilities.offers
        speaks = offers is None or "language" in offers  # a world model has no temperature
        if measurement.decoding != "greedy" or measurement.kind != "generate" or states_decoding(claim) or not speaks:
            return ()
        checked = min(SAMPLES_CHECKED, measurement.limit or measurement.population)
        served = planner.measure(
            f"claim/{number}/sampled",
            claim.task,
            prompt=measurement.prompt,
            shots=measurement.shots,
            temperature=TEMPERATURE,
            limit=checked,
            repeat_check=RepeatCheck(samples=checked, repeats=ASKED_AGAIN),
            arm="sampled",
        )
        return () if served is None else (served.reads,)

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """See :func:`steelyard.detectors.claim_retest.thresholds.seal`."""
        return seal(test, plan)

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """Trials until a decision on the expected path, if the true rate is the claim less ``shortfall``.

        Greedy answers are taken to repeat themselves. How much sampled ones vary is not known before they are asked:
        all of them.
        """
        from steelyard.stats.sequential import StopTable, samples_needed

        sealed, claim, measurement = decode(test), claim_of(test, plan), measurement_of(test, plan)
        if measurement.decoding == "sampled":
            return measurement.trials
        expected = expected_test(sealed, measurement, claim)
        table = StopTable(inconsistent=expected.inconsistent, consistent=expected.consistent)
        rate = max(0.0, float(claim.number / claim.scale) - shortfall)
        return samples_needed(table, 0, 0, measurement.trials, rate) or measurement.trials

    def open(self, test: PlannedTest, plan: Plan) -> ClaimFinder:
        """Start one test; raises ValueError if its sealed part is not a claim retest's."""
        return ClaimFinder(test, plan)
