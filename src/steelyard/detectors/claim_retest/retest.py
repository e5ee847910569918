"""The course of one claim's test: answers in committed order, and the thresholds that they are held against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from steelyard.detectors.claim_retest.known import bins_in_order
from steelyard.detectors.claim_retest.repeats import Mark, Noise, Pairs, count_of
from steelyard.detectors.claim_retest.sealed import ClaimTest
from steelyard.detectors.claim_retest.subtasks import Subtasks
from steelyard.detectors.claim_retest.thresholds import (
    SequentialTest,
    early_test,
    last_test,
    least_confirming,
    sealed_test,
    sequential_test,
    trigger_test,
)
from steelyard.detectors.claim_retest.trainings import Recipe
from steelyard.records import Claim, Measurement
from steelyard.util.compact import Trace

if TYPE_CHECKING:
    from steelyard.stats.bounded_bets import MeanTracker
    from steelyard.stats.difficulty_bets import Bins, DifficultyTracker
    from steelyard.stats.sequential import Tracker

__all__ = ["FIRST_PAIRS", "Retest", "expected_test"]

# Where every sample is asked twice, the early test begins when so many samples have both of their answers.
FIRST_PAIRS = 50


class Retest:
    """One claim's test, fed with the committed order's answers one after another.

    ``right`` is the number of right answers, or in steps of the sealed grid the total of scores between 0 and 1;
    ``high`` is the same with full scores for what is missing or open, and ``weight`` that of the samples read.

    ``word`` is the verdict's, or None while it is undecided. It begins when the variance of the answers is known:
    :meth:`begin`, or by itself where every sample is asked twice. ``unchecked``: the vendor does not state its
    decoding, so *inconsistent* is not final before :meth:`allow_for` has the variance of sampled answers. ``recipe``:
    several trainings answer, so *inconsistent* is not final before all was asked, and their differences allow it.
    """

    def __init__(self, sealed: ClaimTest, measurement: Measurement, claim: Claim, *, unchecked: bool = False) -> None:
        self.sealed, self.measurement, self.claim = sealed, measurement, claim
        self.subtasks = Subtasks(measurement, macro=sealed.macro, of=sealed.weights)
        self._most = sealed.most(measurement)
        self._weights: list[int] = []  # of the samples read, where they are not alike
        self.trace = Trace(wide=sealed.grid > 1, large=sealed.macro)
        self.right = self.high = self.missing = self.weight = 0
        self.tracker: Tracker | MeanTracker | DifficultyTracker | None = None
        self.word: str | None = None
        self.unchecked = unchecked
        self._p_before = 0.0
        self._of_vendor = 0.0
        self._noise: Noise | None = None  # None: not known yet
        self._running: SequentialTest | None = None
        self._last: SequentialTest | None = None
        self.recipe = Recipe(sealed.trainings, measurement.turns) if sealed.trainings > 1 else None
        self._p_of_recipe = 1.0
        self._pairs = Pairs() if sealed.is_paired(measurement) else None
        # The variance that the pairs will show can only lower one threshold and raise the other.
        widest = sealed_test(sealed, measurement, claim).confirm if sealed.macro else sealed.confirm
        confirm = least_confirming(sealed, measurement, claim, 0.0) if self._pairs is not None else widest
        self._widest = widest, confirm

    @property
    def n(self) -> int:
        """How many trials were read."""
        return len(self.trace)

    @property
    def share(self) -> float:
        """The share of right answers among those read, or the mean of their scores; what is missing counts as 0."""
        return self.right / (self.weight * self.sealed.grid)

    def share_at(self, n: int) -> float:
        """The same after the first ``n`` ≥ 1 answers."""
        weight = sum(self._weights[:n]) if self.sealed.macro else n
        return self.trace[n - 1][1] / (weight * self.sealed.grid)

    @property
    def test(self) -> SequentialTest | None:
        """The test at work; None before it begins."""
        return self._last or self._running

    @property
    def suspects(self) -> bool:
        """Whether *inconsistent* waits for :meth:`allow_for`. No further answer is read meanwhile."""
        return self.unchecked and self.word == "inconsistent"

    @property
    def p(self) -> float:
        """A valid p for Holm. What is allowed to noise is a share of the test's own level, so p is never below that."""
        test, level = self.test, self.sealed.alpha_inconsistent
        if self.unchecked or test is None or not test.testable:
            return 1.0
        of_recipe = 0.0 if self.recipe is None else self._p_of_recipe
        return max(self._p_before, of_recipe, self._p_of(test, level))

    def _p_of(self, test: SequentialTest, level: float) -> float:
        if self._last is not None and self.word == "inconsistent":
            return level
        if self._running is None or self.tracker is None:
            return 1.0
        if self.sealed.certain:  # undecided bets prove nothing of an order that could be chosen
            return level if self.word == "inconsistent" else 1.0
        parts = self._running.parts
        return self.tracker.p if parts == 1 else min(1.0, max(parts * self.tracker.p, level))

    @property
    def waits(self) -> bool:
        """Whether second answers are due, which :attr:`left` names (:mod:`~.two_passes`)."""
        return False

    @property
    def left(self) -> Sequence[int]:
        """The places that are to be asked again."""
        return ()

    def take_second(self, place: int, mark: Mark) -> None:
        """Take the second answer at a place."""
        raise ValueError("this test has one pass")

    @property
    def both(self) -> tuple[float, float]:
        """The totals of right answers that are shown: the least and the most."""
        return self.right, self.high

    @property
    def log_e(self) -> float:
        """The logarithm of what the bet to accuse has won; infinite where there is none."""
        return self.tracker.log_e if self.tracker else math.inf

    @property
    def plain_p(self) -> float | None:
        """What p would be without known difficulties; None where none are bet on, or nothing was bet."""
        from steelyard.stats.difficulty_bets import DifficultyTracker

        if not isinstance(self.tracker, DifficultyTracker) or self._running is None:
            return None
        return min(1.0, self._running.parts * self.tracker.plain_p)

    @property
    def confirming_variance(self) -> float | None:
        """The variance of our answers in the threshold to confirm; None before it is known."""
        if self._pairs is not None:
            return self._pairs.noise().confirming if self._pairs.complete else None
        return None if self._noise is None else self._noise.confirming

    @property
    def own_variance_so_far(self) -> float:
        """The variance of our own answers; before the test begins an upper estimate from the pairs that are there."""
        if self.test is not None:
            return self.test.noise.own
        if self._pairs is None:
            return 0.0
        return self._pairs.upper_noise().at_least(self.sealed.least_variance(self.measurement)).own

    def begin(self, noise: Noise) -> None:
        """Begin with the variance of the answers, which the repeat check shows: 0 where they do not vary."""
        self._noise = noise
        self._run()

    def take(self, mark: Mark, sample: str = "", group: str = "") -> None:
        """Take the next answer of the order, to the sample of this name and subtask.

        Raises ValueError for a sample that its subtask has not.
        """
        sealed = self.sealed
        if self.recipe is not None:
            self.recipe.take(self.n, mark)
        before = self.right, self.high
        least, most = bounds_of(mark, sealed.grid)
        weight = self.subtasks.read(group)
        self.right += weight * least
        self.high += weight * most
        self.weight += weight
        if sealed.macro:
            self._weights.append(weight)
        self.missing += isinstance(mark, str)
        self.trace.append(self.right, self.high)
        self._observe(before, (self.right, self.high), weight)
        if self._pairs is not None:
            self._take_pair(self._pairs, mark, sample, count_of(group, self.subtasks.weights))
        self._judge()
        if sealed.measured and not self.waits:
            is_over = self.n >= min(sealed.measured, self.measurement.planned)
            self.word = self.word if self.word == "consistent" else "insufficient_power" if is_over else None

    def allow_for(self, variance: float) -> None:
        """Allow for a vendor who sampled: the claim must be missed by that noise too, as far as the order was read."""
        self._p_before = self._p_of(self.test, self.sealed.alpha_inconsistent) if self.test else 1.0
        self._of_vendor = variance
        self.unchecked, self.word = False, None
        self._run()

    def interval(self, n: int, alpha: float) -> tuple[float, float]:
        """The interval of this pass's rate after its first ``n`` ≥ 1 answers, valid at every look."""
        from steelyard.stats.bounded_interval import finite_mean_interval
        from steelyard.stats.intervals import confidence_sequence

        trials = self.measurement.trials
        if self.sealed.grid == 1:
            return confidence_sequence(*self.trace[n - 1], trials, alpha)
        totals = [(0, 0), *((right, high) for _, right, high in self.trace[:n])]
        weights = self._weights[:n] or [1] * n
        least, most = (
            [
                (after[side] - before[side]) // weight
                for (before, after), weight in zip(pairwise(totals), weights, strict=True)
            ]
            for side in (0, 1)
        )
        population = self.subtasks.population(trials, self.sealed.grid)
        return finite_mean_interval(least, most, population, alpha, weights if self.sealed.macro else None)

    def remaining(self, rate: float) -> int:
        """Trials until a decision if this share of the next ones is right; those left where nothing would decide."""
        from steelyard.stats.sequential import StopTable, samples_needed

        left = self.measurement.trials - self.n
        if self.word is not None or self._running is None or self.waits_for_recipe:
            return 0 if self.word else left
        table = StopTable(inconsistent=self._running.inconsistent, consistent=self._running.consistent)
        right = math.floor(self.share * self.n) if self.sealed.macro else self.right // self.sealed.grid
        needed = samples_needed(table, self.n, right, self.measurement.trials, rate)
        if needed is None:
            return left
        right += math.floor(rate * needed + 0.5)
        is_below = table.decision(self.n + needed, right, right) == "inconsistent"
        return left if is_below and self.recipe is not None else needed

    # ── the tests ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _take_pair(self, pairs: Pairs, mark: Mark, sample: str, count: float) -> None:
        """Begin the early test when the first pairs are there."""
        before = pairs.complete
        pairs.take(sample, mark, count)
        if before < pairs.complete == min(FIRST_PAIRS, self.measurement.population):
            self._noise = pairs.upper_noise().at_least(self.sealed.least_variance(self.measurement))
            self._run()
        elif self.n == self.measurement.trials:
            self._run()

    def _run(self) -> None:
        """Open the test for what is known of the noise, and let it read what was read of the order."""
        assert self._noise is not None
        sealed, measurement, claim = self.sealed, self.measurement, self.claim
        noise = self._with_vendor(self._noise)
        if self._pairs is not None:
            self._running = early_test(sealed, measurement, claim, noise)
        elif noise:
            self._running = sequential_test(sealed, measurement, claim, noise)
        else:
            self._running = sealed_test(sealed, measurement, claim)
        self.tracker = self._tracker(self._running)
        before = 0, 0
        for n, right, high in self.trace:
            self._observe(before, (right, high), self._weights[n - 1] if self.sealed.macro else 1)
            before = right, high
        if self._pairs is not None and self.n == measurement.trials:
            least = sealed.least_variance(measurement)
            noise = self._with_vendor(self._pairs.upper_noise().at_least(least))
            self._last = last_test(sealed, measurement, claim, noise, max(self._pairs.noise().confirming, least))
        self._judge()

    def _tracker(self, test: SequentialTest) -> Tracker | MeanTracker | DifficultyTracker | None:
        """What follows the order; of a mean that cannot be tested nothing does."""
        from steelyard.stats.bounded_bets import MeanTracker
        from steelyard.stats.difficulty_bets import DifficultyTracker
        from steelyard.stats.sequential import StopTable, Tracker

        trials = self.measurement.trials
        if self.sealed.difficulties:
            if test.levels is None:
                return None
            return DifficultyTracker(self._bins, test.accuse, test.confirm, *test.levels)
        if self.sealed.grid == 1:
            table = StopTable(inconsistent=test.inconsistent, consistent=test.consistent)
            return Tracker(trials, test.accuse, table)
        if test.levels is None:
            return None
        population = self.subtasks.population(trials, self.sealed.grid)
        return MeanTracker(population, test.accuse, test.confirm, *test.levels, bets=not self.sealed.certain)

    @cached_property
    def _bins(self) -> Bins:
        return bins_in_order(self.measurement)

    def _observe(self, before: tuple[int, int], after: tuple[int, int], weight: int) -> None:
        """Give the tracker the next score: by how much both totals grew, for a sample of this weight."""
        tracker: Any = self.tracker
        if tracker is None:
            return
        least, most = after[0] - before[0], after[1] - before[1]
        if self.sealed.grid == 1:
            tracker.observe(least if least == most else None)
        else:
            tracker.observe(least // weight, most // weight, weight)

    def _with_vendor(self, noise: Noise) -> Noise:
        return replace(noise, vendor=max(noise.vendor, self._of_vendor))

    def _judge(self) -> None:
        if self.word is not None:
            return
        test, last = self._running, self._last
        if test is not None and self._pairs is None and not test.testable:
            self.word = "not_testable"
        elif self.tracker is not None and self.tracker.decision is not None:
            self.word = self._of_recipe(self.tracker.decision)
        elif last is not None:
            self.word = self._of_recipe(self._final_word(last))
        elif self._is_hopeless():
            self.word = "insufficient_power"

    @property
    def waits_for_recipe(self) -> bool:
        """Whether the trainings that answered are below the claim, and it is left to ask whether the recipe is."""
        decided = self.tracker is not None and self.tracker.decision == "inconsistent"
        return self.recipe is not None and self.word is None and decided

    def _of_recipe(self, word: str) -> str | None:
        """The word for a recipe: *inconsistent* only when all was asked, and only if its trainings agree enough."""
        if word != "inconsistent" or self.recipe is None:
            return word
        if not self.recipe.is_known:
            return "insufficient_power"
        if self.n < self.measurement.planned:
            return None
        assert self.test is not None
        self._p_of_recipe = self.recipe.judge(self.test.accuse, self.measurement.trials)
        return word if self._p_of_recipe <= self.sealed.alpha_inconsistent else "insufficient_power"

    def _final_word(self, last: SequentialTest) -> str:
        if last.testable and self.high < last.accuse:
            return "inconsistent"
        if self.right >= last.confirm:
            return "consistent"
        return "insufficient_power" if last.testable else "not_testable"

    @property
    def bounds(self) -> tuple[int, int]:
        """Fewer right trials than the first may still be inconsistent, at least the second may be consistent."""
        test = self.test if self._pairs is None else self._last
        if test is not None:
            return test.accuse, test.confirm
        return self._widest

    def _is_hopeless(self) -> bool:
        """Whether no further answer could decide: too many are right to accuse, and too few to confirm."""
        if self._pairs is None and self._running is None:
            return False
        accuse, confirm = self.bounds
        return self.high >= accuse and self.weight * self.sealed.grid - self.right > self._most - confirm


def bounds_of(mark: Mark, grid: int) -> tuple[int, int]:
    """A mark in steps of the grid, the least and the most that it may stand for."""
    if isinstance(mark, str):
        return 0, grid
    if grid == 1:
        return int(mark), int(mark)
    from steelyard.stats.bounded_bets import grid_bounds

    return grid_bounds(mark, grid)


def expected_test(sealed: ClaimTest, measurement: Measurement, claim: Claim) -> SequentialTest:
    """The test of greedy answers that will be the same whenever they are repeated: for a forecast."""
    if sealed.two_passes:
        return trigger_test(sealed, measurement, claim)
    if not sealed.varies:
        return sealed_test(sealed, measurement, claim)
    is_paired = sealed.is_paired(measurement)
    repeated = min(FIRST_PAIRS, measurement.population) if is_paired else measurement.repeat_check.samples
    variance = 0.5 / (repeated + 1)
    return (early_test if is_paired else sequential_test)(sealed, measurement, claim, Noise.of(variance))
