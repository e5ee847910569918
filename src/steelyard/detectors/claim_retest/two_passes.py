"""The test of a claim on answers that vary: a second pass over the same samples shows by how much, and when it matters.

The first pass is read as if answers did not vary. Where it would decide, the samples that it read are asked again, in
another order and at another time, and the claim is decided by both answers. By how much these vary is the multiway
clustered variance of the differences between the passes (:mod:`steelyard.stats.multiway`): by blocks of the first
pass's time, of the second's, and of the file. So neither an endpoint that is slow or worse for a while nor what items
of a document have in common is taken for evidence. Of what noise is shared by items that stand nowhere together, or by
all answers alike, as one seed's, no difference shows anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import sha256
from operator import mul
from typing import TYPE_CHECKING, Any, Final

from steelyard.detectors.claim_retest.repeats import (
    HIDDEN_VARIANCE,
    MAX_VARIANCE,
    MISSING,
    OPEN,
    SAMPLED_VARIANCE,
    Mark,
    Noise,
)
from steelyard.detectors.claim_retest.retest import Retest, bounds_of
from steelyard.detectors.claim_retest.sealed import ClaimTest
from steelyard.detectors.claim_retest.thresholds import (
    ACCUSING_PARTS,
    LAST_SHARE,
    SequentialTest,
    last_test,
    least_confirming,
    trigger_test,
)
from steelyard.records import Claim, Measurement

if TYPE_CHECKING:
    from steelyard.stats.multiway import Spread

__all__ = ["TwoPasses"]


FIRST_LOOK: Final = 100  # answers of the first pass, before which it decides nothing: ten in each of ten blocks
# Before which it does not accuse: while an endpoint is worse for some hundred calls, so is a second pass right after.
FIRST_ACCUSING: Final = 400
LOOKS: Final = 4  # before all was read
GROWTH: Final = 1.5  # from one look to the next, of the answers read
# To confirm, so many blocks of the first pass's time are asked again, where these are many: what the threshold needs is
# how large the noise of our own answers is.
CHECKED, OF_BLOCKS = 10, 40


class TwoPasses(Retest):
    """One claim's test on answers that vary. ``left`` are the places of the first pass that are to be asked again.

    While it waits for these, it reads no further answer of the first pass.
    """

    def __init__(self, sealed: ClaimTest, measurement: Measurement, claim: Claim, second: Measurement) -> None:
        super().__init__(sealed, measurement, claim)
        self._seed = second.order_seed
        self._least = least_confirming(sealed, measurement, claim, 0.0)
        self._first: list[Mark] = []
        self._groups: list[str] = []
        self._names: list[str] = []
        self._second: dict[int, Mark] = {}
        self._chosen: dict[int, int] = {}  # by place of the first pass, when it was asked again
        self._due: dict[int, None] = {}
        self._planned = min(measurement.planned, sealed.measured or measurement.planned)
        self._looks, self._next_look = 0, min(FIRST_LOOK, self._planned)
        self._judged: tuple[Noise, SequentialTest] | None = None
        self.begin(Noise())

    # ── what is asked ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def waits(self) -> bool:
        """Whether second answers are due, so that the first pass stands still."""
        return bool(self._due)

    @property
    def left(self) -> Sequence[int]:
        """The places of the first pass that are to be asked again, in the order of the second."""
        return [*self._due]

    def take_second(self, place: int, mark: Mark) -> None:
        """Take the second answer to what the first pass asked at this place; others than those due decide nothing."""
        self._second[place] = mark
        if self._due.pop(place, True) is None and not self._due:
            self._look()

    def take(self, mark: Mark, sample: str = "", group: str = "") -> None:
        """Take the next answer of the first pass."""
        self._first.append(mark)
        self._groups.append(group)
        self._names.append(sample)
        super().take(mark, sample, group)

    def _ask(self, places: Sequence[int]) -> None:
        new = sorted((place for place in places if place not in self._chosen), key=self._drawn)
        for place in new:
            self._chosen[place] = len(self._chosen)
        self._due = {place: None for place in new if place not in self._second}
        if not self._due:
            self._look()

    def _drawn(self, place: int) -> bytes:
        return sha256(f"{self._seed}:{place}".encode()).digest()

    def _checked(self) -> Sequence[int]:
        """What is asked again before the claim is confirmed: some blocks of the first pass's time, or all of it."""
        if self.n < FIRST_LOOK * OF_BLOCKS // CHECKED or not self.sealed.alpha_consistent:
            return range(self.n)
        blocks = sorted(range(OF_BLOCKS), key=lambda block: self._drawn(-1 - block))[:CHECKED]
        wanted = set(blocks)
        return [place for place in range(self.n) if place * OF_BLOCKS // self.n in wanted]

    # ── when it decides ─────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        self._running = trigger_test(self.sealed, self.measurement, self.claim)
        self._run_again()

    def _judge(self) -> None:
        if self.word is not None or self._due or self._running is None:
            return
        is_over, side = self.n == self._planned, self._leans
        if side is not None and (is_over or (self.n >= self._next_look and self._looks < LOOKS)):
            self._ask(range(self.n) if side == "inconsistent" else self._checked())
        elif side is None and self._is_hopeless():
            self.word = "insufficient_power" if self._running.testable else "not_testable"

    @property
    def _leans(self) -> str | None:
        """What the first pass alone would decide by now, where that may be said of the claim."""
        test = self._running
        assert test is not None
        if self.n == self.measurement.trials:
            side: str | None = "inconsistent" if self.high < test.accuse else "consistent"
        elif self.sealed.has_counts:
            side = _decided(test, self.n, self.right, self.high)
        else:
            side = None if self.tracker is None else self.tracker.decision
        is_early = self.sealed.measured or self.n < min(FIRST_ACCUSING, self._planned)
        return None if side == "inconsistent" and is_early else side

    def _is_hopeless(self) -> bool:
        return not self.sealed.measured and super()._is_hopeless()

    def _look(self) -> None:
        """Decide by both passes, or read on."""
        is_last, everything = self.n == self.measurement.trials, len(self._chosen) >= self.n
        noise = self._noise_of_both(is_last)
        test = self._test_with(noise, is_last)
        self._judged = noise, test
        if is_last:
            self._last = test
        self.word = self._word(test, is_last, everything)
        if self.word is not None:
            return
        if is_last and not everything:
            self._ask(range(self.n))
        elif is_last or (self.sealed.measured and self.n == self._planned):
            self.word = "insufficient_power" if test.testable else "not_testable"
        else:
            self._looks += 1
            self._next_look = min(self._planned, int(self.n * GROWTH) + 1)
            self._run_again()

    def _run_again(self) -> None:
        """Let the tracker follow the order anew: one that has decided reads no further. Counts need none."""
        assert self._running is not None
        if self.sealed.has_counts:
            return
        self.tracker = self._tracker(self._running)
        before = 0, 0
        for n, right, high in self.trace:
            self._observe(before, (right, high), self._weights[n - 1] if self.sealed.macro else 1)
            before = right, high

    def _test_with(self, noise: Noise, is_last: bool) -> SequentialTest:
        if is_last:
            return last_test(self.sealed, self.measurement, self.claim, noise, noise.confirming)
        return trigger_test(self.sealed, self.measurement, self.claim, noise)

    def _word(self, test: SequentialTest, is_last: bool, everything: bool) -> str | None:
        """The word that both passes allow; *inconsistent* only where all that was read was asked again."""
        low, high = self.both
        if is_last:
            if everything and test.testable and high < test.accuse and not self.sealed.measured:
                return "inconsistent"
            return "consistent" if low >= test.confirm else None
        if not test.testable:
            return None
        found = _decided(test, self.n, low, high) if self.sealed.has_counts else self._decided_by_bets(test)
        return None if found == "inconsistent" and not everything else found

    def _decided_by_bets(self, test: SequentialTest) -> str | None:
        """What bets on the mean of both answers decide; with known difficulties, those on the first alone."""
        tracker: Any = self._tracker(test)
        if tracker is None:
            return None
        is_mean = self.sealed.grid > 1
        for place in range(self.n):
            (least, most), weight = self._pair(place), self._weights[place] if self.sealed.macro else 1
            if is_mean:
                tracker.observe(math.floor(least), math.ceil(most), weight)
            else:
                first = bounds_of(self._first[place], 1)
                tracker.observe(first[0] if first[0] == first[1] else None)
        found: str | None = tracker.decision
        return found

    # ── both passes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _pair(self, place: int) -> tuple[float, float]:
        """The least and the most of the mean of the answers at a place, in steps of the grid."""
        first = bounds_of(self._first[place], self.sealed.grid)
        if place not in self._chosen or place not in self._second:
            return first
        second = bounds_of(self._second[place], self.sealed.grid)
        return (first[0] + second[0]) / 2, (first[1] + second[1]) / 2

    @property
    def both(self) -> tuple[float, float]:
        """The least and the most total of right answers, or of scores in steps, each the mean of its answers."""
        pairs = (self._pair(place) for place in self._chosen)
        first = (bounds_of(self._first[place], self.sealed.grid) for place in self._chosen)
        weights = [self._weights[place] if self.sealed.macro else 1 for place in self._chosen]
        changes = [
            (weight * (pair[0] - one[0]), weight * (pair[1] - one[1]))
            for pair, one, weight in zip(pairs, first, weights, strict=True)
        ]
        low, high = (math.fsum(each[side] for each in changes) for side in (0, 1))
        return self.right + low, self.high + high

    def _noise_of_both(self, is_last: bool) -> Noise:
        """The variances that put the multiway error into the thresholds' formulas, each for its own level."""
        sealed = self.sealed
        level = sealed.alpha_inconsistent * (LAST_SHARE if is_last else 1 / ACCUSING_PARTS) / (1 + bool(sealed.whole))
        confirming = sealed.alpha_consistent / (1 if is_last else 2)
        asked, read = len(self._chosen), self.n
        ours = (1 - asked / read / 2) * self.measurement.trials / read  # of the mean of what was read, in passes
        return Noise(
            self._variance(None, level),
            self._variance(1, level) * ours,
            self._variance(0, confirming, plain=is_last) * ours,
        )

    def _variance(self, open_is: int | None, level: float, *, plain: bool = False) -> float:
        """The variance of one answer, times the square of what Student's t exceeds the normal quantile by.

        One more pair is added that differs, but to the ``plain`` one, which is enough to confirm with (:data:`SKEW`).
        """
        from statistics import NormalDist

        from steelyard.stats.multiway import reach_of

        spreads, squares, largest = self._spreads(open_is)
        if not spreads:
            return MAX_VARIANCE
        reach = reach_of(spreads, level, 0.0 if plain else largest)
        # Of answers that all fall alike, the variance is that of one times their number.
        return min(float(self.n), (reach / NormalDist().inv_cdf(1 - level)) ** 2 / 2 / squares)

    def widened(self, interval: tuple[float, float], level: float) -> tuple[float, float]:
        """The interval of one pass, widened to what blocks of its time and of the file show of shared noise.

        No second pass shows what is noise, so how items differ counts as noise, too.
        """
        from steelyard.stats.multiway import BLOCKS, file_places, multiway_spreads, reach_of

        weights, (low, high) = self._weights or [1] * self.n, interval
        groups = self._groups if len(set(self._groups)) >= BLOCKS[0] else None
        for side in (0, 1) if self.n > 1 else ():
            scores = [bounds_of(mark, self.sealed.grid)[side] / self.sealed.grid for mark in self._first]
            mean = math.fsum(map(mul, weights, scores)) / self.weight
            terms = [weight * (score - mean) for weight, score in zip(weights, scores, strict=True)]
            spreads = multiway_spreads(terms, [range(self.n), file_places(self._names)], groups)
            reach = reach_of(spreads, level / 2) / self.weight
            low, high = (low, max(high, mean + reach)) if side else (min(low, mean - reach), high)
        return max(0.0, low), min(1.0, high)

    def _spreads(self, open_is: int | None) -> tuple[list[Spread], float, float]:
        """The spreads of the differences, what the variance of one answer counts in them, and that of one sample."""
        from steelyard.stats.multiway import BLOCKS, file_places, multiway_spreads

        terms, places, weights = [], [], []
        for place in self._chosen:
            marks = self._first[place], self._second[place]
            if MISSING in marks:
                continue
            first, second = _scores(marks, open_is)
            weights.append(float(self._weights[place] if self.sealed.macro else 1))
            terms.append((first - second) * weights[-1])
            places.append(place)
        if len(terms) < 2:
            return [], 1.0, 1.0
        groups = [self._groups[place] for place in places]
        named = groups if len(set(groups)) >= BLOCKS[0] else None
        in_file = file_places([self._names[place] for place in places])
        orders = [places, [self._chosen[place] for place in places], in_file]
        # Whole blocks of time are asked again, and a part of each block of the file.
        part = len(terms) / self.n
        shares = [1.0, 1.0, part] + [part] * (named is not None)
        spreads = multiway_spreads(terms, orders, named, shares=shares)
        return spreads, math.fsum(weight**2 for weight in weights), max(weights) ** 2

    # ── what is shown ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def test(self) -> SequentialTest | None:
        """The test of the last look; before it the one that says when to look."""
        return self._judged[1] if self._judged else self._running

    @property
    def p(self) -> float:
        """The test's level where it accuses, else 1: half of the level and more is for noise."""
        return self.sealed.alpha_inconsistent if self.word == "inconsistent" else 1.0

    @property
    def log_e(self) -> float:
        """Infinite: no bet is shown, since the first pass's alone decides nothing."""
        return math.inf

    @property
    def confirming_variance(self) -> float | None:
        """The variance of our answers in the threshold to confirm; None before it is known."""
        return self._judged[0].confirming if self._judged else None

    @property
    def own_variance_so_far(self) -> float:
        """That of our own answers; before any was asked again, as much as they may be taken to vary."""
        if self._judged:
            return self._judged[0].own
        return SAMPLED_VARIANCE if self.measurement.decoding == "sampled" else HIDDEN_VARIANCE

    @property
    def bounds(self) -> tuple[int, int]:
        """As of the test that decides last, where it was made; else as of answers that do not vary."""
        if self._last is not None:
            return self._last.accuse, self._last.confirm
        assert self._running is not None
        return self._running.accuse, self._least

    def remaining(self, rate: float) -> int:
        """As for one pass, and what is due of the second."""
        return len(self._due) or super().remaining(rate)


def _decided(test: SequentialTest, n: int, low: float, high: float) -> str | None:
    """As a stop table decides, also of halves: the means of two answers."""
    if high <= test.inconsistent[n - 1]:
        return "inconsistent"
    return "consistent" if low >= test.consistent[n - 1] else None


def _scores(marks: Sequence[Mark], open_is: int | None) -> tuple[float, float]:
    """The two scores; an open one is ``open_is``, or (None) the score that disagrees most with the other."""
    first, second = marks
    known = [each for each in marks if not isinstance(each, str)]
    against = open_is if open_is is not None else (int(2 * known[0] < 1) if known else 1)
    if first == OPEN and second == OPEN and open_is is None:
        return 0.0, 1.0
    one = float(against if isinstance(first, str) else first)
    other = float(against if isinstance(second, str) else second)
    return one, other
