"""Does a model fall further from public samples to their authored twins than models of other families do?

*Null*: to the tested model, twins are as much harder than public samples as they are to a model of a family that is
drawn like those of the panel and has the model's ability. All answered the same samples, so what a sample is like falls
on all alike, and needs no term of its own: what is left between families, honest scatter τ included, is what the tested
model is held against, and it does not shrink with the number of samples.

Scores are read as φ = 2·arcsin √share (Fisher; Cohen 1988, ch. 6), on which the noise of an answered share is the same
at every level. The drop, φ of the public score less φ of that on the twins, is fitted by a parabola in the mean of
both, since a twin that is harder by one amount costs models of another ability other amounts. The mean of both stands
for ability and not the twins' score alone, whose noise is also in the drop and would tilt the fit against models that
are better than most of the panel (Bland & Altman 1995). With F families, of which one with n models gives each of them
the weight 1/n:

- *prediction interval*: the residual of one more model, over S·√(1 + h), is held against Student's t with F − 3 degrees
  of freedom (Seber & Lee 2003, §5.3). Models of one family hang together, so S² and h are no smaller than for F models.
- *conformal rank*: the model is fitted as one more family, and p = (1 + families whose residual is as large)/(F + 1),
  where a family counts with the share of its models (Vovk et al. 2005; Lee, Barber & Willett 2023). It needs no normal
  distribution.

p is the larger one of both. Below :func:`families_needed` there is none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["PanelGap", "PanelScore", "families_needed", "panel_gap"]

_COEFFICIENTS: Final = 3
_CONFIDENCE: Final = 0.95
_POWER: Final = 1.2815515655446004  # the standard normal quantile of .9

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PanelScore:
    """The shares of the public samples and of the twins that one model of the panel has right."""

    family: str
    public: float
    twins: float


@dataclass(frozen=True, slots=True)
class PanelGap:
    """How much better the public samples are answered than the panel predicts; shares, from −1 to 1.

    ``ci`` is the prediction interval of the gap at 1 − 2α, so that each end is one-sided at α. ``expected`` is the
    public score that the panel predicts, ``scatter`` τ, what samples do not explain of the scatter between models.
    ``mde`` is the least gap that is found with power .9; None where not even a perfect public score is.
    """

    gap: float
    ci: tuple[float, float]
    expected: float
    p: float
    p_interval: float
    p_rank: float
    scatter: float
    mde: float | None
    families: int


def families_needed(alpha: float) -> int:
    """How many families a panel needs: the highest of so many lies above 1 − α of all with confidence .95.

    59 at .05 (Wilks 1941, the least F with (1 − α)^F ≤ .05).
    """
    return math.ceil(math.log(1 - _CONFIDENCE) / math.log1p(-alpha))


def panel_gap(
    public: float, twins: float, sizes: tuple[int, int], panel: Sequence[PanelScore], alpha: float
) -> PanelGap:
    """Hold a model's public score, given that on twins, against the panel's.

    ``sizes`` are the numbers of public samples and of twins, the same for all. Raises ValueError where the panel has
    too few families, or scores that determine no parabola or do not vary.
    """
    in_family = Counter(each.family for each in panel)
    families = len(in_family)
    if families < families_needed(alpha):
        raise ValueError(f"{families_needed(alpha)} families are needed, and the panel has {families}")
    weights = np.array([1 / in_family[each.family] for each in panel])
    twin_angles, angles = _angle([each.twins for each in panel]), _angle([each.public for each in panel])
    own_twins, own_public = float(_angle([twins])[0]), float(_angle([public])[0])
    ability, drops, own_drop = (twin_angles + angles) / 2, angles - twin_angles, own_public - own_twins
    centre, width = float(ability.mean()), float(np.ptp(ability)) or 1.0
    design = _parabola((ability - centre) / width)
    own = _parabola(np.array([((own_twins + own_public) / 2 - centre) / width]))[0]
    fitted, inverse = _fit(design, drops, weights)
    residuals = drops - design @ fitted
    degrees = families - _COEFFICIENTS
    spread = math.sqrt(float(weights @ residuals**2) / degrees)
    if spread < 1e-9:
        raise ValueError("the panel's scores do not vary")
    residual = own_drop - float(own @ fitted)
    predicted = own_public - residual
    error = spread * math.sqrt(1 + float(own @ inverse @ own))
    p_interval = _upper_tail(degrees, residual / error)
    p_rank = _rank(design, drops, weights, own, own_drop, families)
    bound = _quantile(degrees, 1 - alpha) * error
    least = max(bound, _rank_bound(residuals, weights, families, alpha)) + _POWER * spread
    expected = _share(predicted)
    scatter = math.sqrt(max(0.0, spread**2 - sum(1 / size for size in sizes)) * expected * (1 - expected))
    return PanelGap(
        gap=_rounded(public - expected),
        ci=(_rounded(public - _share(predicted + bound)), _rounded(public - _share(predicted - bound))),
        expected=_rounded(expected),
        p=max(p_interval, p_rank),
        p_interval=p_interval,
        p_rank=p_rank,
        scatter=_rounded(scatter),
        mde=_rounded(_share(predicted + least) - expected) if predicted + least < math.pi else None,
        families=families,
    )


def _angle(shares: Sequence[float]) -> Reals:
    found: Reals = 2 * np.arcsin(np.sqrt(np.clip(np.asarray(shares, dtype=float), 0, 1)))
    return found


def _share(angle: float) -> float:
    return math.sin(min(max(angle, 0.0), math.pi) / 2) ** 2


def _parabola(x: Reals) -> Reals:
    return np.stack([np.ones_like(x), x, x * x], axis=1)


def _fit(design: Reals, y: Reals, weights: Reals) -> tuple[Reals, Reals]:
    """Weighted least squares: the coefficients, and (XᵀWX)⁻¹."""
    weighted = design * weights[:, None]
    gram = weighted.T @ design
    if np.linalg.cond(gram) > 1e10:
        raise ValueError("the panel's scores are too few different ones to fit a curve")
    inverse: Reals = np.asarray(np.linalg.inv(gram), dtype=float)
    return inverse @ (weighted.T @ y), inverse


def _rank(design: Reals, drops: Reals, weights: Reals, own: Reals, own_drop: float, families: int) -> float:
    """The conformal p-value: the model is one more family in the fit, so that all are treated alike."""
    all_x, all_y = np.vstack([design, own]), np.append(drops, own_drop)
    fitted, _ = _fit(all_x, all_y, np.append(weights, 1.0))
    residuals = all_y - all_x @ fitted
    as_large = float(weights[residuals[:-1] >= residuals[-1] - 1e-12].sum())
    return _rounded((1 + as_large) / (families + 1))


def _rank_bound(residuals: Reals, weights: Reals, families: int, alpha: float) -> float:
    """The residual above which a model's rank is at most α, by the fit without it."""
    order = np.argsort(residuals)[::-1]
    counted = 1 + np.cumsum(weights[order])
    too_many = int(np.argmax(counted > alpha * (families + 1)))
    return float(residuals[order][too_many])


def _upper_tail(degrees: int, t: float) -> float:
    from scipy.special import stdtr

    return float(f"{stdtr(degrees, -t):.9g}")


def _quantile(degrees: int, chance: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, chance))


def _rounded(value: float) -> float:
    return round(value, 9) + 0.0
