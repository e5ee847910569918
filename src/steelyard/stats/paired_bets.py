"""Is a model worse than a baseline? Paired on the same samples, read in a committed order, stopped early.

A pair is a *loss* where only the baseline is right, a *gain* where only the model is. Δ is the mean score of the model
less that of the baseline, for questions like these and for asking again. Two bets are kept:

* *green*, against "Δ ≤ −δ" for a margin of δ: E is the mean over λ of Π(1 + λ(x + δ)) with x = 1 for a gain, −1 for a
  loss, else 0 (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting"). Samples are
  taken to be draws of such questions.
* *red*, against "Δ ≥ −δ": the same with −(x + δ). With a margin of 0 against "a gain is as likely as a loss": with q
  the chance of a loss among pairs that differ, E is the mean over q of (2q)^losses · (2(1 − q))^gains, and pairs that
  agree say nothing. Where both are the same model, whatever the noise of its answers and however the samples differ,
  either order of a pair is as likely: so E is a martingale (Ville 1939). A bar at the baseline's score is not: it takes
  one noisy pass for the truth.

A share :data:`EARLY` of either level is for stopping early, the rest for the exact test after the last sample
(:mod:`steelyard.stats.gate`). E is computed by additions and products alone, so it is the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal

__all__ = ["EARLY", "PairedBets", "difference_interval"]

EARLY: Final = 0.2
LOSS_CHANCES: Final = (0.6, 0.75, 0.9)
BETS: Final = (0.05, 0.15, 0.4, 0.8)  # shares of the largest λ that leaves every factor positive

Score = Literal[0, 1] | None


class PairedBets:
    """Follows pairs along the committed order; ``level_red`` and ``level_green`` are the whole levels of either side.

    A score that is missing or open is no proof: for red it is as good as it can be for the model, for green as bad.
    Raises ValueError for a margin outside [0, 1).
    """

    def __init__(self, margin: float, level_red: float, level_green: float) -> None:
        if not 0 <= margin < 1:
            raise ValueError(f"a margin is within [0, 1), not {margin}")
        self.margin = margin
        self.red_at, self.green_at = 1 / (EARLY * level_red), 1 / (EARLY * level_green)
        self._red = [1.0] * len(BETS if margin else LOSS_CHANCES)
        self._green = [1.0] * len(BETS)
        self._bets = [share / (1 - margin) for share in BETS]
        self._red_bets = [share / (1 + margin) for share in BETS]

    def observe(self, model: Score, baseline: Score) -> Literal["red", "green"] | None:
        """Take the next pair; the side that has won by now, if any."""
        best = 1 if model is None else model
        least = 0 if baseline is None else baseline
        if self.margin:
            beyond = least - best - self.margin
            self._red = [e * (1 + bet * beyond) for e, bet in zip(self._red, self._red_bets, strict=True)]
        elif best < least:
            self._red = [e * 2 * q for e, q in zip(self._red, LOSS_CHANCES, strict=True)]
        elif best > least:
            self._red = [e * 2 * (1 - q) for e, q in zip(self._red, LOSS_CHANCES, strict=True)]
        x = (0 if model is None else model) - (1 if baseline is None else baseline)
        self._green = [e * (1 + bet * (x + self.margin)) for e, bet in zip(self._green, self._bets, strict=True)]
        if self.e_green >= self.green_at:
            return "green"
        return "red" if self.e_red >= self.red_at else None

    @property
    def e_red(self) -> float:
        """E against "the model is worse by at most the margin"."""
        return sum(self._red) / len(self._red)

    @property
    def e_green(self) -> float:
        """E against "the model is worse by the margin or more"."""
        return sum(self._green) / len(self._green)


def difference_interval(
    n: int, losses: tuple[int, int], gains: tuple[int, int], alpha: float = 0.05
) -> tuple[float, float]:
    """Interval of Δ, valid at every look: the differences that neither bet has excluded at α/2.

    ``losses`` and ``gains``: of ``n`` pairs, first as they are at worst for the model (missing answers are wrong), then
    at best. (−1, 1) before the first pair; ends are rounded outward to millionths.
    """
    if n == 0:
        return -1.0, 1.0
    low = _excluded_below(n, losses[0], gains[0], alpha / 2)
    high = -_excluded_below(n, gains[1], losses[1], alpha / 2)
    return math.floor(low * 1e6) / 1e6, math.ceil(high * 1e6) / 1e6


def _excluded_below(n: int, losses: int, gains: int, level: float) -> float:
    """The largest d of which "Δ ≤ d" is rejected; −1 where none is."""

    def rejected(d: float) -> bool:
        logs = []
        for share in BETS:
            bet = share / (1 + d) if d > -1 else math.inf
            parts = ((gains, 1 - d), (losses, -1 - d), (n - gains - losses, -d))
            logs.append(sum(count * math.log1p(bet * x) for count, x in parts if count))
        top = max(logs)
        return top + math.log(sum(math.exp(each - top) for each in logs) / len(logs)) >= -math.log(level)

    return _boundary(rejected)


def _boundary(rejected: Callable[[float], bool]) -> float:
    low, high = -1 + 1e-9, 1.0
    if not rejected(low):
        return -1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low
