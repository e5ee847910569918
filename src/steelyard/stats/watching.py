"""Has the model become worse since the baseline? Daily looks at one probe, with one false-alarm level for all years.

*Baseline*: R ≥ 10 passes over the n items of a probe. L is a lower bound of the mean of a pass, at level α/5:
Student's t over the means of passes, so that items which vary and whole passes which vary (load, batches, replicas)
both count. It needs passes that are like the later ones and do not hang together: spread them over days if days differ.
To the variance of a pass is added that of one item which is right every second time. Passes that all have the same mean
do not show that the next one will: behind a cache they are one pass, asked again, and so they count. Above temperature
0 an open question finds the cache and there is no baseline; greedy answers repeat by nature, and a cache looks like an
endpoint that never varies. What is then assumed is that batches bring a variance within items of .02 at most (.016 was
the most that was seen), and that items of a pass vary independently.

*Looks*: the null is "today's expected rate is at least L". A day's mean y is one bet: 1 + λ·(L − y) with fixed
0 ≤ λ < 1/(1 − L) has expectation 1 + λ·(L − E[y]) ≤ 1 under the null, whatever the scores' distribution and however
items of one day hang together (Waudby-Smith & Ramdas 2023, "Estimating means of bounded random variables by betting").
Nothing larger is valid for every distribution, and y is not cut off above: E[y] ≥ L does not give E[min(y, c)] ≥ L for
a cap c < 1, and a model whose later passes vary more than the baseline's would raise alarms. Betting item by item would
be quicker and wrong: items of a bad day hang together. A y more than 15 points below L counts as 15 points below,
which only takes from the bet: a rare outage that the baseline's passes were too few to meet is not fed into E whole.

A drop may begin on any day j, so E = Σ_j w_j · Π_{days ≥ j} of the bets with w_j = 1/(j(j + 1)), which sum to 1 (Shin,
Ramdas & Rinaldo 2022, "E-detectors"; the weights make it a supermartingale, so that no year has a false alarm of its
own). It is kept by the recursion S ← (S + w_day)·bet; what is not yet spent, 1/(day + 1), is cash. E ≥ 5/(4α) at
any time has probability ≤ 4α/5 (Ville 1939). With the α/5 of the bound a false alarm at any time has probability ≤ α.
The bound has the smaller part since Student's t is approximate for skewed passes: at α/5 its error is less for them.

λ is mixed over drops d of 3, 5, 8 and 15 points: λ = d/(variance of a pass + d²), the best one for a normal day,
or .97 of the limit where that is less, as it is for most models: one perfect day then costs 97 % of what is staked.
All is in integers, E rounded down at each look, so that every machine alarms on the same day.

What it cannot see: a rate that falls and stays above L, and passes of a baseline that were better than usual by luck.
A model that is worse on some days and not on average is worse on those days: the null is about each day.
``python -m bench.inhouse watch`` prints false alarms and delays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from statistics import NormalDist

__all__ = [
    "DROPS",
    "LEAST_PASSES",
    "MICRO",
    "MOST_BELOW",
    "Baseline",
    "Watch",
    "likely_start",
    "look",
    "make_baseline",
    "pass_mean",
]

LEAST_PASSES = 10
DROPS = (0.03, 0.05, 0.08, 0.15)
MOST_BELOW = 150_000  # of L, in millionths: a day's mean counts as no lower
MICRO = 10**6
"""Means and the bound are integers, in millionths."""
_UNIT = 1 << 64  # E = 1
_MILLI = 1_000  # λ is in thousandths
_UNSEEN_VARIANCE = 0.02  # within items, of a greedy pass that is hidden by a cache: as in a claim's test
_MOST_STAKED = 0.97  # of 1/(1 − L): no bet loses more than this share


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the looks are held against; a plan seals the integers."""

    items: int
    passes: int
    alpha: float
    mean: float
    """Mean of the passes, a proportion."""
    spread: float
    """Standard deviation of a pass, with the added item."""
    bound: int
    """L in millionths, rounded down."""
    bets: tuple[int, ...]
    """λ for each of ``DROPS`` in thousandths, rounded down."""

    @property
    def level(self) -> Fraction:
        """E at which an alarm is raised: 5/(4α)."""
        return 5 / (4 * Fraction(self.alpha))


@dataclass(frozen=True, slots=True)
class Watch:
    """Where the looks stand after ``day`` of them; the initial value is before the first."""

    day: int = 0
    stakes: tuple[int, ...] = field(default=(0,) * len(DROPS))
    e: int = _UNIT
    """E in units of 2⁻⁶⁴, never more than its exact value."""
    alarm: int | None = None
    """The first look at which E reached the level."""

    @property
    def log_e(self) -> float:
        """Natural logarithm of E; it cannot overflow."""
        return math.log(self.e) - math.log(_UNIT) if self.e else -math.inf


def pass_mean(scores: Sequence[float | None], *, missing: float) -> int:
    """Mean of a pass in millionths, rounded up.

    A missing or open score counts as ``missing``: 0 in a baseline, whose bound must be low, and 1 in a look, where it
    must not raise an alarm. Raises ValueError for no score, or one outside [0, 1].
    """
    if not scores:
        raise ValueError("a pass has at least one item")
    total = 0
    for score in scores:
        value = missing if score is None else score
        if not 0 <= value <= 1:
            raise ValueError(f"a score is within [0, 1], not {value}")
        total += math.ceil(value * MICRO)
    return -(-total // len(scores))


def make_baseline(passes: Sequence[Sequence[float | None]], alpha: float = 0.05) -> Baseline:
    """The bound and the bets, from the scores of ``LEAST_PASSES`` passes or more over the same items.

    Raises ValueError for fewer passes, passes of unequal length, scores outside [0, 1], an ``alpha`` outside (0, 1),
    and a bound that is not above 0: nothing could then be seen to fall.
    """
    from scipy.special import stdtrit

    if len(passes) < LEAST_PASSES:
        raise ValueError(f"a baseline has at least {LEAST_PASSES} passes, not {len(passes)}")
    if len({len(each) for each in passes}) > 1:
        raise ValueError("the passes of a baseline are over the same items")
    if not 0 < alpha < 1:
        raise ValueError(f"a level is between 0 and 1, not {alpha}")
    count, items = len(passes), len(passes[0])
    means = [pass_mean(each, missing=0.0) / MICRO for each in passes]
    mean = math.fsum(means) / count
    variance = math.fsum((each - mean) ** 2 for each in means) / (count - 1)
    spread = math.sqrt(variance + _unseen_items(alpha / 5) / 4 / items**2)
    error = math.sqrt(spread**2 / count + (_UNSEEN_VARIANCE / items if min(means) == max(means) else 0))
    bound = math.floor((mean - float(stdtrit(count - 1, 1 - alpha / 5)) * error) * MICRO)
    if bound <= 0:
        raise ValueError(
            f"the baseline's rate is {mean:.3f} and its lower bound is not above 0: take more items or more passes"
        )
    most = _MOST_STAKED * MICRO / (MICRO - bound)
    bets = tuple(math.floor(_MILLI * min(most, drop / (spread**2 + drop**2))) for drop in DROPS)
    return Baseline(items, count, alpha, mean, spread, bound, bets)


def _unseen_items(level: float) -> float:
    """How many items that are right every second time are added: one at .025, more at a smaller level.

    As :func:`steelyard.stats.sequential.within_sample_variance_upper` does: a baseline that sees too little noise must
    be as rare as the level is small.
    """
    return 1 + max(0.0, (NormalDist().inv_cdf(1 - level) ** 2 - NormalDist().inv_cdf(0.975) ** 2) / 2)


def look(baseline: Baseline, watch: Watch, mean: int) -> Watch:
    """The state after one more day with a :func:`pass_mean` of ``mean``.

    Raises ValueError for a mean outside 0 … 1,000,000.
    """
    if not 0 <= mean <= MICRO:
        raise ValueError(f"a mean is within 0 … {MICRO} millionths, not {mean}")
    day, unit = watch.day + 1, _MILLI * MICRO
    gap = _below(baseline, mean)
    weight = _UNIT // (day * (day + 1))
    stakes = tuple(
        (stake + weight) * (unit + bet * gap) // unit for stake, bet in zip(watch.stakes, baseline.bets, strict=True)
    )
    e = sum(stakes) // len(stakes) + _UNIT // (day + 1)
    alarm = watch.alarm if watch.alarm is not None else day if e >= baseline.level * _UNIT else None
    return Watch(day, stakes, e, alarm)


def _below(baseline: Baseline, mean: int) -> int:
    return min(baseline.bound - mean, MOST_BELOW)


def likely_start(baseline: Baseline, means: Sequence[int]) -> int:
    """The day j ≥ 1 whose bets from j on weigh most in E: since when the model has probably been worse.

    An estimate to look into, without an error rate. Raises ValueError without a day.
    """
    if not means:
        raise ValueError("no day was looked at")
    best, start = -math.inf, 1
    logs = [0.0] * len(baseline.bets)
    for day in range(len(means), 0, -1):
        gap = _below(baseline, means[day - 1])
        logs = [log + math.log1p(bet * gap / (_MILLI * MICRO)) for log, bet in zip(logs, baseline.bets, strict=True)]
        top = max(logs)
        value = top + math.log(math.fsum(math.exp(log - top) for log in logs)) - math.log(day * (day + 1))
        if value > best:
            best, start = value, day
    return start
