"""Has a model seen what was released of a private suite? Tests that are exact because we drew the halves, or the keys.

*Halves* (:func:`released_test`): a committed seed split the suite into released and sealed items. A model that never
saw the released ones does not know the split, so that its scores are fixed numbers on which the split fell at random,
whatever the items' difficulty. The test of released − sealed is one-sided: for 0/1 scores the exact hypergeometric tail
(Fisher 1935; with groups the sum of one for each), for other scores seeded shuffles with p = (1 + #)/(B + 1)
(Phipson & Smyth 2010). With groups the split was drawn within each, and so are the shuffles. It is exact for a model
whose answers vary, too, as long as an answer does not depend on the half.

*Keys* (:func:`activation_p`): each of B patterns was released with one of K variants, drawn independently and
uniformly. A model that never saw them prefers the released variant of a pattern with probability 1/K: the number of
activations is binomial. (With B = 32 and K = 4, 17 activations have p < .001.)

A sealed item that was once asked through an API counts as released. ``python -m bench.inhouse leak`` prints sizes,
powers and what halves of a size can see.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from steelyard.stats.fisher import fisher_p
from steelyard.stats.intervals import wilson

__all__ = ["SHUFFLES", "LeakTest", "activation_p", "detectable_gap", "least_activations", "power", "released_test"]

SHUFFLES = 19_999
_MICRO = 10**6
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LeakTest:
    """The result; differences are proportions, released less sealed."""

    p: float
    """Of the null that the model never saw what was released; one-sided."""
    difference: float
    low: float
    high: float
    """Interval of level 1 − α, about items like these. Of halves: Newcombe's (1998, method 10) for 0/1 scores, else
    Welch's t; of pairs: :func:`steelyard.stats.paired.paired_interval`."""
    released: int
    sealed: int


def released_test(
    released: Sequence[float | None],
    sealed: Sequence[float | None],
    *,
    groups: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
    alpha: float = 0.05,
    seed: int = 0,
    shuffles: int = SHUFFLES,
) -> LeakTest:
    """Test the scores in [0, 1] of the released items against those of the sealed ones.

    ``groups`` names the group of each item of either half, if the split was drawn within groups. A missing or open
    score speaks for the model: 0 among the released, 1 among the sealed. ``seed`` is the plan's, for the shuffles.
    Raises ValueError for an empty half, a score outside [0, 1], groups of other lengths, and a level outside (0, 1).
    """
    first, second = _scores(released, 0.0), _scores(sealed, 1.0)
    if not 0 < alpha < 1:
        raise ValueError(f"a level is between 0 and 1, not {alpha}")
    names = ([0] * len(first), [0] * len(second)) if groups is None else groups
    if len(names[0]) != len(first) or len(names[1]) != len(second):
        raise ValueError("each item of either half needs its group")
    whole = all(score in (0, 1) for score in (*first.tolist(), *second.tolist()))
    if whole and groups is None:
        p = fisher_p(int(first.sum()), len(first), int(second.sum()), len(second))
    elif whole:
        p = _stratified(first, second, names)
    else:
        p = _shuffled(first, second, names, seed, shuffles)
    difference = float(first.mean() - second.mean())
    low, high = _newcombe(first, second, alpha) if whole else _welch(first, second, alpha)
    return LeakTest(p, difference, low, high, len(first), len(second))


def _scores(scores: Sequence[float | None], missing: float) -> Doubles:
    values = np.array([missing if score is None else score for score in scores], dtype=np.float64)
    if not len(values):
        raise ValueError("both halves need items that were asked")
    if not (np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()):
        raise ValueError("scores are within [0, 1]")
    return values


def _hypergeometric(n: int, m: int, total: int) -> tuple[int, Doubles]:
    """The least count of the ``total`` among the ``n``, and the probabilities from there on; ``m`` are the others."""
    from scipy.special import gammaln

    x = np.arange(max(0, total - m), min(n, total) + 1)

    def choose(whole: int, part: NDArray[np.int64] | int) -> Doubles:
        return np.asarray(gammaln(whole + 1) - gammaln(part + 1) - gammaln(whole - part + 1), dtype=np.float64)

    chances = np.exp(choose(n, x) + choose(m, total - x) - choose(n + m, total))
    return int(x[0]), chances / chances.sum()


def _stratified(first: Doubles, second: Doubles, names: tuple[Sequence[Hashable], Sequence[Hashable]]) -> float:
    """P(so many of the right ones among the released), given each group's total."""
    counts: dict[Hashable, list[int]] = {}
    for half, (scores, groups) in enumerate(zip((first, second), names, strict=True)):
        for score, group in zip(scores.tolist(), groups, strict=True):
            cell = counts.setdefault(group, [0, 0, 0, 0])
            cell[half] += 1
            cell[2 + half] += int(score)
    least, chances = 0, np.ones(1)
    for n, m, right, other in counts.values():
        begin, part = _hypergeometric(n, m, right + other)
        least, chances = least + begin, np.convolve(chances, part)
    return min(1.0, float(chances[int(first.sum()) - least :].sum()))


def _shuffled(
    first: Doubles, second: Doubles, names: tuple[Sequence[Hashable], Sequence[Hashable]], seed: int, shuffles: int
) -> float:
    """Share of shuffles with so high a sum among the released; scores in millionths, keys the raw words of PCG64."""
    labels = [*names[0], *names[1]]
    numbers: dict[Hashable, int] = {}
    group = np.array([numbers.setdefault(label, len(numbers)) for label in labels])
    order = np.argsort(group, kind="stable")
    steps = np.round(np.append(first, second) * _MICRO).astype(np.int64)[order]
    mine = order < len(first)
    groups = group[order].astype(np.uint64) << np.uint64(48)
    seen, bits = int(steps[mine].sum()), np.random.PCG64(seed)
    as_high = done = 0
    while done < shuffles:
        rows = min(shuffles - done, max(1, 1_000_000 // len(steps)))
        keys = bits.random_raw(rows * len(steps)).reshape(rows, len(steps)) >> np.uint64(16)
        places = np.argsort(keys | groups, axis=1, kind="stable")[:, mine]
        as_high += int((steps[places].sum(axis=1) >= seen).sum())
        done += rows
    return (1 + as_high) / (shuffles + 1)


def _newcombe(first: Doubles, second: Doubles, alpha: float) -> tuple[float, float]:
    p, q = float(first.mean()), float(second.mean())
    (p_low, p_high), (q_low, q_high) = (wilson(int(half.sum()), len(half), alpha) for half in (first, second))
    return p - q - math.hypot(p - p_low, q_high - q), p - q + math.hypot(p_high - p, q - q_low)


def _welch(first: Doubles, second: Doubles, alpha: float) -> tuple[float, float]:
    """Welch's t, each half with one score of 0 and one of 1 added, so that equal scores make no point."""
    from scipy.special import stdtrit

    halves = [np.append(half, (0.0, 1.0)) for half in (first, second)]
    parts = [float(half.var(ddof=1)) / len(half) for half in halves]
    degrees = sum(parts) ** 2 / sum(part**2 / (len(half) - 1) for part, half in zip(parts, halves, strict=True))
    centre = float(halves[0].mean() - halves[1].mean())
    reach = float(stdtrit(degrees, 1 - alpha / 2)) * math.sqrt(sum(parts))
    return max(-1.0, centre - reach), min(1.0, centre + reach)


# ── what halves can see ─────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=64)
def _least_released(released: int, sealed: int, level: float) -> tuple[int, ...]:
    """For 0 … ``sealed`` right among the sealed: the fewest right among the released that reach the level.

    released + 1 where none do. One walk, since the bound never falls.
    """
    bounds, x = [], 0
    for y in range(sealed + 1):
        while x <= released:
            least, chances = _hypergeometric(released, sealed, x + y)
            if float(chances[x - least :].sum()) <= level:
                break
            x += 1
        bounds.append(x)
    return tuple(bounds)


def power(released: int, sealed: int, rate_released: float, rate_sealed: float, alpha: float) -> float:
    """Probability that the test of 0/1 scores reaches ``alpha``, if items are right independently at these rates.

    Raises ValueError for a half without items, a rate outside [0, 1], or a level outside (0, 1).
    """
    from scipy.special import bdtr, bdtrc

    if released < 1 or sealed < 1 or not 0 < alpha < 1:
        raise ValueError("both halves need items, and a level is between 0 and 1")
    if not (0 <= rate_released <= 1 and 0 <= rate_sealed <= 1):
        raise ValueError("rates are within [0, 1]")
    bounds = np.array(_least_released(released, sealed, alpha))
    cumulated = np.append(0.0, bdtr(np.arange(sealed + 1), sealed, rate_sealed))
    reached = np.where(bounds > released, 0.0, bdtrc(np.minimum(bounds, released) - 1.0, released, rate_released))
    reached = np.where(bounds == 0, 1.0, reached)
    return float((np.diff(cumulated) * reached).sum())


def detectable_gap(
    released: int, sealed: int, alpha: float, *, rate_sealed: float | None = None, wanted: float = 0.9
) -> float | None:
    """The smallest gap, a proportion in steps of .001, that is found with probability ``wanted``; None where none is.

    Without ``rate_sealed`` the two rates lie evenly around ½, where a gap is hardest to see. Scores between 0 and 1
    vary less than right and wrong, so that for them it is an upper bound. Raises as :func:`power` does.
    """
    most = 1000 if rate_sealed is None else math.floor((1 - rate_sealed) * 1000)

    def found(gap: int) -> float:
        low = (1 - gap / 1000) / 2 if rate_sealed is None else rate_sealed
        return power(released, sealed, min(1.0, low + gap / 1000), low, alpha)

    if found(most) < wanted:
        return None
    least = 0  # too small
    while most - least > 1:
        middle = (least + most) // 2
        if found(middle) >= wanted:
            most = middle
        else:
            least = middle
    return most / 1000


# ── keyed variants ──────────────────────────────────────────────────────────────────────────────────────────────────


def activation_p(activations: int, patterns: int, variants: int) -> float:
    """P(X ≥ activations) for X binomial with ``patterns`` trials of chance 1/``variants``, summed in exact integers.

    Raises ValueError for more activations than patterns, or fewer than two variants.
    """
    if not 0 <= activations <= patterns or patterns < 1 or variants < 2:
        raise ValueError(f"{activations} of {patterns} patterns with {variants} variants each are no result")
    ways = sum(math.comb(patterns, x) * (variants - 1) ** (patterns - x) for x in range(activations, patterns + 1))
    return float(Fraction(ways, variants**patterns))


def least_activations(patterns: int, variants: int, alpha: float) -> int | None:
    """The fewest activations with p ≤ ``alpha``; None where even all of them are not rare enough."""
    for activations in range(patterns + 1):
        if activation_p(activations, patterns, variants) <= alpha:
            return activations
    return None
