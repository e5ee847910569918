"""Testing one claim answer by answer, with both error rates held at every look.

A benchmark under greedy decoding is a finite population: ``population`` samples, of which an unknown number M would be
answered rightly. They are drawn in a committed random order, without replacement. The claim holds to within the margin
where M ≥ ``threshold``. Two bets are kept against the two boundaries:

* *inconsistent*: the null is M ≥ threshold; the bet is on M = threshold − {2, 4, 8} percentage points;
* *consistent*: the null is M ≤ threshold − 1; the bet is on M = threshold − 1 + {1, 2, 4} percentage points.

A bet's E is the mean, over its alternatives, of the likelihood ratio against the boundary, with falling factorials as
likelihoods. It is a supermartingale under its whole null, so that E ≥ 1/α at any time has probability at most α (Ville
1939; Shafer 2021, "Testing by betting"). Either error is impossible for half of the truths, so each side has its own
full α. (n, right) is sufficient, so all decisions come from a table of integers that a plan can seal.

The two sides are one bet: counting wrong answers as *hits* turns "M ≤ threshold − 1" into "at least
population − threshold + 1 hits". The private parts below know hits only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import compress
from statistics import NormalDist
from typing import Literal

__all__ = [
    "Decision",
    "StopTable",
    "Tracker",
    "certain_table",
    "log_e_consistent",
    "log_e_inconsistent",
    "noise_margin",
    "samples_needed",
    "stop_table",
    "threshold",
    "within_sample_variance_upper",
]

Decision = Literal["inconsistent", "consistent"]

INCONSISTENT_DISTANCES = (Fraction(2, 100), Fraction(4, 100), Fraction(8, 100))
CONSISTENT_DISTANCES = (Fraction(1, 100), Fraction(2, 100), Fraction(4, 100))

# E must exceed 1/α by this share, so that the p-value, a float, never falls on the other side of α than the table.
GUARD = Fraction(1, 10**9)
# Running sums and products are good to about 1e-11 here; nearer to the level than this, exact integers decide, so that
# every machine computes the same table whatever its mathematical library.
DOUBT = 1e-8
_LARGEST = 1e300


def threshold(population: int, claimed: Fraction, half_unit: Fraction, margin: Fraction) -> int:
    """Smallest number of right answers that agrees with the claim: ⌈population · (claimed − half_unit − margin)⌉.

    All three are proportions and exact. At or below 0 the claim is not testable at this margin: no call would be needed
    to call it consistent.
    """
    return math.ceil(population * (claimed - half_unit - margin))


# ── the bet, in hits ────────────────────────────────────────────────────────────────────────────────────────────────


def alternatives(population: int, boundary: int, distances: Sequence[Fraction]) -> tuple[int, ...]:
    """Totals of hits, all below ``boundary``, on which the bet is spread; at least one."""
    totals = {max(0, boundary - round(distance * population)) for distance in distances}
    return tuple(sorted(total for total in totals if total < boundary)) or (boundary - 1,)


def _log_mean_exp(logs: Sequence[float]) -> float:
    top = max(logs)
    if math.isinf(top):
        return top
    return top + math.log(sum([math.exp(value - top) for value in logs]) / len(logs))


def _log_falling(total: int, count: int) -> float:
    """Log of total · (total − 1) ⋯ (total − count + 1); −inf where that is 0."""
    if count > total:
        return -math.inf
    return math.lgamma(total + 1) - math.lgamma(total - count + 1)


class _Bet:
    """Running log likelihood ratios against "at least ``boundary`` of the population are hits", O(1) an answer."""

    __slots__ = ("alternatives", "boundary", "hits", "log_e", "log_ratios", "misses", "population")

    def __init__(self, population: int, boundary: int, distances: Sequence[Fraction]) -> None:
        self.population = population
        self.boundary = boundary
        self.alternatives = alternatives(population, boundary, distances)
        self.hits = self.misses = 0
        self.log_ratios = [0.0] * len(self.alternatives)
        self.log_e = 0.0

    def after(self, hit: bool) -> list[float]:
        """The log ratios after one more answer; inf once the null has become impossible."""
        if self.log_e == math.inf:
            return self.log_ratios
        if hit:
            left = self.boundary - self.hits
            return [
                ratio + math.log((total - self.hits) / left) if total > self.hits else -math.inf
                for ratio, total in zip(self.log_ratios, self.alternatives, strict=True)
            ]
        left = self.population - self.boundary - self.misses
        if left == 0:
            return [math.inf] * len(self.alternatives)
        return [
            ratio + math.log((self.population - total - self.misses) / left)
            for ratio, total in zip(self.log_ratios, self.alternatives, strict=True)
        ]

    def step(self, hit: bool) -> None:
        """Take one more answer in."""
        self.log_ratios = self.after(hit)
        self.log_e = _log_mean_exp(self.log_ratios)
        self.hits += hit
        self.misses += not hit

    def wins_from(self, hits: int, misses: int, hit: bool, level: Fraction) -> bool:
        """Whether E ≥ ``level`` after so many answers and one more, decided in integers."""
        hits, misses = hits + hit, misses + (not hit)
        null = math.perm(self.boundary, hits) * math.perm(self.population - self.boundary, misses)
        bets = sum(math.perm(total, hits) * math.perm(self.population - total, misses) for total in self.alternatives)
        return bets >= level * len(self.alternatives) * null


def _log_e(n: int, hits: int, population: int, boundary: int, distances: Sequence[Fraction]) -> float:
    """Log of the bet's E straight from the counts; what the running sums must agree with."""
    misses = n - hits
    if misses > population - boundary:
        return math.inf
    if hits > boundary:
        return -math.inf
    null = _log_falling(boundary, hits) + _log_falling(population - boundary, misses)
    return _log_mean_exp(
        [
            _log_falling(total, hits) + _log_falling(population - total, misses) - null
            for total in alternatives(population, boundary, distances)
        ]
    )


def _climb(population: int, boundary: int, distances: Sequence[Fraction], alpha: float) -> list[int]:
    """After 1 … population answers: the most hits at which the bet has been won; −1 where even none is too many.

    There are at most three ``distances``.

    A miss raises E and a hit lowers it, so the bound stays or climbs by one: one walk finds it in O(population). It
    stays near E = 1/α, so it needs no logarithms.
    """
    level = (1 + GUARD) / Fraction(alpha)
    bet = _Bet(population, boundary, distances)
    needed = float(level) * len(bet.alternatives)
    doubt, spare = DOUBT * needed, population - boundary
    # Three ratios and no list of them: a plan has thousands of such steps. What is not bet on stays 0.
    first, second, third = (*bet.alternatives, 0, 0)[:3]
    a, b, c = (*[1.0] * len(bet.alternatives), 0.0, 0.0)[:3]
    hits = misses = 0
    bounds: list[int] = []
    bound = -1
    while len(bounds) < population and misses <= spare:
        if bound >= 0:
            left = boundary - hits
            x = a * (first - hits) / left if first > hits else 0.0
            y = b * (second - hits) / left if second > hits else 0.0
            z = c * (third - hits) / left if third > hits else 0.0
            e = x + y + z
            if e > needed if abs(e - needed) > doubt else bet.wins_from(hits, misses, True, level):
                a, b, c = x, y, z
                hits += 1
                bound += 1
                bounds.append(bound)
                continue
        left, rest = spare - misses, population - misses
        if left:
            # One that a hit would make 0 may grow without an end.
            a = min(_LARGEST, a * (rest - first) / left)
            b = min(_LARGEST, b * (rest - second) / left)
            c = min(_LARGEST, c * (rest - third) / left)
        else:
            a = b = c = math.inf
        if bound < 0:
            e = a + b + c
            bound += e > needed if abs(e - needed) > doubt else bet.wins_from(hits, misses, False, level)
        misses += 1
        bounds.append(bound)
    # From here on the null is impossible, whatever comes.
    bounds.extend(range(bound + 1, bound + 1 + population - len(bounds)))
    return bounds


def _check(population: int, threshold: int) -> None:
    if not 1 <= threshold <= population:
        raise ValueError(f"threshold must be within 1 … {population}, not {threshold}: no answer would be needed")


# ── the two sides, in right answers ─────────────────────────────────────────────────────────────────────────────────


def log_e_inconsistent(n: int, right: int, population: int, threshold: int) -> float:
    """Log of E against M ≥ threshold after ``n`` answers, ``right`` of them right; inf where the null is impossible."""
    _check(population, threshold)
    return _log_e(n, right, population, threshold, INCONSISTENT_DISTANCES)


def log_e_consistent(n: int, right: int, population: int, threshold: int) -> float:
    """Log of E against M ≤ threshold − 1 after ``n`` answers, ``right`` of them right; inf where that is impossible."""
    _check(population, threshold)
    return _log_e(n, n - right, population, population - threshold + 1, CONSISTENT_DISTANCES)


@dataclass(frozen=True, slots=True)
class StopTable:
    """When to stop, in integers: entry n − 1 is for ``n`` answers.

    Inconsistent where right ≤ ``inconsistent[n − 1]`` (−1: never), consistent where right ≥ ``consistent[n − 1]``
    (population + 1: never). The two never overlap. After the whole population one of them always holds, unless each
    side has a threshold of its own: then neither does in between.
    """

    inconsistent: tuple[int, ...]
    consistent: tuple[int, ...]

    def decision(self, n: int, right_low: int, right_high: int) -> Decision | None:
        """The decision after ``n`` ≥ 1 answers, of which at least ``right_low``, at most ``right_high`` are right."""
        if right_high <= self.inconsistent[n - 1]:
            return "inconsistent"
        if right_low >= self.consistent[n - 1]:
            return "consistent"
        return None


def stop_table(
    population: int, threshold: int, alpha_inconsistent: float, alpha_consistent: float, confirm: int | None = None
) -> StopTable:
    """The table for a plan to seal: each side stops where its E ≥ 1/α or where its null has become impossible.

    ``alpha_inconsistent`` is the claim's own share of the report's level. ``confirm`` is the threshold of the
    consistent side where that is a higher one: *consistent* means M ≥ ``confirm``, and population + 1 is never reached.
    Verification recomputes the table: it is the same on every machine, because exact integers decide where floats
    could differ. Raises ValueError for a threshold outside 1 … population, ``confirm`` outside threshold …
    population + 1, or an α outside (0, 1).
    """
    _check(population, threshold)
    confirm = threshold if confirm is None else confirm
    if not threshold <= confirm <= population + 1:
        raise ValueError(f"confirm must be within {threshold} … {population + 1}, not {confirm}")
    for alpha in (alpha_inconsistent, alpha_consistent):
        if not 0 < alpha < 1:
            raise ValueError(f"a level must be within (0, 1), not {alpha}")
    most_right = _climb(population, threshold, INCONSISTENT_DISTANCES, alpha_inconsistent)
    if confirm > population:
        return StopTable(inconsistent=tuple(most_right), consistent=(population + 1,) * population)
    most_wrong = _climb(population, population - confirm + 1, CONSISTENT_DISTANCES, alpha_consistent)
    least_right = (n - wrong if wrong >= 0 else population + 1 for n, wrong in enumerate(most_wrong, start=1))
    return StopTable(inconsistent=tuple(most_right), consistent=tuple(least_right))


def certain_table(population: int, threshold: int, confirm: int) -> StopTable:
    """The table that decides only what no further answer could change: no bets, so it needs no order and no level.

    *Inconsistent* where even all answers that are left leave fewer than ``threshold`` right, *consistent* where
    ``confirm`` are right already (population + 1: never).
    """
    left = range(population - 1, -1, -1)
    never = population + 1
    confirming = confirm if confirm <= population else never
    return StopTable(
        inconsistent=tuple(max(-1, threshold - 1 - more) for more in left), consistent=(confirming,) * population
    )


class Tracker:
    """Follows one claim along the committed order and says when to stop.

    Feed it the contiguous prefix of the order only: in order of arrival fast answers would decide, which differ
    from slow ones. A missing answer counts as right against "inconsistent" and as wrong for "consistent".
    ``log_e`` is the running supremum of the inconsistent side's log E, from which Holm's p-value comes.
    """

    __slots__ = ("_bet", "_table", "decided_at", "decision", "log_e", "missing", "n", "population", "right")

    def __init__(self, population: int, threshold: int, table: StopTable) -> None:
        _check(population, threshold)
        self.population = population
        self.n = self.right = self.missing = 0
        self.decision: Decision | None = None
        self.decided_at: int | None = None
        self.log_e = 0.0
        self._bet = _Bet(population, threshold, INCONSISTENT_DISTANCES)
        self._table = table

    @property
    def p(self) -> float:
        """Anytime-valid p-value of "the claim holds to within the margin": 1/sup E, at most 1; 0 where certain."""
        return math.exp(-self.log_e)

    def observe(self, score: int | None) -> Decision | None:
        """Take the next score of the order (1 right, 0 wrong, None missing); returns the decision so far.

        Scores after a decision are ignored. Raises ValueError for any other score, and for more than the population.
        """
        if self.decision is not None:
            return self.decision
        if score not in (0, 1, None):
            raise ValueError(f"a score is 0, 1 or None, not {score!r}")
        if self.n == self.population:
            raise ValueError(f"all {self.population} scores were observed already")
        self.n += 1
        self.right += score == 1
        self.missing += score is None
        self._bet.step(score != 0)
        self.log_e = max(self.log_e, self._bet.log_e)
        self.decision = self._table.decision(self.n, self.right, self.right + self.missing)
        if self.decision is not None:
            self.decided_at = self.n
        return self.decision


def samples_needed(table: StopTable, n: int, right: int, population: int, rate: float) -> int | None:
    """How many more answers decide if the share ``rate`` of them is right: the expected path's first stop.

    0 where the counts decide already. None where the path ends between two thresholds, and where the table is cut to a
    limit before it stops.
    """
    for more in range(min(population, len(table.inconsistent)) - n + 1):
        path = right + math.floor(rate * more + 0.5)
        if n + more > 0 and table.decision(n + more, path, path) is not None:
            return more
    return None


# ── sampled decoding ────────────────────────────────────────────────────────────────────────────────────────────────


def _disagreement(scores: Sequence[float]) -> float:
    """Unbiased estimate of the variance from at least two scores of one sample: of 0 and 1, k/(k − 1) · p̂(1 − p̂)."""
    k, total, squares = len(scores), sum(scores), sum([score * score for score in scores])
    return max(0.0, (k * squares - total * total) / (k * (k - 1)))


def _disagreements(scores_by_sample: Sequence[Sequence[float]]) -> list[float]:
    values = [_disagreement(scores) for scores in scores_by_sample if len(scores) > 1]
    if not values:
        raise ValueError("no sample has two scores: how much answers to one sample vary cannot be estimated")
    return values


def within_sample_variance_upper(
    scores_by_sample: Sequence[Sequence[float]], level: float = 0.025, weights: Sequence[float] | None = None
) -> float:
    """The variance to plan with: as estimated, after adding one sample that disagrees as much as it can.

    For a ``level`` below .025 (of one side) (z² − z_.975²)/2 further such samples are added: a probe that sees too
    little noise must be as rare as the level is small. (With one alone, 20 true claims with N = 350, w = .03 and
    samples that are right .05 of the time were accused in .10 of audits.)

    ``weights``: how much the variance of each sample counts, at most 1, which those that are added have.

    The plain mean is 0 where a short probe sees no disagreement, and the margin then misses noise that is there: with
    a probe of up to 50 samples × 3 it accuses up to 7.0 % of honest vendors at a level of 5 %, the mean plus one
    standard error up to 6.3 %, this rule at most 2.6 % (exact sums over probe, claim and audit: one pass each, w from
    .005 to .1, N from 30 to 198).
    """
    values = _disagreements(scores_by_sample)
    several = [len(scores) > 1 for scores in scores_by_sample]
    counts = [1.0] * len(values) if weights is None else [*compress(weights, several)]
    k = max(len(scores) for scores in scores_by_sample)
    added = 1 + max(0.0, (NormalDist().inv_cdf(1 - level) ** 2 - NormalDist().inv_cdf(0.975) ** 2) / 2)
    most = _disagreement([1] * (k // 2) + [0] * (k - k // 2))
    weighted = [count * value for count, value in zip(counts, values, strict=True)]
    return (math.fsum(weighted) + added * most) / (math.fsum(counts) + added)


def noise_margin(claimed: float, own: float, population: float, level: float, skew: float = 0.0) -> float:
    """How far two honest means of sampled passes fall apart: z_(1 − level) · √((claimed + own)/N), a proportion.

    ``claimed`` and ``own`` are the within-sample variances of the two means of answers to one sample: w/k with k full
    passes over the ``population`` of N samples (not N·k trials). One side alone is meant: the distance is exceeded with
    probability ``level``.

    ``skew``: where w comes from the very answers that are tested, it is low when they are. The margin e then solves
    e = z · √((claimed + own + skew · e)/N), as a score test would (Wilson 1927): a distance of e by itself shows that
    much more variance.
    """
    z = NormalDist().inv_cdf(1 - level)
    shift = z * z * skew / population
    return (shift + math.sqrt(shift * shift + 4 * z * z * (claimed + own) / population)) / 2
