"""A gate for continuous integration: is this run worse than the baseline? Paired, for a fixed number of samples.

Both runs answered the same n samples. The difference Δ is the mean score of RUN less that of BASELINE, for questions
like these and for asking again. With a margin of δ (in points, as a proportion here):

* *green*: not worse by as much as the margin. The null "Δ ≤ −δ" is rejected at α.
* *red*: worse than the baseline. The null "Δ ≥ 0" is rejected at α, and green was not shown: a loss that is real and
  shown to be smaller than the margin is tolerated, which is what a margin is for.
* *undecided* otherwise. It is never green.

So a run that is as good as its baseline is red with probability ≤ α, one that is worse by the margin is green with
probability ≤ α. A margin of 0 is green only where the run was shown to be better.

*0/1 scores.* With b losses (baseline right, run wrong) and c gains: red is McNemar's exact test, b of b + c against ½
(McNemar 1947). Green is the exact unconditional test of :func:`steelyard.stats.mcnemar.margin_p`. *Scores in [0, 1].*
Red is a sign-flip test with 19,999 seeded flips, p = (1 + #)/(B + 1), exact where the two runs may be exchanged. Green
is Student's t with one sample added that lost all, and never below (1 − δ)^n, the chance to see no loss where a share δ
of samples is lost whole.

Both levels are for answers that vary sample by sample. Where whole passes differ (load, batches), one pass of each side
cannot show it, and red is too frequent at large n: :func:`self_test` shows it in ``whole_reds``.

``python -m bench.inhouse gate`` prints sizes, powers and flips.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from steelyard.stats.mcnemar import margin_p, mcnemar_p

__all__ = ["FLIPS", "Colour", "PairedGate", "SelfTest", "paired_gate", "self_test"]

Colour = Literal["green", "red", "undecided"]
Doubles = NDArray[np.float64]

FLIPS = 19_999
_MICRO = 10**6


@dataclass(frozen=True, slots=True)
class PairedGate:
    """The colour and what it rests on; differences are proportions, run less baseline."""

    colour: Colour
    n: int
    difference: float
    low: float
    high: float
    """Interval of level 1 − 2α: Bonett and Price's (2012) for 0/1 scores, else Student's t."""
    p_worse: float
    """Of the null that the run is at least as good."""
    p_within: float
    """Of the null that it is worse by the margin or more."""
    losses: int
    gains: int


def paired_gate(
    run: Sequence[float | None],
    baseline: Sequence[float | None],
    margin: float,
    alpha: float = 0.05,
    *,
    seed: int = 0,
    flips: int = FLIPS,
) -> PairedGate:
    """The gate for the scores of both runs, in the same order; ``margin`` is a proportion in [0, 1).

    A missing or open score of either run is no proof for either side: in the test for red the run has the best score
    or the baseline the worst, in the one for green the other way round. ``seed`` (from the plan) draws the flips.
    Raises ValueError for unequal lengths, no sample, scores outside [0, 1], and a margin or level outside its range.
    """
    if len(run) != len(baseline) or not run:
        raise ValueError("a paired gate needs the same samples, at least one, from both runs")
    if not (0 <= margin < 1 and 0 < alpha < 1):
        raise ValueError("a margin is within [0, 1) and a level within (0, 1)")
    favour, against = _differences(run, baseline, 1.0), _differences(run, baseline, 0.0)
    whole = all(value in (-1, 0, 1) for value in (*favour, *against))
    losses, gains = int((favour < 0).sum()), int((favour > 0).sum())
    if whole:
        p_worse = mcnemar_p(gains, losses, "less")
        p_within = _margin_p(len(run), int((against < 0).sum()), int((against > 0).sum()), margin)
    else:
        p_worse = _sign_flip(favour, seed, flips)
        p_within = _t_within(against, margin)
    colour: Colour = "green" if p_within <= alpha else "red" if p_worse <= alpha else "undecided"
    low, high = _interval(against, whole, alpha)[0], _interval(favour, whole, alpha)[1]
    difference = float(favour.mean() + against.mean()) / 2
    return PairedGate(colour, len(run), difference, low, high, p_worse, p_within, losses, gains)


def _differences(run: Sequence[float | None], baseline: Sequence[float | None], missing: float) -> Doubles:
    """Run less baseline, where a missing score of the run is ``missing`` and one of the baseline 1 − ``missing``."""
    of_run = np.array([missing if score is None else score for score in run], dtype=np.float64)
    of_baseline = np.array([1 - missing if score is None else score for score in baseline], dtype=np.float64)
    for scores in (of_run, of_baseline):
        if not (np.isfinite(scores).all() and (scores >= 0).all() and (scores <= 1).all()):
            raise ValueError("scores are within [0, 1]")
    return np.asarray(of_run - of_baseline, dtype=np.float64)


def _interval(differences: Doubles, whole: bool, alpha: float) -> tuple[float, float]:
    from scipy.special import ndtri, stdtrit

    n = len(differences)
    if whole:
        loss, gain = ((int(part.sum()) + 1) / (n + 2) for part in (differences < 0, differences > 0))
        centre = gain - loss
        reach = float(ndtri(1 - alpha)) * math.sqrt((gain + loss - centre**2) / (n + 2))
    else:
        padded = np.append(differences, (-1.0, 1.0))
        centre = float(padded.mean())
        reach = float(stdtrit(n + 1, 1 - alpha)) * float(padded.std(ddof=1)) / math.sqrt(n + 2)
    return max(-1.0, centre - reach), min(1.0, centre + reach)


# ── 0/1 scores ──────────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1 << 14)
def _margin_p(n: int, losses: int, gains: int, margin: float) -> float:
    """The p of "losses exceed gains by the share ``margin`` or more"; a self-test asks for the same one often."""
    return margin_p(gains, losses, n, margin) if margin else mcnemar_p(gains, losses, "greater")


# ── scores in [0, 1] ────────────────────────────────────────────────────────────────────────────────────────────────


def _sign_flip(differences: Doubles, seed: int, flips: int) -> float:
    """The p of a sum so low, if each difference may as well have had the other sign.

    Differences are rounded to millionths, so that sums are exact and ties are ties on every machine; signs are the raw
    bits of PCG64.
    """
    steps = np.round(differences * _MICRO)
    steps = steps[steps != 0]
    if not len(steps):
        return 1.0
    bits, width = np.random.PCG64(seed), -(-len(steps) // 64)  # a word of 64 signs each
    as_low = done = 0
    while done < flips:
        rows = min(flips - done, max(1, 2_000_000 // (64 * width)))
        words = bits.random_raw(rows * width).astype("<u8").reshape(rows, width)
        signs = np.unpackbits(words.view(np.uint8), axis=1)[:, : len(steps)]
        # The sum with flipped signs is the whole less twice what was flipped: no higher where the flipped sum is ≥ 0.
        as_low += int(((signs * steps).sum(axis=1) >= 0).sum())
        done += rows
    return (1 + as_low) / (flips + 1)


def _t_within(differences: Doubles, margin: float) -> float:
    """The p of "the mean difference is at most −margin", with one more sample that lost all."""
    from scipy.special import stdtr

    padded = np.append(differences, -1.0)
    n = len(differences)
    error = float(padded.std(ddof=1)) / math.sqrt(len(padded))
    if n < 2 or error == 0:
        return 1.0
    p = float(stdtr(n - 1, -(float(padded.mean()) + margin) / error))
    return min(1.0, max(p, (1 - margin) ** n))


# ── how often this gate would be wrong ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the gate says of a model held against itself, by resampling R passes."""

    repetitions: int
    false_reds: int
    """Repetitions that were red, of the first of two runs of each."""
    flips: int
    """Pairs of runs against one baseline of which exactly one is red."""
    table: dict[tuple[Colour, Colour], int]
    """How often (first run, second run) had these colours; they sum to ``repetitions``."""
    whole_passes: int
    whole_reds: int
    """The same over ordered pairs of whole passes, which also vary with load or batch; too few for a rate."""

    @property
    def false_red_rate(self) -> float:
        """Share of red repetitions."""
        return self.false_reds / self.repetitions

    @property
    def flip_rate(self) -> float:
        """Share of pairs that disagree on red."""
        return self.flips / self.repetitions


def self_test(
    passes: Sequence[Sequence[float | None]],
    margin: float,
    alpha: float = 0.05,
    *,
    repetitions: int = 2_000,
    seed: int = 0,
    flips: int = 999,
) -> SelfTest:
    """Resample a baseline and two runs of one model from R ≥ 3 passes over the same samples.

    Each repetition draws for each sample three different passes, one for each part: what varies between answers to one
    sample varies as it did. What varies between whole passes is mixed by this, and shows in ``whole_reds`` only. A
    missing score stays missing. Scores other than 0 and 1 have ``flips`` sign flips each. Raises ValueError for fewer
    than three passes or unequal lengths.
    """
    if len(passes) < 3 or len({len(each) for each in passes}) > 1 or not passes[0]:
        raise ValueError("a self-test needs three passes or more over the same samples, at least one")
    scores = np.array([[math.nan if score is None else score for score in each] for each in passes], dtype=np.float64)
    random = np.random.Generator(np.random.PCG64(seed))
    places = np.arange(scores.shape[1])

    def colour(run: Doubles, baseline: Doubles) -> Colour:
        of_run, of_baseline = ([None if math.isnan(v) else v for v in part.tolist()] for part in (run, baseline))
        return paired_gate(of_run, of_baseline, margin, alpha, seed=seed, flips=flips).colour

    table: dict[tuple[Colour, Colour], int] = {}
    for _ in range(repetitions):
        drawn = np.argsort(random.random(scores.shape), axis=0)[:3]
        baseline, first, second = (scores[rows, places] for rows in drawn)
        pair = (colour(first, baseline), colour(second, baseline))
        table[pair] = table.get(pair, 0) + 1
    whole = [colour(one, two) for i, one in enumerate(scores) for j, two in enumerate(scores) if i != j]
    return SelfTest(
        repetitions,
        sum(count for (first_colour, _), count in table.items() if first_colour == "red"),
        sum(count for pair, count in table.items() if (pair[0] == "red") != (pair[1] == "red")),
        table,
        len(whole),
        whole.count("red"),
    )
