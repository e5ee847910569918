"""ConStat (Dekoninck et al. 2024, arXiv 2405.16281), written anew from the paper and its authors' code.

As there: each bootstrap draws samples (the same for all models) and reference models; a model of random answers is
added; both lists of scores are sorted, each by itself; a smoothing spline from scores on the twins to public ones is
fitted, its penalty by generalized cross-validation; it is fitted again with a faint point at (1, 1); and p is by the
basic bootstrap of the public score less the predicted one. The spline is solved densely here (Green & Silverman 1994,
ch. 2), which gives scipy's ``make_smoothing_spline``, as a test holds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

__all__ = ["Spline", "constat_p", "smoothing_spline"]

Reals = NDArray[np.float64]
_FAINT = 1e-8


class Spline:
    """A natural cubic spline through ``values`` at ``knots``, straight beyond them."""

    def __init__(self, knots: Reals, values: Reals) -> None:
        self.knots, self.values = knots, values
        second, slopes = _matrices(knots)
        self.bend = np.concatenate([[0.0], np.linalg.solve(second, slopes.T @ values), [0.0]])

    def __call__(self, x: float) -> float:
        """The value at ``x``."""
        knots, values, bend = self.knots, self.values, self.bend
        at = int(np.clip(np.searchsorted(knots, x) - 1, 0, len(knots) - 2))
        width = knots[at + 1] - knots[at]
        rise = (values[at + 1] - values[at]) / width
        if x < knots[0]:
            return float(values[0] + (x - knots[0]) * (rise - width * bend[1] / 6))
        if x > knots[-1]:
            return float(values[-1] + (x - knots[-1]) * (rise + width * bend[-2] / 6))
        left, right = x - knots[at], knots[at + 1] - x
        line = (left * values[at + 1] + right * values[at]) / width
        bent = (1 + left / width) * bend[at + 1] + (1 + right / width) * bend[at]
        return float(line - left * right * bent / 6)


def smoothing_spline(x: Reals, y: Reals) -> tuple[Spline, float]:
    """The smoothing spline of equal weights whose penalty generalized cross-validation chooses, and that penalty."""
    penalty = _penalty(x)
    roots, vectors = np.linalg.eigh(penalty)
    turned, roots = vectors.T @ y, np.maximum(roots, 0.0)

    def gcv(strength: float) -> float:
        left = strength * roots / (1 + strength * roots)
        return float(np.mean((left * turned) ** 2) / np.mean(left) ** 2)

    strength = float(minimize_scalar(gcv, bounds=(0, len(x)), method="bounded").x)
    return Spline(x, vectors @ (turned / (1 + strength * roots))), strength


def constat_p(public: Reals, twins: Reals, bootstraps: int, random: np.random.Generator) -> float:
    """The p-value of "the model's public score is no higher than the reference models' scores predict".

    ``public`` and ``twins`` hold the answers, 0 or 1, of the reference models, and last of the tested one:
    (models, samples).
    """
    models, differences = len(public) - 1, list[float]()
    while len(differences) < bootstraps:
        chosen = random.integers(0, models, models)
        first, second = (_resampled(each, random) for each in (public, twins))
        y, x = np.sort(np.append(first[chosen], 0.0)), np.sort(np.append(second[chosen], 0.0))
        keep = np.append(np.diff(x) != 0, True)
        x, y = x[keep], y[keep]
        if len(x) < 5:
            continue
        _, strength = smoothing_spline(x, y)
        predicted = _with_faint_end(x, y, strength)(second[-1])
        differences.append(first[-1] - min(max(predicted, 0.0), 1.0))
    found = np.array(differences)
    chances = 1 - np.arange(bootstraps) / bootstraps
    above = 2 * found.mean() - np.quantile(found, chances) >= 0
    return float(np.argmax(above) / bootstraps) if above.any() else 1.0


def _resampled(answers: Reals, random: np.random.Generator) -> Reals:
    """Every model's score on one bootstrap of the samples."""
    samples = answers.shape[1]
    counts = np.bincount(random.integers(0, samples, samples), minlength=samples).astype(float)
    found: Reals = (answers @ counts) / samples  # equal counts give equal scores, to the last bit
    return found


def _with_faint_end(x: Reals, y: Reals, strength: float) -> Spline:
    weights = np.ones(len(x))
    if x[-1] != 1:
        x, y, weights = np.append(x, 1.0), np.append(y, 1.0), np.append(weights, _FAINT)
    values: Reals = np.asarray(np.linalg.solve(np.diag(weights) + strength * _penalty(x), weights * y), dtype=float)
    return Spline(x, values)


def _penalty(x: Reals) -> Reals:
    second, slopes = _matrices(x)
    return slopes @ np.linalg.solve(second, slopes.T)


def _matrices(x: Reals) -> tuple[Reals, Reals]:
    """Green and Silverman's R (second derivatives) and Q (what makes them of values)."""
    width, n = np.diff(x), len(x)
    second = np.diag((width[:-1] + width[1:]) / 3) + np.diag(width[1:-1] / 6, 1) + np.diag(width[1:-1] / 6, -1)
    slopes = np.zeros((n, n - 2))
    inner = np.arange(n - 2)
    slopes[inner, inner] = 1 / width[:-1]
    slopes[inner + 1, inner] = -1 / width[:-1] - 1 / width[1:]
    slopes[inner + 2, inner] = 1 / width[1:]
    return second, slopes
