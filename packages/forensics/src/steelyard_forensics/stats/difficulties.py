"""How difficult samples are, from models that answered all of them: the Rasch model, by penalized maximum likelihood.

A model of ability θ answers a sample of difficulty d rightly with probability 1/(1 + exp(d − θ)) (Rasch 1960,
"Probabilistic Models for Some Intelligence and Attainment Tests"). The share of wrong answers alone would not do:
models of all abilities together make a hard sample look less hard than it is for any one of them. What comes out are
odds of a wrong answer, relative to the median sample, for :mod:`steelyard.stats.difficulty_bets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from steelyard.stats.difficulty_bets import EVEN, HARDEST

__all__ = ["difficulties_of"]

Floats = NDArray[np.float64]

# A normal prior keeps what all models answer alike finite: of variance 2 for samples, and wide for models.
_OF_SAMPLE: Final = 0.5
_OF_MODEL: Final = 0.1
_ROUNDS: Final = 60
_LARGEST_STEP: Final = 1.0
_DIGITS: Final = 3  # so that machines whose logarithms differ in the last place agree


def difficulties_of(scores: Floats, weights: Sequence[float] | None = None) -> tuple[int, ...]:
    """The difficulty of each sample, in thousandths: the odds of a wrong answer, 1000 for the median sample.

    ``scores`` has a row for each model and a column for each sample: from 0 to 1, NaN where a score is not known.
    ``weights`` are those of the models. A sample that no model has a score of gets 0: not known. Raises ValueError for
    no models, no samples, or scores beyond [0, 1].
    """
    if scores.ndim != 2 or not scores.size:
        raise ValueError("difficulties need a score of at least one model for at least one sample")
    known = np.isfinite(scores)
    if not ((scores >= 0) & (scores <= 1))[known].all():
        raise ValueError("scores are within [0, 1]")
    right = np.where(known, scores, 0.0)
    weight = known * np.asarray([1.0] * len(scores) if weights is None else weights)[:, None]
    logs = _fitted(right, weight)
    asked = np.asarray(known.any(axis=0))
    if not asked.any():
        raise ValueError("difficulties need a score of at least one model for at least one sample")
    odds = EVEN * np.exp(np.clip(logs - np.median(logs[asked]), -20, 20))
    return tuple(_rounded(each) if there else 0 for each, there in zip(odds.tolist(), asked.tolist(), strict=True))


def _fitted(right: Floats, weight: Floats) -> Floats:
    """The difficulties, as log odds; each round solves for all samples and then for all models."""
    ability, difficulty = np.zeros(len(right)), np.zeros(right.shape[1])
    for _ in range(_ROUNDS):
        for axis, own, prior in ((1, ability, _OF_MODEL), (0, difficulty, _OF_SAMPLE)):
            chance = 1 / (1 + np.exp(difficulty[None, :] - ability[:, None]))
            up = (weight * (right - chance)).sum(axis=axis)
            slope = (weight * chance * (1 - chance)).sum(axis=axis) + prior
            step = ((up if axis else -up) - prior * own) / slope
            own += np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
    return difficulty


def _rounded(odds: float) -> int:
    """The odds as a whole number of at most three significant digits."""
    return max(1, min(HARDEST, round(float(f"{odds:.{_DIGITS}g}"))))
