"""Is a question answered better under the benchmark's own prompt than under another one? Paired, one after another.

*Null*: for questions like these, d = right under the benchmark's prompt (the *cue*) less right under another one (the
*placebo*) has a mean of at most a tolerance t. Then Π(1 + λ(d − t)) has expectation 1 or less at every time, for each λ
in (0, 1/(1 + t)), and so has E, the mean over :data:`BETS` (Waudby-Smith & Ramdas 2024, "Estimating means of bounded
random variables by betting"). E ≥ 1/α at any time has probability ≤ α (Ville 1939): the test may stop whenever it
likes. The tolerance is there because honest models do react to wording a little.

The expectation is that of a pair given those before it. Questions are taken to be draws of such questions. Either arm
is asked in a random order of its own, so an endpoint that changes in the course of a run makes as many d larger as
smaller; of what such pairs come to, the later ones take back what the earlier ones gave, so that E is smaller than with
independent ones (by simulation: ``lab/bench/cues.py``).

*Within a margin*: against "the mean is m or more", E is the mean over the same λ of Π(1 + λ(m − d)).

A missing or open answer speaks for the model: under the cue it is wrong, under the placebo right; in the second test
the other way round. E is kept by additions and products alone, so it is the same on every machine.
"""

from __future__ import annotations

import math
from typing import Final, Literal

from steelyard.stats.paired_bets import difference_interval

__all__ = ["BETS", "CuePairs", "detectable_effect"]

# Of {.1, .2, .4, .6, .8}, {.3, .5, .8} and others the best for effects of 15 points and 300 pairs at 1 %.
BETS: Final = (0.3, 0.4, 0.6)
_BEFORE: Final = 20  # pairs that are taken to have been read before the first
_HONEST: Final = 0.06  # of those, the share that only the placebo has right

Score = Literal[0, 1] | None


class CuePairs:
    """Follows pairs of one question under both prompts. An effect up to ``tolerance`` accuses nobody.

    ``margin`` is the effect that is no longer a small one. Raises ValueError unless 0 ≤ tolerance < margin < 1.
    """

    def __init__(self, tolerance: float, margin: float) -> None:
        if not 0 <= tolerance < margin < 1:
            raise ValueError(f"0 ≤ tolerance < margin < 1 must hold, not {tolerance} and {margin}")
        self.tolerance, self.margin = tolerance, margin
        self.n = 0
        self.highest = 1.0
        """The largest E so far: its inverse is a p-value at every time."""
        self.highest_within = 1.0
        self._effect = [1.0] * len(BETS)
        self._within = [1.0] * len(BETS)
        self._counts = [0, 0, 0, 0]  # cue, placebo right alone, as they count for the first test; then for the second

    def observe(self, cue: Score, placebo: Score) -> None:
        """Take the next pair."""
        self.n += 1
        least = (cue or 0) - (1 if placebo is None else placebo)
        most = (1 if cue is None else cue) - (placebo or 0)
        self._counts[0] += least > 0
        self._counts[1] += least < 0
        self._counts[2] += most > 0
        self._counts[3] += most < 0
        self._effect = [e * (1 + bet * (least - self.tolerance)) for e, bet in zip(self._effect, BETS, strict=True)]
        self._within = [e * (1 + bet * (self.margin - most)) for e, bet in zip(self._within, BETS, strict=True)]
        self.highest = max(self.highest, sum(self._effect) / len(BETS))
        self.highest_within = max(self.highest_within, sum(self._within) / len(BETS))

    @property
    def p(self) -> float:
        """The p-value of "the effect is at most the tolerance", valid at every time."""
        return min(1.0, 1 / self.highest)

    @property
    def effect(self) -> float | None:
        """Rate under the cue less that under the placebo, missing answers in the model's favour; None without pairs."""
        return (self._counts[0] - self._counts[1]) / self.n if self.n else None

    @property
    def placebo_alone(self) -> float:
        """The share of pairs that only the placebo has right, with some honest pairs before the first one."""
        return (self._counts[1] + _BEFORE * _HONEST) / (self.n + _BEFORE)

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Interval of the effect, valid at every look, with missing answers both ways."""
        low, high = difference_interval(
            self.n, (self._counts[1], self._counts[3]), (self._counts[0], self._counts[2]), alpha
        )
        return low, high


def detectable_effect(
    pairs: int, placebo_alone: float, tolerance: float, level: float, power: float = 0.9
) -> float | None:
    """The least effect that ``pairs`` pairs show with this power, where so many have only the placebo right.

    In steps of a hundredth, by E after the last pair, whose logarithm is taken as normal (so it is a little better in
    truth: E may reach the level before). None where not even the largest possible effect is seen.
    """
    from scipy.stats import norm

    for hundredths in range(1, math.floor((1 - 2 * placebo_alone) * 100) + 1):
        cue_alone = placebo_alone + hundredths / 100
        best = 0.0
        for bet in BETS:
            logs = [math.log1p(bet * (d - tolerance)) for d in (1, -1, 0)]
            chances = (cue_alone, placebo_alone, 1 - cue_alone - placebo_alone)
            mean = sum(chance * log for chance, log in zip(chances, logs, strict=True))
            spread = math.sqrt(max(0.0, sum(c * log**2 for c, log in zip(chances, logs, strict=True)) - mean**2))
            needed = math.log(len(BETS) / level)  # of this bet alone: the mean over all is at least its part
            if spread and pairs:
                best = max(best, float(norm.sf((needed - pairs * mean) / (spread * math.sqrt(pairs)))))
        if best >= power:
            return hundredths / 100
    return None
