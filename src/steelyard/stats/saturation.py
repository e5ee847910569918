"""Whether quality rises in proportion to the logarithm of cost, or flattens: a straight line against saturation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["LEAST_POINTS", "Saturation", "saturation"]

LEAST_POINTS: Final = 5  # distinct costs: a curve with three parameters fits four points too well to show anything
RESAMPLES: Final = 999
SCALES: Final = 40  # of the curve, between a twentieth and five times the range of costs


class Saturation(NamedTuple):
    """The gain of a tenfold cost with its interval, whether it flattens, and where the curve would end.

    ``p``: of the null that the line is straight, against a curve that rises ever less. ``ceiling`` is the level that
    the best curve tends to; its ends are the least and the greatest of the curves that fit nearly as well, infinite
    where a straight line is among them.
    """

    slope: float
    slope_low: float
    slope_high: float
    p: float
    ceiling: float
    ceiling_low: float
    ceiling_high: float


def saturation(costs: Sequence[float], qualities: Sequence[float], alpha: float = 0.05) -> Saturation | None:
    """Compare y = a + b·x with y = c − d·exp(−x/τ), d > 0, where x is the decimal logarithm of cost.

    Least squares, τ by a grid. The straight line is the limit of τ → ∞, where τ is no parameter of the null, so the
    ratio of residual squares has no F distribution: its p-value comes from 999 parametric bootstrap samples of the
    fitted line (Davison & Hinkley 1997, "Bootstrap Methods and their Application", §4.4), seeded by the data. The slope
    has the usual t interval; the curves that fit nearly as well are those within the F quantile of the best.

    None for fewer than five distinct costs, or where all qualities are equal. Raises ValueError for a cost that is not
    positive.
    """
    import numpy as np
    from scipy.special import fdtri, stdtrit

    if any(not 0 < cost < math.inf for cost in costs):
        raise ValueError("a cost is a positive number")
    if len(set(costs)) < LEAST_POINTS or len(set(qualities)) < 2:
        return None
    x, y = np.log10(np.array(costs, dtype=float)), np.array(qualities, dtype=float)
    n, spread = len(x), float(x.max() - x.min())
    line = np.column_stack([np.ones(n), x])
    straight = np.linalg.lstsq(line, y, rcond=None)[0]
    left = float(np.sum((y - line @ straight) ** 2))
    deviation = math.sqrt(left / (n - 2))
    reach = float(stdtrit(n - 2, 1 - alpha / 2)) * deviation / math.sqrt(float(np.sum((x - x.mean()) ** 2)))
    curves = [_Curve(x, scale * spread) for scale in np.geomspace(0.05, 5.0, SCALES)]
    fits = [(float(curve.residual(y[:, None])[0]), curve.ceiling(y)) for curve in curves]
    best, ceiling = min(fits)
    seed = int.from_bytes(sha256(x.tobytes() + y.tobytes()).digest()[:16], "big")
    drawn = (line @ straight)[:, None] + deviation * np.random.default_rng(seed).standard_normal((n, RESAMPLES))
    projector = np.eye(n) - line @ np.linalg.pinv(line)
    null = np.sum((projector @ drawn) ** 2, axis=0)
    against = np.minimum(null, np.min([curve.residual(drawn) for curve in curves], axis=0))
    observed = left / max(min(best, left), 1e-300)
    p = (1 + int(np.sum(null / np.maximum(against, 1e-300) >= observed * (1 - 1e-9)))) / (1 + RESAMPLES)
    near = best * (1 + float(fdtri(1, max(1, n - 3), 1 - alpha)) / max(1, n - 3))
    kept = [end for squares, end in fits if squares <= near]
    return Saturation(
        slope=float(straight[1]),
        slope_low=float(straight[1]) - reach,
        slope_high=float(straight[1]) + reach,
        p=p,
        ceiling=ceiling if best < left else math.inf,
        ceiling_low=min(kept, default=math.inf),
        ceiling_high=math.inf if left <= near else max(kept, default=math.inf),
    )


class _Curve:
    """c − d·exp(−x/τ) for one τ: how much it leaves of any y, where d is not below 0."""

    def __init__(self, x: Doubles, scale: float) -> None:
        import numpy as np

        self._design = np.column_stack([np.ones(len(x)), -np.exp(-(x - x.min()) / scale)])
        self._solve = np.linalg.pinv(self._design)

    def residual(self, y: Doubles) -> Doubles:
        """The residual squares of each column of ``y``; infinite where the curve would bend the other way."""
        import numpy as np

        fitted = self._solve @ y
        squares: Doubles = np.sum((y - self._design @ fitted) ** 2, axis=0)
        return np.where(fitted[1] > 0, squares, np.inf)

    def ceiling(self, y: Doubles) -> float:
        """The level that the curve tends to."""
        return float((self._solve @ y)[0])
