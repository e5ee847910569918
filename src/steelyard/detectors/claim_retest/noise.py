"""The test of a claim: the sealed tables, or the sealed rule where answers vary between repeats."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from steelyard.detectors.claim_retest.part import least_on_part
from steelyard.detectors.claim_retest.sealed import ClaimTest
from steelyard.records import Claim, Measurement

__all__ = ["SequentialTest", "own_noise", "sequential_test"]


@dataclass(frozen=True)
class SequentialTest:
    """The test of a claim: its M0 in trials, its stop tables, and the noise that widened its margin."""

    threshold: int
    inconsistent: tuple[int, ...]
    consistent: tuple[int, ...]
    margin: Fraction
    variance: float
    testable: bool = True
    halved: bool = False

    @property
    def noisy(self) -> bool:
        """Whether answers vary between repeats."""
        return self.variance > 0


def sequential_test(sealed: ClaimTest, measurement: Measurement, claim: Claim, variance: float) -> SequentialTest:
    """The sealed test where answers do not vary, else the sealed *rule*: margin = max(δ, z·√(w(1/k_v + 1/k_o)/N)).

    ``variance`` is w, the within-sample variance of the scores from our own repeats (docs/statistics.md).
    A vendor who scored n of the N samples adds v(1 − v)(1/n − 1/N) under the root. Half of each side's level goes to
    that noise. Where the samples are a part of a benchmark, the threshold of *inconsistent* is lower for it
    (:mod:`steelyard.detectors.claim_retest.part`), and *consistent* is about the part. *Consistent* must be true of the
    model's own rate, of which our trials are one noisy sample: its threshold is higher by our own noise,
    z·√(w/(k_o·N)). (Without it, a rate .5 points too low is called consistent .26 of the time at N = 200, k_o = 5,
    w = .1.)
    """
    from steelyard.stats.sequential import noise_margin, stop_table, threshold

    tolerance = Fraction(sealed.tolerance) / 100
    if variance <= 0 and sealed.has_table(measurement):
        return SequentialTest(
            sealed.threshold, sealed.stop_inconsistent, sealed.stop_consistent, tolerance, max(variance, 0.0)
        )
    claimed = claim.number / claim.scale
    # Where the samples are a part of a benchmark, its choice and the other noise share the half that is for noise.
    shared = sealed.alpha_inconsistent / (2 if sealed.whole and (variance > 0 or sealed.claimed_samples) else 1)
    noise = noise_margin(variance, sealed.claimed_repeats, measurement.repeats, measurement.population, shared)
    if sealed.claimed_samples:
        whole = sealed.whole or measurement.population
        selection = float(claimed * (1 - claimed)) * (1 / sealed.claimed_samples - 1 / whole) * measurement.population
        noise = math.hypot(noise, noise_margin(selection, 1, 1, measurement.population, shared) / math.sqrt(2))
    margin = max(tolerance, _rounded_up(noise))
    half_unit = claim.printed_unit / claim.scale / 2
    confirmed = threshold(measurement.trials, claimed, half_unit, margin)
    if sealed.whole:
        least = claimed - half_unit - margin
        margin += least - least_on_part(least, sealed.whole, measurement, shared / 2)
    if claimed - half_unit - margin <= Fraction(str(measurement.chance)):
        never = (-1,) * measurement.trials, (measurement.trials + 1,) * measurement.trials
        return SequentialTest(1, *never, margin, variance, testable=False, halved=True)
    level = threshold(measurement.trials, claimed, half_unit, margin)
    low = stop_table(measurement.trials, level, sealed.alpha_inconsistent / 2, sealed.alpha_consistent / 2)
    own = own_noise(sealed, measurement, variance, sealed.alpha_consistent)
    raised = confirmed + math.ceil(own * measurement.trials)
    high: tuple[int, ...] = (measurement.trials + 1,) * measurement.trials
    if raised <= measurement.trials:
        high = stop_table(
            measurement.trials, raised, sealed.alpha_inconsistent / 2, sealed.alpha_consistent / 2
        ).consistent
    return SequentialTest(level, low.inconsistent, high, margin, variance, halved=True)


def own_noise(sealed: ClaimTest, measurement: Measurement, variance: float, alpha: float) -> Fraction:
    """z·√(w/(k_o·N)), a proportion: how far the mean of our own trials may be from the model's rate."""
    from steelyard.stats.sequential import noise_margin

    our_part = 1 / measurement.repeats / (1 / measurement.repeats + 1 / sealed.claimed_repeats)
    whole = noise_margin(variance, sealed.claimed_repeats, measurement.repeats, measurement.population, alpha)
    return _rounded_up(whole * math.sqrt(our_part))


def _rounded_up(value: float) -> Fraction:
    """Six decimals, rounded up: the same integer threshold on every machine."""
    return Fraction(math.ceil(value * 1_000_000), 1_000_000)
