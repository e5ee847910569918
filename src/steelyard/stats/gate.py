"""A gate for continuous integration: is this run worse than the baseline by more than a margin? Paired, of fixed size.

Both runs answered the same n samples. The difference Δ is the mean score of RUN less that of BASELINE, for questions
like these and for asking again. With a margin of δ (in points, as a proportion here):

* *green*: not worse by as much as the margin. The null "Δ ≤ −δ" is rejected at α.
* *red*: worse by more than the margin. The null "Δ ≥ −δ" is rejected at α.
* *undecided* otherwise. It is never green.

So a run whose loss is within the margin, or that has none, is red with probability ≤ α, and one that is worse by the
margin is green with probability ≤ α. A margin of 0 is green only where the run was shown to be better, and red where it
was shown to be worse.

Scores are 0 or 1. Both are the exact unconditional tests of :mod:`steelyard.stats.mcnemar`, on samples that only one of
the two has right; with a margin of 0, McNemar's exact test. Where the places of samples are given, in time and in the
file, either is the larger p of that and of the blocked test (:mod:`steelyard.stats.blocked`).

Without places, both levels are for answers that vary sample by sample. Where whole passes differ (load, batches), one
pass of each side cannot show it, and a decided colour is too frequent at large n: :func:`self_test` shows it in
``whole_reds``.

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

from steelyard.stats.blocked import Blocks, blocked_interval, blocked_p
from steelyard.stats.mcnemar import beyond_margin_p, margin_p, mcnemar_p

__all__ = ["Colour", "PairedGate", "SelfTest", "paired_gate", "self_test"]

Colour = Literal["green", "red", "undecided"]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairedGate:
    """The colour and what it rests on; differences are proportions, run less baseline."""

    colour: Colour
    n: int
    difference: float
    low: float
    high: float
    """Interval of level 1 − 2α: Bonett and Price's (2012), and the blocked test's."""
    p_worse: float
    """Of the null that the run is worse by at most the margin, or not at all."""
    p_within: float
    """Of the null that it is worse by the margin or more."""
    losses: int
    gains: int


def paired_gate(
    run: Sequence[float | None],
    baseline: Sequence[float | None],
    margin: float,
    alpha: float = 0.05,
    blocks: Blocks = (),
) -> PairedGate:
    """The gate for the scores of both runs, in the same order, and of their ``blocks``; ``margin`` is within [0, 1).

    A missing or open score of either run is no proof for either side: in the test for red the run has the best score
    or the baseline the worst, in the one for green the other way round. Raises ValueError for unequal lengths, no
    sample, scores other than 0 and 1, and a margin or level outside its range.
    """
    if len(run) != len(baseline) or not run:
        raise ValueError("a paired gate needs the same samples, at least one, from both runs")
    if not (0 <= margin < 1 and 0 < alpha < 1):
        raise ValueError("a margin is within [0, 1) and a level within (0, 1)")
    favour, against = _differences(run, baseline, 1.0), _differences(run, baseline, 0.0)
    losses, gains = int((favour < 0).sum()), int((favour > 0).sum())
    lost, gained = int((against < 0).sum()), int((against > 0).sum())
    p_worse = max(_beyond_p(len(run), losses, gains, margin), _blocked(-favour, -margin, blocks))
    p_within = max(_margin_p(len(run), lost, gained, margin), _blocked(against, margin, blocks))
    colour: Colour = "green" if p_within <= alpha else "red" if p_worse <= alpha else "undecided"
    low, high = _interval(against, blocks, alpha)[0], _interval(favour, blocks, alpha)[1]
    difference = float(favour.mean() + against.mean()) / 2
    return PairedGate(colour, len(run), difference, low, high, p_worse, p_within, losses, gains)


def _differences(run: Sequence[float | None], baseline: Sequence[float | None], missing: float) -> Doubles:
    """Run less baseline, where a missing score of the run is ``missing`` and one of the baseline 1 − ``missing``."""
    of_run = np.array([missing if score is None else score for score in run], dtype=np.float64)
    of_baseline = np.array([1 - missing if score is None else score for score in baseline], dtype=np.float64)
    for scores in (of_run, of_baseline):
        if not np.isin(scores, (0, 1)).all():
            raise ValueError("scores are 0 or 1")
    return np.asarray(of_run - of_baseline, dtype=np.float64)


def _blocked(gains: Doubles, margin: float, blocks: Blocks) -> float:
    """The blocked p of "the mean gain is at most −margin", two-sided, as bursts have one side; 0 where none shows."""
    p = blocked_p(gains.tolist(), blocks, -margin)
    return p if gains.mean() > -margin or not p else 1.0


def _interval(differences: Doubles, blocks: Blocks, alpha: float) -> tuple[float, float]:
    from scipy.special import ndtri

    n = len(differences)
    loss, gain = ((int(part.sum()) + 1) / (n + 2) for part in (differences < 0, differences > 0))
    centre = gain - loss
    reach = float(ndtri(1 - alpha)) * math.sqrt((gain + loss - centre**2) / (n + 2))
    low, high = blocked_interval(differences.tolist(), blocks, alpha)
    return max(-1.0, min(low, centre - reach)), min(1.0, max(high, centre + reach))


@lru_cache(maxsize=1 << 14)
def _margin_p(n: int, losses: int, gains: int, margin: float) -> float:
    """The p of "losses exceed gains by the share ``margin`` or more"; a self-test asks for the same one often."""
    return margin_p(gains, losses, n, margin) if margin else mcnemar_p(gains, losses, "greater")


@lru_cache(maxsize=1 << 14)
def _beyond_p(n: int, losses: int, gains: int, margin: float) -> float:
    """The p of "losses exceed gains by at most the share ``margin``"."""
    return beyond_margin_p(gains, losses, n, margin) if margin else mcnemar_p(gains, losses, "less")


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
) -> SelfTest:
    """Resample a baseline and two runs of one model from R ≥ 3 passes over the same samples.

    Each repetition draws for each sample three different passes, one for each part: what varies between answers to one
    sample varies as it did. What varies between whole passes is mixed by this, and shows in ``whole_reds`` only. A
    missing score stays missing. Raises ValueError for fewer than three passes or unequal lengths.
    """
    if len(passes) < 3 or len({len(each) for each in passes}) > 1 or not passes[0]:
        raise ValueError("a self-test needs three passes or more over the same samples, at least one")
    scores = np.array([[math.nan if score is None else score for score in each] for each in passes], dtype=np.float64)
    random = np.random.Generator(np.random.PCG64(seed))
    places = np.arange(scores.shape[1])

    def colour(run: Doubles, baseline: Doubles) -> Colour:
        of_run, of_baseline = ([None if math.isnan(v) else v for v in part.tolist()] for part in (run, baseline))
        return paired_gate(of_run, of_baseline, margin, alpha).colour

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
