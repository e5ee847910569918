"""Linear probes by ridge regression, with the strength chosen on scenes that neither fit nor score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ridge", "fit_ridge"]

_STRENGTHS = tuple(10.0**power for power in range(-6, 3))

Doubles = NDArray[np.float64]


class Ridge(NamedTuple):
    """Reads features (N, F) as numbers (N,)."""

    mean: Doubles
    scale: Doubles
    weights: Doubles
    offset: float
    strength: float

    def __call__(self, features: NDArray[np.floating]) -> Doubles:
        """(…, F) → (…)."""
        read = (np.asarray(features, dtype=np.float64) - self.mean) / self.scale
        return np.asarray(read @ self.weights + self.offset)


def fit_ridge(
    known: NDArray[np.floating],
    targets: NDArray[np.floating],
    choosing: NDArray[np.floating],
    wanted: NDArray[np.floating],
) -> Ridge:
    """Fit on (N, F) and (N,); take the strength, times the number of rows, with the least error on the other two."""
    known = np.asarray(known, dtype=np.float64)
    mean, scale = known.mean(axis=0), known.std(axis=0) + 1e-8
    offset = float(np.mean(targets))
    left, sizes, right = np.linalg.svd((known - mean) / scale, full_matrices=False)
    along = left.T @ (np.asarray(targets, dtype=np.float64) - offset)
    best: tuple[float, Ridge] | None = None
    for strength in _STRENGTHS:
        weights = right.T @ (sizes * along / (sizes**2 + strength * len(known)))
        ridge = Ridge(mean, scale, weights, offset, strength)
        error = float(np.mean((ridge(choosing) - wanted) ** 2))
        if best is None or error < best[0]:
            best = (error, ridge)
    assert best is not None
    return best[1]
