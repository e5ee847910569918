"""The two thresholds of a claim, and the tests that hold its answers against them (docs/statistics.md).

To accuse: v − u/2 − max(δ + our own noise, noise), where the noise is the vendor's and ours: neither a model that is
the tolerance below its claim, nor one whose vendor was lucky, is accused for how our own answers fell. To confirm:
v − u/2 − δ + our own noise, since the vendor's noise is a reason not to accuse, and none to confirm. Between the two no
answer decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import msgspec

from steelyard.detectors.claim_retest.known import why_unused
from steelyard.detectors.claim_retest.part import least_on_part
from steelyard.detectors.claim_retest.repeats import Noise
from steelyard.detectors.claim_retest.sealed import ClaimTest, claim_of, decode, encode, measurement_of
from steelyard.detectors.claim_retest.subtasks import independent, unevenness
from steelyard.records import Capabilities, Claim, Measurement, Plan, PlannedTest
from steelyard.stats.series import series_share
from steelyard.util.bounded_fraction import bounded_fraction

RECORDING = "recording"  # the backend of a model that gives recorded answers

__all__ = [
    "ACCUSING_PARTS",
    "LAST_SHARE",
    "SequentialTest",
    "confirming_noise",
    "early_test",
    "last_test",
    "least_confirming",
    "own_noise",
    "seal",
    "sealed_test",
    "sequential_test",
    "trigger_test",
]


# Where the variance w comes from the two answers to each sample that the test itself reads. Let e be the distance of
# our mean from what it estimates. If it comes from samples that are right seldom (or seldom wrong), w is e too low for
# our own mean, whose variance is w/2; and e/3 too low for the distance from a vendor's pass, whose variance is 3w/2.
SKEW = 0.5

# Of the level to accuse with two passes: one part for what is bet on before all was read, one for the noise then, and
# the rest for the last test.
ACCUSING_PARTS, LAST_SHARE = 8, 0.75
USUAL_VARIANCE = 0.01  # of greedy answers: with less, a first pass that would confirm may still not do so with two
CHECKED = 100  # samples of the repeat check where not all are asked twice, as steelyard.planning.decoding has it


@dataclass(frozen=True)
class SequentialTest:
    """A claim's test, in trials: *inconsistent* means fewer than ``accuse`` right, *consistent* at least ``confirm``.

    ``inconsistent`` and ``consistent`` are its stop tables. Of scores between 0 and 1, ``accuse`` and ``confirm`` are
    totals in steps of the grid, and ``levels``, there and where difficulties are known, those of the bets that accuse
    and that confirm; the tables, of scores of 0 and 1, then only say about how many answers are needed. The sequential
    part has the level divided by ``parts``; the rest is for noise. ``margin`` is the distance from v − u/2 to
    ``accuse``, a proportion. ``testable`` is False where guessing would reach ``accuse``.
    """

    accuse: int
    confirm: int
    inconsistent: tuple[int, ...]
    consistent: tuple[int, ...]
    margin: Fraction
    noise: Noise = field(default_factory=Noise)
    parts: int = 1
    testable: bool = True
    levels: tuple[float, float] | None = None

    @property
    def noisy(self) -> bool:
        """Whether our own answers vary between repeats."""
        return self.noise.own > 0


def sealed_test(sealed: ClaimTest, measurement: Measurement, claim: Claim) -> SequentialTest:
    """The test where answers do not vary, with the sealed tables or, before they are sealed, with new ones.

    A vendor who scored ``claimed_samples`` of N, and a claim about a ``whole`` of which we have a part, get half of the
    level for the choice of these.
    """
    is_shared = bool(sealed.drawn_samples or sealed.whole) and not sealed.certain
    return _test(sealed, measurement, claim, Noise(), 2 if is_shared else 1)


def sequential_test(sealed: ClaimTest, measurement: Measurement, claim: Claim, noise: Noise) -> SequentialTest:
    """The test where answers vary: half of each side's level goes to the noise, and half to the sequential part."""
    return _test(sealed, measurement, claim, noise, 1 if sealed.certain else 2)


def early_test(sealed: ClaimTest, measurement: Measurement, claim: Claim, noise: Noise) -> SequentialTest:
    """The early test of a row whose samples are all asked twice: ``noise`` comes from the first pairs.

    It accuses at half of the level, a quarter for the noise and a quarter for its bets, and confirms nothing.
    """
    test = _test(sealed, measurement, claim, noise, 2 if sealed.certain else 4, confirms=False)
    never = (measurement.trials + 1,) * measurement.trials
    return replace(test, consistent=never)


def trigger_test(
    sealed: ClaimTest, measurement: Measurement, claim: Claim, noise: Noise | None = None
) -> SequentialTest:
    """The test before all was read of a row with two passes: by both where their ``noise`` is known, else by the first.

    That of the first alone decides nothing: it says when to ask the second.
    """
    noise = noise or Noise(confirming=USUAL_VARIANCE)
    return _test(sealed, measurement, claim, noise, ACCUSING_PARTS)


def last_test(
    sealed: ClaimTest, measurement: Measurement, claim: Claim, noise: Noise, variance: float
) -> SequentialTest:
    """The last test of such a row, for all of its trials at once: no bets, so that the noise has the whole level.

    It accuses at the other half of the level, or with two passes at :data:`LAST_SHARE`, and confirms at the whole.

    ``noise`` is the upper estimate from all pairs, ``variance`` their plain mean: with SKEW it is enough to confirm
    (false *consistent* at most .046 over sizes from 30 to 300 and samples that are right .02 to .98 of the time; .13
    without it). Of a macro average SKEW is multiplied by the unevenness of its weights: at most .05, over subtasks of 2
    to 500 samples (.13 without that).
    """
    level = sealed.alpha_inconsistent * (LAST_SHARE if sealed.two_passes else 0.5)
    accuse, margin, testable = _accusing(sealed, measurement, claim, noise, level, SKEW)
    confirm = least_confirming(sealed, measurement, claim, variance)
    never = (-1,) * measurement.trials, (measurement.trials + 1,) * measurement.trials
    return SequentialTest(accuse, confirm, *never, margin, noise, testable=testable)


def least_confirming(sealed: ClaimTest, measurement: Measurement, claim: Claim, variance: float) -> int:
    """The threshold to confirm of the last test, in trials. It grows with the variance."""
    return _confirming(sealed, measurement, claim, variance, sealed.alpha_consistent, SKEW)


def confirming_noise(sealed: ClaimTest, measurement: Measurement, variance: float | None = None) -> Fraction:
    """The noise of our own answers in the threshold to confirm, where all samples are asked.

    ``variance`` None: that of answers which do not differ between repeats. Sampled ones are then taken to have none,
    since how much they vary is not known before they are asked.
    """
    least, level = sealed.least_variance(measurement), sealed.alpha_consistent
    if sealed.two_passes:
        variance = variance or 0.0
        return own_noise(sealed, measurement, (variance + 0.5 / measurement.trials) / 2, level, SKEW)
    if sealed.is_paired(measurement):
        return own_noise(sealed, measurement, max(least, variance or 0.0), level, SKEW)
    if variance is None and sealed.varies:  # the upper estimate of a check in which no pair differs
        least = max(least, 0.5 / (1 + (measurement.repeat_check.samples or CHECKED)))
    variance = max(least, variance or 0.0)
    return own_noise(sealed, measurement, variance, level / 2) if variance > 0 else Fraction(0)


def seal(test: PlannedTest, plan: Plan, formats: int = 1) -> PlannedTest:
    """Give a test its levels, its thresholds and its integer stop tables: they follow from its share of the level.

    The n-th audit of a question has a share of both levels, so that all of them together keep them. The test is one of
    so many ``formats`` of a claim, each of which may confirm it at its share of the level.
    """
    sealed, claim, measurement = decode(test), claim_of(test, plan), measurement_of(test, plan)
    capabilities = plan.models[measurement.role].capabilities
    share = series_share(plan.number_of(test))
    sealed = msgspec.structs.replace(
        sealed,
        varies=measurement.decoding == "greedy" and not capabilities.deterministic,
        one_answer=_repeats_itself(measurement, capabilities),
        certain=plan.models[measurement.role].identity.backend == RECORDING,
        trainings=max((len(several) for several in plan.checkpoints_of(measurement)), default=1),
        alpha_inconsistent=plan.alpha * (1.0 if sealed.measured else test.weight) * share,
        alpha_consistent=plan.alpha / formats * share,
        stop_inconsistent=(),
        stop_consistent=(),
    )
    sealed = msgspec.structs.replace(sealed, difficulties=not why_unused(sealed, measurement))
    found = sealed_test(sealed, measurement, claim)
    # In steps of the grid for each trial, whatever its weight: totals of weighted scores can be very large.
    whole, most = measurement.trials * sealed.grid, sealed.most(measurement)
    changes: dict[str, Any] = {"accuse": -(-found.accuse * whole // most), "confirm": -(-found.confirm * whole // most)}
    if sealed.has_table(measurement):
        changes |= {"stop_inconsistent": found.inconsistent, "stop_consistent": found.consistent}
    return msgspec.structs.replace(test, sealed=encode(msgspec.structs.replace(sealed, **changes)))


def _repeats_itself(measurement: Measurement, capabilities: Capabilities) -> bool:
    """Whether repeats show nothing: the endpoint repeats its sampled texts, as a cache does, which hides noise, too."""
    if measurement.decoding == "sampled":
        return measurement.temperature in capabilities.repeats_identical
    return not capabilities.deterministic and bool(capabilities.repeats_identical)


def own_noise(
    sealed: ClaimTest, measurement: Measurement, variance: float, level: float, skew: float = 0.0
) -> Fraction:
    """z·√(w/(k·N)), a proportion: how far above the model's rate the mean of our own k·N trials may lie."""
    from steelyard.stats.sequential import noise_margin

    return _rounded_up(
        noise_margin(
            0.0,
            variance / sealed.own_repeats(measurement),
            independent(measurement, macro=sealed.macro, of=sealed.weights),
            level,
            skew * unevenness(measurement, macro=sealed.macro, of=sealed.weights),
        )
    )


def _test(
    sealed: ClaimTest, measurement: Measurement, claim: Claim, noise: Noise, parts: int, *, confirms: bool = True
) -> SequentialTest:
    """Thresholds and tables. The sequential part and the noise that widens the margin each have α / ``parts``.

    Where it does not confirm, the threshold to do so is one more than there can be. Where only what is certain is
    decided, there is no sequential part.
    """
    from steelyard.stats.sequential import StopTable, certain_table, stop_table

    trials, of_confirming = measurement.trials, 2 if noise.confirming > 0 and not sealed.certain else 1
    alpha, alpha_consistent = sealed.alpha_inconsistent / parts, sealed.alpha_consistent / of_confirming
    accuse, margin, testable = _accusing(sealed, measurement, claim, noise, alpha)
    confirm = sealed.most(measurement) + 1
    if confirms:
        confirm = _confirming(sealed, measurement, claim, noise.confirming, alpha_consistent)
    if not testable:
        never = (-1,) * trials, (trials + 1,) * trials
        return SequentialTest(accuse, confirm, *never, margin, noise, parts, testable=False)
    if sealed.stop_inconsistent and not noise:
        table = StopTable(inconsistent=sealed.stop_inconsistent, consistent=sealed.stop_consistent)
    else:
        most = sealed.most(measurement)
        least, enough = -(-accuse * trials // most), -(-confirm * trials // most)
        table = (
            certain_table(trials, least, enough)
            if sealed.certain
            else stop_table(trials, least, alpha, alpha_consistent, enough)
        )
    levels = (alpha, alpha_consistent) if sealed.grid > 1 or sealed.difficulties else None
    return SequentialTest(accuse, confirm, table.inconsistent, table.consistent, margin, noise, parts, levels=levels)


def _accusing(
    sealed: ClaimTest, measurement: Measurement, claim: Claim, noise: Noise, level: float, skew: float = 0.0
) -> tuple[int, Fraction, bool]:
    """⌈N·(v − u/2 − max(δ + our own noise, noise))⌉ in trials, that margin, and whether guessing stays below it.

    Of scores between 0 and 1 it is in steps of the grid.
    ``level`` is the probability that an honest vendor's noise and ours exceed the margin. Equal shares of it have the
    answers that vary, the vendor's choice of ``claimed_samples`` of N, and our part of the ``whole`` that the claim is
    about.
    """
    from steelyard.stats.hypergeometric import least_total
    from steelyard.stats.sequential import noise_margin

    printed = (claim.number - claim.printed_unit / 2) / claim.scale
    least = printed
    whole = sealed.whole or measurement.population
    noise = replace(noise, vendor=max(noise.vendor, sealed.least_of_vendor(measurement, claim)))
    level /= max(1, bool(noise) + bool(sealed.drawn_samples) + bool(sealed.whole))
    if sealed.drawn_samples:
        reached = printed * sealed.drawn_samples
        # Averaged passes need not give whole numbers of right answers; one pass over n samples does.
        right = math.ceil(reached) if sealed.claimed_repeats == 1 else math.floor(reached)
        least = Fraction(least_total(whole, sealed.drawn_samples, right, level), whole)
    if noise:
        of_vendor, of_ours = noise.vendor / sealed.claimed_repeats, noise.own / sealed.own_repeats(measurement)
        size = independent(measurement, macro=sealed.macro, of=sealed.weights)
        skewed = skew * unevenness(measurement, macro=sealed.macro, of=sealed.weights)
        least -= _rounded_up(noise_margin(of_vendor, of_ours, size, level, skewed))
    # With two passes the skew is in the distance from the vendor's: beside the tolerance it costs power at 5 points.
    skew = 0.0 if sealed.two_passes else skew
    ours = own_noise(sealed, measurement, noise.own, level, skew) if noise.own > 0 else Fraction(0)
    least = min(least, printed - bounded_fraction(sealed.tolerance) / 100 - ours)
    if sealed.chosen_samples:  # whichever these are, no more can be right of them than of all
        least -= printed * (1 - Fraction(sealed.chosen_samples, whole))
    if sealed.whole:
        least = least_on_part(least, whole, measurement, level)
    if least <= Fraction(str(measurement.chance)):
        return 1, printed - least, False
    return math.ceil(sealed.most(measurement) * least), printed - least, True


def _confirming(
    sealed: ClaimTest, measurement: Measurement, claim: Claim, variance: float, level: float, skew: float = 0.0
) -> int:
    """⌈N·(v − u/2 − δ + our own noise)⌉ in trials (in steps of the grid), at most all of them and one."""
    printed = (claim.number - claim.printed_unit / 2) / claim.scale
    least = printed - bounded_fraction(sealed.tolerance) / 100
    if variance > 0 or skew:
        least += own_noise(sealed, measurement, variance, level, skew)
    most = sealed.most(measurement)
    return min(most + 1, max(1, math.ceil(most * least)))


def _rounded_up(value: float) -> Fraction:
    """Six decimals, rounded up: the same integer threshold on every machine."""
    return Fraction(math.ceil(value * 1_000_000), 1_000_000)
